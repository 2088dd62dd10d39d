// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/card.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QStyle>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

/// Gives way in a narrow card: its end becomes an ellipsis.
class FigureLabel : public QLabel {
public:
    FigureLabel(const QString& text, int least) : QLabel(text), m_least(least) {}
    QSize minimumSizeHint() const override { return {std::min(m_least, QLabel::minimumSizeHint().width()), QLabel::minimumSizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        style()->drawItemText(&painter, rect(), static_cast<int>(alignment()), palette(), isEnabled(), fontMetrics().elidedText(text(), Qt::ElideRight, width()), foregroundRole());
    }

private:
    int m_least;  ///< px that stay in any case
};

constexpr int kTitleLeast = 120;  ///< px of a title: a figure beside it gives way first

}  // namespace

Card::Card(const QString& title, QWidget* parent)
    : QFrame(parent), m_body(new QVBoxLayout), m_head(new QHBoxLayout), m_title(new FigureLabel(title, kTitleLeast)), m_figure(new FigureLabel({}, 0)) {
    setObjectName(QStringLiteral("card"));
    setAttribute(Qt::WA_StyledBackground);
    m_title->setFont(theme::textFont(0.95, QFont::DemiBold));
    m_figure->setFont(theme::figureFont(0.93));
    m_figure->hide();
    m_title->setVisible(!title.isEmpty());
    m_head->setSpacing(8);
    m_head->addWidget(m_title);
    m_head->addWidget(m_figure);
    m_head->addStretch();
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(11, 9, 11, 10);
    layout->setSpacing(6);
    layout->addLayout(m_head);
    layout->addLayout(m_body, 1);
    m_body->setSpacing(6);
}

void Card::setTitle(const QString& title) {
    m_title->setText(title);
    m_title->setVisible(!title.isEmpty());
}

void Card::setFigure(const QString& text) {
    m_figure->setText(text);
    m_figure->setVisible(!text.isEmpty());
}

QLabel* sectionHead(const QString& text, QWidget* parent) {
    auto* label = toned(text, "muted", parent);
    label->setFont(theme::sectionFont());
    return label;
}

QLabel* toned(const QString& text, const char* tone, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    label->setProperty("tone", QLatin1String(tone));
    return label;
}

void setTone(QLabel* label, const char* tone) {
    if (label->property("tone") == QLatin1String(tone)) return;
    label->setProperty("tone", QLatin1String(tone));
    label->style()->unpolish(label);
    label->style()->polish(label);
}

QLabel* figure(const QString& text, double scale, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    label->setFont(theme::figureFont(scale));
    return label;
}

PlaceholderCard::PlaceholderCard(const QString& fact, const QString& why, const QString& action, QWidget* parent)
    : QWidget(parent), m_fact(new QLabel(fact)), m_why(toned(why, "muted")), m_action(new QPushButton(action)) {
    m_fact->setFont(theme::textFont(1.1, QFont::DemiBold));
    for (QLabel* label : {m_fact, m_why}) {
        label->setAlignment(Qt::AlignCenter);
        label->setWordWrap(true);
    }
    m_action->setVisible(!action.isEmpty());
    auto* layout = new QVBoxLayout(this);
    layout->addStretch();
    layout->addWidget(m_fact);
    layout->addWidget(m_why);
    layout->addSpacing(6);
    layout->addWidget(m_action, 0, Qt::AlignHCenter);
    layout->addStretch();
    connect(m_action, &QPushButton::clicked, this, &PlaceholderCard::triggered);
}

void PlaceholderCard::set(const QString& fact, const QString& why) {
    m_fact->setText(fact);
    m_why->setText(why);
}

void PlaceholderCard::setAction(const QString& action) {
    m_action->setText(action);
    m_action->setVisible(!action.isEmpty());
}

}  // namespace headroom::ui
