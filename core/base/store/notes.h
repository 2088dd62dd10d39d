// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "base/store/run_folder.h"

namespace headroom::store {

/// notes.json: all that a person writes about a run. The worker never touches it.
struct Notes {
    std::string name;
    std::vector<std::string> tags;
    std::string text;    ///< markdown
    std::string colour;  ///< "#0072B2"; empty = automatic
    bool trashed = false;
    bool pinned = false;

    bool operator==(const Notes&) const = default;
};

/// What stands in the folder; defaults where the file is missing. Throws CFG-03 where it is not JSON.
Notes readNotes(const RunFolder& run);
/// Replaces the file atomically (temporary file, fsync, rename); keys it does not know stay. Renaming, trashing and its
/// undo are this and Catalogue::refresh(). Throws DSK-01, DSK-02.
void writeNotes(const RunFolder& run, const Notes& notes);

}  // namespace headroom::store
