// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/fillable_page.h"

#include <QVBoxLayout>

#include "ui/widgets/card.h"

namespace headroom::ui {

FillablePage::FillablePage(QWidget* contents, QWidget* parent) : QStackedWidget(parent), m_placeholder(new PlaceholderCard({}, {})) {
    auto* empty = new Card;
    empty->body()->addWidget(m_placeholder);
    addWidget(empty);
    addWidget(contents);
    auto* layout = new QVBoxLayout(parent);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(this);
    connect(m_placeholder, &PlaceholderCard::triggered, this, [this] { Q_EMIT wanted(m_wanted); });
}

void FillablePage::say(const QString& fact, const QString& why, const QString& action, const QString& wanted) {
    m_placeholder->set(fact, why);
    m_placeholder->setAction(action);
    m_wanted = wanted;
    setCurrentIndex(0);
}

}  // namespace headroom::ui
