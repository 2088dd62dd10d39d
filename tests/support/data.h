// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

namespace headroom::test {

/// The folder of real data, from HEADROOM_DATA alone. Empty where it is not set.
std::filesystem::path dataFolder();

/// The real pictures of CIFAR, unpacked into a new folder of that one; empty where that fails.
std::filesystem::path unpackedCifar(const std::filesystem::path& into);

}  // namespace headroom::test

/// Skips the test, saying so, without HEADROOM_DATA; fails it where CI is set.
#define REQUIRE_DATA()                                                                     \
    do {                                                                                   \
        if (headroom::test::dataFolder().empty()) {                                        \
            if (qEnvironmentVariableIsSet("CI")) QFAIL("HEADROOM_DATA is not set, CI is"); \
            QSKIP("HEADROOM_DATA is not set");                                             \
        }                                                                                  \
    } while (false)
