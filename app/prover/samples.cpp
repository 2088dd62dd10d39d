// SPDX-License-Identifier: Apache-2.0
#include "prover/samples.h"

#include <fmt/format.h>

#include "engine/formats/safetensors.h"

namespace headroom::prover {
namespace {

ov::element::Type elementType(formats::StType type) {
    switch (type) {
        case formats::StType::F32: return ov::element::f32;
        case formats::StType::F64: return ov::element::f64;
        case formats::StType::I64: return ov::element::i64;
        case formats::StType::I32: return ov::element::i32;
        case formats::StType::U8: return ov::element::u8;
        default: return ov::element::dynamic;
    }
}

Error unsuitable(const OpenedModel& model, std::string found) {
    return unusable(model.request(), Code::Dat05, "the samples do not suit the model", std::move(found));
}

}  // namespace

Samples Samples::read(const OpenedModel& model, const std::filesystem::path& path) {
    const formats::SafetensorsFile file(path);
    const auto inputs = model.model().inputs();
    Samples samples;
    for (const ov::Output<const ov::Node>& input : inputs) {
        const std::string name = input.get_any_name();
        const formats::StTensor* tensor = file.find(name);
        if (!tensor && inputs.size() == 1 && file.tensors().size() == 1) tensor = &file.tensors().front();
        if (!tensor || tensor->shape.empty() || tensor->shape.front() == 0)
            throw unsuitable(model, fmt::format("no samples for the input '{}'", escaped(name)));
        if (samples.m_inputs.empty()) samples.m_count = tensor->shape.front();
        if (samples.m_count != tensor->shape.front()) throw unsuitable(model, "the inputs differ in their number of samples");
        samples.m_inputs.push_back({name, elementType(tensor->type), {tensor->shape.begin(), tensor->shape.end()}, file.read(*tensor)});
    }
    if (samples.m_inputs.empty()) throw unsuitable(model, "the model has no inputs");
    return samples;
}

void Samples::feed(ov::InferRequest& inference, std::int64_t first, std::int64_t count) {
    for (Input& input : m_inputs) {
        ov::Shape part = input.shape;
        part[0] = static_cast<std::size_t>(count);
        const std::size_t bytes = input.bytes.size() / input.shape[0];
        inference.set_tensor(input.name, ov::Tensor(input.type, part, input.bytes.data() + bytes * static_cast<std::size_t>(first)));
    }
}

Samples Samples::repeated(std::int64_t count) const {
    Samples samples = *this;
    samples.m_count = count;
    for (Input& input : samples.m_inputs) {
        const std::size_t wanted = input.bytes.size() / input.shape[0] * static_cast<std::size_t>(count), there = input.bytes.size();
        input.bytes.resize(wanted);
        for (std::size_t place = there; place < wanted; ++place) input.bytes[place] = input.bytes[place - there];
        input.shape[0] = static_cast<std::size_t>(count);
    }
    return samples;
}

}  // namespace headroom::prover
