// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>

#include <array>

namespace headroom::ui {

enum class Scheme { Dark, Light };

/// Every colour of the studio. Widgets, charts and the style sheet take theirs from here and from nowhere else.
struct Tokens {
    QColor background, panel, raised, line;
    QColor text, muted, faint;
    QColor accent, onAccent;
    QColor good, warning, bad;
    std::array<QColor, 6> series;
};

const Tokens& tokensOf(Scheme scheme);

/// `over` laid on `under` with the given share, opaque: a transparent pen costs several times as much to draw.
QColor blended(const QColor& over, const QColor& under, double share);

}  // namespace headroom::ui
