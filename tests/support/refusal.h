// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <QString>
#include <QtTest>

#include <functional>

namespace headroom::test {

/// "IDX-03 <message>" of the Error that `action` throws, "accepted" where it throws none.
QString refusal(const std::function<void()>& action);
/// Empty where `actual` is of that code and holds every part of `parts` (separated by '|'); else what it is.
QString mismatch(const QString& actual, const char* code, const char* parts);

}  // namespace headroom::test

#define EXPECT_REFUSED(action, code, parts)                                                               \
    do {                                                                                                  \
        const QString refusedAs = headroom::test::mismatch(headroom::test::refusal(action), code, parts); \
        QVERIFY2(refusedAs.isEmpty(), qPrintable(refusedAs));                                             \
    } while (false)
