// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_rescue.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/config/document.h"
#include "base/store/catalogue.h"
#include "base/store/queue.h"
#include "base/store/resume_terms.h"
#include "base/store/run_reader.h"
#include "base/store/worker_record.h"

namespace headroom::store {
namespace {

/// What the run's last worker worked with; before it said so, the most that the configuration allows.
std::int64_t lastMicroBatch(const RunFolder& run) {
    if (const auto fact = RunReader(run).fact("micro_batch"); fact.is_number_integer() && fact > 0) return fact;
    const config::RunConfig config = config::load(run.config());
    return config.train.microBatch > 0 ? config.train.microBatch : config.train.batchSize;
}

/// Somebody asked for a pause or the end and was not answered yet.
bool isToEnd(const RunFolder& run) {
    const Catalogue catalogue(Project::open(run.project()));
    return std::ranges::any_of(catalogue.pending(run.id()), [](const Request& request) {
        return request.kind == RequestKind::Pause || request.kind == RequestKind::Stop;
    });
}

}  // namespace

RunRescue::Verdict RunRescue::attempt(const Home& home, const RunFolder& run, const std::string& device, Clock::time_point now) {
    if (isToEnd(run)) return Verdict::OtherDeath;
    const Verdict verdict = m_rescue.judge(deathOfWorker(run, m_root), now);
    if (verdict != Verdict::Resume) return verdict;
    // A worker that died before it said what it worked with had what the last rescue allowed.
    std::int64_t before = lastMicroBatch(run);
    if (m_largest > 0) before = std::min(before, m_largest);
    m_largest = (before + 1) / 2;  // in two parts where there was one
    leaveTerms(run, {.largestMicroBatch = m_largest});
    Queue(home).enqueue(run, device, StartMode::Resume);
    return verdict;
}

}  // namespace headroom::store
