// SPDX-License-Identifier: Apache-2.0
#include "base/plan/fit.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "base/config/fields.h"
#include "base/errors/error.h"
#include "base/plan/configured_step.h"
#include "base/plan/estimate.h"
#include "base/plan/roofline.h"
#include "base/plan/run_plan.h"

namespace headroom::plan {
namespace {

using Mask = std::uint32_t;  ///< a set of the techniques that can be asked about

/// Of one way; a longer list of changes is offered only as all that help. Every further one would double the plans to be made.
constexpr int kMostTechniques = 3;

/// Whether these techniques can be had with several micro-batches a step.
bool allowAccumulation(const config::RunConfig& config, const TechniqueSet& list) {
    config::RunConfig accumulating = config;
    accumulating.train.microBatch = 1;
    return config.train.batchSize == 1 || with(accumulating, list).has_value();
}

/// The sizes that a micro-batch may have, largest first.
std::vector<std::int64_t> ladderOf(const config::RunConfig::Train& train) {
    std::vector<std::int64_t> sizes;
    const std::int64_t batch = train.batchSize;
    if (train.microBatch == 0) {
        for (std::int64_t parts = 1; sizes.empty() || sizes.back() > 1; parts *= 2) sizes.push_back((batch + parts - 1) / parts);
        return sizes;
    }
    for (std::int64_t size = std::min(train.microBatch, batch); size >= 1; --size)
        if (batch % size == 0) sizes.push_back(size);
    return sizes;
}

/// Techniques that are not on yet and are allowed by themselves.
TechniqueSet askable(const config::RunConfig& config) {
    TechniqueSet all;
    for (const Technique& each : techniques())
        if (!each.isOn(config) && with(config, {&each})) all.push_back(&each);
    return all;
}

ConfiguredStep askedStep(const FitQuestion& question) {
    return ConfiguredStep(question.config, question.data, question.device).within(question.budget).remembering();
}

/// The micro-batch as the run will take it. Where an automatic one would be smaller than what fits here (recomputation for
/// the budget comes after smaller parts there), it is written down.
std::int64_t settledMicroBatch(config::RunConfig::Train& train, const ConfiguredStep& step, std::int64_t fitting, Bytes budget) {
    const std::int64_t batch = train.batchSize;
    if (train.microBatch == 0) {
        const std::int64_t chosen = step.largestMicroBatch(batch, budget).value_or(0);
        if (chosen >= fitting) return chosen;
        while (batch % fitting != 0) --fitting;
    }
    return train.microBatch = fitting;
}

double seconds(const FitQuestion& question, const config::RunConfig& config, const ConfiguredStep& step, std::int64_t microBatch) {
    const std::int64_t batch = config.train.batchSize;
    return question.seconds(config, step.graph(), step.options(batch, microBatch), step.plan(batch, microBatch, Owners::LeftOut));
}

/// The set with one more technique, in place of those that set the same fields to other values.
TechniqueSet exchanged(const TechniqueSet& set, const Technique* added) {
    TechniqueSet other;
    for (const Technique* each : set)
        if (!disagree(*each, *added)) other.push_back(each);
    other.push_back(added);
    return other;
}

/// Peak of the configured batch at once with these techniques; nothing where they do not go together.
std::optional<Bytes> peakWith(const FitQuestion& question, const ConfiguredStep& asked, const TechniqueSet& techniques) {
    const std::optional<config::RunConfig> config = with(question.config, techniques);
    if (!config) return std::nullopt;
    const std::int64_t batch = question.config.train.batchSize;
    return asked.changedTo(*config).peak(batch, batch);
}

/// All that go together and lower the peak of the configured batch, one after another in the table's order.
TechniqueSet allThatHelp(const FitQuestion& question, const ConfiguredStep& asked, const TechniqueSet& askable) {
    Bytes peak = *peakWith(question, asked, {});
    TechniqueSet chosen;
    for (const Technique* each : askable) {
        TechniqueSet more = exchanged(chosen, each);
        const std::optional<Bytes> lower = peakWith(question, asked, more);
        if (lower && *lower < peak) chosen = std::move(more), peak = *lower;
    }
    return chosen;
}

/// Without those that lower the peak neither alone nor on top of all that help: a net without the layers that they are about.
/// Every set that is looked through takes plans, and each technique doubles their number.
TechniqueSet ofUse(const FitQuestion& question, const ConfiguredStep& asked, TechniqueSet askable) {
    const TechniqueSet all = allThatHelp(question, asked, askable);
    const Bytes none = *peakWith(question, asked, {}), most = *peakWith(question, asked, all);
    std::erase_if(askable, [&](const Technique* each) {
        if (std::ranges::count(all, each) > 0 || peakWith(question, asked, {each}).value_or(none) < none) return false;
        return peakWith(question, asked, exchanged(all, each)).value_or(most) >= most;
    });
    return askable;
}

/// Looks through the sets of techniques, smaller ones first: a set is of interest where it allows a larger micro-batch
/// than every set inside it, or is faster.
class Search {
public:
    explicit Search(const FitQuestion& question)
        : m_question(question),
          m_asked(askedStep(question)),
          m_all(ofUse(question, m_asked, askable(question.config))),
          m_ladder(ladderOf(question.config.train)),
          m_faster(fasterOnes()) {}

