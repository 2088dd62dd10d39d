// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/algebra.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/graph/ops/shapes.h"

namespace headroom::graph {
namespace {

constexpr auto kEquation = std::to_array<std::string_view>({"equation"});
constexpr auto kRotary = std::to_array<std::string_view>({"interleaved", "num_heads", "rotary_embedding_dim"});

/// The letters of one term, "..." as '.', blanks taken out.
std::string termOf(std::string_view text) {
    std::string term;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ' ') continue;
        if (text.substr(i, 3) == "...") {
            term += '.';
            i += 2;
        } else if ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z')) {
            term += text[i];
        } else {
            refuseNode("the equation is not understood", std::string(text));
        }
    }
    if (std::ranges::count(term, '.') > 1) refuseNode("the equation is not understood", std::string(text));
    return term;
}

/// Extents of the letters, and of what the dots stand for, as the inputs have them.
struct Letters {
    std::map<char, Dim> extents;
    Shape dots;

    void take(const std::string& term, const Shape& shape) {
        const bool open = term.find('.') != std::string::npos;
        const std::size_t named = term.size() - (open ? 1 : 0);
        if (shape.size() < named || (!open && shape.size() != named)) refuseNode("a term has another number of dimensions", term, toString(shape));
        for (std::size_t i = 0, dim = 0; i < term.size(); ++i) {
            if (term[i] == '.') {
                const auto begin = shape.begin() + static_cast<std::ptrdiff_t>(dim);
                const std::size_t count = shape.size() - named;
                dots = broadcast(dots, {begin, begin + static_cast<std::ptrdiff_t>(count)});
                dim += count;
                continue;
            }
            const auto [found, isNew] = extents.emplace(term[i], shape[dim]);
            if (found->second == Dim::fixed(1)) found->second = shape[dim];
            if (found->second != shape[dim] && shape[dim] != Dim::fixed(1)) refuseNode("a letter stands for two extents", std::string(1, term[i]), toString(shape));
            ++dim;
        }
    }
};

/// Without an arrow: the dots, then every letter that is there once, in order of the alphabet.
std::string implied(const std::vector<std::string>& terms) {
    std::map<char, int> counts;
    for (const std::string& term : terms)
        for (const char letter : term) ++counts[letter];
    std::string out = counts.contains('.') ? "." : "";
    for (const auto& [letter, count] : counts)
        if (letter != '.' && count == 1) out += letter;
    return out;
}

std::vector<TensorType> inferEinsum(const NodeView& view) {
    const std::string equation = view.node.text("equation", "");
    const std::size_t arrow = equation.find("->");
    std::vector<std::string> terms;
    std::string_view rest = std::string_view(equation).substr(0, arrow);
    while (true) {
        const std::size_t comma = rest.find(',');
        terms.push_back(termOf(rest.substr(0, comma)));
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
    }
    if (terms.size() != view.inputs.size()) refuseNode("the equation has another number of terms", equation, fmt::format("{} inputs", view.inputs.size()));
    Letters letters;
    for (std::size_t i = 0; i < terms.size(); ++i) letters.take(terms[i], inputShape(view, i));
    Shape out;
    for (const char letter : arrow == std::string::npos ? implied(terms) : termOf(std::string_view(equation).substr(arrow + 2))) {
        if (letter == '.') {
            out.insert(out.end(), letters.dots.begin(), letters.dots.end());
        } else if (!letters.extents.contains(letter)) {
            refuseNode("the equation's result has an unknown letter", std::string(1, letter));
        } else {
            out.push_back(letters.extents.at(letter));
        }
    }
    return {{view.inputs[0]->dtype, out}};
}

/// x [batch, heads, length, width] or [batch, length, heads * width]; cosines and sines [positions, pairs] or [batch, length, pairs].
std::vector<TensorType> inferRotary(const NodeView& view) {
    const Shape& x = inputShape(view, 0);
    const std::int64_t heads = view.node.integer("num_heads", 0);
    if (x.size() != 4 && (x.size() != 3 || heads < 1 || fixedExtent(view, 0, 2) % heads != 0))
        refuseNode("the heads do not fit", toString(x), fmt::format("{} heads", heads));
    const std::int64_t width = x.size() == 4 ? fixedExtent(view, 0, 3) : fixedExtent(view, 0, 2) / heads;
    const std::int64_t turned = view.node.integer("rotary_embedding_dim", 0) > 0 ? view.node.integer("rotary_embedding_dim", 0) : width;
    const bool byPosition = hasInput(view, 3);
    const Shape& cosine = inputShape(view, 1, byPosition ? 2 : 3);
    if (cosine != inputShape(view, 2) || turned % 2 != 0 || turned > width || cosine.back() != Dim::fixed(turned / 2))
        refuseNode("cosines and sines do not fit", toString(cosine), fmt::format("{} pairs", turned / 2));
    if (byPosition) requireInteger(view, 3);
    return sameAsInput(view);
}

/// One multiply-add an element of the largest operand: the least that the sum can cost.
Cost einsumCost(const ResolvedNode& node) {
    double largest = static_cast<double>(node.outputs[0].elements());
    for (const ResolvedTensor& input : node.inputs) largest = std::max(largest, static_cast<double>(input.elements()));
    return productCost(node, largest);
}

constinit const std::array kOps{
    OpEntry{.name = "Einsum", .sinceOpset = 12, .minInputs = 1, .maxInputs = kAnyNumber, .attributes = kEquation, .precision = PrecisionClass::Lower,
            .infer = inferEinsum, .saves = savesInputs, .workspace = segmentWorkspace, .cost = einsumCost},
    OpEntry{.name = "RotaryEmbedding", .sinceOpset = 23, .minInputs = 3, .maxInputs = 4, .attributes = kRotary, .infer = inferRotary,
            .saves = savesInputs, .workspace = segmentWorkspace, .cost = tenFlops}};

}  // namespace

std::span<const OpEntry> algebraOps() { return kOps; }

}  // namespace headroom::graph
