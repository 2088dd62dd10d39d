// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace headroom::test {
int runAll(int argc, char** argv);
}
