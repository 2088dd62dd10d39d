// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_mask.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace headroom::formats {
namespace {

using graph::Dim;
using graph::Node;
using graph::Shape;
using graph::ValueId;
using Numbers = std::vector<std::int64_t>;

constexpr std::size_t kDeepest = 6;  // dimensions of what a mask is made of
using Index = std::array<std::int64_t, kDeepest>;

using OfOne = double (*)(double);
using OfTwo = double (*)(double, double);

struct NamedCurve {
    std::string_view op;
    OfOne compute;
};
constexpr auto kCurves = std::to_array<NamedCurve>({{"Not", [](double a) { return a == 0 ? 1.0 : 0.0; }}, {"Neg", [](double a) { return -a; }},
                                                    {"Abs", [](double a) { return std::abs(a); }}});
struct NamedJoint {
    std::string_view op;
    OfTwo compute;
};
constexpr auto kJoints = std::to_array<NamedJoint>(
    {{"Add", [](double a, double b) { return a + b; }}, {"Sub", [](double a, double b) { return a - b; }}, {"Mul", [](double a, double b) { return a * b; }},
     {"And", [](double a, double b) { return a != 0 && b != 0 ? 1.0 : 0.0; }}, {"Or", [](double a, double b) { return a != 0 || b != 0 ? 1.0 : 0.0; }},
     {"Equal", [](double a, double b) { return a == b ? 1.0 : 0.0; }}, {"Less", [](double a, double b) { return a < b ? 1.0 : 0.0; }},
     {"LessOrEqual", [](double a, double b) { return a <= b ? 1.0 : 0.0; }}, {"Greater", [](double a, double b) { return a > b ? 1.0 : 0.0; }},
     {"GreaterOrEqual", [](double a, double b) { return a >= b ? 1.0 : 0.0; }}, {"Min", [](double a, double b) { return std::min(a, b); }},
     {"Max", [](double a, double b) { return std::max(a, b); }}});

enum class Way { Table, Places, SameOrder, Broadcast, Turned, Picked, Part, Triangle, Curve, Joint, Choice };

/// One node of a mask, ready to be asked for its elements.
struct Cell {
    Way way = Way::Table;
    std::vector<std::size_t> inputs;
    Shape shape;
    std::vector<float> table;  ///< Table
    Numbers numbers;           ///< Turned: perm; Picked: axis; Part: starts and steps by dimension; Triangle: upper, k
    OfOne curve = nullptr;
    OfTwo joint = nullptr;
    bool operator==(const Cell&) const = default;
};

/// The nodes of a mask, those that are read first.
class Plan {
public:
    explicit Plan(const Composed& net) : m_net(net) {}

    /// Its cell; nothing where it depends on more than places.
    std::optional<std::size_t> add(ValueId given) {
        constexpr std::size_t kMost = 256;
        constexpr int kLongestChain = 64;
        const ValueId value = m_net.through(given);
        if (const auto known = m_cells.find(value); known != m_cells.end()) return known->second;
        Cell cell;
        cell.shape = m_net.shape(value);
        const bool isNamedAlike = std::ranges::all_of(cell.shape, [this](const Dim& dim) { return dim.isFixed() || isLength(dim); });
        if (!isNamedAlike || cell.shape.size() > kDeepest || cells.size() >= kMost) return std::nullopt;
        const Node* node = m_net.maker(value);
        if (++m_depth > kLongestChain || !(node ? take(cell, *node) : table(cell, value))) return std::nullopt;
        --m_depth;
        cells.push_back(std::move(cell));
        return m_cells[value] = cells.size() - 1;
    }

