// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/tokens.h"

namespace headroom::ui {
namespace {

Tokens dark() {
    Tokens t;
    t.background = 0x14171c;
    t.panel = 0x1b1f26;
    t.raised = 0x242a33;
    t.line = 0x2e3540;
    t.text = 0xe6e9ee;
    t.muted = 0x8b95a5;
    t.faint = 0x566071;
    t.accent = 0x4c9aff;
    t.onAccent = 0x0b1520;
    t.good = 0x2bb673;
    t.warning = 0xe0a030;
    t.bad = 0xe5534b;
    t.series = {QColor(0x4c9aff), QColor(0xf2a33a), QColor(0x2bb673), QColor(0xe56b9c), QColor(0x8ecae6), QColor(0xb08cff)};
    return t;
}

Tokens light() {
    Tokens t;
    t.background = 0xf4f5f7;
    t.panel = 0xffffff;
    t.raised = 0xf0f2f5;
    t.line = 0xdde1e7;
    t.text = 0x1b2330;
    t.muted = 0x667085;
    t.faint = 0x98a1b0;
    t.accent = 0x0b66d8;
    t.onAccent = 0xffffff;
    t.good = 0x12805c;
    t.warning = 0xa15c00;
    t.bad = 0xc9372c;
    t.series = {QColor(0x0072b2), QColor(0xd55e00), QColor(0x009e73), QColor(0xcc79a7), QColor(0x56b4e9), QColor(0x7a5cff)};
    return t;
}

}  // namespace

const Tokens& tokensOf(Scheme scheme) {
    static const Tokens kDark = dark();
    static const Tokens kLight = light();
    return scheme == Scheme::Dark ? kDark : kLight;
}

QColor blended(const QColor& over, const QColor& under, double share) {
    const auto mix = [share](int a, int b) { return static_cast<int>(a * share + b * (1 - share) + 0.5); };
    return QColor(mix(over.red(), under.red()), mix(over.green(), under.green()), mix(over.blue(), under.blue()));
}

}  // namespace headroom::ui
