// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/graph/op_entry.h"
#include "engine/formats/onnx_reader.h"

namespace headroom::formats {

/// Puts one node in the place of several that a file needs where its opset, or the program that wrote it, has no such operator:
/// attention, LayerNormalization, RMSNormalization, GroupNormalization, RotaryEmbedding, Gelu, Mish, added positions. What onnx_lowering.cpp and
/// onnx_attention.cpp write so is read back as it was. Weights that are only constants of such a chain leave the model.
void recognise(OnnxModel& model);

// --- for the rules

struct MaskMemory;

/// A graph as it was read, with what its weights hold.
class Composed {
public:
    explicit Composed(const OnnxModel& model);

    const graph::Graph& net() const { return m_net; }
    /// The value that this one only repeats, by Identity or a Cast to its own type.
    graph::ValueId through(graph::ValueId value) const;
    /// The node that makes the value, or null.
    const graph::Node* maker(graph::ValueId value) const;
    const graph::Node* maker(graph::ValueId value, std::string_view op) const;
    const graph::Shape& shape(graph::ValueId value) const { return m_net.value(value).type.shape; }
    graph::DType type(graph::ValueId value) const { return m_net.value(value).type.dtype; }
    /// What a parameter, a buffer or a constant holds, in order; nothing where it is of 16 bits or larger than a mask of 4,096 places.
    std::optional<std::vector<float>> elements(graph::ValueId value) const;
    /// Of a value of one element that is no parameter.
    std::optional<double> number(graph::ValueId value) const;
    bool isNumber(graph::ValueId value, double wanted) const;
    /// Whole numbers of a constant; empty where it is none.
    std::vector<std::int64_t> constant(graph::ValueId value) const { return value == graph::kNone ? std::vector<std::int64_t>{} : m_net.value(value).constant; }
    /// Of a node of two inputs the one that is no number, and the number.
    std::optional<std::pair<graph::ValueId, double>> withNumber(const graph::Node& node) const;
    bool transposes(const graph::Node* node, const std::vector<std::int64_t>& perm) const;

    /// What is known of masks already (onnx_mask.cpp).
    MaskMemory& masks() const { return *m_masks; }

private:
    const graph::Graph& m_net;
    std::vector<const graph::HostTensor*> m_tensors;  ///< by ValueId
    std::shared_ptr<MaskMemory> m_masks;
};

/// A node that is needed before another one.
struct StepBefore {
    std::string_view op;
    std::vector<graph::ValueId> inputs;
    graph::Attributes attributes;
    std::vector<std::int64_t> numbers;  ///< where there are any: a constant that is its last input
};
/// The output of the first step before the node, the second and so on, among its inputs.
constexpr graph::ValueId beforeIt(int step) { return -2 - step; }

/// What stands for a chain of nodes, in the place of the last of them.
struct Recognised {
    std::string_view op;
    std::vector<graph::ValueId> inputs;
    graph::Attributes attributes{};
    std::vector<StepBefore> before{};
    std::string_view domain = {};
};
using Recognition = std::optional<Recognised>;

Recognition recogniseAttention(const Composed& net, const graph::Node& last);
Recognition recogniseGelu(const Composed& net, const graph::Node& last);
Recognition recogniseMish(const Composed& net, const graph::Node& last);
Recognition recognisePositions(const Composed& net, const graph::Node& last);
Recognition recogniseRootMeanSquare(const Composed& net, const graph::Node& last);
Recognition recogniseLayerNorm(const Composed& net, const graph::Node& last);
Recognition recogniseGroupNorm(const Composed& net, const graph::Node& last);
Recognition recogniseFilling(const Composed& net, const graph::Node& last);
Recognition recogniseRotary(const Composed& net, const graph::Node& last);

}  // namespace headroom::formats
