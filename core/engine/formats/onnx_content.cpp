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

/// Whether content of that type is computed.
bool isHeld(DType type) {
    constexpr auto kHeld = std::to_array<DType>({DType::F32, DType::F64, DType::I64, DType::I32, DType::I16, DType::I8, DType::U8, DType::Bool});
    return std::ranges::count(kHeld, type) > 0;
}
/// As an element of the type holds it: fewer bits wrap around, truth is 0 or 1.
std::int64_t heldBy(DType type, std::int64_t number) {
    switch (type) {
        case DType::I32: return static_cast<std::int32_t>(number);
        case DType::I16: return static_cast<std::int16_t>(number);
        case DType::I8: return static_cast<std::int8_t>(number);
        case DType::U8: return static_cast<std::uint8_t>(number);
        case DType::Bool: return number != 0 ? 1 : 0;
        default: return number;
    }
}
double heldBy(DType type, double real) { return type == DType::F32 ? static_cast<double>(static_cast<float>(real)) : real; }

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
        if (each->shape.size() != 1 || each->dtype != inputs[0]->dtype || result.count() + each->count() > kMostContent) return std::nullopt;
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

Found unsqueezed(const OnnxNode& node, Inputs inputs) {
    const auto axes = node.attributes.find("axes");
    const auto* written = axes == node.attributes.end() ? nullptr : std::get_if<std::vector<std::int64_t>>(&axes->second);
    const std::size_t count = inputs.size() > 1 ? inputs[1]->count() : written ? written->size() : 0;
    if (inputs[0]->shape.empty() && count == 1) return reshaped(*inputs[0], {1});
    return std::nullopt;
}
Found squeezed(Inputs inputs) {
    if (inputs[0]->shape == std::vector<std::int64_t>{1}) return reshaped(*inputs[0], {});
    return std::nullopt;
}

/// To one dimension, or none.
Found flattened(Inputs inputs) {
    const Content& target = *inputs[1];
    const auto count = static_cast<std::int64_t>(inputs[0]->count());
    if (isReal(target) || !target.isFixed() || target.count() > 1) return std::nullopt;
    std::vector<std::int64_t> shape = target.fixedNumbers();
    for (std::int64_t& extent : shape)
        if (extent == -1) extent = count;
    return reshaped(*inputs[0], std::move(shape));
}

Found negated(const Content& content) {
    Content result = content;
    for (double& real : result.reals) real = -real;
    for (Dim& number : result.numbers) {
        if (isNamed(number) || number.extent == INT64_MIN) return std::nullopt;
        number.extent = heldBy(content.dtype, -number.extent);
    }
    return result;
}

Found converted(const OnnxNode& node, const Content& content) {
    const auto type = graph::typeOfOnnx(integerOf(node, "to", 0));
    if (!type || !isHeld(*type)) return std::nullopt;
    const bool toReal = graph::isFloating(*type);
    Content result = {*type, content.shape, {}, {}};
    for (const double real : content.reals) {
        if (toReal) {
            result.reals.push_back(heldBy(*type, real));
        } else if (*type == DType::Bool) {
            result.numbers.push_back(numberOf(real != 0));
        } else {
            // What a type of whole numbers does not reach has no defined value.
            if (!(std::abs(real) < 9e18) || heldBy(*type, static_cast<std::int64_t>(real)) != static_cast<std::int64_t>(real)) return std::nullopt;
            result.numbers.push_back(numberOf(static_cast<std::int64_t>(real)));
        }
    }
    for (const Dim& number : content.numbers) {
        const bool keepsName = *type == DType::I64 || *type == DType::I32;
        if (isNamed(number) && !keepsName) return std::nullopt;
        if (toReal) result.reals.push_back(heldBy(*type, static_cast<double>(number.extent)));
        else result.numbers.push_back(isNamed(number) ? number : numberOf(heldBy(*type, number.extent)));
    }
    return result;
}

