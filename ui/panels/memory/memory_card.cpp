// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/memory_card.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

#include <cmath>

#include "ui/bridge/format.h"
#include "ui/bridge/memory_plan.h"
#include "ui/panels/selection.h"
#include "ui/theme/theme.h"

namespace headroom::ui {

MemoryCard::MemoryCard(const Context& context, QWidget* parent)
    : Card({}, parent), m_context(context), m_bar(new MemoryBar), m_where(toned({}, "muted")), m_verdict(new QLabel), m_empty(toned({}, "muted")) {
    head()->insertWidget(0, sectionHead(tr("Memory at the peak")));
    m_where->setFont(theme::textFont(0.85));
    head()->addWidget(m_where);
    head()->addWidget(m_verdict);
    m_empty->setWordWrap(true);
    body()->addWidget(m_bar);
    body()->addWidget(m_empty);
    connect(&context.memory, &MemoryPlan::changed, this, &MemoryCard::show);
    connect(&context.selection, &Selection::currentChanged, this, [this] { m_measured.reset(); show(); });
    show();
}

void MemoryCard::setCurve(const CurvePtr& curve) {
    if (curve->series.name != store::names::kMemoryTensors || curve->run != m_context.selection.current()) return;
    double most = 0;
    for (const store::Point& point : curve->curve.points) most = std::max(most, std::isfinite(point.value) ? point.value : 0);
    for (const store::Bucket& bucket : curve->curve.buckets) most = std::max(most, bucket.finite > 0 ? bucket.max : 0);
    if (most > 0) m_measured = static_cast<Bytes>(most);
    show();
}

void MemoryCard::show() {
    const StepMemory& memory = m_context.memory.memory();
    const bool there = memory.peak > 0;
    m_bar->setVisible(there);
    m_empty->setVisible(!there);
    m_where->setVisible(there);
    m_verdict->setVisible(there);
    if (!there) {
        m_empty->setText(!memory.fault.isEmpty() ? memory.fault : tr("Choose data, and this shows what a training step needs before anything starts."));
        return;
    }
    m_bar->set(memory.atPeak, {memory.features, memory.process - memory.features - memory.peak}, m_context.memory.budget(), m_measured);
    m_where->setText(memory.where);
    showVerdict();
}

void MemoryCard::showVerdict() {
    const StepMemory& memory = m_context.memory.memory();
    const auto limit = m_context.memory.budget();
    if (!limit) {
        m_verdict->setText(tr("%1 planned").arg(format::bytes(memory.process)));
        setTone(m_verdict, "muted");
    } else if (memory.process <= *limit) {
        m_verdict->setText(tr("fits · %1 to spare").arg(format::bytes(*limit - memory.process)));
        setTone(m_verdict, "good");
    } else {
        m_verdict->setText(tr("does not fit · %1 more than the budget").arg(format::bytes(memory.process - *limit)));
        setTone(m_verdict, "bad");
    }
}

}  // namespace headroom::ui
