// SPDX-License-Identifier: Apache-2.0
#include "support/main.h"

#include <QCoreApplication>

int main(int argc, char** argv) {
    const QCoreApplication application(argc, argv);
    return headroom::test::runAll(argc, argv);
}
