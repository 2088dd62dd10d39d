// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/data/sampler.h"
#include "engine/data/source.h"

namespace headroom::data {

/// A micro-batch with where it stands in the run.
struct Batch {
    Share share;
    std::int64_t step = 0;  ///< of the run, from 0
    Samples samples;
    std::vector<std::int64_t> positions;  ///< of each sample within the step's effective batch
    std::int64_t terms = 0;               ///< of the loss, of the whole step over all ranks and micro-batches
};

struct LoaderOptions {
    std::int64_t threads = 0;   ///< 0: batches are made inside next()
    std::int64_t prefetch = 2;  ///< most finished batches that wait
    std::int64_t firstStep = 0;
    std::int64_t endStep = 0;  ///< of the run; next() gives nothing from there on
    Draw draw;                 ///< its epoch is set by the loader
    Placement placement;
};

/// Batches of a run in order, made ahead by threads of its own. Every batch is a function of its place alone, so the
/// results do not depend on the number of threads. One thread asks.
class Loader {
public:
    Loader(const Source& source, Sampler sampler, LoaderOptions options);
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    /// The next batch, or nothing at the end. What went wrong in a thread is thrown here.
    std::optional<Batch> next();

private:
    /// Place of one micro-batch in the run; `ticket` counts them.
    struct Place {
        std::int64_t ticket = 0;
        std::int64_t step = 0;
        Share share;
    };
    std::optional<Place> takePlace();
    std::int64_t termsOf(Share share, const Draw& draw) const;
    Batch make(const Place& place) const;
    void work(const std::stop_token& stop);

    const Source& m_source;
    const Sampler m_sampler;
    const LoaderOptions m_options;

    std::mutex m_mutex;
    std::condition_variable_any m_space, m_ready;
    std::deque<Place> m_places;  ///< shares of the step that is being handed out
    std::int64_t m_nextStep, m_taken = 0, m_consumed = 0;
    std::map<std::int64_t, Batch> m_finished;  ///< by ticket
    std::exception_ptr m_failure;
    std::vector<std::jthread> m_threads;  ///< last: they use all of the above
};

}  // namespace headroom::data
