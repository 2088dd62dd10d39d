// SPDX-License-Identifier: Apache-2.0
#include "support/refusal.h"

#include "base/errors/error.h"

namespace headroom::test {

QString refusal(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return QString::fromStdString(std::string(info(error.code()).text) + " " + error.what());
    }
    return "accepted";
}

QString mismatch(const QString& actual, const char* code, const char* parts) {
    bool same = actual.startsWith(QString(code) + " ");
    for (const QString& part : QString::fromUtf8(parts).split('|', Qt::SkipEmptyParts))
        same = same && actual.contains(part);
    return same ? QString() : QString("expected %1 with \"%2\", got: %3").arg(code, QString::fromUtf8(parts), actual);
}

}  // namespace headroom::test
