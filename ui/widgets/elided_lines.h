// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QFont>
#include <QString>

namespace headroom::ui {

/// The text in at most so many lines of a width; the last one ends in an ellipsis where there is more.
QString elidedLines(const QFont& font, const QString& text, int width, int lines);

}  // namespace headroom::ui
