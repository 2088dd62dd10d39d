// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/store/run_folder.h"

namespace headroom::worker {

/// Keeps the record of this worker beside the run (store::WorkerRecord) for as long as it lives. A signal that ends the
/// process adds its number, an end without end record says so; after ended() the record goes with the object. One at a time.
/// A folder that cannot be written holds no training up: the run then has no record.
class LastWord {
public:
    explicit LastWord(const store::RunFolder& run);
    ~LastWord();
    LastWord(const LastWord&) = delete;
    LastWord& operator=(const LastWord&) = delete;

    /// The run's end record is written: nobody will ask.
    void ended() { m_ended = true; }

private:
    const store::RunFolder m_run;
    bool m_ended = false;
};

}  // namespace headroom::worker
