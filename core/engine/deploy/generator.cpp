// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/generator.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "engine/data/random.h"
#include "engine/data/tokens.h"
#include "engine/deploy/next_token.h"

namespace headroom::deploy {
namespace {

constexpr std::size_t kLongestCharacter = 4;  // bytes of UTF-8

/// What of the bytes so far are whole characters; what can never become one is U+FFFD.
std::string takeCharacters(std::string& bytes) {
    std::string text;
    while (!bytes.empty()) {
        const std::size_t length = utf8Length(bytes);
        if (length == 0 && bytes.size() < kLongestCharacter && (static_cast<unsigned char>(bytes[0]) & 0xC0U) == 0xC0U) break;  // it may go on
        text += length > 0 ? bytes.substr(0, length) : "\xEF\xBF\xBD";
        bytes.erase(0, std::max<std::size_t>(length, 1));
    }
    return text;
}

/// Places of the candidates, likeliest first where not all of them count.
std::vector<std::int32_t> candidates(const float* logits, std::int64_t count, std::int64_t topK) {
    std::vector<std::int32_t> places(static_cast<std::size_t>(count));
    std::iota(places.begin(), places.end(), 0);
    if (topK <= 0 || topK >= count) return places;
    const auto end = places.begin() + topK;
    std::ranges::partial_sort(places, end, [logits](std::int32_t a, std::int32_t b) { return std::pair(-logits[a], a) < std::pair(-logits[b], b); });
    places.erase(end, places.end());
    return places;
}

}  // namespace

std::int32_t sampled(const at::Tensor& logits, const GenerateOptions& options, std::int64_t number) {
    const at::Tensor plain = logits.contiguous();
    const float* const values = plain.const_data_ptr<float>();
    const std::int64_t count = plain.numel();
    const auto likeliest = static_cast<std::int32_t>(std::max_element(values, values + count) - values);
    if (options.temperature <= 0) return likeliest;
    const std::vector<std::int32_t> places = candidates(values, count, options.topK);
    std::vector<double> weights;
    for (const std::int32_t place : places)
        weights.push_back(std::exp((static_cast<double>(values[place]) - values[likeliest]) / options.temperature));
    constexpr double kSteps = 9007199254740992.0;  // 2^53
    const double draw = static_cast<double>(data::draw(options.seed, data::Stream::Sampling, number) >> 11) / kSteps;
    double left = draw * std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t i = 0; i < places.size(); ++i)
        if ((left -= weights[i]) < 0) return places[i];
    return likeliest;  // what rounding left over
}

std::int64_t generate(const TrainedModel& trained, const GenerateOptions& options, const std::function<bool(std::string_view)>& told) {
    const models::DataShape& shape = trained.dataset.shape;
    if (shape.kind != models::DataKind::Text)
        throw Error(Failure{Code::Dat05, trained.run.id(), "the model does not write text", config::modelName(trained.config), {}, "Choose a run on a text."});
    const std::unique_ptr<formats::Tokenizer> tokenizer = data::tokenizerOf(trained.config.data, trained.dataset.classes);
    std::vector<std::int32_t> ids = tokenizer->encode(options.prompt);
    if (ids.empty()) throw Error(Failure{Code::Txt01, "prompt", "the text is empty", "0 tokens", {}, "Begin with something."});
    NextToken next(trained);
    std::string bytes;
    for (std::int64_t made = 0; made < options.tokens; ++made) {
        ids.push_back(sampled(next.logits(ids), options, made));
        bytes += tokenizer->bytesOf(ids.back());
        if (!told(takeCharacters(bytes))) return made + 1;
    }
    return options.tokens;
}

}  // namespace headroom::deploy