    std::vector<Cell> cells;
    std::int64_t longest = INT64_MAX;  ///< sequence that the tables reach for
    bool hasOtherNumbers = false;      ///< whole ones beyond -1, 0 and 1, or thresholds

private:
    bool isLength(const Dim& dim) {
        if (m_length.empty()) m_length = dim.name;
        return m_length == dim.name;
    }
    bool reads(Cell& cell, const Node& node, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto input = i < node.inputs.size() && node.inputs[i] != graph::kNone ? add(node.inputs[i]) : std::nullopt;
            if (!input) return false;
            cell.inputs.push_back(*input);
        }
        return true;
    }
    bool table(Cell& cell, ValueId value) {
        auto held = m_net.elements(value);
        if (!held) return false;
        if (held->size() == 1) {
            const float number = held->front();
            hasOtherNumbers = hasOtherNumbers || !(std::abs(number) <= 1 || (graph::isFloating(m_net.type(value)) && number <= kHides));
        }
        cell.table = std::move(*held);
        return true;
    }
    bool take(Cell& cell, const Node& node) {
        const std::string_view op = node.op->name;
        if (op == "Places") return cell.way = Way::Places, isLength(cell.shape[0]) && !cell.shape[0].isFixed();
        if (op == "Reshape" || op == "Unsqueeze" || op == "Squeeze") return cell.way = Way::SameOrder, reads(cell, node, 1) && hasSameOrder(cell);
        if (op == "Expand") return cell.way = Way::Broadcast, reads(cell, node, 1);
        if (op == "Transpose") return cell.way = Way::Turned, cell.numbers = node.integers("perm", {}), !cell.numbers.empty() && reads(cell, node, 1);
        if (op == "Gather") return gathers(cell, node);
        if (op == "Slice") return slices(cell, node);
        if (op == "Trilu") return triangle(cell, node);
        if (op == "Where") return cell.way = Way::Choice, reads(cell, node, 3);
        if (op == "Cast") return casts(cell, node);
        if (op == "ConstantOfShape") return fills(cell, node);
        if (op == "Range") return counts(cell, node);
        if (const auto* curve = std::ranges::find(kCurves, op, &NamedCurve::op); curve != kCurves.end())
            return cell.way = Way::Curve, cell.curve = curve->compute, reads(cell, node, 1);
        if (const auto* joint = std::ranges::find(kJoints, op, &NamedJoint::op); joint != kJoints.end() && node.inputs.size() == 2)
            return cell.way = Way::Joint, cell.joint = joint->compute, reads(cell, node, 2);
        return false;
    }
    /// Dimensions of 1 come or go, no others.
    bool hasSameOrder(const Cell& cell) const {
        const auto others = [](Shape shape) {
            std::erase(shape, Dim::fixed(1));
            return shape;
        };
        return others(cell.shape) == others(cells[cell.inputs[0]].shape);
    }
    bool gathers(Cell& cell, const Node& node) {
        cell.way = Way::Picked;
        if (!reads(cell, node, 2)) return false;
        const Shape &data = cells[cell.inputs[0]].shape, &places = cells[cell.inputs[1]].shape;
        const std::int64_t axis = node.integer("axis", 0) < 0 ? node.integer("axis", 0) + std::ssize(data) : node.integer("axis", 0);
        if (places.size() != 1 || axis < 0 || axis >= std::ssize(data) || !data[static_cast<std::size_t>(axis)].isFixed()) return false;
        longest = std::min(longest, data[static_cast<std::size_t>(axis)].extent);
        cell.numbers = {axis};
        return true;
    }
    bool slices(Cell& cell, const Node& node) {
        cell.way = Way::Part;
        if (!reads(cell, node, 1)) return false;
        const std::size_t rank = cell.shape.size();
        const Numbers starts = m_net.constant(node.inputs[1]), axes = node.inputs.size() > 3 ? m_net.constant(node.inputs[3]) : Numbers{};
        const Numbers steps = node.inputs.size() > 4 && node.inputs[4] != graph::kNone ? m_net.constant(node.inputs[4]) : Numbers(starts.size(), 1);
        cell.numbers.assign(2 * rank, 0);
        for (std::size_t dim = 0; dim < rank; ++dim) cell.numbers[2 * dim + 1] = 1;
        for (std::size_t k = 0; k < starts.size(); ++k) {
            const std::int64_t written = axes.empty() ? static_cast<std::int64_t>(k) : axes[k], axis = written < 0 ? written + static_cast<std::int64_t>(rank) : written;
            const Dim& own = cells[cell.inputs[0]].shape[static_cast<std::size_t>(axis)];
            if (steps[k] < 1 || (starts[k] != 0 && !own.isFixed())) return false;
            const std::int64_t start = starts[k] < 0 ? std::max<std::int64_t>(0, starts[k] + own.extent) : starts[k];
            cell.numbers[2 * static_cast<std::size_t>(axis)] = start;
            cell.numbers[2 * static_cast<std::size_t>(axis) + 1] = steps[k];
        }
        return true;
    }
    bool triangle(Cell& cell, const Node& node) {
        cell.way = Way::Triangle;
        const bool hasShift = node.inputs.size() > 1 && node.inputs[1] != graph::kNone;
        const Numbers shift = hasShift ? m_net.constant(node.inputs[1]) : Numbers{0};
        if (shift.size() != 1 || cell.shape.size() < 2) return false;
        hasOtherNumbers = hasOtherNumbers || std::abs(shift[0]) > 1;
        cell.numbers = {node.integer("upper", 1), shift[0]};
        return reads(cell, node, 1);
    }
    bool casts(Cell& cell, const Node& node) {
        cell.way = Way::Curve;
        const graph::DType type = m_net.type(node.outputs[0]);
        if (type == graph::DType::Bool) cell.curve = [](double a) { return a != 0 ? 1.0 : 0.0; };
        else if (graph::isFloating(type)) cell.curve = [](double a) { return a; };
        else cell.curve = [](double a) { return std::trunc(a); };
        return reads(cell, node, 1);
    }
    bool fills(Cell& cell, const Node& node) {
        const auto value = node.attributes.find("value");
        const std::int64_t* whole = value == node.attributes.end() ? nullptr : std::get_if<std::int64_t>(&value->second);
        const double number = whole ? static_cast<double>(*whole) : node.real("value", 0);
        cell.table.assign(1, static_cast<float>(number));
        return cell.way = Way::Table, true;
    }
    bool counts(Cell& cell, const Node& node) {
        for (std::size_t i = 0; i < 3; ++i)
            if (m_net.constant(node.inputs[i]).size() != 1) return false;
        const std::int64_t begin = m_net.constant(node.inputs[0])[0], step = m_net.constant(node.inputs[2])[0];
        for (std::int64_t k = 0; k < cell.shape[0].extent; ++k) cell.table.push_back(static_cast<float>(begin + k * step));
        return cell.way = Way::Table, true;
    }

