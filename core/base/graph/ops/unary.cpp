// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/unary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kAlpha = std::to_array<std::string_view>({"alpha"});
constexpr auto kAlphaBeta = std::to_array<std::string_view>({"alpha", "beta"});
constexpr auto kAlphaGamma = std::to_array<std::string_view>({"alpha", "gamma"});
constexpr auto kBiasLambda = std::to_array<std::string_view>({"bias", "lambd"});
constexpr auto kDetect = std::to_array<std::string_view>({"detect_negative", "detect_positive"});
constexpr std::array kQuantisable{0};
using Names = std::span<const std::string_view>;

std::vector<TensorType> truth(const NodeView& view) { return {{DType::Bool, inputShape(view, 0)}}; }
std::vector<Saved> savesOutput(const ResolvedNode&, DeviceKind) { return {savedOutput(0)}; }

constexpr OpEntry curve(std::string_view name, int since, Names attributes = {}) {
    return {.name = name, .sinceOpset = since, .attributes = attributes, .quantisableInputs = kQuantisable, .infer = sameAsInput,
            .saves = savesInputs, .workspace = segmentWorkspace, .cost = tenFlops, .channels = sameDimensions};
}
/// Its derivative follows from what it made.
constexpr OpEntry byOutput(std::string_view name, int since) {
    OpEntry entry = curve(name, since);
    entry.saves = savesOutput;
    return entry;
}
constexpr OpEntry test(std::string_view name, int since, Names attributes = {}) {
    OpEntry entry = curve(name, since, attributes);
    entry.infer = truth;
    entry.differentiable = false;
    return entry;
}
constexpr OpEntry bits(std::string_view name, int since) {
    OpEntry entry = curve(name, since);
    entry.differentiable = false;
    return entry;
}

constinit const std::array kOps{
    curve("Abs", 13), curve("Acos", 22), curve("Acosh", 22), curve("Asin", 22), curve("Asinh", 22), curve("Atan", 22),
    curve("Atanh", 22), curve("Ceil", 13), curve("Celu", 12, kAlpha), curve("Cos", 22), curve("Cosh", 22),
    curve("Elu", 22, kAlpha), curve("Erf", 13), byOutput("Exp", 13), curve("Floor", 13), curve("HardSigmoid", 22, kAlphaBeta),
    curve("HardSwish", 22), curve("LeakyRelu", 16, kAlpha), curve("Log", 13), curve("Mish", 22), curve("Neg", 13),
    curve("Reciprocal", 13), curve("Round", 22), curve("Selu", 22, kAlphaGamma), curve("Shrink", 9, kBiasLambda),
    byOutput("Sigmoid", 13), curve("Sign", 13), curve("Sin", 22), curve("Sinh", 22), curve("Softplus", 22), curve("Softsign", 22),
    curve("Sqrt", 13), curve("Tan", 22), byOutput("Tanh", 13), curve("ThresholdedRelu", 22, kAlpha),
    test("IsInf", 20, kDetect), test("IsNaN", 20), bits("Not", 1), bits("BitwiseNot", 18)};

}  // namespace

std::span<const OpEntry> unaryOps() { return kOps; }

}  // namespace headroom::graph
