// SPDX-License-Identifier: Apache-2.0
#include "base/plan/recompute.h"

#include <algorithm>
#include <limits>
#include <span>

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

/// Consecutive nodes [begin, end) that are decided on together.
struct Stretch {
    std::size_t begin, end;
};

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

/// What a way to treat a run of stretches costs.
struct Treatment {
    std::size_t from = 0;   ///< stretch before which it begins
    Bytes kept = 0;         ///< waits from its forward to its backward
    Bytes inside = 0;       ///< comes on top while its backward runs
    double time = 0;        ///< of what is made again
    enum class How { Keep, Cheap, All } how = How::Keep;
};

/// Reckons treatments from the analysis of the plain step.
class Reckoning {
public:
    Reckoning(const Graph& graph, const LowerOptions& options)
        : m_graph(graph), m_analysis(analyse(graph, plain(options))), m_last(lastReaders(graph)), m_saved(graph.values().size(), false),
          m_stretches(stretchesOf(graph)) {
        for (const Node& node : graph.nodes())
            for (const Saved& saved : m_analysis.saves[at(node.id)]) {
                if (saved.from == Saved::From::Input && !m_analysis.casts(node, index(saved), options.precision))
                    m_saved[at(node.inputs[index(saved)])] = true;
                if (saved.from == Saved::From::Output) m_saved[at(node.outputs[index(saved)])] = true;
            }
    }
    const std::vector<Stretch>& stretches() const { return m_stretches; }

    bool flags(Treatment::How how, std::size_t node, std::size_t end) const {
        if (how == Treatment::How::Keep) return false;
        const Node& each = m_graph.nodes()[node];
        if (how == Treatment::How::Cheap) return isCheap(each) && staysWithin(each, m_last, end);
        return staysWithin(each, m_last, end);
    }

    Treatment treat(Treatment::How how, std::size_t from, std::size_t to) const {
        Treatment treatment{from, 0, 0, 0, how};
        const std::size_t end = m_stretches[to].end;
        Bytes most = 0;
        for (std::size_t i = m_stretches[from].begin; i < end; ++i) {
            const Node& node = m_graph.nodes()[i];
            const Bytes waits = waiting(node);
            if (flags(how, i, end)) {
                treatment.inside += waits;
                if (waits > 0 || how == Treatment::How::All) treatment.time += forwardTime(m_analysis.nodes[i]);
            } else {
                treatment.kept += waits;
            }
            most = std::max(most, moved(m_analysis.nodes[i]));
        }
        treatment.inside += most;
        return treatment;
    }

private:
    static LowerOptions plain(LowerOptions options) {
        options.recompute.clear();
        return options;
    }
    static std::size_t index(const Saved& saved) { return static_cast<std::size_t>(saved.index); }

    /// Bytes of what the node makes that a backward reads.
    Bytes waiting(const Node& node) const {
        Bytes bytes = 0;
        for (const ValueId id : node.outputs)
            if (m_saved[at(id)] && !node.op->aliasesInput) bytes += m_analysis.values[at(id)].bytes();
        for (const Saved& saved : m_analysis.saves[at(node.id)])
            if (saved.from == Saved::From::Extra) bytes += saved.extra.bytes();
        return bytes;
    }
    /// Gradients around the node while it runs backward.
    static Bytes moved(const graph::ResolvedNode& node) {
        Bytes bytes = 0;
        for (const auto* list : {&node.inputs, &node.outputs})
            for (const graph::ResolvedTensor& tensor : *list) bytes += tensor.bytes();
        return bytes;
    }

    const Graph& m_graph;
    const Analysis m_analysis;
    const std::vector<graph::NodeId> m_last;
    std::vector<bool> m_saved;  ///< by ValueId: a backward reads it
    std::vector<Stretch> m_stretches;
};

/// Least time by stretch and by what is kept so far, in buckets of the budget.
class Search {
public:
    Search(const Reckoning& reckoning, Bytes budget)
        : m_reckoning(reckoning), m_budget(budget), m_bucket(std::max<Bytes>(1, budget / static_cast<Bytes>(kBuckets))),
          m_best(reckoning.stretches().size() + 1, std::vector<State>(kBuckets + 1)) {}

    std::vector<Treatment> run() {
        m_best[0][0].time = 0;
        const std::size_t count = m_reckoning.stretches().size();
        for (std::size_t to = 0; to < count; ++to)
            for (std::size_t from = 0; from <= to; ++from) {
                if (from == to) {
                    extend(m_reckoning.treat(Treatment::How::Keep, from, to), to);
                    extend(m_reckoning.treat(Treatment::How::Cheap, from, to), to);
                }
                extend(m_reckoning.treat(Treatment::How::All, from, to), to);
            }
        return chosen();
    }

private:
    struct State {
        double time = std::numeric_limits<double>::infinity();
        Treatment last;
        std::size_t before = 0;  ///< bucket of the state before
    };

    void extend(const Treatment& treatment, std::size_t to) {
        for (std::size_t bucket = 0; bucket <= kBuckets; ++bucket) {
            const State& state = m_best[treatment.from][bucket];
            const Bytes kept = static_cast<Bytes>(bucket) * m_bucket + treatment.kept;
            if (state.time == std::numeric_limits<double>::infinity() || kept + treatment.inside > m_budget) continue;
            State& next = m_best[to + 1][std::min(kBuckets, static_cast<std::size_t>((kept + m_bucket - 1) / m_bucket))];
            if (state.time + treatment.time < next.time) next = {state.time + treatment.time, treatment, bucket};
        }
    }

    std::vector<Treatment> chosen() const {
        const auto best = std::ranges::min_element(m_best.back(), {}, &State::time);
        std::vector<Treatment> treatments;
        if (best->time == std::numeric_limits<double>::infinity()) return treatments;
        std::size_t bucket = static_cast<std::size_t>(best - m_best.back().begin());
        for (std::size_t stretch = m_best.size() - 1; stretch > 0;) {
            const State& state = m_best[stretch][bucket];
            treatments.insert(treatments.begin(), state.last);
            stretch = state.last.from;
            bucket = state.before;
        }
        return treatments;
    }

    const Reckoning& m_reckoning;
    const Bytes m_budget, m_bucket;
    std::vector<std::vector<State>> m_best;  ///< by stretches done, then by bucket
};

}  // namespace

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

std::vector<bool> cheapestNodes(const Graph& graph, const LowerOptions& options, Bytes budget) {
    const Reckoning reckoning(graph, options);
    const std::vector<Treatment> treatments = Search(reckoning, budget).run();
    std::vector<bool> flags(treatments.empty() ? 0 : graph.nodes().size(), false);
    for (std::size_t k = 0; k < treatments.size(); ++k) {
        const std::size_t to = k + 1 < treatments.size() ? treatments[k + 1].from - 1 : reckoning.stretches().size() - 1;
        const std::size_t end = reckoning.stretches()[to].end;
        for (std::size_t i = reckoning.stretches()[treatments[k].from].begin; i < end; ++i)
            flags[i] = reckoning.flags(treatments[k].how, i, end);
    }
    return flags;
}

}  // namespace headroom::plan
