// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "engine/data/source.h"

namespace headroom::data {

/// A stretch of text as windows of `context` ids with the ids one place later as targets. Windows do not overlap; in
/// training they all begin at an offset below the context length that changes every epoch.
class TextSource : public Source {
public:
    /// Ids [begin, end) of the text; at least context + 1 of them.
    TextSource(std::shared_ptr<const std::vector<std::int32_t>> ids, std::int64_t begin, std::int64_t end,
               std::int64_t context);

    std::int64_t size() const override { return m_windows; }
    std::int64_t termsPerSample() const override { return m_context; }
    Samples assemble(std::span<const std::int64_t> samples, const Draw& draw, const Placement& placement) const override;

private:
    std::shared_ptr<const std::vector<std::int32_t>> m_ids;
    std::int64_t m_begin, m_context, m_windows, m_slack;
};

}  // namespace headroom::data
