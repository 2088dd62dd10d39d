// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui_support/quiet.h"

#include <mutex>

namespace headroom::test {
namespace {

int alive = 0;
QtMessageHandler passOn = nullptr;
std::mutex mutex;  // any thread may print
QString firstLine;

/// What the platform without a display says of itself where menus and windows open.
bool isOfThePlatform(const QString& text) { return text.startsWith(QLatin1String("This plugin does not support ")); }

void listen(QtMsgType type, const QMessageLogContext& context, const QString& text) {
    if (isOfThePlatform(text)) return;
    if (type != QtInfoMsg) {
        const std::lock_guard lock(mutex);
        if (firstLine.isEmpty()) firstLine = text;
    }
    passOn(type, context, text);
}

}  // namespace

Quiet::Quiet() {
    if (alive++ > 0) return;
    firstLine.clear();
    passOn = qInstallMessageHandler(nullptr);
    qInstallMessageHandler(listen);
}

Quiet::~Quiet() {
    if (--alive > 0) return;
    qInstallMessageHandler(passOn);
    const std::lock_guard lock(mutex);
    if (!firstLine.isEmpty()) QTest::qFail(qPrintable("printed: " + firstLine), __FILE__, __LINE__);
}

}  // namespace headroom::test
