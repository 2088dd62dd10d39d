// SPDX-License-Identifier: Apache-2.0
#include "base/plan/recompute.h"

#include <algorithm>
#include <limits>

#include "base/plan/analysis.h"

namespace headroom::plan {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::Saved;
using graph::ValueId;

namespace {

constexpr double kFlopsPerByte = 8;    // what a processor computes while it moves one byte, about
constexpr std::size_t kBuckets = 200;  // into which the budget is divided

std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

bool isCheap(const Node& node) { return node.op->precision != graph::PrecisionClass::Lower; }

std::vector<Stretch> stretchesOf(const Graph& graph) {
    std::vector<Stretch> all;
    const std::vector<Node>& nodes = graph.nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const bool joins = !all.empty() && !nodes[i].block.empty() && nodes[i].block == nodes[i - 1].block;
        if (joins)
            ++all.back().end;
        else
            all.push_back({i, i + 1});
    }
    return all;
}

/// By ValueId: the last node that reads it, forward.
std::vector<graph::NodeId> lastReaders(const Graph& graph) {
    std::vector<graph::NodeId> last(graph.values().size(), kNone);
    for (const Node& node : graph.nodes())
        for (const ValueId id : node.inputs)
            if (id != kNone) last[at(id)] = node.id;
    for (const ValueId id : graph.outputs()) last[at(id)] = std::numeric_limits<graph::NodeId>::max();
    return last;
}

bool staysWithin(const Node& node, const std::vector<graph::NodeId>& last, std::size_t end) {
    return std::ranges::all_of(node.outputs, [&](ValueId id) { return last[at(id)] < static_cast<graph::NodeId>(end); });
}

/// By ValueId: whether a backward reads it as it is.
std::vector<bool> savedValues(const Graph& graph, const Analysis& analysis, Precision precision) {
    std::vector<bool> saved(graph.values().size(), false);
    for (const Node& node : graph.nodes())
        for (const Saved& each : analysis.saves[at(node.id)]) {
            const auto index = static_cast<std::size_t>(each.index);
            if (each.from == Saved::From::Input && !analysis.casts(node, index, precision)) saved[at(node.inputs[index])] = true;
            if (each.from == Saved::From::Output) saved[at(node.outputs[index])] = true;
        }
    return saved;
}

/// Bytes of what the node makes that a backward reads.
Bytes waiting(const Node& node, const Analysis& analysis, const std::vector<bool>& saved) {
    Bytes bytes = 0;
    for (const ValueId id : node.outputs)
        if (saved[at(id)] && !node.op->aliasesInput) bytes += analysis.values[at(id)].bytes();
    for (const Saved& each : analysis.saves[at(node.id)])
        if (each.from == Saved::From::Extra) bytes += each.extra.bytes();
    return bytes;
}

Bytes moved(const graph::ResolvedNode& node) {
    Bytes bytes = 0;
    for (const auto* list : {&node.inputs, &node.outputs})
        for (const graph::ResolvedTensor& tensor : *list) bytes += tensor.bytes();
    return bytes;
}

}  // namespace

Reckoning::Reckoning(const Graph& graph, const LowerOptions& options, const Analysis& analysis)
    : m_graph(graph), m_last(lastReaders(graph)), m_stretches(stretchesOf(graph)) {
    const std::vector<bool> saved = savedValues(graph, analysis, options.precision);
    m_costs.reserve(graph.nodes().size());
    for (const Node& node : graph.nodes()) {
        const graph::ResolvedNode& resolved = analysis.nodes[at(node.id)];
        m_costs.push_back({waiting(node, analysis, saved), moved(resolved), forwardTime(resolved)});
    }
    for (std::size_t to = 0; to < m_stretches.size(); ++to)
        for (std::size_t from = 0; from <= to; ++from) {
            if (from == to)
                for (const auto how : {Treatment::How::Keep, Treatment::How::Cheap}) m_treatments.push_back(treat(how, from, to));
            m_treatments.push_back(treat(Treatment::How::All, from, to));
        }
}

bool Reckoning::flags(Treatment::How how, std::size_t node, std::size_t end) const {
    if (how == Treatment::How::Keep) return false;
    const Node& each = m_graph.nodes()[node];
    return (how == Treatment::How::All || isCheap(each)) && staysWithin(each, m_last, end);
}

Reckoning::Treatment Reckoning::treat(Treatment::How how, std::size_t from, std::size_t to) const {
    Treatment treatment{how, from, to};
    const std::size_t end = m_stretches[to].end;
    Bytes most = 0;
    for (std::size_t i = m_stretches[from].begin; i < end; ++i) {
        const NodeCost& cost = m_costs[i];
        const bool again = flags(how, i, end);
        (again ? treatment.inside : treatment.kept) += cost.waits;
        if (again && (cost.waits > 0 || how == Treatment::How::All)) treatment.time += cost.time;
        most = std::max(most, cost.moved);
    }
    treatment.inside += most;
    return treatment;
}

