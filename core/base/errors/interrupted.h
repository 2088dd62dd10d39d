// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>

namespace headroom {

/// Asked now and then by work that takes long: false where somebody wants it to end before it is done. Empty: it never ends early.
using GoesOn = std::function<bool()>;

/// Work that was asked to end before it was done. No Error: there is nothing to say about it.
struct Interrupted {};

inline void requireGoesOn(const GoesOn& goesOn) {
    if (goesOn && !goesOn()) throw Interrupted{};
}

}  // namespace headroom
