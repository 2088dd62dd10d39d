// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QDateTime>
#include <QString>
#include <QVector>

#include "base/errors/error.h"

namespace headroom::ui {

enum class Severity { Notice, Warning, Error };

/// Something that the user should know, as a value: what, why and what to do stand in `text`.
struct Problem {
    Severity severity = Severity::Error;
    QString code;     ///< "DAT-04"; empty for notices without one
    QString subject;  ///< run id, file or field that it is about
    QString text;     ///< sentences
    QDateTime when = QDateTime::currentDateTime();
};

/// Its text with its code behind it.
QString sentence(const Problem& problem);

Problem problemOf(const Failure& failure, Severity severity = Severity::Error);
/// One for each fault of the error.
QVector<Problem> problemsOf(const Error& error);

}  // namespace headroom::ui
