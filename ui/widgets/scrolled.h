// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QScrollArea>

namespace headroom::ui {

/// Contents that may be larger than their place: as wide as that, and scrolled where they are higher.
inline QScrollArea* scrolled(QWidget* contents) {
    auto* area = new QScrollArea;
    area->setWidget(contents);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setFocusPolicy(Qt::NoFocus);
    return area;
}

}  // namespace headroom::ui
