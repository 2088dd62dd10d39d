// SPDX-License-Identifier: Apache-2.0
#include "engine/train/micro_batch.h"

#include <algorithm>
#include <cassert>

namespace headroom::train {
namespace {

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

}  // namespace

MicroBatch::MicroBatch(std::int64_t effectiveBatch, std::int64_t wanted, std::int64_t present)
    : m_effective(effectiveBatch), m_wanted(std::min(wanted, effectiveBatch)), m_size(std::min(present, m_wanted)) {
    assert(effectiveBatch > 0 && wanted > 0 && present > 0);
}

bool MicroBatch::shrink() {
    if (m_before != 0) m_patience *= 2;
    m_before = 0;
    m_clean = 0;
    m_seconds.clear();
    if (m_size == 1) return false;
    m_size = sizeFor(2 * parts(m_size));
    return true;
}

MicroBatch::Change MicroBatch::stepped(double seconds, const std::function<bool(std::int64_t)>& allows) {
    if (m_size >= m_wanted && m_before == 0) return Change::None;
    ++m_clean;
    if (m_clean == 1) return Change::None;  // the first step after a change maps memory anew
    m_seconds.push_back(seconds);
    if (m_seconds.size() > kTimed) m_seconds.erase(m_seconds.begin());
    if (m_before != 0) return m_seconds.size() == kTimed ? judgeTrial() : Change::None;
    const std::int64_t larger = std::min(m_wanted, sizeFor(std::max<std::int64_t>(1, parts(m_size) / 2)));
    if (m_clean < m_patience || !allows(larger)) return Change::None;
    m_medianBefore = median(m_seconds);
    m_before = m_size;
    m_size = larger;
    m_clean = 0;
    m_seconds.clear();
    return Change::Trial;
}

MicroBatch::Change MicroBatch::judgeTrial() {
    const std::int64_t before = m_before;
    const bool faster = median(m_seconds) < m_medianBefore;
    m_before = 0;
    m_clean = 0;
    m_seconds.clear();
    if (faster) return Change::None;
    m_size = m_wanted = before;
    return Change::BackFromTrial;
}

}  // namespace headroom::train
