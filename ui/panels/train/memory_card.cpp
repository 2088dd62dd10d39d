// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/train/memory_card.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

#include <cmath>

#include "base/config/document.h"
#include "base/plan/training_step.h"
#include "ui/bridge/bridge.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/format.h"
#include "ui/panels/selection.h"
#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

constexpr int kPlanDelayMs = 40;

struct KindLook {
    plan::Kind kind;
    const char* name;
    int series;
};
constexpr KindLook kLooks[] = {{plan::Kind::Weights, QT_TRANSLATE_NOOP("MemoryCard", "weights"), 0},
                               {plan::Kind::Gradients, QT_TRANSLATE_NOOP("MemoryCard", "gradients"), 4},
                               {plan::Kind::Optimizer, QT_TRANSLATE_NOOP("MemoryCard", "optimizer"), 5},
                               {plan::Kind::Activations, QT_TRANSLATE_NOOP("MemoryCard", "activations"), 1},
                               {plan::Kind::Workspace, QT_TRANSLATE_NOOP("MemoryCard", "workspace"), 3},
                               {plan::Kind::Batches, QT_TRANSLATE_NOOP("MemoryCard", "batches"), 2},
                               {plan::Kind::Ema, QT_TRANSLATE_NOOP("MemoryCard", "average"), 3},
                               {plan::Kind::Other, QT_TRANSLATE_NOOP("MemoryCard", "other"), -1}};

}  // namespace

MemoryCard::MemoryCard(const Context& context, QWidget* parent)
    : Card({}, parent), m_context(context), m_bar(new MemoryBar), m_where(toned({}, "muted")), m_verdict(new QLabel), m_empty(toned({}, "muted")) {
    head()->insertWidget(0, sectionHead(tr("Memory at the peak")));
    m_where->setFont(theme::textFont(0.85));
    head()->addWidget(m_where);
    head()->addWidget(m_verdict);
    m_empty->setWordWrap(true);
    body()->addWidget(m_bar);
    body()->addWidget(m_empty);
    m_later.setSingleShot(true);
    m_later.setInterval(kPlanDelayMs);
    connect(&m_later, &QTimer::timeout, this, &MemoryCard::replan);
    const auto soon = [this] { if (!m_later.isActive()) m_later.start(); };
    connect(&context.draft, &ConfigDraft::changed, this, soon);
    connect(&context.data, &DataInfo::changed, this, soon);
    connect(&context.bridge.hardware(), &Hardware::read, this, &MemoryCard::setReading);
    connect(&context.selection, &Selection::currentChanged, this, [this] { m_measured.reset(); show(); });
    replan();
}

void MemoryCard::setReading(const telemetry::Reading& reading) {
    const bool first = !m_available;
    m_available = reading.memoryAvailable.value;
    if (!reading.gpus.empty() && reading.gpus.front().memoryTotal && reading.gpus.front().memoryUsed)
        m_gpuFree = *reading.gpus.front().memoryTotal.value - *reading.gpus.front().memoryUsed.value;
    if (first) replan();
}

void MemoryCard::setCurve(const CurvePtr& curve) {
    if (curve->series.name != store::names::kMemoryTensors || curve->run != m_context.selection.current()) return;
    double most = 0;
    for (const store::Point& point : curve->curve.points) most = std::max(most, std::isfinite(point.value) ? point.value : 0);
    for (const store::Bucket& bucket : curve->curve.buckets) most = std::max(most, bucket.finite > 0 ? bucket.max : 0);
    if (most > 0) m_measured = static_cast<Bytes>(most);
    show();
}

std::optional<Bytes> MemoryCard::budget() const {
    const config::RunConfig& config = m_context.draft.config();
    if (const auto set = config::memoryBudget(config)) return set;
    const bool gpu = config.device != "cpu" && m_gpuFree;
    const auto free = gpu ? m_gpuFree : m_available;
    return free ? std::optional(plan::automaticBudget(*free)) : std::nullopt;
}

void MemoryCard::replan() {
    m_memory = {};
    if (m_context.data.state() == DataInfo::State::There) {
        const DataSummary& found = m_context.data.summary();
        m_memory = stepMemory(m_context.draft.config(), found.shape, found.train, budget());
    }
    show();
    Q_EMIT planned();
}

void MemoryCard::show() {
    const bool there = m_memory.peak > 0;
    m_bar->setVisible(there);
    m_empty->setVisible(!there);
    m_where->setVisible(there);
    m_verdict->setVisible(there);
    if (!there) {
        m_empty->setText(!m_memory.fault.isEmpty() ? m_memory.fault : tr("Choose data, and this shows what a training step needs before anything starts."));
        return;
    }
    QVector<MemoryPart> parts;
    for (const KindLook& look : kLooks)
        if (const Bytes bytes = m_memory.atPeak[static_cast<std::size_t>(look.kind)]; bytes > 0) parts << MemoryPart{tr(look.name), bytes, look.series};
    const auto limit = budget();
    m_bar->set(parts, limit, m_measured);
    m_where->setText(m_memory.where);
    if (!limit) {
        m_verdict->setText(tr("%1 planned").arg(format::bytes(m_memory.peak)));
        setTone(m_verdict, "muted");
    } else if (m_memory.fits) {
        m_verdict->setText(tr("fits · %1 to spare").arg(format::bytes(*limit - m_memory.peak)));
        setTone(m_verdict, "good");
    } else {
        m_verdict->setText(tr("does not fit · %1 more than the budget").arg(format::bytes(m_memory.peak - *limit)));
        setTone(m_verdict, "bad");
    }
}

}  // namespace headroom::ui
