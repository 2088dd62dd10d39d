// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/weight_bytes.h"

#include "engine/tensor/bridge.h"

namespace headroom::deploy {
namespace {

formats::StType typeOf(graph::DType type) {
    using graph::DType, formats::StType;
    switch (type) {
        case DType::F32: return StType::F32;
        case DType::F64: return StType::F64;
        case DType::F16: return StType::F16;
        case DType::BF16: return StType::BF16;
        case DType::I64: return StType::I64;
        case DType::I32: return StType::I32;
        case DType::U8: return StType::U8;
        case DType::Bool: return StType::Bool;
        case DType::I8: return StType::I8;
        case DType::I16: return StType::I16;
        case DType::U16: return StType::U16;
        case DType::U32: return StType::U32;
        case DType::U64: return StType::U64;
    }
    return StType::F32;
}

}  // namespace

WeightBytes::WeightBytes(const train::Model& model, const std::set<std::string>& turned) {
    for (const train::NamedTensor& named : model.named()) {
        const at::Tensor laid = turned.contains(named.name) ? named.tensor.t() : named.tensor;
        m_bytes.push_back(tensor::toBytes(laid));
        m_views.push_back({{named.name, typeOf(tensor::dtype(laid.scalar_type())), laid.sizes().vec()}, m_bytes.back()});
    }
}

}  // namespace headroom::deploy
