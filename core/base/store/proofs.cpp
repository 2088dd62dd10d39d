// SPDX-License-Identifier: Apache-2.0
#include "base/store/proofs.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/errors/error.h"
#include "base/process/descriptor.h"
#include "base/store/atomic_file.h"
#include "base/store/documents.h"

namespace headroom::store {
namespace {

constexpr const char* kProofs = "proofs";

/// Waits for its turn; the lock goes with the descriptor.
process::Descriptor lockOf(const RunFolder& run) {
    const std::filesystem::path path = run.path() / "proofs.lock";
    process::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    int failed = file ? 0 : errno;
    while (failed == 0 && ::flock(file.value(), LOCK_EX) != 0)
        if (errno != EINTR) failed = errno;
    if (failed == 0) return file;
    throw Error({.code = Code::Dsk02, .subject = "proofs.lock", .problem = "the lock file cannot be made", .found = std::strerror(failed),
                 .remedy = "Check the rights of the run's folder."});
}

}  // namespace

nlohmann::json readProofs(const RunFolder& run) {
    if (!std::filesystem::exists(run.proofs())) return nlohmann::json::array();
    const nlohmann::json document = readDocument(run.proofs());
    const auto found = document.find(kProofs);
    return found != document.end() && found->is_array() ? *found : nlohmann::json::array();
}

void recordProof(const RunFolder& run, const nlohmann::json& report) {
    const process::Descriptor lock = lockOf(run);
    auto document = std::filesystem::exists(run.proofs()) ? readDocument(run.proofs()) : nlohmann::json::object();
    nlohmann::json list = nlohmann::json::array({report});
    for (nlohmann::json& earlier : document[kProofs])
        if (list.size() < kKeptProofs) list.push_back(std::move(earlier));
    document[kProofs] = std::move(list);
    writeAtomically(run.proofs(), documentText(document));
}

}  // namespace headroom::store
