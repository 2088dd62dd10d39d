// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/elided_lines.h"

#include <QFontMetrics>
#include <QStringList>
#include <QTextLayout>

namespace headroom::ui {

QString elidedLines(const QFont& font, const QString& text, int width, int lines) {
    QTextLayout layout(text, font);
    QStringList found;
    layout.beginLayout();
    for (QTextLine line = layout.createLine(); line.isValid() && found.size() < lines; line = layout.createLine()) {
        line.setLineWidth(width);
        const bool isLast = found.size() + 1 == lines;
        found << (isLast ? QFontMetrics(font).elidedText(text.mid(line.textStart()), Qt::ElideRight, width) : text.mid(line.textStart(), line.textLength()).trimmed());
    }
    layout.endLayout();
    return found.join(QLatin1Char('\n'));
}

}  // namespace headroom::ui
