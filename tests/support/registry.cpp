// SPDX-License-Identifier: Apache-2.0
#include "support/registry.h"
#include "support/main.h"

#include <cstdio>
#include <exception>
#include <vector>

namespace headroom::test {
namespace {

using Factory = std::function<std::unique_ptr<QObject>()>;

std::vector<Factory>& factories() {
    static std::vector<Factory> all;
    return all;
}

}  // namespace

Registration::Registration(std::function<std::unique_ptr<QObject>()> make) { factories().push_back(std::move(make)); }

namespace {

/// Failed checks of one class; an exception that leaves a test counts as one and says what it was.
int failures(QObject& object, const QStringList& arguments) {
    try {
        return QTest::qExec(&object, arguments);
    } catch (const std::exception& left) {
        std::printf("FAIL!  : %s: an exception left a test: %s\n", object.metaObject()->className(), left.what());
        return 1;
    }
}

}  // namespace

/// Runs every registered class. `-class NAME` keeps one; all else goes to Qt Test.
int runAll(int argc, char** argv) {
    QStringList arguments;
    QString only;
    for (int i = 0; i < argc; ++i) {
        if (QString::fromLocal8Bit(argv[i]) == "-class" && i + 1 < argc)
            only = QString::fromLocal8Bit(argv[++i]);
        else
            arguments << QString::fromLocal8Bit(argv[i]);
    }
    arguments << "-nocrashhandler";  // Qt's asks gdb for a trace, again and again where a process dies while it is asked
    int failed = 0;
    int classes = 0;
    for (const Factory& make : factories()) {
        const std::unique_ptr<QObject> object = make();
        if (!only.isEmpty() && only != object->metaObject()->className()) continue;
        ++classes;
        failed += failures(*object, arguments);
    }
    std::printf("%d test classes, %d failed checks\n", classes, failed);
    return classes == 0 || failed != 0 ? 1 : 0;
}

}  // namespace headroom::test
