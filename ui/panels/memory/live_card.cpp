// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/live_card.h"

#include <QJsonDocument>
#include <QJsonObject>

#include "base/config/document.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/format.h"
#include "ui/bridge/memory_plan.h"
#include "ui/bridge/step_memory.h"
#include "ui/panels/selection.h"
#include "ui/widgets/kinds.h"

namespace headroom::ui {
namespace {

constexpr int kGatherMs = 100;
constexpr qsizetype kEventLetters = 34;

QString seriesOf(plan::Kind kind) { return QString::fromStdString(store::names::memoryOf(plan::name(kind))); }

/// The peak that the run was planned to reach: as its receipt says; one without is planned here, from its own
/// configuration and the micro-batch that it chose, where its data are those of the draft, whose shape is known.
std::optional<Bytes> plannedPeak(const QJsonObject& facts, const QByteArray& json, const Context& context) {
    const QJsonValue predicted = facts.value("receipt").toObject().value("predicted").toObject().value("peak_bytes");
    if (predicted.isDouble()) return predicted.toInteger();
    if (context.data.state() != DataInfo::State::There || json.isEmpty()) return std::nullopt;
    try {
        config::RunConfig config = config::parse(json.toStdString(), "config.json");
        const auto &mine = config.data, &drafted = context.draft.config().data;
        if (mine.path != drafted.path || mine.target != drafted.target || mine.task != drafted.task || config.model.file != context.draft.config().model.file) return std::nullopt;
        if (const qint64 micro = facts.value("micro_batch").toInteger(); micro > 0) config.train.microBatch = micro;
        const auto device = facts.value("device").toString().startsWith("cuda") ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu;
        return stepMemory(config, plan::ConfiguredStep(config, context.data.basis(), device), std::nullopt).peak;
    } catch (const Error&) {  // a run of another version: it has no prediction here
        return std::nullopt;
    }
}

}  // namespace

QStringList memorySeries() {
    QStringList names;
    for (std::size_t kind = 0; kind < plan::kKinds; ++kind) names << seriesOf(static_cast<plan::Kind>(kind));
    return names;
}

LiveCard::LiveCard(const Context& context, QWidget* parent) : StackChart(tr("Measured in the run"), Drawn::Gathered, parent), m_context(context) {
    m_gather.setSingleShot(true);
    m_gather.setInterval(kGatherMs);
    connect(&m_gather, &QTimer::timeout, this, &LiveCard::gather);
    connect(&context.selection, &Selection::currentChanged, this, &LiveCard::clear);
    connect(&context.selection, &Selection::runChanged, this, &LiveCard::explainEmpty);
    connect(&context.charts, &ChartGroup::axisChanged, this, [this] { m_gather.start(); });
    clear();
}

void LiveCard::clear() {
    m_curves.clear();
    m_events.clear();
    m_predicted.reset();
    setLevels({});
    setMarks({});
    setData({});
    explainEmpty();
}

void LiveCard::explainEmpty() {
    const store::RunSummary* run = m_context.selection.run();
    if (!run)
        setEmptyText(m_context.runs.all().empty() ? tr("No runs yet. What a run takes is drawn here against its plan.") : tr("Select a run to see what it took."));
    else if (store::isLive(run->state) || run->state == store::RunState::Queued)
        setEmptyText(tr("Waiting for the first reading…"));
    else
        setEmptyText(tr("This run was recorded without memory by kind."));
}

void LiveCard::setCurve(const CurvePtr& curve) {
    const QString name = QString::fromStdString(curve->series.name);
    if (curve->run != m_context.selection.current() || !name.startsWith(QLatin1String("memory."))) return;
    m_curves[name] = curve;
    if (!m_gather.isActive()) m_gather.start();
}

void LiveCard::setEvents(const EventList& events) {
    m_events = events;
    placeEvents();
}

void LiveCard::setFacts(const QByteArray& facts, const QByteArray& config) {
    m_predicted = plannedPeak(QJsonDocument::fromJson(facts).object(), config, m_context);
    if (m_predicted)
        setLevels({{static_cast<double>(*m_predicted), tr("planned %1").arg(format::bytes(*m_predicted)), false}});
    else
        setLevels({});
    summarise();
}

/// All kinds are read at the same moments, so the shortest decides while the others have already grown.
void LiveCard::gather() {
    StackData data;
    qsizetype count = std::numeric_limits<qsizetype>::max();
    const XAxis axis = m_context.charts.axis();
    for (std::size_t kind = 0; kind < plan::kKinds; ++kind) {
        const auto at = m_curves.find(seriesOf(static_cast<plan::Kind>(kind)));
        if (at == m_curves.end()) continue;
        const Trace trace = traceOf(*at->second, axis, 0);
        count = std::min(count, trace.x.size());
        data.x = trace.x;
        data.bytes[kind] = trace.value;
    }
    if (data.x.isEmpty()) return setData({});
    data.x.resize(count);
    for (const double x : std::as_const(data.x)) data.moments << tr("%1 %2").arg(title(axis).toLower(), format::value(x));
    setData(std::move(data));
    placeEvents();
    summarise();
}

void LiveCard::summarise() {
    double most = 0;
    for (qsizetype i = 0; i < data().x.size(); ++i) most = std::max(most, data().total(i));
    setNote({});
    if (most == 0) return setSummary({});
    const QString bytes = format::bytes(static_cast<Bytes>(most));
    setSummary(m_predicted ? tr("%1 · %2 of plan").arg(bytes, format::percent(most / static_cast<double>(*m_predicted))) : bytes);
    QStringList parts = unplannedKinds();
    const auto process = m_curves.find(QLatin1String(store::names::kMemoryProcess));
    if (process != m_curves.end()) parts << tr("process %1").arg(format::bytes(static_cast<Bytes>(process->second->series.last.value)));
    setNote(parts.join(QStringLiteral(" &nbsp;·&nbsp; ")));
}

/// The key to colours that the bar above has none of, because nothing of them is planned.
QStringList LiveCard::unplannedKinds() const {
    QStringList keys;
    const plan::BytesByKind& planned = m_context.memory.memory().atPeak;
    for (const plan::Kind kind : kStackedKinds)
        if (data().has(kind) && planned[static_cast<std::size_t>(kind)] == 0)
            keys << QStringLiteral("<span style='color:%1'>■</span> %2").arg(kindColour(kind).name(), kindName(kind));
    return keys;
}

void LiveCard::placeEvents() {
    std::vector<Mark> marks;
    if (m_context.charts.axis() == XAxis::Step)
        for (const store::Event& event : m_events) {
            if (event.kind != "memory") continue;
            QString words = QString::fromStdString(event.text);
            if (words.size() > kEventLetters) words = words.left(kEventLetters - 1) + QStringLiteral("…");
            marks.push_back({static_cast<double>(event.step), words});
        }
    setMarks(marks);
}

}  // namespace headroom::ui