    std::vector<Fit> run() {
        std::vector<Mask> sets(std::size_t{1} << m_all.size());
        for (std::size_t i = 0; i < sets.size(); ++i) sets[i] = static_cast<Mask>(i);
        const Mask all = maskOf(allThatHelp(m_question, m_asked, m_all));
        std::erase_if(sets, [&](Mask set) { return std::popcount(set) > kMostTechniques && set != all; });
        std::ranges::stable_sort(sets, {}, [](Mask set) { return std::popcount(set); });
        for (const Mask set : sets) look(set);
        return std::move(m_found);
    }
    Bytes leastPeak() const { return m_leastPeak; }

private:
    struct Best {
        std::size_t rung = 0;  ///< in the ladder; its length = not even the smallest fits
        double seconds = 0;
    };

    /// The techniques that shorten a step whatever else is done. The others are only worth their room.
    Mask fasterOnes() const {
        if (!m_question.seconds) return 0;
        const double asIs = secondsOf(m_question.config, m_asked, m_ladder.front());
        Mask faster = 0;
        for (std::size_t i = 0; i < m_all.size(); ++i) {
            const config::RunConfig config = *with(m_question.config, {m_all[i]});
            if (secondsOf(config, m_asked.changedTo(config), m_ladder.front()) < asIs) faster |= Mask{1} << i;
        }
        return faster;
    }

    /// Whether the whole batch fits without one of the techniques, which makes nothing faster either.
    bool holdsANeedlessOne(Mask set) const {
        return std::ranges::any_of(m_best, [&](const auto& other) {
            const bool isInside = (other.first & set) == other.first;
            return isInside && other.second.rung == 0 && (set & ~other.first & ~m_faster) != 0;
        });
    }

    Mask maskOf(const TechniqueSet& list) const {
        Mask set = 0;
        for (std::size_t i = 0; i < m_all.size(); ++i)
            if (std::ranges::count(list, m_all[i]) > 0) set |= Mask{1} << i;
        return set;
    }

    TechniqueSet techniquesOf(Mask set) const {
        TechniqueSet list;
        for (std::size_t i = 0; i < m_all.size(); ++i)
            if (set >> i & 1U) list.push_back(m_all[i]);
        return list;
    }

    /// The best of the allowed sets that lack some of its techniques.
    Best inside(Mask set) const {
        Best best{m_ladder.size(), HUGE_VAL};
        for (const auto& [other, found] : m_best) {
            if (other == set || (other & set) != other) continue;
            best.rung = std::min(best.rung, found.rung);
            best.seconds = std::min(best.seconds, found.seconds);
        }
        return best;
    }

