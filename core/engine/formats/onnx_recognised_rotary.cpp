// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "engine/formats/onnx_recognition.h"

// RotaryEmbedding as onnx_lowering.cpp writes it.
namespace headroom::formats {
namespace {

using graph::kNone;
using graph::Node;
using graph::Shape;
using graph::ValueId;
using Numbers = std::vector<std::int64_t>;

/// Some of the last dimension.
struct Columns {
    ValueId x = kNone;
    std::int64_t from = 0, to = 0, step = 1;
    bool operator==(const Columns&) const = default;
};
std::optional<Columns> columnsOf(const Composed& net, ValueId value) {
    const Node* slice = net.maker(value, "Slice");
    if (!slice || slice->inputs.size() != 5) return std::nullopt;
    const auto numbers = [&](std::size_t input) { return net.constant(slice->inputs[input]); };
    const std::int64_t last = std::ssize(net.shape(slice->inputs[0])) - 1;
    if (numbers(1).size() != 1 || numbers(2).size() != 1 || numbers(4).size() != 1 || (numbers(3) != Numbers{-1} && numbers(3) != Numbers{last})) return std::nullopt;
    return Columns{net.through(slice->inputs[0]), numbers(1)[0], numbers(2)[0], numbers(4)[0]};
}

/// Some columns times cosines or sines, which are for all heads.
struct Term {
    Columns columns;
    ValueId angle = kNone;
    bool operator==(const Term&) const = default;
};
std::optional<Term> termOf(const Composed& net, ValueId value) {
    const Node* times = net.maker(value, "Mul");
    for (std::size_t k = 0; times && k < 2; ++k) {
        const auto columns = columnsOf(net, times->inputs[k]);
        const Node* angle = net.maker(times->inputs[1 - k], "Unsqueeze");
        if (columns && angle && net.constant(angle->inputs[1]) == Numbers{1}) return Term{*columns, net.through(angle->inputs[0])};
    }
    return std::nullopt;
}

struct Turned {
    Columns a, b;
    ValueId cosine = kNone, sine = kNone;
};
/// a cos - b sin and a sin + b cos
std::optional<Turned> turnedBy(const Composed& net, ValueId real, ValueId imaginary) {
    const Node *difference = net.maker(real, "Sub"), *sum = net.maker(imaginary, "Add");
    if (!difference || !sum) return std::nullopt;
    const auto aCosine = termOf(net, difference->inputs[0]), bSine = termOf(net, difference->inputs[1]);
    const auto one = termOf(net, sum->inputs[0]), two = termOf(net, sum->inputs[1]);
    if (!aCosine || !bSine || !one || !two) return std::nullopt;
    const Term aSine{aCosine->columns, bSine->angle}, bCosine{bSine->columns, aCosine->angle};
    const bool fits = (*one == aSine && *two == bCosine) || (*two == aSine && *one == bCosine);
    return fits ? std::optional(Turned{aCosine->columns, bSine->columns, aCosine->angle, bSine->angle}) : std::nullopt;
}

/// The columns of neighbours that were put beside each other again.
std::optional<Turned> neighbours(const Composed& net, ValueId value) {
    const Node* flat = net.maker(value, "Reshape");
    const Node* beside = flat ? net.maker(flat->inputs[0], "Concat") : nullptr;
    if (!beside || beside->inputs.size() != 2) return std::nullopt;
    const Node *one = net.maker(beside->inputs[0], "Unsqueeze"), *two = net.maker(beside->inputs[1], "Unsqueeze");
    const auto isBehind = [&](const Node* node) { return node && (net.constant(node->inputs[1]) == Numbers{-1} || net.constant(node->inputs[1]) == Numbers{4}); };
    if (!isBehind(one) || !isBehind(two) || net.shape(flat->outputs[0]).size() != 4) return std::nullopt;
    return turnedBy(net, one->inputs[0], two->inputs[0]);
}

/// With x by head, whatever the rank of the file's.
Recognition byHead(const Composed& net, const Node& joined) {
    const std::int64_t axis = joined.integer("axis", 0);
    const std::size_t parts = joined.inputs.size();
    if ((axis != -1 && axis != 3) || net.shape(joined.outputs[0]).size() != 4 || parts < 1 || parts > 3) return std::nullopt;
    const auto apart = neighbours(net, joined.inputs[0]);
    const std::size_t turnedParts = apart ? 1 : 2;
    if (parts < turnedParts || parts > turnedParts + 1) return std::nullopt;
    const auto turned = apart ? apart : turnedBy(net, joined.inputs[0], joined.inputs[1]);
    if (!turned || turned->a.x != turned->b.x || !net.shape(turned->a.x)[3].isFixed()) return std::nullopt;
    const ValueId x = turned->a.x;
    const std::int64_t width = net.shape(x)[3].extent, both = turned->b.to, pairs = both / 2;
    const Columns a = apart ? Columns{x, 0, both, 2} : Columns{x, 0, pairs, 1}, b = apart ? Columns{x, 1, both, 2} : Columns{x, pairs, both, 1};
    const bool hasRest = parts > turnedParts;
    if (turned->a != a || turned->b != b || both % 2 != 0 || hasRest != (width > both)) return std::nullopt;
    if (hasRest && columnsOf(net, joined.inputs[turnedParts]) != Columns{x, both, width, 1}) return std::nullopt;
    Recognised made{.op = "RotaryEmbedding", .inputs = {x, turned->cosine, turned->sine}, .attributes = {}};
    const Node *cosines = net.maker(turned->cosine, "Gather"), *sines = net.maker(turned->sine, "Gather");
    const bool byPosition = cosines && sines && net.shape(cosines->inputs[0]).size() == 2 && net.shape(sines->inputs[0]).size() == 2 && cosines->integer("axis", 0) == 0 &&
                            sines->integer("axis", 0) == 0 && net.through(cosines->inputs[1]) == net.through(sines->inputs[1]);
    if (byPosition) made.inputs = {x, net.through(cosines->inputs[0]), net.through(sines->inputs[0]), net.through(cosines->inputs[1])};
    const Shape &tables = net.shape(made.inputs[1]), &others = net.shape(made.inputs[2]);
    if (tables != others || tables.size() != (byPosition ? 2u : 3u) || tables.back() != graph::Dim::fixed(pairs)) return std::nullopt;
    if (apart) made.attributes.emplace("interleaved", std::int64_t{1});
    if (hasRest) made.attributes.emplace("rotary_embedding_dim", both);
    return made;
}

}  // namespace

Recognition recogniseRotary(const Composed& net, const Node& last) {
    if (last.op->name == "Concat") return byHead(net, last);
    const Numbers swapped{0, 2, 1, 3};
    const Node* back = net.maker(last.inputs[0]);
    const Node* joined = net.transposes(back, swapped) ? net.maker(back->inputs[0], "Concat") : nullptr;
    Recognition made = joined ? byHead(net, *joined) : std::nullopt;
    if (!made) return std::nullopt;
    const Node* turned = net.maker(made->inputs[0]);
    const Node* apart = net.transposes(turned, swapped) ? net.maker(turned->inputs[0], "Reshape") : nullptr;
    if (!apart || net.shape(apart->inputs[0]) != net.shape(last.outputs[0]) || net.shape(apart->inputs[0]).size() != 3) return std::nullopt;
    const Shape &flat = net.shape(apart->inputs[0]), &heads = net.shape(apart->outputs[0]);
    if (heads.size() != 4 || heads[0] != flat[0] || heads[1] != flat[1] || !heads[2].isFixed()) return std::nullopt;
    made->inputs[0] = net.through(apart->inputs[0]);
    made->attributes.emplace("num_heads", heads[2].extent);
    return made;
}

}  // namespace headroom::formats
