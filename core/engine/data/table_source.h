// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <vector>

#include "engine/data/raw_source.h"
#include "engine/data/source.h"

namespace headroom::data {

/// Rows of a table in the compact form that a batch is made from: standardised numbers, and for every category the
/// feature that is 1. The one-hot features themselves exist only inside a batch.
struct TableStore {
    std::int64_t features = 0;
    std::vector<std::int32_t> numberFeature;  ///< feature of each number of a row
    std::vector<float> numbers;               ///< [row, numberFeature.size()]
    std::int64_t categories = 0;              ///< categorical entries of a row
    std::vector<std::int32_t> ones;           ///< [row, categories]: a feature, or -1: none is 1
    bool regression = false;
    std::vector<std::int32_t> labels;  ///< [row], classification
    std::vector<float> targets;        ///< [row], regression, standardised

    /// Where they were kept: as they stood in the table.
    std::int64_t rawNumberColumns = 0;
    std::vector<float> rawNumbers;           ///< [row, columns of numbers]; missing: NaN
    std::vector<std::int64_t> rawCategories;  ///< [row, categories]: places in the encoding's list; missing: -1; unknown: behind the last
};

class TableSource : public Source, public RawSource {
public:
    TableSource(std::shared_ptr<const TableStore> store, std::vector<std::int64_t> chosen);

    std::int64_t size() const override { return static_cast<std::int64_t>(m_chosen.size()); }
    Samples assemble(std::span<const std::int64_t> samples, const Draw& draw, const Placement& placement) const override;
    /// "numbers" fp32 and "categories" int64, each where there are such columns.
    std::vector<RawInput> raw(std::span<const std::int64_t> samples) const override;

private:
    template <typename Element, typename Convert>
    void fill(std::span<const std::int64_t> samples, Element* out, Convert convert) const;
    at::Tensor targets(std::span<const std::int64_t> samples, const Placement& placement) const;
    std::size_t row(std::int64_t sample) const {
        return static_cast<std::size_t>(m_chosen[static_cast<std::size_t>(sample)]);
    }

    std::shared_ptr<const TableStore> m_store;
    std::vector<std::int64_t> m_chosen;
};

}  // namespace headroom::data
