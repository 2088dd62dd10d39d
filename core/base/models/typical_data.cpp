// SPDX-License-Identifier: Apache-2.0
#include "base/models/typical_data.h"

#include <algorithm>

namespace headroom::models {

DataShape typicalData(std::string_view architecture, const nlohmann::json& said) {
    DataShape pictures{.channels = 3, .height = 224, .width = 224, .outputs = 1000}, masks = pictures, text, table;
    masks.task = Task::Segmentation;
    text.kind = DataKind::Text;
    text.task = Task::NextToken;
    text.vocabulary = 50'257;
    text.context = 1024;
    table.kind = DataKind::Table;
    table.features = table.outputs = 1;
    const auto all = architectures();
    const auto found = std::ranges::find(all, architecture, &Architecture::name);
    DataShape data = pictures;
    for (const DataShape& each : {table, text, masks, pictures})
        if (found != all.end() && found->suits(each)) data = each;
    data.outputs = said.value("outputs", data.outputs);
    data.channels = said.value("channels", data.channels);
    data.height = data.width = said.value("side", data.height);
    data.features = said.value("features", data.features);
    data.vocabulary = said.value("vocabulary", data.vocabulary);
    data.context = said.value("context", data.context);
    return data;
}

}  // namespace headroom::models
