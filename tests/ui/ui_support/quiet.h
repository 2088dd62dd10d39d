// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QtTest>

namespace headroom::test {

/// While it lives, a line that Qt or a library prints (qDebug, qWarning, qCritical) fails the test; qInfo is for figures.
/// Several may overlap: the last one to go speaks for all. GUI thread.
class Quiet {
public:
    Quiet();
    ~Quiet();
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;
};

}  // namespace headroom::test
