// SPDX-License-Identifier: Apache-2.0
#include "worker/run_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "worker/signals.h"

namespace headroom::worker {
namespace {

namespace names = store::names;
using train::Order;

constexpr std::int64_t kNoRequest = -1;  // an order that a signal gave
constexpr double kSmoothing = 0.8;       // of the speed that the time left is computed from

double steadySeconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Order::Kind kindOf(store::RequestKind kind) {
    switch (kind) {
        case store::RequestKind::Pause: return Order::Kind::Pause;
        case store::RequestKind::Stop: return Order::Kind::Stop;
        case store::RequestKind::Checkpoint: return Order::Kind::Checkpoint;
        case store::RequestKind::LearningRate: break;
    }
    return Order::Kind::LearningRate;
}

bool ends(const Order& order) { return order.kind == Order::Kind::Pause || order.kind == Order::Kind::Stop; }

}  // namespace

RunHost::RunHost(store::RunWriter& writer, store::RunLink& link, Monitor& monitor)
    : m_writer(writer), m_link(link), m_monitor(monitor), m_loss(writer.define(names::kTrainLoss, "1")),
      m_rate(writer.define(names::kLr, "1")), m_speed(writer.define(names::kSamplesPerSecond, "1/s")) {}

void RunHost::plan(std::int64_t totalSteps, std::int64_t batch, std::function<std::int64_t()> microBatch) {
    m_totalSteps = totalSteps;
    m_batch = batch;
    m_microBatchNow = std::move(microBatch);
    recordMicroBatch();
}

/// Should the kernel end this worker, the next one begins with half of what stands here.
void RunHost::recordMicroBatch() {
    const std::int64_t now = m_microBatchNow();
    if (std::exchange(m_microBatch, now) != now) m_writer.setFact("micro_batch", now);
}

store::Moment RunHost::moment(const train::Position& at) { return {at.step, at.epoch, at.samples, wallTimeNow()}; }

void RunHost::startClock(const train::Position& at) { m_clock.start(at.step, steadySeconds()); }

void RunHost::stepped(const train::StepReport& report) {
    m_clock.stepped(report.at.step, steadySeconds());
    ++m_stepsDone;
    const store::Moment at = moment(report.at);
    m_writer.append(m_loss, at, report.loss);
    m_writer.append(m_rate, at, report.rate);
    if (report.gradientNorm) m_writer.append(m_writer.define(names::kGradNorm, "1"), at, *report.gradientNorm);
}

nlohmann::json RunHost::progress(const train::Position& at) const {
    nlohmann::json facts = {{"epoch", at.epoch}, {"step", at.step}, {"total_steps", m_totalSteps}, {"samples", at.samples}};
    if (m_smoothedSpeed > 0)
        facts["eta_s"] = static_cast<double>((m_totalSteps - at.step) * m_batch) / m_smoothedSpeed;
    return facts;
}

void RunHost::progressed(const train::Position& at, double samplesPerSecond) {
    m_smoothedSpeed = m_smoothedSpeed > 0 ? kSmoothing * m_smoothedSpeed + (1 - kSmoothing) * samplesPerSecond : samplesPerSecond;
    const store::Moment now = moment(at);
    m_monitor.at(now);
    m_writer.append(m_speed, now, samplesPerSecond);
    m_writer.setFact("samples_per_s", m_smoothedSpeed);
    m_writer.setFact("progress", progress(at));
    recordMicroBatch();
}

void RunHost::evaluated(const train::Position& at, const train::Metrics& metrics) {
    const store::Moment now = moment(at);
    m_writer.append(m_writer.define(names::kValLoss, "1"), now, metrics.loss);
    if (metrics.accuracy) m_writer.append(m_writer.define(names::kValAccuracy, "1"), now, *metrics.accuracy);
    if (metrics.miou) m_writer.append(m_writer.define(names::kValMiou, "1"), now, *metrics.miou);
    if (metrics.r2) m_writer.append(m_writer.define(names::kValR2, "1"), now, *metrics.r2);
    m_writer.setFact("progress", progress(at));
    startClock(at);
}

void RunHost::checkpointing(const train::Position&) { m_writer.commit(); }

void RunHost::checkpointed(const train::Position& at, const std::filesystem::path& file) {
    m_writer.event("checkpoint", fmt::format("Checkpoint of step {} written.", at.step), moment(at),
                   {{"file", file.filename().string()}});
    m_writer.setFact("progress", progress(at));
    startClock(at);
}

void RunHost::noted(const train::Position& at, std::string_view kind, const std::string& text) {
    m_writer.event(kind, text, moment(at));
    fmt::print("{}: {}\n", kind, text);
    std::fflush(stdout);
}

bool RunHost::goesOn() {
    m_early = orders();
    return std::ranges::none_of(m_early, ends);
}

train::Outcome RunHost::interrupted() {
    train::Outcome outcome{train::Outcome::Kind::Paused, {}, {}, {}, {}};
    for (const Order& order : m_early) {
        if (order.kind == Order::Kind::Stop) outcome.kind = train::Outcome::Kind::Stopped;
        carriedOut(order);
    }
    return outcome;
}

std::vector<Order> RunHost::orders() {
    std::vector<Order> orders = std::exchange(m_early, {});
    if (caughtSignal() != 0 && !m_signalled) {
        m_signalled = true;
        orders.push_back({Order::Kind::Pause, 0, kNoRequest});
    }
    for (const store::Request& request : m_link.takeRequests())
        orders.push_back({kindOf(request.kind), request.value, request.id});
    return orders;
}

void RunHost::carriedOut(const Order& order) {
    if (order.id == kNoRequest) return;
    // Until the end record is there the run is shown as pausing or stopping.
    if (ends(order))
        m_ending.push_back(order.id);
    else
        m_link.answered(order.id);
}

void RunHost::answerEnding() {
    for (const std::int64_t id : m_ending) m_link.answered(id);
}

nlohmann::json metricsOf(const std::optional<double>& trainLoss, const std::optional<train::Metrics>& metrics) {
    nlohmann::json all = nlohmann::json::object();
    const auto put = [&all](const char* name, const std::optional<double>& value) {
        if (value && std::isfinite(*value)) all[name] = *value;
    };
    put(names::kTrainLoss, trainLoss);
    if (!metrics) return all;
    put(names::kValLoss, metrics->loss);
    put(names::kValAccuracy, metrics->accuracy);
    put(names::kValMiou, metrics->miou);
    put(names::kValR2, metrics->r2);
    return all;
}

}  // namespace headroom::worker