    void look(Mask set) {
        const Best known = inside(set);
        const TechniqueSet list = techniquesOf(set);
        const std::optional<config::RunConfig> config = with(m_question.config, list);
        if (!config) return;
        Best& best = m_best[set] = known;
        if (holdsANeedlessOne(set)) return;
        const ConfiguredStep step = m_asked.changedTo(*config);
        const std::size_t rung = largestRung(step, known.rung, allowAccumulation(m_question.config, list));
        if (rung == m_ladder.size()) return;
        const double seconds = secondsOf(*config, step, m_ladder[rung]);
        const bool larger = rung < known.rung, faster = seconds < known.seconds;
        best = {std::min(rung, best.rung), std::min(seconds, best.seconds)};
        if (larger || (faster && m_question.seconds)) add(*config, step, list, m_ladder[rung], seconds);
    }

    bool fits(const ConfiguredStep& step, std::size_t rung) {
        const Bytes peak = step.processNeed(m_question.config.train.batchSize, m_ladder[rung], m_question.budget);
        m_leastPeak = std::min(m_leastPeak, peak);
        return peak <= m_question.budget;
    }

    /// The largest size that fits. `known` fits with fewer techniques: most sets are no better, which one plan tells.
    std::size_t largestRung(const ConfiguredStep& step, std::size_t known, bool accumulates) {
        const std::size_t none = m_ladder.size();
        if (!accumulates) return m_ladder.front() == m_question.config.train.batchSize && fits(step, 0) ? 0 : none;
        const std::size_t next = known == 0 ? 0 : known - 1;
        if (!fits(step, next)) return m_question.seconds && 0 < known && known < none && fits(step, known) ? known : none;
        std::size_t tooLarge = 0, enough = next + 1;  // rung + 1; 0: none is too large
        while (enough - tooLarge > 1) {
            const std::size_t middle = (tooLarge + enough) / 2;
            (fits(step, middle - 1) ? enough : tooLarge) = middle;
        }
        return enough - 1;
    }

    double secondsOf(const config::RunConfig& config, const ConfiguredStep& step, std::int64_t microBatch) const {
        return m_question.seconds ? seconds(m_question, config, step, microBatch) : 0;
    }

    /// `fitting` and the seconds with it are what was found; the run may take a larger micro-batch.
    void add(config::RunConfig config, const ConfiguredStep& step, const TechniqueSet& list, std::int64_t fitting, double seconds) {
        const std::int64_t batch = config.train.batchSize;
        const std::int64_t microBatch = settledMicroBatch(config.train, step, fitting, m_question.budget);
        Fit fit;
        fit.techniques = list;
        fit.changed = config::differences(m_question.config, config);
        fit.microBatch = microBatch;
        fit.microBatches = step.options(batch, microBatch).microBatches;
        fit.peak = step.processPeak(batch, microBatch);
        if (m_question.seconds) fit.seconds = microBatch == fitting ? seconds : secondsOf(config, step, microBatch);
        fit.config = std::move(config);
        m_found.push_back(std::move(fit));
    }

