// SPDX-License-Identifier: Apache-2.0
#include "engine/data/text_source.h"

#include <algorithm>
#include <utility>

#include "engine/data/random.h"

namespace headroom::data {

TextSource::TextSource(std::shared_ptr<const std::vector<std::int32_t>> ids, std::int64_t begin, std::int64_t end,
                       std::int64_t context)
    : m_ids(std::move(ids)), m_begin(begin), m_context(context) {
    const std::int64_t usable = end - begin - 1;  // the last id is a target only
    const std::int64_t whole = usable / context;
    m_windows = std::max<std::int64_t>(whole > 1 ? (usable - context + 1) / context : whole, 1);
    m_slack = usable - m_windows * context;
}

Samples TextSource::assemble(std::span<const std::int64_t> samples, const Draw& draw, const Placement& placement) const {
    const auto batch = static_cast<std::int64_t>(samples.size());
    const std::int64_t most = std::min(m_slack, m_context - 1) + 1;
    const std::int64_t offset =
        draw.augment ? below(data::draw(draw.seed, Stream::Window, draw.epoch), most) : 0;
    Samples out{batchTensor({batch, m_context}, at::kLong, placement), batchTensor({batch, m_context}, at::kLong, placement)};
    auto* input = out.input.data_ptr<std::int64_t>();
    auto* target = out.target.data_ptr<std::int64_t>();
    for (const std::int64_t sample : samples) {
        const std::int32_t* ids = m_ids->data() + m_begin + offset + sample * m_context;
        std::copy(ids, ids + m_context, input);
        std::copy(ids + 1, ids + 1 + m_context, target);
        input += m_context;
        target += m_context;
    }
    return out;
}

}  // namespace headroom::data
