// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QFont>
#include <QIcon>
#include <QString>

#include "ui/theme/tokens.h"

class QApplication;

namespace headroom::ui {

enum class SchemeChoice { System, Dark, Light };

/// The application's look: palette, style sheet, fonts and icons, all made from one set of tokens. GUI thread only.
/// Widgets that paint themselves ask for `tokens()` in their paint event and repaint on QEvent::PaletteChange.
namespace theme {

/// Sets style, fonts, palette and style sheet of the application. Cheap enough to be called again on a change.
void apply(QApplication& application, SchemeChoice choice);
Scheme scheme();
const Tokens& tokens();

/// Inter at the application's size times `scale`.
QFont textFont(double scale = 1.0, QFont::Weight weight = QFont::Normal);
/// JetBrains Mono: figures that change, so that nothing jumps.
QFont figureFont(double scale = 1.0, QFont::Weight weight = QFont::Normal);
/// Small, semibold, letter-spaced: the heads of sections.
QFont sectionFont();

/// A built-in icon in the colour of text; `colour` invalid = the text's.
QIcon icon(const QString& name, QColor colour = {});

}  // namespace theme
}  // namespace headroom::ui
