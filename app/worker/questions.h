// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace headroom::worker {

/// The answer to a question about data, devices or a configuration: {"ask": inspect, devices, check, augment, shape, measure or model, ...}.
/// Throws CLI-01 where the question is not understood, and what the answer meets.
nlohmann::json answerTo(const nlohmann::json& question);

/// An object. Throws CLI-01.
nlohmann::json parsedQuestion(const std::string& text);

}  // namespace headroom::worker
