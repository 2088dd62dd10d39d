// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/next_token.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <utility>

#include "base/graph/rewrites/rewrite.h"
#include "base/plan/program.h"
#include "engine/tensor/bridge.h"
#include "engine/tensor/memory.h"

namespace headroom::deploy {
namespace {

constexpr std::int64_t kLeastRoom = 64;  // tokens

run::TensorSet tensorsOf(const graph::Graph& graph, const train::Model& model) {
    run::TensorSet tensors;
    tensors.values.resize(graph.values().size());
    tensors.gradients.resize(graph.values().size());
    for (const train::NamedTensor& named : model.named())
        if (const graph::ValueId id = graph.find(named.name); id != graph::kNone) tensors.values[static_cast<std::size_t>(id)] = named.tensor;
    return tensors;
}

at::Tensor tensorOf(std::span<const std::int32_t> tokens) {
    const at::Tensor tensor = at::empty({1, static_cast<std::int64_t>(tokens.size())}, at::kLong);
    std::ranges::copy(tokens, tensor.mutable_data_ptr<std::int64_t>());
    return tensor;
}

plan::LowerOptions inference(std::int64_t length) {
    plan::LowerOptions options;
    options.mode = plan::Mode::Inference;
    options.extents = {{"batch", 1}, {"sequence", length}};
    return options;
}

}  // namespace

TokenCache::TokenCache(const graph::TensorType& past, std::int64_t most)
    : m_type(tensor::scalarType(past.dtype)), m_heads(past.shape[1].extent), m_width(past.shape[3].extent), m_most(most) {}

void TokenCache::makeRoom(std::int64_t tokens) {
    const std::int64_t room = m_rows.defined() ? m_rows.size(1) : 0;
    if (tokens <= room) return;
    const tensor::MemoryScope scope(plan::Kind::Activations);
    const at::Tensor more = at::empty({1, std::min(m_most, std::max({tokens, 2 * room, kLeastRoom})), m_heads, m_width}, m_type);
    if (m_tokens > 0) more.narrow(1, 0, m_tokens).copy_(m_rows.narrow(1, 0, m_tokens));
    m_rows = more;
}

void TokenCache::append(const at::Tensor& fresh) {
    const at::Tensor rows = fresh.dim() == 4 ? fresh.transpose(1, 2) : fresh.unflatten(2, {m_heads, m_width});
    makeRoom(m_tokens + rows.size(1));
    m_rows.narrow(1, m_tokens, rows.size(1)).copy_(rows);
    m_tokens += rows.size(1);
}

void TokenCache::clear() {
    m_rows.reset();
    m_tokens = 0;
}

NextToken::NextToken(const TrainedModel& trained, Cache cache)
    : m_net(trained.model->plain()), m_context(static_cast<std::size_t>(trained.dataset.shape.context)), m_executor(m_net), m_tensors(tensorsOf(m_net, *trained.model)) {
    if (cache == Cache::Kept) m_decoder = graph::cachedDecoder(m_net);
    if (!m_decoder) return;
    m_decoder->step = graph::apply(m_decoder->step, graph::kFuseLinear);
    m_stepExecutor.emplace(m_decoder->step);
    m_stepTensors = tensorsOf(m_decoder->step, *trained.model);
    const std::vector<graph::ValueId> inputs = m_decoder->step.inputs();
    for (std::size_t i = inputs.size() - m_decoder->kept.size(); i < inputs.size(); ++i)
        m_caches.emplace_back(m_decoder->step.value(inputs[i]).type, trained.dataset.shape.context);
}

at::Tensor NextToken::logits(std::span<const std::int32_t> text) {
    if (goesOn(text)) return further(text);
    forget();
    const bool keeps = m_decoder && text.size() < m_context;  // else the window moves with the next token
    return whole(text.last(std::min(text.size(), m_context)), keeps);
}

bool NextToken::goesOn(std::span<const std::int32_t> text) const {
    return !m_known.empty() && text.size() > m_known.size() && text.size() <= m_context && std::ranges::equal(text.first(m_known.size()), m_known);
}

/// With the net as it is: the same numbers with and without a cache to begin.
at::Tensor NextToken::whole(std::span<const std::int32_t> window, bool keeps) {
    if (window.size() != m_length || keeps != m_keeps) {
        plan::LowerOptions options = inference(std::ssize(window));
        if (keeps) options.keep = m_decoder->kept;
        m_program = plan::lower(m_net, options);
        m_length = window.size();
        m_keeps = keeps;
    }
    const std::vector<at::Tensor> made = m_executor.run(m_program, m_tensors, {tensorOf(window)}, {});
    if (keeps) keep(window, std::span(made).subspan(1));
    return made.front()[std::ssize(window) - 1];
}

at::Tensor NextToken::further(std::span<const std::int32_t> text) {
    const std::span<const std::int32_t> fresh = text.subspan(m_known.size());
    const std::int64_t past = std::ssize(m_known), length = std::ssize(fresh);
    plan::LowerOptions options = inference(length);
    options.extents.emplace("past", past);
    std::vector<at::Tensor> inputs{tensorOf(fresh), at::arange(past, past + length, at::kLong)};
    for (const TokenCache& cache : m_caches) inputs.push_back(cache.past());
    const std::vector<at::Tensor> made = m_stepExecutor->run(plan::lower(m_decoder->step, options), m_stepTensors, std::move(inputs), {});
    keep(fresh, std::span(made).subspan(1));
    return made.front()[length - 1];
}

void NextToken::keep(std::span<const std::int32_t> text, std::span<const at::Tensor> fresh) {
    std::vector<std::int32_t> known = std::exchange(m_known, {});  // where room is refused on the way, nothing is
    for (std::size_t i = 0; i < m_caches.size(); ++i) m_caches[i].append(fresh[i]);
    known.insert(known.end(), text.begin(), text.end());
    m_known = std::move(known);
}

void NextToken::forget() {
    for (TokenCache& cache : m_caches) cache.clear();
    m_known.clear();
}

}  // namespace headroom::deploy
