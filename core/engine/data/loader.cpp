// SPDX-License-Identifier: Apache-2.0
#include "engine/data/loader.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace headroom::data {

Loader::Loader(const Source& source, Sampler sampler, LoaderOptions options)
    : m_source(source), m_sampler(std::move(sampler)), m_options(options), m_nextStep(options.firstStep) {
    for (std::int64_t i = 0; i < options.threads; ++i)
        m_threads.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

Loader::~Loader() {
    for (std::jthread& thread : m_threads) thread.request_stop();
    m_threads.clear();
}

std::optional<Loader::Place> Loader::takePlace() {
    while (m_places.empty()) {
        if (m_nextStep >= m_options.endStep) return std::nullopt;
        const std::int64_t step = m_nextStep++;
        const std::int64_t perEpoch = m_sampler.stepsPerEpoch();
        for (const Share& share : m_sampler.shares(step / perEpoch, step % perEpoch))
            m_places.push_back({m_taken++, step, share});
    }
    Place place = m_places.front();
    m_places.pop_front();
    return place;
}

/// Of the whole step: what the gradients of each of its parts are divided by.
std::int64_t Loader::termsOf(Share share, const Draw& draw) const {
    if (const std::int64_t each = m_source.termsPerSample(); each > 0) return share.effective * each;
    share.first = 0;
    share.count = share.effective;
    return m_source.terms(m_sampler.samples(share), draw);
}

Batch Loader::make(const Place& place) const {
    Draw draw = m_options.draw;
    draw.epoch = place.share.epoch;
    Batch batch{place.share, place.step, m_source.assemble(m_sampler.samples(place.share), draw, m_options.placement), {}, 0};
    batch.terms = termsOf(place.share, draw);
    batch.positions.resize(static_cast<std::size_t>(place.share.count));
    std::iota(batch.positions.begin(), batch.positions.end(), place.share.first);
    return batch;
}

void Loader::work(const std::stop_token& stop) {
    std::unique_lock lock(m_mutex);
    while (!stop.stop_requested()) {
        const std::optional<Place> place = takePlace();
        if (!place) return;
        const std::int64_t most = std::max<std::int64_t>(m_options.prefetch, 1);
        if (!m_space.wait(lock, stop, [&] { return place->ticket < m_consumed + most; })) return;
        lock.unlock();
        try {
            Batch batch = make(*place);
            lock.lock();
            m_finished.emplace(place->ticket, std::move(batch));
        } catch (...) {
            if (!lock.owns_lock()) lock.lock();
            m_failure = std::current_exception();
        }
        m_ready.notify_all();
        if (m_failure) return;
    }
}

std::optional<Batch> Loader::next() {
    if (m_threads.empty()) {
        const std::optional<Place> place = takePlace();
        return place ? std::optional(make(*place)) : std::nullopt;
    }
    std::unique_lock lock(m_mutex);
    const auto ended = [this] { return m_places.empty() && m_nextStep >= m_options.endStep && m_consumed == m_taken; };
    m_ready.wait(lock, [&] { return m_failure || ended() || m_finished.contains(m_consumed); });
    if (m_failure) std::rethrow_exception(m_failure);
    if (!m_finished.contains(m_consumed)) return std::nullopt;
    Batch batch = std::move(m_finished.extract(m_consumed).mapped());
    ++m_consumed;
    m_space.notify_all();
    return batch;
}

}  // namespace headroom::data
