// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include "base/plan/types.h"
#include "engine/run/executor.h"
#include "engine/tensor/bridge.h"
#include "engine/tensor/memory.h"

namespace headroom::run {
namespace {

using Kind = graph::Initializer::Kind;

/// SplitMix64 (Steele, Lea and Flood 2014) over a counter: the k-th number of a name under a seed.
class Stream {
public:
    Stream(std::uint64_t seed, const std::string& name) : m_state(seed) {
        for (const char c : name) m_state = next() ^ static_cast<unsigned char>(c);
    }

    std::uint64_t next() {
        m_state += 0x9E3779B97F4A7C15u;
        std::uint64_t x = m_state;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
        return x ^ (x >> 31);
    }
    /// In (0, 1), 53 bits.
    double uniform() { return (static_cast<double>(next() >> 11) + 0.5) * 0x1.0p-53; }
    /// Box and Muller (1958).
    double normal() {
        const double radius = std::sqrt(-2 * std::log(uniform()));
        return radius * std::cos(2 * std::numbers::pi * uniform());
    }

private:
    std::uint64_t m_state;
};

/// Bound or standard deviation, see He et al., arXiv 1502.01852: gain / sqrt(fan in), times sqrt(3) for a bound.
double spread(const graph::Initializer& initializer) {
    const double fan = std::sqrt(static_cast<double>(std::max<std::int64_t>(1, initializer.fanIn)));
    if (initializer.kind == Kind::KaimingNormal) return initializer.scale / fan;
    if (initializer.kind == Kind::KaimingUniform) return initializer.scale * std::sqrt(3.0) / fan;
    return initializer.scale;
}

/// Drawn in row-major order of the logical shape, whatever the layout in memory.
void fill(at::Tensor& tensor, const graph::Value& value, std::uint64_t seed) {
    const graph::Initializer& initializer = value.initializer;
    if (initializer.kind == Kind::Zeros || initializer.kind == Kind::Ones || initializer.kind == Kind::Constant) {
        tensor.fill_(initializer.kind == Kind::Zeros ? 0 : initializer.kind == Kind::Ones ? 1 : initializer.scale);
        return;
    }
    const bool normal = initializer.kind == Kind::Normal || initializer.kind == Kind::KaimingNormal;
    const double scale = spread(initializer);
    Stream stream(seed, value.name);
    std::vector<float> numbers(static_cast<std::size_t>(tensor.numel()));
    for (float& number : numbers)
        number = static_cast<float>(scale * (normal ? stream.normal() : 2 * stream.uniform() - 1));
    const auto shape = tensor.sizes();
    tensor.copy_(tensor::fromBytes(graph::DType::F32, {shape.data(), shape.size()}, std::as_bytes(std::span(numbers))));
}

}  // namespace

void initialize(const graph::Graph& graph, std::uint64_t seed, TensorSet& tensors, plan::Precision precision) {
    const tensor::MemoryScope scope(plan::Kind::Weights);
    const std::vector<graph::DType> types = plan::elementTypes(graph, precision);
    tensors.values.assign(graph.values().size(), {});
    tensors.gradients.assign(graph.values().size(), {});
    for (std::size_t id = 0; id < graph.values().size(); ++id) {
        const graph::Value& value = graph.values()[id];
        if (value.kind != graph::ValueKind::Parameter && value.kind != graph::ValueKind::Buffer) continue;
        tensors.values[id] =
            tensor::emptyInLayout(graph::resolved(value.type.shape, {}), tensor::scalarType(types[id]), at::kCPU);
        fill(tensors.values[id], value, seed);
    }
}

}  // namespace headroom::run
