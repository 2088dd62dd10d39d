// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <numeric>
#include <utility>

#include "base/graph/onnx_types.h"
#include "engine/formats/onnx_importer.h"
#include "engine/formats/onnx_lifting.h"

namespace headroom::formats {
namespace {

using graph::Attributes;
using graph::DType;
using graph::kNone;
using graph::Shape;
using graph::ValueId;
using Numbers = std::vector<std::int64_t>;

Attributes plainReshape(const OnnxImporter& in) {
    Attributes attributes = in.node().attributes;
    attributes.erase("shape");
    return attributes;
}

/// The new shape for what holds a batch that the file has as 1; nothing where it cannot be told.
std::optional<Numbers> shapeOfSamples(const OnnxImporter& in, ValueId x, const std::vector<graph::Dim>& target) {
    const auto place = in.batchOf(x);
    const Shape& from = in.type(x).shape;
    const bool zeroCopies = in.integer("allowzero", 0) == 0;
    if (!place) return std::nullopt;
    Numbers to, sample, told;
    for (const graph::Dim& dim : from) sample.push_back(extentOfSample(dim).value_or(0));
    for (std::size_t i = 0; i < target.size(); ++i) {
        const bool isOpen = target[i].name.empty() && target[i].extent == -1;
        const bool copies = target[i] == graph::Dim::fixed(0) && zeroCopies && i < from.size();
        to.push_back(isOpen ? -1 : extentOfSample(copies ? from[i] : target[i]).value_or(0));
        if (!isOpen) told.push_back(to.back());
    }
    const std::int64_t all = countOf(sample), known = countOf(told);
    if (all < 1 || known < 1 || all % known != 0 || std::ranges::count(to, -1) > 1) return std::nullopt;
    std::ranges::replace(to, std::int64_t{-1}, all / known);
    return reshapedBatch(from, *place, to);
}

/// The value over and over along a named dimension that it has not, which becomes dimension `axis` of `rank`.
ValueId repeatedAlong(OnnxImporter& in, ValueId value, const graph::Dim& dim, std::size_t axis, std::size_t rank) {
    const ValueId places = in.placesAlong(dim);
    const DType type = in.type(value).dtype;
    ValueId zeros = in.step("Sub", {places, places});
    if (type != DType::I64) zeros = in.step("Cast", {zeros}, {{"to", graph::onnxType(type)}});
    Numbers others;
    for (std::size_t i = 0; i < rank; ++i)
        if (i != axis) others.push_back(static_cast<std::int64_t>(i));
    if (!others.empty()) zeros = in.step("Unsqueeze", {zeros, in.constantOf(others)});
    return in.step(type == DType::Bool ? "Or" : "Add", {value, zeros});
}

/// Broadcast to a shape. Named extents that the value has keep their place, the batch once for each sample, others are repeated.
ValueId broadcastTo(OnnxImporter& in, ValueId x, const std::vector<graph::Dim>& target) {
    const Shape from = in.type(x).shape;
    Numbers to;
    std::vector<std::size_t> repeated;
    std::size_t batch = target.size();
    for (std::size_t i = 0; i < target.size(); ++i) {
        const std::size_t behind = target.size() - i;
        const graph::Dim own = behind > from.size() ? graph::Dim::fixed(1) : from[from.size() - behind];
        to.push_back(target[i].name.empty() ? target[i].extent : 1);
        if (target[i].name.empty() || own == target[i]) continue;
        if (own != graph::Dim::fixed(1)) in.refuse("a named dimension cannot be repeated", target[i].name, kFixLength);
        if (target[i] == OnnxBatch::dim() && batch == target.size()) batch = i;
        else repeated.push_back(i);
    }
    ValueId made = batch < to.size() ? in.forEachSample(x, to, batch) : in.step("Expand", {x, in.constantOf(to)});
    for (const std::size_t axis : repeated) made = repeatedAlong(in, made, target[axis], axis, target.size());
    return made;
}

/// A tensor of one number in every place of a shape with named extents in it.
void fillNamed(OnnxImporter& in, const Content& value, const std::vector<graph::Dim>& shape) {
    if (!in.isMadeLate()) return in.giveLate(0);  // a first state of zeros is never read
    in.give(0, broadcastTo(in, in.scalar(value.reals.empty() ? static_cast<double>(value.numbers[0].extent) : value.reals[0], value.dtype), shape));
}

/// Ends of a Slice as constants: a dimension's own name is all of it. `first` gets the places of those that take, from the beginning
/// on, as many as another dimension is long.
Numbers endsOf(OnnxImporter& in, const Shape& shape, const std::vector<graph::Dim>& ends, std::map<std::size_t, graph::Dim>& first) {
    const auto listed = [&](std::size_t input, std::int64_t fallback) { return in.has(input) ? in.numbers(input) : Numbers(ends.size(), fallback); };
    const Numbers starts = in.numbers(1), steps = listed(4, 1);
    Numbers axes = listed(3, 0), numbers;
    if (!in.has(3)) std::iota(axes.begin(), axes.end(), std::int64_t{0});
    if (starts.size() != ends.size() || steps.size() != ends.size() || axes.size() != ends.size()) in.refuse("starts, ends, axes and steps are not as many");
    for (std::size_t k = 0; k < ends.size(); ++k) {
        numbers.push_back(ends[k].name.empty() ? ends[k].extent : INT64_MAX);
        const std::int64_t axis = axes[k] < 0 ? axes[k] + std::ssize(shape) : axes[k];
        if (axis < 0 || axis >= std::ssize(shape)) in.refuse("the axis is out of range", fmt::format("{}", axes[k]));
        const graph::Dim& own = shape[static_cast<std::size_t>(axis)];
        if (ends[k].name.empty() || own == ends[k]) continue;
        if (!own.isFixed() || starts[k] != 0 || steps[k] != 1) in.refuse("a range ends at another dimension", ends[k].name, kFixLength);
        first[static_cast<std::size_t>(axis)] = ends[k];
    }
    return numbers;
}

}  // namespace

/// Named extents as 0 where they stay in place, else as the one that is left over.
void liftReshape(OnnxImporter& in) {
    const Content* target = in.content(1);
    const ValueId x = in.data(0);
    const Shape from = in.type(x).shape;
    if (!target || graph::isFloating(target->dtype)) in.refuse("the new shape must be a constant");
    if (const auto samples = shapeOfSamples(in, x, target->numbers)) return in.make("Reshape", {x, in.constantOf(*samples)}, plainReshape(in));
    Numbers to;
    bool open = false;
    for (std::size_t i = 0; i < target->numbers.size(); ++i) {
        const graph::Dim& dim = target->numbers[i];
        const bool stays = !dim.name.empty() && i < from.size() && from[i] == dim;
        if (!dim.name.empty() && !stays && std::exchange(open, true)) in.refuse("more than one dimension is left open", dim.name, kFixLength);
        to.push_back(dim.name.empty() ? dim.extent : stays ? 0 : -1);
    }
    // A shape written for a batch of one, of a graph whose batch was freed.
    if (!to.empty() && to[0] == 1 && !from.empty() && from[0] == graph::Dim::named("batch")) to[0] = std::ranges::count(to, -1) ? 0 : -1;
    Attributes attributes = plainReshape(in);
    const bool holdsZero = std::ranges::count(target->numbers, graph::Dim::fixed(0)) > 0;
    if (!holdsZero) attributes.erase("allowzero");  // a 0 is one of ours, and copies
    in.make("Reshape", {x, in.constantOf(to)}, std::move(attributes));
}

void liftExpand(OnnxImporter& in) {
    const Content* target = in.content(1);
    if (!target) in.refuse("the new shape must be a constant");
    const std::vector<graph::Dim> shape = target->numbers;
    in.give(0, broadcastTo(in, in.data(0), shape));
}

/// As many places of a table as a sequence is long are gathered: a Slice has fixed ends.
void liftSlice(OnnxImporter& in) {
    if (in.opset() < 10) {
        std::vector<ValueId> ids{in.data(0), in.constantOf(in.integers("starts")), in.constantOf(in.integers("ends"))};
        if (const Numbers axes = in.integers("axes"); !axes.empty()) ids.push_back(in.constantOf(axes));
        return in.make("Slice", ids);
    }
    const Content* given = in.content(2);
    if (!given || given->isFixed()) return in.make("Slice", {in.data(0), in.constant(1), in.constant(2), in.constant(3), in.constant(4)});
    const std::vector<graph::Dim> ends = given->numbers;
    ValueId x = in.data(0);
    std::map<std::size_t, graph::Dim> first;
    const Numbers numbers = endsOf(in, in.type(x).shape, ends, first);
    if (first.size() < ends.size()) x = in.step("Slice", {x, in.constant(1), in.constantOf(numbers), in.constant(3), in.constant(4)});
    for (const auto& [axis, dim] : first) x = in.step("Gather", {x, in.placesAlong(dim)}, {{"axis", static_cast<std::int64_t>(axis)}});
    in.give(0, x);
}

/// Places of a sequence: from 0 on, as many as a named dimension says.
void liftRange(OnnxImporter& in) {
    const Content* end = in.content(1);
    const auto holds = [&](std::size_t input, std::int64_t number) { return in.content(input) && in.content(input)->isFixed() && in.numbers(input) == Numbers{number}; };
    const bool isFree = !end || (end->count() == 1 && !end->isFixed());
    if (!isFree) return in.make("Range", {in.constant(0), in.constant(1), in.constant(2)}, in.node().attributes);
    if (!end || graph::isFloating(end->dtype) || !holds(0, 0) || !holds(2, 1))
        in.refuse("a count that is not fixed must go from 0 by 1 to the length of an input", end ? end->numbers[0].name : "", kFixLength);
    const DType type = end->dtype;
    const ValueId places = in.placesAlong(graph::Dim(end->numbers[0]));
    in.give(0, type == DType::I64 ? places : in.step("Cast", {places}, {{"to", graph::onnxType(type)}}));
}

/// All places of a row in their order are the row in another shape: so PyTorch writes what it calls strided.
void liftGather(OnnxImporter& in) {
    const Content* places = in.content(1);
    const ValueId x = in.data(0);
    const Shape from = in.type(x).shape;
    if (places && places->isFixed() && places->count() > 1 && from.size() == 1 && extentOfSample(from[0]) == std::ssize(places->numbers)) {
        const Numbers shape = places->shape, order = places->fixedNumbers();
        Shape target;
        for (const std::int64_t extent : shape) target.push_back(graph::Dim::fixed(extent));
        const bool isWhole = std::ranges::adjacent_find(order, [](std::int64_t a, std::int64_t b) { return b != a + 1; }) == order.end() && order[0] == 0;
        const auto samples = shapeOfSamples(in, x, target);
        if (isWhole && (samples || from[0].isFixed())) return in.make("Reshape", {x, in.constantOf(samples.value_or(shape))});
    }
    in.make("Gather", {x, in.data(1)}, in.node().attributes);
}

void liftConstantOfShape(OnnxImporter& in) {
    const auto given = in.node().tensors.find("value");
    Content value{DType::F32, {1}, {}, {0.0}};
    if (given != in.node().tensors.end()) {
        const std::optional<Content> held = contentOf(given->second);
        if (!held || held->count() != 1) in.refuse("its value must be one number");
        value = *held;
    }
    const Content* shape = in.content(0);
    if (!shape) in.refuse("the shape must be a constant");
    if (!shape->isFixed()) return fillNamed(in, value, shape->numbers);
    const Numbers extents = shape->fixedNumbers();
    std::int64_t count = 1;
    for (const std::int64_t extent : extents) count = extent < 0 || extent > kMostContent ? kMostContent + 1 : std::min(count * extent, kMostContent + 1);
    if (count <= 64) {  // of the size of a shape: it may be one
        Content filled{value.dtype, extents, {}, {}};
        filled.numbers.assign(value.numbers.empty() ? 0 : static_cast<std::size_t>(count), value.numbers.empty() ? graph::Dim{} : value.numbers[0]);
        filled.reals.assign(value.reals.empty() ? 0 : static_cast<std::size_t>(count), value.reals.empty() ? 0 : value.reals[0]);
        return in.giveContent(0, std::move(filled));
    }
    Attributes attributes{{"dtype", graph::onnxType(value.dtype)}};
    if (value.reals.empty()) attributes.emplace("value", value.numbers[0].extent);
    else attributes.emplace("value", value.reals[0]);
    in.make("ConstantOfShape", {in.constant(0)}, attributes);
}

/// What is the same for all samples stands beside those of a freed batch once for each.
void liftConcat(OnnxImporter& in) {
    std::vector<ValueId> ids;
    for (std::size_t i = 0; i < in.inputCount(); ++i) ids.push_back(in.data(i));
    std::optional<BatchPlace> place;
    for (const ValueId id : ids)
        if (id != kNone && in.batchOf(id)) place = in.batchOf(id);
    for (ValueId& id : ids) {
        if (!place || !place->isAlone() || id == kNone || in.batchOf(id)) continue;
        const Shape& shape = in.type(id).shape;
        if (place->axis < shape.size() && shape[place->axis] == graph::Dim::fixed(1)) id = in.forEachSample(id, Numbers(shape.size(), 1), place->axis);
    }
    in.make("Concat", std::move(ids), in.node().attributes);
}

void liftRecurrent(OnnxImporter& in) {
    const std::size_t batch = in.integer("layout", 0) != 0 ? 0 : 1;
    std::vector<ValueId> ids;
    for (std::size_t i = 0; i < in.inputCount(); ++i) {
        const bool isState = i == 5 || i == 6;
        ids.push_back(isState && in.isZeros(i) ? kNone : in.data(i));
        if (!isState || ids[i] == kNone || !in.batchOf(ids[0]) || in.batchOf(ids[i])) continue;
        ids[i] = in.forEachSample(ids[i], Numbers(in.type(ids[i]).shape.size(), 1), batch);
    }
    in.make(in.node().op, std::move(ids), in.node().attributes);
}

}  // namespace headroom::formats
