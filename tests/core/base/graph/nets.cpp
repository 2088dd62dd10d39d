// SPDX-License-Identifier: Apache-2.0
#include "core/base/graph/nets.h"

#include <cctype>
#include <sstream>

namespace headroom::test {

using models::DataKind;
using models::DataShape;
using models::Task;

DataShape pictures(std::int64_t channels, std::int64_t side, std::int64_t classes) {
    DataShape data;
    data.kind = DataKind::Pictures;
    data.channels = channels;
    data.height = data.width = side;
    data.outputs = classes;
    return data;
}

DataShape table(std::int64_t features, std::int64_t outputs, Task task) {
    DataShape data;
    data.kind = DataKind::Table;
    data.task = task;
    data.features = features;
    data.outputs = outputs;
    return data;
}

DataShape text(std::int64_t vocabulary) {
    DataShape data;
    data.kind = DataKind::Text;
    data.task = Task::NextToken;
    data.vocabulary = vocabulary;
    return data;
}

std::vector<NetCase> fourNets() {
    return {{"mlp", table(108, 2)}, {"cnn", pictures(1, 28)}, {"resnet20", pictures(3, 32)}, {"gpt_mini", text()}};
}

std::vector<NetCase> everyNet() {
    DataShape words = text(17), masks = pictures(3, 16, 4);
    words.context = 12;
    masks.task = Task::Segmentation;
    std::vector<NetCase> nets;
    for (const models::Architecture& each : models::architectures()) {
        NetCase net{std::string(each.name), {}};
        for (const DataShape& data : {table(12, 5), masks, words, pictures(3, 16)})
            if (each.suits(data)) net.data = data;
        if (net.name == "mlp" || net.name == "tabular_resnet") net.data = table(12, 5);
        if (net.name == "gpt") net.options = {.width = 32, .layers = 3, .heads = 4};
        nets.push_back(std::move(net));
    }
    return nets;
}

graph::Graph trainingGraph(const NetCase& net, double dropout) {
    models::ModelOptions options = net.options;
    options.dropout = dropout;
    graph::Graph graph = models::build(net.name, net.data, options);
    models::appendLoss(graph, net.data.task);
    return graph;
}

graph::Shape shapeOf(const std::string& text) {
    graph::Shape shape;
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');)
        shape.push_back(part.find_first_not_of("0123456789") == std::string::npos ? graph::Dim::fixed(std::stoll(part))
                                                                                  : graph::Dim::named(part));
    return shape;
}

}  // namespace headroom::test
