// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model/graph_card.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

constexpr double kZoomStep = 1.25;
constexpr int kSearchLeast = 90, kComboLetters = 9;

QToolButton* toolButton(const QString& text, const QString& help) {
    auto* button = new QToolButton;
    button->setText(text);
    button->setToolTip(help);
    button->setAccessibleName(help);
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

}  // namespace

GraphCard::GraphCard(QWidget* parent)
    : Card(tr("Graph"), parent), m_view(new GraphView), m_stack(new QStackedWidget), m_placeholder(new PlaceholderCard({}, {})), m_toolbar(nullptr), m_colours(new QComboBox), m_compared(new QComboBox),
      m_search(new QLineEdit), m_count(toned({}, "muted")) {
    m_toolbar = toolbar();
    m_stack->addWidget(m_placeholder);
    m_stack->addWidget(m_view);
    body()->addWidget(m_toolbar);
    body()->addWidget(m_stack, 1);
    setScene(nullptr);
}

QWidget* GraphCard::toolbar() {
    auto* bar = new QWidget;
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    showColours(false);
    m_colours->setAccessibleName(tr("Colour by"));
    m_colours->setToolTip(tr("What the colours say"));
    m_compared->setAccessibleName(tr("Compare with"));
    m_compared->setToolTip(tr("Draws the difference to another model"));
    m_search->setPlaceholderText(tr("Find a node   Ctrl+F"));
    m_search->setAccessibleName(tr("Find a node"));
    m_search->setClearButtonEnabled(true);
    m_search->setMinimumWidth(kSearchLeast);
    for (QComboBox* box : {m_colours, m_compared}) {
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setMinimumContentsLength(kComboLetters);
    }
    m_count->setAccessibleName(tr("Found"));
    for (QWidget* each : std::initializer_list<QWidget*>{m_colours, m_compared, m_search}) row->addWidget(each, 1);
    row->addWidget(m_count);
    const auto add = [&](const QString& text, const QString& help, auto&& action) {
        QToolButton* button = toolButton(text, help);
        connect(button, &QToolButton::clicked, m_view, action);
        head()->addWidget(button);
        m_tools << button;
    };
    add(QStringLiteral("▸"), tr("Close all blocks"), [this] { m_view->setAllClosed(true); });
    add(QStringLiteral("▾"), tr("Open all blocks"), [this] { m_view->setAllClosed(false); });
    add(QStringLiteral("−"), tr("Zoom out"), [this] { m_view->zoom(1 / kZoomStep, QRectF(m_view->rect()).center()); });
    add(QStringLiteral("+"), tr("Zoom in"), [this] { m_view->zoom(kZoomStep, QRectF(m_view->rect()).center()); });
    add(tr("Fit"), tr("Show all (F)"), [this] { m_view->fit(); });
    connect(m_colours, &QComboBox::currentIndexChanged, this, [this] {
        const auto chosen = static_cast<Colouring>(m_colours->currentData().toInt());
        if (chosen != Colouring::Difference) m_usual = chosen;
        m_view->setColouring(chosen);
    });
    connect(m_compared, &QComboBox::currentIndexChanged, this, &GraphCard::otherChanged);
    connect(m_search, &QLineEdit::textChanged, this, &GraphCard::searchNow);
    connect(m_search, &QLineEdit::returnPressed, this, &GraphCard::next);
    return bar;
}

void GraphCard::showColours(bool comparison) {
    const QSignalBlocker quiet(m_colours);
    m_colours->clear();
    const auto add = [this](Colouring each) { m_colours->addItem(each == Colouring::Family ? tr("Colour: operators") : tr("Colour: %1").arg(each == Colouring::Flops ? colouringName(each) : colouringName(each).toLower()), static_cast<int>(each)); };
    if (comparison) add(Colouring::Difference);
    for (const Colouring each : {Colouring::Family, Colouring::Parameters, Colouring::Flops, Colouring::Memory, Colouring::Time}) add(each);
    const Colouring now = comparison ? Colouring::Difference : m_usual;
    m_colours->setCurrentIndex(m_colours->findData(static_cast<int>(now)));
    m_view->setColouring(now);
}

void GraphCard::setScene(const GraphScenePtr& scene) {
    const bool comparison = scene && scene->isComparison;
    if (comparison != (m_view->scene() && m_view->scene()->isComparison)) showColours(comparison);
    m_view->setScene(scene);
    m_stack->setCurrentWidget(scene ? static_cast<QWidget*>(m_view) : m_placeholder);
    m_toolbar->setVisible(scene != nullptr);
    for (QWidget* tool : std::as_const(m_tools)) tool->setVisible(scene != nullptr);
    if (!m_search->text().isEmpty()) searchNow(m_search->text());
}

void GraphCard::setOthers(const QStringList& titles) {
    const QString before = other();
    const QSignalBlocker quiet(m_compared);
    m_compared->clear();
    m_compared->addItem(tr("Compare with…"));
    m_compared->addItems(titles);
    m_compared->setCurrentIndex(std::max(0, static_cast<int>(titles.indexOf(before)) + 1));
    m_compared->setVisible(!titles.isEmpty());
}

QString GraphCard::other() const { return m_compared->currentIndex() > 0 ? m_compared->currentText() : QString(); }

void GraphCard::startSearch() {
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

void GraphCard::searchNow(const QString& text) {
    m_at = -1;
    const auto found = m_view->search(text).size();
    m_count->setText(text.isEmpty() ? QString() : found == 0 ? tr("none") : format::count(found, tr("match"), tr("matches")));
}

void GraphCard::next() {
    const QVector<int>& found = m_view->found();
    if (found.isEmpty()) return;
    m_at = (m_at + 1) % static_cast<int>(found.size());
    m_view->reveal(found[m_at]);
    m_count->setText(tr("%1 of %2").arg(m_at + 1).arg(found.size()));
}

}  // namespace headroom::ui