    const FitQuestion& m_question;
    const ConfiguredStep m_asked;
    const TechniqueSet m_all;
    const std::vector<std::int64_t> m_ladder;
    const Mask m_faster;
    std::map<Mask, Best> m_best;  ///< of allowed sets: the best of each and all inside it
    std::vector<Fit> m_found;
    Bytes m_leastPeak = std::numeric_limits<Bytes>::max();
};

double secondsWithoutTechniques(const std::vector<Fit>& fits, const FitQuestion& question) {
    const auto fitting = std::ranges::find_if(fits, [](const Fit& fit) { return fit.techniques.empty(); });
    if (fitting != fits.end()) return *fitting->seconds;
    return seconds(question, question.config, askedStep(question), question.config.train.batchSize);
}

void compareTimes(std::vector<Fit>& fits, const FitQuestion& question) {
    if (!question.seconds) return;
    const double asIs = secondsWithoutTechniques(fits, question);
    for (Fit& fit : fits)
        if (asIs > 0) fit.extraTime = *fit.seconds / asIs - 1;
}

auto orderOf(const Fit& fit) { return std::tuple(fit.seconds.value_or(0), fit.changed.size(), fit.microBatches, fit.peak); }

Error nothingFits(const FitQuestion& question, Bytes leastPeak) {
    return Error(Failure{Code::Mem02, "memory", "no combination of settings fits the memory budget",
                         readableBytes(leastPeak) + " with single samples at the least", readableBytes(question.budget) + " allowed",
                         "Raise memory.budget or choose a smaller model."});
}

}  // namespace

decltype(FitQuestion::seconds) stepSeconds(const DeviceModel& device, const Calibration& calibration) {
    if (!device.hasRates()) return {};
    return [device, calibration](const config::RunConfig& config, const graph::Graph& graph, const StepOptions& options, const StepPlan& step) {
        const Interval ratio = stepRatio(calibration, calibrationKey(config, device));
        return ratio.typical * rooflineSeconds(graph, step, options, config.train.clipNorm > 0, device);
    };
}

std::vector<Fit> waysToFit(const FitQuestion& question) {
    Search search(question);
    std::vector<Fit> fits = search.run();
    if (fits.empty()) throw nothingFits(question, search.leastPeak());
    compareTimes(fits, question);
    std::ranges::stable_sort(fits, {}, orderOf);
    return fits;
}

// --- the matrix

namespace {

constexpr int kDoublings = 3;  ///< to either side of the configured batch

std::vector<std::int64_t> batchesAround(std::int64_t batch) {
    const auto middle = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(batch)));
    const auto largest = static_cast<std::int64_t>(config::find("train.batch_size")->max);
    std::vector<std::int64_t> batches{batch};
    for (int power = -kDoublings; power <= kDoublings; ++power) {
        const std::int64_t size = power < 0 ? middle >> -power : middle << power;
        if (size >= 1 && size <= largest && size != batch) batches.push_back(size);
    }
    std::ranges::sort(batches);
    return batches;
}

MatrixCell cellOf(const ConfiguredStep& step, std::int64_t batch, bool accumulates, Bytes budget) {
    MatrixCell cell;
    cell.batch = batch;
    const std::optional<std::int64_t> micro = step.largestMicroBatch(batch, budget);
    cell.fits = micro && (accumulates || *micro == batch);
    cell.microBatch = accumulates ? micro.value_or(1) : batch;
    cell.microBatches = step.options(batch, cell.microBatch).microBatches;
    cell.peak = step.processPeak(batch, cell.microBatch);
    return cell;
}

}  // namespace

FitMatrix whatFits(const FitQuestion& asked) {
    FitQuestion question = asked;
    question.config.train.microBatch = 0;
    const ConfiguredStep configured = askedStep(question);
    const TechniqueSet askableHere = askable(question.config);
    std::vector<TechniqueSet> sets{{}};
    for (const Technique* each : askableHere) sets.push_back({each});
    if (TechniqueSet all = allThatHelp(question, configured, askableHere); all.size() > 1) sets.push_back(std::move(all));
    FitMatrix matrix{batchesAround(question.config.train.batchSize), {}};
    for (const TechniqueSet& set : sets) {
        const ConfiguredStep step = configured.changedTo(*with(question.config, set));
        MatrixRow row{set, {}};
        const bool accumulates = allowAccumulation(question.config, set);
        for (const std::int64_t batch : matrix.batches) row.cells.push_back(cellOf(step, batch, accumulates, question.budget));
        matrix.rows.push_back(std::move(row));
    }
    return matrix;
}

config::RunConfig configOf(const FitQuestion& question, const MatrixRow& row, const MatrixCell& cell) {
    config::RunConfig config = question.config;
    config.train.microBatch = 0;
    config = *with(config, row.techniques);
    config.train.batchSize = cell.batch;
    return config;
}

}  // namespace headroom::plan
