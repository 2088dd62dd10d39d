// SPDX-License-Identifier: Apache-2.0
#include "base/plan/program.h"

#include <algorithm>

namespace headroom::plan {

std::string_view name(Kind kind) {
    constexpr std::array<std::string_view, kKinds> kNames{"weights",   "gradients", "optimizer", "activations",
                                                          "workspace", "batches",   "ema",       "other"};
    return kNames[static_cast<std::size_t>(kind)];
}

Bytes takenFrom(const Program& program, std::size_t from) {
    const auto first = std::ranges::lower_bound(program.changes, from, {}, &Change::instruction);
    Bytes now = 0, most = 0;
    for (auto change = first; change != program.changes.end(); ++change) most = std::max(most, now += change->bytes);
    return most;
}

}  // namespace headroom::plan
