// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_content.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/graph/onnx_types.h"

namespace headroom::formats {
namespace {

using graph::Dim;
using graph::DType;
using Inputs = std::span<const Content* const>;
using Found = std::optional<Content>;

Dim numberOf(std::int64_t value) { return {value, {}}; }
bool isNamed(const Dim& dim) { return !dim.name.empty(); }
bool isReal(const Content& content) { return graph::isFloating(content.dtype); }

template <class T>
std::vector<Dim> unpackedNumbers(const graph::HostTensor& tensor) {
    std::vector<Dim> numbers;
    for (std::size_t at = 0; at + sizeof(T) <= tensor.data.size(); at += sizeof(T)) {
        T number{};
        std::memcpy(&number, tensor.data.data() + at, sizeof(T));
        numbers.push_back(numberOf(static_cast<std::int64_t>(number)));
    }
    return numbers;
}
template <class T>
std::vector<double> unpackedReals(const graph::HostTensor& tensor) {
    std::vector<double> reals(tensor.data.size() / sizeof(T));
    for (std::size_t i = 0; i < reals.size(); ++i) {
        T number{};
        std::memcpy(&number, tensor.data.data() + i * sizeof(T), sizeof(T));
        reals[i] = static_cast<double>(number);
    }
    return reals;
}
template <class T, class From>
void pack(graph::HostTensor& tensor, const std::vector<From>& content) {
    for (const From& each : content) {
        const T number = static_cast<T>(each);
        const auto* bytes = reinterpret_cast<const std::byte*>(&number);
        tensor.data.insert(tensor.data.end(), bytes, bytes + sizeof(T));
    }
}

std::int64_t integerOf(const OnnxNode& node, const std::string& name, std::int64_t fallback) {
    const auto found = node.attributes.find(name);
    const auto* number = found == node.attributes.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
    return number ? *number : fallback;
}

/// The element at `from` of one becomes the element at `to` of another.
void copyElement(const Content& source, std::size_t from, Content& target) {
    if (isReal(source)) target.reals.push_back(source.reals[from]);
    else target.numbers.push_back(source.numbers[from]);
}
Content emptyLike(const Content& content, std::vector<std::int64_t> shape) { return {content.dtype, std::move(shape), {}, {}}; }

/// Same elements, another shape of rank 0 or 1: the ranks of shapes and their parts.
Found reshaped(const Content& content, std::vector<std::int64_t> shape) {
    Content result = content;
    result.shape = std::move(shape);
    return graph::elementCount(result.shape) == static_cast<std::int64_t>(result.count()) ? Found(result) : std::nullopt;
}

Found joined(Inputs inputs) {
    Content result = emptyLike(*inputs[0], {});
    for (const Content* each : inputs) {
        if (each->shape.size() != 1 || each->dtype != inputs[0]->dtype) return std::nullopt;
        for (std::size_t i = 0; i < each->count(); ++i) copyElement(*each, i, result);
    }
    result.shape = {static_cast<std::int64_t>(result.count())};
    return result;
}

Found gathered(const OnnxNode& node, Inputs inputs) {
    const Content &data = *inputs[0], &places = *inputs[1];
    if (data.shape.size() != 1 || integerOf(node, "axis", 0) > 0 || !places.isFixed()) return std::nullopt;
    Content result = emptyLike(data, places.shape);
    for (const std::int64_t place : places.fixedNumbers()) {
        const std::int64_t at = place < 0 ? place + data.shape[0] : place;
        if (at < 0 || at >= data.shape[0]) return std::nullopt;
        copyElement(data, static_cast<std::size_t>(at), result);
    }
    return result;
}

Found sliced(Inputs inputs) {
    const Content& data = *inputs[0];
    if (inputs.size() < 3 || data.shape.size() != 1) return std::nullopt;
    for (std::size_t i = 1; i < inputs.size(); ++i)
        if (inputs[i] && (!inputs[i]->isFixed() || inputs[i]->count() != 1)) return std::nullopt;
    const std::int64_t extent = data.shape[0], step = inputs.size() > 4 && inputs[4] ? inputs[4]->fixedNumbers()[0] : 1;
    if (step <= 0) return std::nullopt;
    const auto placed = [&](const Content* place) {
        const std::int64_t at = place->fixedNumbers()[0];
        return std::clamp(at < 0 ? at + extent : at, std::int64_t{0}, extent);
    };
    Content result = emptyLike(data, {});
    for (std::int64_t at = placed(inputs[1]); at < placed(inputs[2]); at += std::min(step, extent)) copyElement(data, static_cast<std::size_t>(at), result);
    result.shape = {static_cast<std::int64_t>(result.count())};
    return result;
}

Found unsqueezed(const OnnxNode&, Inputs inputs) {
    if (inputs[0]->shape.empty()) return reshaped(*inputs[0], {1});
    return std::nullopt;
}
Found squeezed(Inputs inputs) {
    if (inputs[0]->shape == std::vector<std::int64_t>{1}) return reshaped(*inputs[0], {});
    return std::nullopt;
}

Found negated(const Content& content) {
    Content result = content;
    for (double& real : result.reals) real = -real;
    for (Dim& number : result.numbers) {
        if (isNamed(number) || number.extent == INT64_MIN) return std::nullopt;
        number.extent = -number.extent;
    }
    return result;
}

Found converted(const OnnxNode& node, const Content& content) {
    const auto type = graph::typeOfOnnx(integerOf(node, "to", 0));
    if (!type || *type == DType::F16 || *type == DType::BF16) return std::nullopt;
    Content result{*type, content.shape, {}, {}};
    if (!graph::isFloating(*type) && isReal(content))
        for (const double real : content.reals) {
            if (!(std::abs(real) < 9e18)) return std::nullopt;
            result.numbers.push_back(numberOf(*type == DType::Bool ? real != 0 : static_cast<std::int64_t>(real)));
        }
    else if (graph::isFloating(*type) && !isReal(content)) {
        if (!content.isFixed()) return std::nullopt;
        for (const std::int64_t number : content.fixedNumbers()) result.reals.push_back(static_cast<double>(number));
    } else {
        result.numbers = content.numbers;
        result.reals = content.reals;
    }
    return result;
}

/// With the divisor's sign.
std::int64_t remainder(std::int64_t a, std::int64_t b) {
    const std::int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

std::optional<Dim> computed(std::string_view op, const Dim& a, const Dim& b) {
    if (op == "Mul") {
        if (a == numberOf(1)) return b;
        if (b == numberOf(1)) return a;
        if (isNamed(a) || isNamed(b)) return (isNamed(a) || a.extent > 0) && (isNamed(b) || b.extent > 0) ? std::optional(graph::product({a, b})) : std::nullopt;
    }
    if ((op == "Div" && b == numberOf(1)) || ((op == "Add" || op == "Sub") && b == numberOf(0))) return a;
    if (isNamed(a) || isNamed(b)) return std::nullopt;
    std::int64_t result = 0;
    if (op == "Add") return __builtin_add_overflow(a.extent, b.extent, &result) ? std::nullopt : std::optional(numberOf(result));
    if (op == "Sub") return __builtin_sub_overflow(a.extent, b.extent, &result) ? std::nullopt : std::optional(numberOf(result));
    if (op == "Mul") return __builtin_mul_overflow(a.extent, b.extent, &result) ? std::nullopt : std::optional(numberOf(result));
    if (op == "Max") return numberOf(std::max(a.extent, b.extent));
    if (op == "Min") return numberOf(std::min(a.extent, b.extent));
    if (op == "Equal") return numberOf(a.extent == b.extent);
    if (op == "And") return numberOf(a.extent != 0 && b.extent != 0);
    if (op == "Or") return numberOf(a.extent != 0 || b.extent != 0);
    if (b.extent == 0 || b.extent == -1) return std::nullopt;
    return numberOf(op == "Mod" ? remainder(a.extent, b.extent) : a.extent / b.extent);
}
double computed(std::string_view op, double a, double b) {
    if (op == "Add") return a + b;
    if (op == "Sub") return a - b;
    if (op == "Mul") return a * b;
    if (op == "Max") return std::max(a, b);
    return op == "Min" ? std::min(a, b) : a / b;
}

Found arithmetic(std::string_view op, Inputs inputs) {
    const Content &a = *inputs[0], &b = *inputs[1];
    const bool isOfWhole = op == "Equal" || op == "And" || op == "Or" || op == "Mod";
    if (inputs.size() != 2 || a.dtype != b.dtype || (isOfWhole && isReal(a))) return std::nullopt;
    if (a.shape != b.shape && a.count() != 1 && b.count() != 1) return std::nullopt;
    Content result{op == "Equal" ? DType::Bool : a.dtype, a.count() == 1 && b.shape.size() >= a.shape.size() ? b.shape : a.shape, {}, {}};
    for (std::size_t i = 0; i < std::max(a.count(), b.count()); ++i) {
        const std::size_t left = a.count() == 1 ? 0 : i, right = b.count() == 1 ? 0 : i;
        if (isReal(a)) {
            result.reals.push_back(computed(op, a.reals[left], b.reals[right]));
        } else if (const auto number = computed(op, a.numbers[left], b.numbers[right])) {
            result.numbers.push_back(*number);
        } else {
            return std::nullopt;
        }
    }
    return result;
}

Found inverted(const Content& content) {
    if (content.dtype != DType::Bool) return std::nullopt;
    Content result = content;
    for (Dim& number : result.numbers) number.extent = number.extent == 0;
    return result;
}

/// Whole numbers from the first up to the second, by the third.
Found counted(Inputs inputs) {
    for (const Content* each : inputs)
        if (isReal(*each) || each->dtype != inputs[0]->dtype || each->count() != 1 || !each->isFixed()) return std::nullopt;
    const std::int64_t begin = inputs[0]->fixedNumbers()[0], end = inputs[1]->fixedNumbers()[0], step = inputs[2]->fixedNumbers()[0];
    if (step != 1 || begin < 0 || end - begin > kMostContent) return std::nullopt;  // as places are counted
    Content result = emptyLike(*inputs[0], {});
    for (std::int64_t number = begin; number < end; ++number) result.numbers.push_back(numberOf(number));
    result.shape = {static_cast<std::int64_t>(result.count())};
    return result;
}

Found chosen(Inputs inputs) {
    const Content &which = *inputs[0], &a = *inputs[1], &b = *inputs[2];
    if (which.shape != a.shape || a.shape != b.shape || a.dtype != b.dtype || !which.isFixed()) return std::nullopt;
    Content result = emptyLike(a, a.shape);
    for (std::size_t i = 0; i < which.numbers.size(); ++i) copyElement(which.numbers[i].extent != 0 ? a : b, i, result);
    return result;
}

constexpr auto kArithmetic = std::to_array<std::string_view>({"Add", "Sub", "Mul", "Div", "Max", "Min", "Equal", "And", "Or", "Mod"});
constexpr auto kOthers = std::to_array<std::string_view>({"Cast", "Concat", "Gather", "Identity", "Neg", "Not", "Range", "Slice", "Squeeze", "Unsqueeze", "Where"});

}  // namespace

bool Content::isFixed() const { return std::ranges::none_of(numbers, isNamed); }

std::vector<std::int64_t> Content::fixedNumbers() const {
    std::vector<std::int64_t> all;
    for (const Dim& each : numbers) {
        assert(!isNamed(each));
        all.push_back(each.extent);
    }
    return all;
}

Found contentOf(const graph::HostTensor& tensor) {
    if (graph::elementCount(tensor.shape) > kMostContent) return std::nullopt;
    Content content{tensor.dtype, tensor.shape, {}, {}};
    switch (tensor.dtype) {
        case DType::F32: content.reals = unpackedReals<float>(tensor); break;
        case DType::F64: content.reals = unpackedReals<double>(tensor); break;
        case DType::I64: content.numbers = unpackedNumbers<std::int64_t>(tensor); break;
        case DType::I32: content.numbers = unpackedNumbers<std::int32_t>(tensor); break;
        case DType::I16: content.numbers = unpackedNumbers<std::int16_t>(tensor); break;
        case DType::I8: content.numbers = unpackedNumbers<std::int8_t>(tensor); break;
        case DType::Bool:
        case DType::U8: content.numbers = unpackedNumbers<std::uint8_t>(tensor); break;
        default: return std::nullopt;
    }
    return content;
}

graph::HostTensor tensorOf(const Content& content, std::string name) {
    graph::HostTensor tensor{std::move(name), content.dtype, content.shape, {}};
    switch (content.dtype) {
        case DType::F32: pack<float>(tensor, content.reals); break;
        case DType::F64: pack<double>(tensor, content.reals); break;
        case DType::I64: pack<std::int64_t>(tensor, content.fixedNumbers()); break;
        case DType::I32: pack<std::int32_t>(tensor, content.fixedNumbers()); break;
        case DType::I16: pack<std::int16_t>(tensor, content.fixedNumbers()); break;
        case DType::I8: pack<std::int8_t>(tensor, content.fixedNumbers()); break;
        default: pack<std::uint8_t>(tensor, content.fixedNumbers()); break;
    }
    return tensor;
}

bool isFoldable(std::string_view op) { return std::ranges::count(kArithmetic, op) + std::ranges::count(kOthers, op) > 0; }

Found folded(const OnnxNode& node, Inputs inputs) {
    if (!isFoldable(node.op) || inputs.empty() || !inputs[0]) return std::nullopt;
    if (node.op != "Slice" && std::ranges::count(inputs, nullptr) > 0) return std::nullopt;
    if (node.op == "Mod" && integerOf(node, "fmod", 0) != 0) return std::nullopt;
    if (std::ranges::count(kArithmetic, node.op)) return inputs.size() == 2 ? arithmetic(node.op, inputs) : std::nullopt;
    if (node.op == "Cast") return converted(node, *inputs[0]);
    if (node.op == "Concat") return joined(inputs);
    if (node.op == "Gather") return inputs.size() == 2 ? gathered(node, inputs) : std::nullopt;
    if (node.op == "Identity") return *inputs[0];
    if (node.op == "Neg") return negated(*inputs[0]);
    if (node.op == "Not") return inverted(*inputs[0]);
    if (node.op == "Range") return inputs.size() == 3 ? counted(inputs) : std::nullopt;
    if (node.op == "Slice") return inputs.size() < 3 || !inputs[1] || !inputs[2] ? std::nullopt : sliced(inputs);
    if (node.op == "Squeeze") return squeezed(inputs);
    if (node.op == "Unsqueeze") return unsqueezed(node, inputs);
    return inputs.size() == 3 ? chosen(inputs) : std::nullopt;
}

}  // namespace headroom::formats
