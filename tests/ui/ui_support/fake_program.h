// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

#include "support/temporary_folder.h"

namespace headroom::test {

/// A shell script of the folder that can be started in the worker's place; returns its path.
inline QString fakeProgram(const TemporaryFolder& folder, const char* script) {
    const auto file = folder.write("worker", script);
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return QString::fromStdString(file.string());
}

}  // namespace headroom::test
