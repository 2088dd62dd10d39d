// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/deploy/trained_model.h"

namespace headroom::deploy {

struct GenerateOptions {
    std::string prompt = "\n";
    std::int64_t tokens = 200;
    double temperature = 0.8;  ///< divides the logits; 0: the likeliest token each time
    std::int64_t topK = 0;     ///< only the likeliest so many tokens; 0: all
    std::uint64_t seed = 1;
};

/// The next token for logits [vocabulary] in fp32: a function of the logits, the options and the token's number alone.
std::int32_t sampled(const at::Tensor& logits, const GenerateOptions& options, std::int64_t number);

/// Goes on with the prompt, token by token, each from as much of the text before it as the model's context holds (NextToken). `told` gets
/// what every token adds, in whole characters; false ends it. Returns the number of tokens made. Throws DAT-05 for a model that does
/// not write text, TXT-02 and TXT-04 for a prompt that cannot be encoded, TXT-01 for an empty one.
std::int64_t generate(const TrainedModel& trained, const GenerateOptions& options, const std::function<bool(std::string_view)>& told);

}  // namespace headroom::deploy
