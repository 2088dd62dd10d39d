// SPDX-License-Identifier: Apache-2.0
#include "base/store/summaries.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <limits>

#include "base/config/document.h"
#include "base/store/atomic_file.h"

namespace headroom::store {
namespace {

constexpr std::size_t kShares = 64;
constexpr std::array kListed{names::kTrainLoss, names::kValLoss, names::kValAccuracy, names::kValR2};

std::string text(const nlohmann::json& object, const char* pointer) {
    const nlohmann::json::json_pointer where(pointer);
    const bool there = object.is_object() && object.contains(where) && object.at(where).is_string();
    return there ? object.at(where).get<std::string>() : std::string{};
}

std::optional<double> real(const nlohmann::json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    if (!object.is_object() || found == object.end() || !found->is_number()) return std::nullopt;
    return found->get<double>();
}

std::int64_t whole(const nlohmann::json& object, const char* key) {
    const auto value = real(object, key);
    return value && std::abs(*value) < 9e15 ? static_cast<std::int64_t>(*value) : 0;
}

nlohmann::json configOf(const RunFolder& folder) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(folder.config(), error)) return nlohmann::json::object();
    auto config = nlohmann::json::parse(readWhole(folder.config()), nullptr, false);
    return config.is_object() ? config : nlohmann::json::object();
}

Notes notesOf(const RunFolder& folder) {
    try {
        return readNotes(folder);
    } catch (const Error&) {
        return {};  // shown under its id; opening the notes themselves says what is wrong
    }
}

Progress progressOf(const Live& live) {
    const auto fact = live.facts.find("progress");
    Progress progress;
    if (fact == live.facts.end()) return progress;
    progress.epoch = real(*fact, "epoch").value_or(0);
    progress.step = whole(*fact, "step");
    progress.totalSteps = whole(*fact, "total_steps");
    progress.samples = whole(*fact, "samples");
    progress.etaSeconds = real(*fact, "eta_s");
    return progress;
}

void fillMetrics(RunSummary& summary, const Live& live) {
    for (const char* name : kListed)
        if (const auto found = live.lasts.find(name); found != live.lasts.end())
            summary.metrics[name] = found->second.value;
    if (!live.endMetrics.is_object()) return;
    for (const auto& [name, value] : live.endMetrics.items())
        if (value.is_number()) summary.metrics[name] = value.get<double>();
}

std::optional<double> rate(const Live& live) {
    if (const auto fact = real(live.facts, "samples_per_s")) return fact;
    const auto found = live.lasts.find(names::kSamplesPerSecond);
    return found == live.lasts.end() ? std::nullopt : std::optional(found->second.value);
}

}  // namespace

RunSummary birthSummary(const RunFolder& folder) {
    const auto config = configOf(folder);
    const Notes notes = notesOf(folder);
    RunSummary summary;
    summary.id = folder.id();
    summary.name = !notes.name.empty() ? notes.name : text(config, "/name");
    if (summary.name.empty()) summary.name = summary.id;
    summary.arch = config::modelName(text(config, "/model/arch"), text(config, "/model/file"));
    summary.data = std::filesystem::path(text(config, "/data/path")).filename().string();
    summary.device = text(config, "/device");
    summary.trashed = notes.trashed;
    summary.pinned = notes.pinned;
    summary.tags = notes.tags;
    summary.colour = notes.colour;
    return summary;
}

void fill(RunSummary& summary, const Live& live) {
    summary.created = live.birth.created;
    summary.parent = live.birth.parent;
    summary.relation = live.birth.relation;
    summary.end = live.end;
    summary.progress = progressOf(live);
    fillMetrics(summary, live);
    summary.samplesPerSecond = rate(live);
    if (const auto energy = live.lasts.find(names::kEnergy); energy != live.lasts.end())
        summary.joules = energy->second.value;
    summary.weightsSha256 = text(live.facts, "/weights_sha256");
    if (const auto device = text(live.facts, "/device"); !device.empty()) summary.device = device;
    if (const auto line = live.facts.find("sparkline"); line != live.facts.end() && line->is_array()) {
        summary.sparkline.clear();
        for (const auto& value : *line)
            summary.sparkline.push_back(value.is_number() ? value.get<float>()
                                                          : std::numeric_limits<float>::quiet_NaN());
    }
    if (live.sessions.empty()) return;
    const Session& last = live.sessions.back();
    for (const Session& session : live.sessions) summary.updated = std::max(summary.updated, session.lastCommit);
    summary.pid = last.pid;
    summary.underWay = last.lastCommit > 0;
    summary.wallSeconds = processTime(live.sessions, std::max(summary.updated, last.start));
}

void fillFromDatabase(SQLite::Database& database, RunSummary& summary) {
    Live live;
    live.birth = {readMeta(database, "id"), std::strtod(readMeta(database, "created").c_str(), nullptr),
                  readMeta(database, "parent"), readMeta(database, "relation")};
    live.facts = readFacts(database);
    for (const SeriesInfo& series : readSeries(database))
        if (const auto last = lastPoint(database, series.id, series.count)) live.lasts[series.name] = *last;
    live.sessions = readSessions(database);
    live.end = readEnd(database, &live.endMetrics);
    fill(summary, live);
}

void Sparkline::add(double value) {
    if (static_cast<std::size_t>(m_count / m_stride) == kShares) {
        for (std::size_t i = 0; i < kShares / 2; ++i)
            m_shares[i] = {m_shares[2 * i].sum + m_shares[2 * i + 1].sum,
                           m_shares[2 * i].finite + m_shares[2 * i + 1].finite};
        m_shares.resize(kShares / 2);
        m_stride *= 2;
    }
    const auto share = static_cast<std::size_t>(m_count++ / m_stride);
    if (share == m_shares.size()) m_shares.emplace_back();
    if (!std::isfinite(value)) return;
    m_shares[share].sum += value;
    ++m_shares[share].finite;
}

std::vector<float> Sparkline::values() const {
    std::vector<float> means;
    for (const Share& share : m_shares)
        if (share.finite > 0) means.push_back(static_cast<float>(share.sum / static_cast<double>(share.finite)));
    return means;
}

}  // namespace headroom::store
