// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/train/chart_toolbar.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSlider>
#include <QToolButton>

#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chart.h"

namespace headroom::ui {
namespace {

QToolButton* segment(const QString& text, const QString& help) {
    auto* button = new QToolButton;
    button->setText(text);
    button->setProperty("segment", true);
    button->setAccessibleName(help);
    button->setToolTip(help);
    button->setFocusPolicy(Qt::TabFocus);
    return button;
}

}  // namespace

ChartToolbar::ChartToolbar(ChartGroup& group, QVector<Chart*> charts, QWidget* parent)
    : QWidget(parent), m_group(group), m_charts(std::move(charts)), m_axis(new QComboBox), m_smoothing(new QSlider(Qt::Horizontal)), m_exact(new QDoubleSpinBox),
      m_log(segment(tr("Log"), tr("Logarithmic values"))), m_all(segment(tr("Show all"), tr("Leave the zoomed range"))) {
    for (int axis = 0; axis < kXAxes; ++axis) m_axis->addItem(title(static_cast<XAxis>(axis)));
    m_axis->setAccessibleName(tr("X axis"));
    m_smoothing->setRange(0, 99);
    m_smoothing->setMinimumWidth(60);
    m_smoothing->setMaximumWidth(150);
    m_smoothing->setAccessibleName(tr("Smoothing"));
    m_exact->setRange(0, 0.999);
    m_exact->setDecimals(3);
    m_exact->setSingleStep(0.05);
    m_exact->setButtonSymbols(QAbstractSpinBox::NoButtons);
    m_exact->setFont(theme::figureFont(0.9));
    m_exact->setFixedWidth(64);
    m_exact->setAccessibleName(tr("Smoothing, exact"));
    m_log->setCheckable(true);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(2, 0, 2, 0);
    row->setSpacing(8);
    row->addWidget(toned(tr("Along"), "muted"));
    row->addWidget(m_axis);
    row->addSpacing(10);
    row->addWidget(toned(tr("Smoothing"), "muted"));
    row->addWidget(m_smoothing);
    row->addWidget(m_exact);
    row->addSpacing(10);
    row->addWidget(m_log);
    row->addWidget(m_all);
    row->addStretch();
    connect(m_axis, &QComboBox::activated, &m_group, [this](int axis) { m_group.setAxis(static_cast<XAxis>(axis)); });
    connect(m_smoothing, &QSlider::valueChanged, &m_group, [this](int percent) {
        if (qRound(m_group.smoothing() * 100) != percent) m_group.setSmoothing(percent / 100.0);
    });
    connect(m_exact, &QDoubleSpinBox::valueChanged, &m_group, &ChartGroup::setSmoothing);
    connect(m_log, &QToolButton::toggled, this, [this](bool on) {
        m_charts.first()->setLogarithmic(on);
    });
    connect(m_all, &QToolButton::clicked, &m_group, [this] { m_group.setRange(std::nullopt); });
    connect(&m_group, &ChartGroup::styleChanged, this, &ChartToolbar::follow);
    connect(&m_group, &ChartGroup::axisChanged, this, &ChartToolbar::follow);
    connect(&m_group, &ChartGroup::rangeChanged, this, &ChartToolbar::follow);
    follow();
}

void ChartToolbar::follow() {
    m_axis->setCurrentIndex(static_cast<int>(m_group.axis()));
    m_smoothing->setValue(qRound(m_group.smoothing() * 100));
    const QSignalBlocker quiet(m_exact);
    m_exact->setValue(m_group.smoothing());
    m_all->setVisible(m_group.range().has_value());
}

}  // namespace headroom::ui
