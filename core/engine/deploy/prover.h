// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace headroom::deploy {

/// What another runtime made of a file.
struct Proof {
    nlohmann::json report;  ///< of headroom-prover: runtime, device, precision, load_ms, latency ...
    at::Tensor outputs;     ///< [rows, outputs], of the first output
};

/// Writes `input` under its name for headroom-prover.
void writeSamples(const std::filesystem::path& file, const std::string& inputName, const at::Tensor& input);

/// Runs headroom-prover, a process of its own, over samples that lie in `folder` (where it writes its outputs too).
/// `precision` f32 or default. Throws EXP-03 where the prover cannot be started or cannot run the file.
Proof prove(const std::filesystem::path& model, const std::filesystem::path& samples, const std::filesystem::path& folder,
            const std::string& precision);

}  // namespace headroom::deploy
