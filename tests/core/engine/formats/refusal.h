// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <QString>
#include <QtTest>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/refusal.h"

namespace headroom::test {

std::string gzipped(std::string_view bytes);
std::string bigEndian(std::uint32_t number);
/// Magic, dimensions and data of an IDX file.
std::string idx(std::uint8_t type, const std::vector<std::uint32_t>& dimensions, std::string_view data);
/// A file of that size without content: takes no room on the disk.
void makeSparse(const std::filesystem::path& path, std::uint64_t bytes);
std::uint64_t fileSize(const std::filesystem::path& path);
/// CPU seconds of this thread.
double cpuSeconds();
/// Runs the Python of the environment; its standard output, or a message that begins with "failed".
QString python(const QString& program, const QStringList& arguments);
bool hasPython();

}  // namespace headroom::test

#define REQUIRE_PYTHON()                                                                     \
    do {                                                                                     \
        if (!headroom::test::hasPython()) {                                                  \
            if (qEnvironmentVariableIsSet("CI")) QFAIL("HEADROOM_PYTHON is not set, CI is"); \
            QSKIP("HEADROOM_PYTHON is not set");                                             \
        }                                                                                    \
    } while (false)
