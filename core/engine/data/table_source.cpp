// SPDX-License-Identifier: Apache-2.0
#include "engine/data/table_source.h"

#include <algorithm>
#include <utility>

#include "engine/data/normalise.h"

namespace headroom::data {

TableSource::TableSource(std::shared_ptr<const TableStore> store, std::vector<std::int64_t> chosen)
    : m_store(std::move(store)), m_chosen(std::move(chosen)) {}

template <typename Element, typename Convert>
void TableSource::fill(std::span<const std::int64_t> samples, Element* out, Convert convert) const {
    const TableStore& store = *m_store;
    const std::size_t numbers = store.numberFeature.size();
    const auto categories = static_cast<std::size_t>(store.categories);
    const Element one = convert(1);
    std::fill(out, out + static_cast<std::int64_t>(samples.size()) * store.features, convert(0));
    for (const std::int64_t sample : samples) {
        const float* number = store.numbers.data() + row(sample) * numbers;
        const std::int32_t* ones = store.ones.data() + row(sample) * categories;
        for (std::size_t i = 0; i < numbers; ++i) out[store.numberFeature[i]] = convert(number[i]);
        for (std::size_t i = 0; i < categories; ++i)
            if (ones[i] >= 0) out[ones[i]] = one;
        out += store.features;
    }
}

at::Tensor TableSource::targets(std::span<const std::int64_t> samples, const Placement& placement) const {
    const auto batch = static_cast<std::int64_t>(samples.size());
    if (m_store->regression) {
        at::Tensor values = batchTensor({batch, 1}, at::kFloat, placement);
        std::ranges::transform(samples, values.data_ptr<float>(), [this](auto s) { return m_store->targets[row(s)]; });
        return values;
    }
    at::Tensor classes = batchTensor({batch}, at::kLong, placement);
    std::ranges::transform(samples, classes.data_ptr<std::int64_t>(), [this](auto s) { return m_store->labels[row(s)]; });
    return classes;
}

Samples TableSource::assemble(std::span<const std::int64_t> samples, const Draw&, const Placement& placement) const {
    const auto batch = static_cast<std::int64_t>(samples.size());
    at::Tensor input = batchTensor({batch, m_store->features}, placement.input, placement);
    if (placement.input == at::kBFloat16)
        fill(samples, static_cast<std::uint16_t*>(input.data_ptr()), [](float value) { return bfloat16Bits(value); });
    else
        fill(samples, input.data_ptr<float>(), [](float value) { return value; });
    return {input, targets(samples, placement)};
}

std::vector<RawInput> TableSource::raw(std::span<const std::int64_t> samples) const {
    const TableStore& store = *m_store;
    const auto batch = static_cast<std::int64_t>(samples.size());
    std::vector<RawInput> inputs;
    const auto add = [&]<typename Element>(const char* name, at::ScalarType type, const std::vector<Element>& all, std::int64_t columns) {
        if (all.empty()) return;
        inputs.push_back({name, batchTensor({batch, columns}, type, {})});
        auto* out = inputs.back().tensor.template data_ptr<Element>();
        for (const std::int64_t sample : samples) out = std::copy_n(all.data() + row(sample) * static_cast<std::size_t>(columns), columns, out);
    };
    add("numbers", at::kFloat, store.rawNumbers, store.rawNumberColumns);
    add("categories", at::kLong, store.rawCategories, store.categories);
    return inputs;
}

}  // namespace headroom::data