    const Composed& m_net;
    std::map<ValueId, std::size_t> m_cells;
    std::string m_length;
    int m_depth = 0;
};

/// Computes elements of a plan's cells.
class Elements {
public:
    explicit Elements(const std::vector<Cell>& cells) : m_cells(cells) {}

    double of(std::size_t id, const Index& place) const {
        const Cell& cell = m_cells[id];
        switch (cell.way) {
            case Way::Table: return cell.table.size() == 1 ? cell.table[0] : cell.table[flat(cell, place)];
            case Way::Places: return static_cast<double>(place[0]);
            case Way::SameOrder: return of(cell.inputs[0], sameOrder(cell, place));
            case Way::Broadcast: return operand(cell, 0, place);
            case Way::Turned: return turned(cell, place);
            case Way::Picked: return picked(cell, place);
            case Way::Part: return part(cell, place);
            case Way::Triangle: return triangle(cell, place);
            case Way::Curve: return cell.curve(of(cell.inputs[0], place));
            case Way::Joint: return cell.joint(operand(cell, 0, place), operand(cell, 1, place));
            case Way::Choice: return operand(cell, operand(cell, 0, place) != 0 ? 1 : 2, place);
        }
        return NAN;
    }

private:
    static std::size_t flat(const Cell& cell, const Index& place) {
        std::size_t at = 0;
        for (std::size_t dim = 0; dim < cell.shape.size(); ++dim) at = at * static_cast<std::size_t>(cell.shape[dim].extent) + static_cast<std::size_t>(place[dim]);
        return at;
    }
    /// Operands meet at their ends; a dimension of 1 is the same everywhere.
    double operand(const Cell& cell, std::size_t input, const Index& place) const {
        const Shape& own = m_cells[cell.inputs[input]].shape;
        const std::size_t offset = cell.shape.size() - own.size();
        Index at{};
        for (std::size_t dim = 0; dim < own.size(); ++dim) at[dim] = own[dim] == Dim::fixed(1) ? 0 : place[offset + dim];
        return of(cell.inputs[input], at);
    }
    Index sameOrder(const Cell& cell, const Index& place) const {
        const Shape& own = m_cells[cell.inputs[0]].shape;
        Index at{};
        for (std::size_t dim = 0, next = 0; dim < own.size(); ++dim) {
            if (own[dim] == Dim::fixed(1)) continue;
            while (cell.shape[next] == Dim::fixed(1)) ++next;
            at[dim] = place[next++];
        }
        return at;
    }
    double turned(const Cell& cell, const Index& place) const {
        Index at{};
        for (std::size_t dim = 0; dim < cell.numbers.size(); ++dim) at[static_cast<std::size_t>(cell.numbers[dim])] = place[dim];
        return of(cell.inputs[0], at);
    }
    double picked(const Cell& cell, const Index& place) const {
        Index at = place, index{};
        const auto axis = static_cast<std::size_t>(cell.numbers[0]);
        index[0] = place[axis];
        const auto row = static_cast<std::int64_t>(of(cell.inputs[1], index)), extent = m_cells[cell.inputs[0]].shape[axis].extent;
        at[axis] = row < 0 ? row + extent : row;
        return at[axis] < 0 || at[axis] >= extent ? NAN : of(cell.inputs[0], at);
    }
    double part(const Cell& cell, const Index& place) const {
        Index at{};
        for (std::size_t dim = 0; dim < cell.shape.size(); ++dim) at[dim] = cell.numbers[2 * dim] + place[dim] * cell.numbers[2 * dim + 1];
        return of(cell.inputs[0], at);
    }
    double triangle(const Cell& cell, const Index& place) const {
        const std::size_t rank = cell.shape.size();
        const std::int64_t above = place[rank - 1] - place[rank - 2];
        const bool stays = cell.numbers[0] != 0 ? above >= cell.numbers[1] : above <= cell.numbers[1];
        return stays ? of(cell.inputs[0], place) : 0;
    }