/// The shape that all of them broadcast to; nothing where they do not fit, or there would be too many elements.
std::optional<std::vector<std::int64_t>> broadcastShape(Inputs inputs) {
    std::vector<std::int64_t> shape;
    for (const Content* each : inputs) {
        if (each->shape.size() > shape.size()) shape.insert(shape.begin(), each->shape.size() - shape.size(), 1);
        const std::size_t offset = shape.size() - each->shape.size();
        for (std::size_t i = 0; i < each->shape.size(); ++i) {
            std::int64_t& extent = shape[offset + i];
            if (each->shape[i] == 1 || each->shape[i] == extent) continue;
            if (extent != 1) return std::nullopt;
            extent = each->shape[i];
        }
    }
    if (std::ranges::count(shape, 0) > 0) return shape;
    std::int64_t count = 1;
    for (const std::int64_t extent : shape)
        if (extent > kMostContent || (count *= extent) > kMostContent) return std::nullopt;
    return shape;
}
std::size_t elementsOf(const std::vector<std::int64_t>& shape) {
    return std::ranges::count(shape, 0) > 0 ? 0 : static_cast<std::size_t>(graph::elementCount(shape));
}
/// The element of `own` that meets this one of the broadcast `whole`.
std::size_t placeIn(const std::vector<std::int64_t>& own, const std::vector<std::int64_t>& whole, std::size_t place) {
    std::size_t found = 0, step = 1;
    for (std::size_t behind = 1; behind <= own.size(); ++behind) {
        const auto extent = static_cast<std::size_t>(whole[whole.size() - behind]), ownExtent = static_cast<std::size_t>(own[own.size() - behind]);
        if (ownExtent != 1) found += place % extent * step;
        place /= extent;
        step *= ownExtent;
    }
    return found;
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
    if (isNamed(a) && a == b) {  // the same extent, whatever it is
        if (op == "Sub" || op == "Equal") return numberOf(op == "Equal" ? 1 : 0);
        if (op == "Max" || op == "Min") return a;
    }
    if (op == "Equal" && isNamed(a) != isNamed(b) && (isNamed(a) ? b : a).extent < 0) return numberOf(0);  // no extent is negative
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
    if (op == "Div") return a / b;
    if (op == "Pow") return std::pow(a, b);
    if (std::isnan(a) || std::isnan(b)) return NAN;
    return op == "Max" ? std::max(a, b) : std::min(a, b);
}

Found arithmetic(std::string_view op, Inputs inputs) {
    const Content &a = *inputs[0], &b = *inputs[1];
    const bool isOfWhole = op == "Equal" || op == "And" || op == "Or" || op == "Mod";
    if (op == "Pow" && !isReal(a)) return std::nullopt;
    const auto shape = broadcastShape(inputs);
    if (a.dtype != b.dtype || (isOfWhole && isReal(a)) || !shape) return std::nullopt;
    Content result{op == "Equal" ? DType::Bool : a.dtype, *shape, {}, {}};
    const std::size_t count = elementsOf(*shape);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t left = placeIn(a.shape, *shape, i), right = placeIn(b.shape, *shape, i);
        if (isReal(a)) {
            result.reals.push_back(heldBy(result.dtype, computed(op, a.reals[left], b.reals[right])));
        } else if (const auto number = computed(op, a.numbers[left], b.numbers[right])) {
            result.numbers.push_back(isNamed(*number) ? *number : numberOf(heldBy(result.dtype, number->extent)));
        } else {
            return std::nullopt;
        }
    }
    return result;
}

Found root(const Content& content) {
    if (!isReal(content)) return std::nullopt;
    Content result = content;
    for (double& real : result.reals) real = heldBy(content.dtype, std::sqrt(real));
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
    if (step != 1 || begin < 0 || (end > begin && end - begin > kMostContent)) return std::nullopt;  // as places are counted
    Content result = emptyLike(*inputs[0], {});
    for (std::int64_t number = begin; number < end; ++number) result.numbers.push_back(numberOf(number));
    result.shape = {static_cast<std::int64_t>(result.count())};
    return result;
}

Found chosen(Inputs inputs) {
    const Content &which = *inputs[0], &a = *inputs[1], &b = *inputs[2];
    const auto shape = broadcastShape(inputs);
    if (!shape || a.dtype != b.dtype || which.dtype != DType::Bool || !which.isFixed()) return std::nullopt;
    Content result = emptyLike(a, *shape);
    const std::size_t count = elementsOf(*shape);
    for (std::size_t i = 0; i < count; ++i) {
        const Content& taken = which.numbers[placeIn(which.shape, *shape, i)].extent != 0 ? a : b;
        copyElement(taken, placeIn(taken.shape, *shape, i), result);
    }
    return result;
}

constexpr auto kArithmetic = std::to_array<std::string_view>({"Add", "Sub", "Mul", "Div", "Max", "Min", "Equal", "And", "Or", "Mod", "Pow"});
constexpr auto kOthers = std::to_array<std::string_view>({"Cast", "Concat", "Gather", "Identity", "Neg", "Not", "Range", "Reshape", "Slice", "Sqrt", "Squeeze", "Unsqueeze", "Where"});

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
    if (node.op == "Reshape") return inputs.size() == 2 ? flattened(inputs) : std::nullopt;
    if (node.op == "Slice") return inputs.size() < 3 || !inputs[1] || !inputs[2] ? std::nullopt : sliced(inputs);
    if (node.op == "Sqrt") return root(*inputs[0]);
    if (node.op == "Squeeze") return squeezed(inputs);
    if (node.op == "Unsqueeze") return unsqueezed(node, inputs);
    return inputs.size() == 3 ? chosen(inputs) : std::nullopt;
}

}  // namespace headroom::formats
