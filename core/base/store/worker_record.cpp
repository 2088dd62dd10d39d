// SPDX-License-Identifier: Apache-2.0
#include "base/store/worker_record.h"

#include <fmt/format.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/store/lock_file.h"

namespace headroom::store {
namespace {

using nlohmann::json;
using process::MemoryCgroup;

json orNull(const std::optional<std::uint64_t>& number) { return number ? json(*number) : json(); }

std::optional<std::uint64_t> numberAt(const json& document, const char* key) {
    const auto found = document.find(key);
    return found != document.end() && found->is_number_unsigned() ? std::optional(found->get<std::uint64_t>()) : std::nullopt;
}

std::string textAt(const json& document, const char* key) {
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::optional<MemoryCgroup> groupFrom(const json& document) {
    const auto found = document.find("cgroup");
    if (found == document.end() || !found->is_object()) return std::nullopt;
    return MemoryCgroup{textAt(*found, "folder"), textAt(*found, "top"),
                        numberAt(*found, "version") == 1 ? MemoryCgroup::Version::V1 : MemoryCgroup::Version::V2};
}

std::optional<WorkerRecord> parse(const std::string& line) {
    const json document = json::parse(line, nullptr, false);
    if (!document.is_object()) return std::nullopt;
    return WorkerRecord{{static_cast<pid_t>(numberAt(document, "pid").value_or(0)), numberAt(document, "start_time").value_or(0)},
                        {numberAt(document, "oom_kills_system"), numberAt(document, "oom_kills_cgroup")},
                        groupFrom(document)};
}

constexpr const char* kSignal = "signal ";

/// The signal that a last word names; nothing for one of another kind.
std::optional<int> signalIn(const std::string& word) {
    return word.starts_with(kSignal) ? std::optional(std::atoi(word.c_str() + std::char_traits<char>::length(kSignal))) : std::nullopt;
}

}  // namespace

WorkerRecord ownRecord(const process::SystemRoot& root) {
    auto group = process::memoryCgroup(root);
    const auto kills = process::oomKills(root, group);
    return {process::self(), kills, std::move(group)};
}

std::string recordText(const WorkerRecord& record) {
    json document = {{"pid", record.worker.pid},
                     {"start_time", record.worker.startTime},
                     {"oom_kills_system", orNull(record.kills.system)},
                     {"oom_kills_cgroup", orNull(record.kills.group)}};
    if (record.group)
        document["cgroup"] = {{"folder", record.group->folder.string()},
                              {"top", record.group->top.string()},
                              {"version", record.group->version == MemoryCgroup::Version::V1 ? 1 : 2}};
    return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string lastWord(int signal) { return signal == 0 ? "ended\n" : fmt::format("{}{}\n", kSignal, signal); }

process::Death deathOfWorker(const RunFolder& run, const process::SystemRoot& root) {
    std::ifstream file(run.workerRecord());
    std::string line, word;
    std::getline(file, line);
    const auto record = parse(line);
    if (!record || recordedHolder(run.lock()) != record->worker) return {};
    const bool spoke = static_cast<bool>(std::getline(file, word));
    return {spoke ? signalIn(word) : SIGKILL, record->kills, process::oomKills(root, record->group)};
}

}  // namespace headroom::store