    const std::vector<Cell>& m_cells;
};

/// Looks at the elements of a mask until one fits neither kind.
struct Verdict {
    bool isAll = true, isCausal = true, isMask = true;

    void look(bool isVisible, bool isBefore) {
        isAll = isAll && isVisible;
        isCausal = isCausal && isVisible == isBefore;
    }
    void take(double element, bool isTruth, bool hides, bool isBefore) {
        if (!isTruth) isMask = isMask && (element == 0 || element <= kHides);
        look(isTruth ? (element != 0) != hides : element == 0, isBefore);
    }
    bool isOpen() const { return isMask && (isAll || isCausal); }
};

/// What is asked of a mask.
struct Question {
    bool isTruth = true, hides = false;
    std::int64_t past = 0;
    bool operator==(const Question&) const = default;
};

/// Every place of a mask, or of a large one every row with some of its places.
void look(Verdict& verdict, const std::vector<Cell>& cells, std::int64_t rows, std::int64_t columns, const Question& question) {
    constexpr std::int64_t kMost = std::int64_t{1} << 22;
    const Elements elements(cells);
    const std::size_t rank = cells.back().shape.size();
    const std::int64_t step = rows * columns > kMost ? (rows * columns / kMost) | 1 : 1;
    for (std::int64_t flat = 0; flat < rows * columns && verdict.isOpen(); flat += step) {
        Index place{};
        place[rank - 2] = flat / columns;
        place[rank - 1] = flat % columns;
        verdict.take(elements.of(cells.size() - 1, place), question.isTruth, question.hides, place[rank - 1] <= place[rank - 2] + question.past);
    }
}

std::optional<MaskKind> kindOf(const Plan& plan, const Question& question) {
    constexpr std::int64_t kShort = 9, kLongest = 1 << 15;
    const Shape& shape = plan.cells.back().shape;
    const std::size_t rank = shape.size();
    if (rank < 2 || std::ranges::any_of(shape.begin(), shape.end() - 2, [](const Dim& dim) { return dim != Dim::fixed(1); })) return std::nullopt;
    const Dim &rows = shape[rank - 2], &columns = shape[rank - 1];
    const bool isFixed = rows.isFixed() && columns.isFixed(), isCut = plan.longest != INT64_MAX;
    const std::int64_t longest = isFixed ? std::max(rows.extent, columns.extent) : isCut ? plan.longest : kShort;
    if (longest > kLongest || (!isFixed && (rows != columns || (!isCut && plan.hasOtherNumbers)))) return std::nullopt;
    Verdict verdict;
    if (isFixed) look(verdict, plan.cells, rows.extent, columns.extent, question);
    for (std::int64_t length = 1; !isFixed && length < std::min(kShort, longest); ++length) look(verdict, plan.cells, length, length, question);
    if (!isFixed) look(verdict, plan.cells, longest, longest, question);
    if (!verdict.isOpen()) return std::nullopt;
    return verdict.isCausal ? MaskKind::Causal : MaskKind::All;  // a single query sees all before it
}

}  // namespace

struct MaskMemory {
    struct Known {
        std::vector<Cell> cells;
        Question question;
        std::optional<MaskKind> kind;
    };
    std::vector<Known> known;
};

std::shared_ptr<MaskMemory> maskMemory() { return std::make_shared<MaskMemory>(); }

std::optional<MaskKind> maskKind(const Composed& net, ValueId mask, bool hides, std::int64_t past) {
    Plan plan(net);
    if (!plan.add(mask)) return std::nullopt;
    const Question question{net.type(mask) == graph::DType::Bool, hides, past};
    for (const MaskMemory::Known& each : net.masks().known)
        if (each.question == question && each.cells == plan.cells) return each.kind;
    const auto kind = kindOf(plan, question);
    net.masks().known.push_back({std::move(plan.cells), question, kind});
    return kind;
}

}  // namespace headroom::formats