/// Least time by stretch and by what is kept so far, in buckets of the budget.
class Reckoning::Search {
public:
    Search(const Reckoning& reckoning, Bytes budget)
        : m_reckoning(reckoning), m_budget(budget), m_bucket(std::max<Bytes>(1, budget / static_cast<Bytes>(kBuckets))),
          m_best((reckoning.m_stretches.size() + 1) * kRow) {}

    /// First to last; empty where none stays within the budget.
    std::vector<const Treatment*> run() {
        m_best[0].time = 0;
        for (const Treatment& treatment : m_reckoning.m_treatments) extend(treatment);
        return chosen();
    }

private:
    static constexpr std::size_t kRow = kBuckets + 1;
    struct State {
        double time = std::numeric_limits<double>::infinity();
        const Treatment* last = nullptr;
        std::size_t before = 0;  ///< bucket of the state before
    };

    void extend(const Treatment& treatment) {
        const State* from = &m_best[treatment.from * kRow];
        State* to = &m_best[(treatment.to + 1) * kRow];
        for (std::size_t bucket = 0; bucket < kRow; ++bucket) {
            const Bytes kept = static_cast<Bytes>(bucket) * m_bucket + treatment.kept;
            if (kept + treatment.inside > m_budget) return;
            const double time = from[bucket].time + treatment.time;
            if (from[bucket].time == std::numeric_limits<double>::infinity()) continue;
            State& next = to[std::min(kBuckets, static_cast<std::size_t>((kept + m_bucket - 1) / m_bucket))];
            if (time < next.time) next = {time, &treatment, bucket};
        }
    }

    std::vector<const Treatment*> chosen() const {
        const auto last = m_best.end() - static_cast<std::ptrdiff_t>(kRow);
        const auto best = std::min_element(last, m_best.end(), [](const State& a, const State& b) { return a.time < b.time; });
        std::vector<const Treatment*> treatments;
        for (const State* state = &*best; state->last; state = &m_best[state->last->from * kRow + state->before])
            treatments.push_back(state->last);
        std::ranges::reverse(treatments);
        return treatments;
    }

    const Reckoning& m_reckoning;
    const Bytes m_budget, m_bucket;
    std::vector<State> m_best;  ///< a row of buckets for every number of stretches done
};

std::vector<bool> Reckoning::cheapestNodes(Bytes budget) const {
    const std::vector<const Treatment*> treatments = Search(*this, budget).run();
    std::vector<bool> nodes(treatments.empty() ? 0 : m_costs.size(), false);
    for (const Treatment* each : treatments) {
        const std::size_t end = m_stretches[each->to].end;
        for (std::size_t i = m_stretches[each->from].begin; i < end; ++i) nodes[i] = flags(each->how, i, end);
    }
    return nodes;
}

double Reckoning::shareMadeAgain(const Analysis& analysis) const {
    double once = 0, again = 0;
    for (const Scheduled& each : analysis.schedule)
        if (each.what == Instruction::What::Forward) (each.again ? again : once) += m_costs[at(each.node)].time;
    return once > 0 ? again / once : 0;
}

double forwardTime(const graph::ResolvedNode& node) {
    if (!node.node.op->cost) return 0;
    const graph::Cost cost = node.node.op->cost(node);
    return cost.forwardFlops + kFlopsPerByte * static_cast<double>(cost.forwardBytes);
}

std::vector<bool> cheapNodes(const Graph& graph) {
    std::vector<bool> cheap(graph.nodes().size(), false);
    const std::vector<bool> inside = blockNodes(graph);
    const auto isKept = [&](ValueId id) {
        return id == kNone || graph.value(id).producer == kNone || !cheap[at(graph.value(id).producer)];
    };
    for (const Node& node : graph.nodes())
        cheap[at(node.id)] = isCheap(node) && (inside[at(node.id)] || std::ranges::all_of(node.inputs, isKept));
    return cheap;
}

std::vector<bool> blockNodes(const Graph& graph) {
    const std::vector<graph::NodeId> last = lastReaders(graph);
    std::vector<bool> inside(graph.nodes().size(), false);
    for (const Stretch& stretch : stretchesOf(graph))
        for (std::size_t i = stretch.begin; i < stretch.end; ++i)
            inside[i] = !graph.nodes()[i].block.empty() && staysWithin(graph.nodes()[i], last, stretch.end);
    return inside;
}

}  // namespace headroom::plan
