// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/problem.h"

namespace headroom::ui {

QString sentence(const Problem& problem) { return problem.code.isEmpty() ? problem.text : QStringLiteral("%1 (%2)").arg(problem.text, problem.code); }

Problem problemOf(const Failure& failure, Severity severity) {
    const std::string_view code = info(failure.code).text;
    return {severity, QString::fromUtf8(code.data(), static_cast<qsizetype>(code.size())),
            QString::fromStdString(failure.subject), QString::fromStdString(failure.sentence())};
}

QVector<Problem> problemsOf(const Error& error) {
    QVector<Problem> problems;
    for (const Failure& failure : error.failures()) problems << problemOf(failure);
    return problems;
}

}  // namespace headroom::ui
