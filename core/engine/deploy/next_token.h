// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/graph/rewrites/cached_decoder.h"
#include "engine/deploy/trained_model.h"
#include "engine/run/executor.h"

namespace headroom::deploy {

/// Keys or values of the tokens so far, by token. Its room doubles up to that of the context; it counts as activations.
class TokenCache {
public:
    /// Of a `past` input [batch, heads, past, width], for one text of at most `most` tokens.
    TokenCache(const graph::TensorType& past, std::int64_t most);
    /// Those of further tokens, [1, tokens, heads * width] or [1, heads, tokens, width].
    void append(const at::Tensor& fresh);
    /// As the input wants it, [1, heads, tokens, width]: no copy.
    at::Tensor past() const { return m_rows.narrow(1, 0, m_tokens).transpose(1, 2); }
    void clear();

private:
    void makeRoom(std::int64_t tokens);

    at::ScalarType m_type;
    std::int64_t m_heads, m_width, m_most, m_tokens = 0;
    at::Tensor m_rows;  ///< [1, room, heads, width]
};

/// Logits of the token after a text. The text's last tokens count, as many as the context holds: they are the window.
///
/// A decoder (graph::cachedDecoder) computes a text once as a whole and keeps keys and values of its tokens; while the text grows
/// within the context only what was added is computed. Past the context the window moves: each of its tokens has another place, and one
/// less before it from which its keys and values were made. None of those that are kept is right any more, so they are dropped and the
/// whole window is computed for every token, as for any other net. The cache changes logits by rounding alone.
class NextToken {
public:
    enum class Cache { Kept, None };

    /// Borrows the model.
    explicit NextToken(const TrainedModel& trained, Cache cache = Cache::Kept);
    NextToken(const NextToken&) = delete;
    NextToken& operator=(const NextToken&) = delete;

    /// [vocabulary]. `text` holds at least one token; any text may follow any other.
    at::Tensor logits(std::span<const std::int32_t> text);

private:
    at::Tensor whole(std::span<const std::int32_t> window, bool keeps);
    at::Tensor further(std::span<const std::int32_t> text);
    bool goesOn(std::span<const std::int32_t> text) const;
    void keep(std::span<const std::int32_t> text, std::span<const at::Tensor> fresh);
    void forget();

    const graph::Graph& m_net;
    std::size_t m_context;
    run::Executor m_executor;
    run::TensorSet m_tensors;
    plan::Program m_program;  ///< of the last whole window
    std::size_t m_length = 0;
    bool m_keeps = false;

    std::optional<graph::CachedDecoder> m_decoder;
    std::optional<run::Executor> m_stepExecutor;
    run::TensorSet m_stepTensors;
    std::vector<TokenCache> m_caches;   ///< in the order of CachedDecoder::kept
    std::vector<std::int32_t> m_known;  ///< tokens whose keys and values are in them
};

}  // namespace headroom::deploy
