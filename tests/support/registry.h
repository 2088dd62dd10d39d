// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <QObject>
#include <QtTest>

#include <functional>
#include <memory>

namespace headroom::test {

/// Adds a test class to the program that it is linked into; used through HEADROOM_TEST.
struct Registration {
    explicit Registration(std::function<std::unique_ptr<QObject>()> make);
};

}  // namespace headroom::test

/// One line at the end of a tst_*.cpp, before its "tst_x.moc": runs the class's slots as part of the program.
#define HEADROOM_TEST(Class) \
    static const headroom::test::Registration registered##Class([] { return std::make_unique<Class>(); });
