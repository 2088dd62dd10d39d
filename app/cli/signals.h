// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace headroom::cli {

/// While it lives, SIGINT, SIGTERM and SIGUSR1 are noted in place of ending the program. One at a time.
class Signals {
public:
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// The signal that came since the last call, 0 where none did.
    int take();
    /// Waits, at most this long; a signal ends it.
    void wait(int milliseconds) const;
};

}  // namespace headroom::cli
