// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "base/store/run_folder.h"

namespace headroom::store {

constexpr std::size_t kKeptProofs = 100;  ///< of some 5 KiB each: the file stays below the limit of documents

/// Reports of the verifications of a run's exported files, newest first; empty where there are none. Throws CFG-03 where
/// proofs.json is not JSON.
nlohmann::json readProofs(const RunFolder& run);
/// Puts a report before the others, of which the newest stay: kKeptProofs in all. Whoever else does that meanwhile waits
/// (`proofs.lock`). Replaces the file atomically. Throws DSK-01, DSK-02.
void recordProof(const RunFolder& run, const nlohmann::json& report);

}  // namespace headroom::store
