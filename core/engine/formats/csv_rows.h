// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/formats/csv.h"

namespace headroom::formats {

/// As readCsv(), of rows whose answer nobody knows: no column is the target, and none has to be complete. `target` and
/// `targetIsNumber` of the options mean nothing.
Table readRows(const std::filesystem::path& path, const CsvOptions& options = {});
/// The same of a table that is in memory; `subject` is what messages call it.
Table parseRows(std::string_view bytes, const std::string& subject, const CsvOptions& options = {});

}  // namespace headroom::formats
