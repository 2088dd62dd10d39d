// SPDX-License-Identifier: Apache-2.0
#include "base/store/notes.h"

#include <filesystem>

#include "base/store/atomic_file.h"
#include "base/store/documents.h"

namespace headroom::store {

Notes readNotes(const RunFolder& run) {
    Notes notes;
    if (!std::filesystem::exists(run.notes())) return notes;
    const auto document = readDocument(run.notes());
    notes.name = textAt(document, "name");
    notes.tags = textsAt(document, "tags");
    notes.text = textAt(document, "notes");
    notes.colour = textAt(document, "colour");
    notes.trashed = flagAt(document, "trashed");
    notes.pinned = flagAt(document, "pinned");
    return notes;
}

void writeNotes(const RunFolder& run, const Notes& notes) {
    auto document = std::filesystem::exists(run.notes()) ? readDocument(run.notes()) : nlohmann::json::object();
    document["name"] = notes.name;
    document["tags"] = notes.tags;
    document["notes"] = notes.text;
    document["colour"] = notes.colour;
    document["trashed"] = notes.trashed;
    document["pinned"] = notes.pinned;
    writeAtomically(run.notes(), documentText(document));
}

}  // namespace headroom::store
