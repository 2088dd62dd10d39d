// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/memory/step_card.h"

#include "base/plan/moment.h"
#include "ui/bridge/format.h"

namespace headroom::ui {
namespace {

constexpr double kTail = 0.03;  ///< of the step, in which the last moment is drawn

using Moments = std::vector<plan::Moment>;

/// Index of the first moment of a stage; the number of moments where there is none.
qsizetype firstOf(const Moments& moments, plan::Stage stage) {
    return std::ranges::find(moments, stage, &plan::Moment::stage) - moments.begin();
}

qsizetype peakIndex(const plan::StepPlan& step) {
    const auto at = std::ranges::find_if(step.moments, [&](const plan::Moment& moment) {
        return moment.stage == step.peakStage && moment.instruction == step.peakInstruction;
    });
    return at == step.moments.end() ? 0 : at - step.moments.begin();
}

/// Of a moment of the first micro-batch. What the backward pass makes again belongs to it.
bool isBackward(const plan::StepPlan& step, const plan::Moment& moment) {
    const plan::Instruction& at = step.first.instructions[moment.instruction];
    return at.what == plan::Instruction::What::Backward || at.again;
}

/// What a moment belongs to, as the axis names it.
QString partOf(const plan::StepPlan& step, const plan::Moment& moment) {
    switch (moment.stage) {
        case plan::Stage::Resident: return {};
        case plan::Stage::First: return isBackward(step, moment) ? StepCard::tr("backward") : StepCard::tr("forward");
        case plan::Stage::Next: return StepCard::tr("each next one");
        case plan::Stage::Update: return StepCard::tr("update");
    }
    return {};
}

std::vector<StackChart::Part> partsOf(const plan::StepPlan& step, double end) {
    std::vector<StackChart::Part> parts;
    for (std::size_t i = 0; i < step.moments.size(); ++i) {
        const QString text = partOf(step, step.moments[i]);
        if (!parts.empty() && parts.back().text == text) continue;
        if (!parts.empty()) parts.back().to = static_cast<double>(i);
        parts.push_back({static_cast<double>(i), end, text});
    }
    return parts;
}

}  // namespace

StackData stackOf(const PlannedStep& planned) {
    const plan::StepPlan& step = planned.step;
    StackData data;
    const auto count = static_cast<qsizetype>(step.moments.size());
    const auto add = [&](double x, const plan::Moment& moment) {
        data.x << x;
        for (std::size_t kind = 0; kind < plan::kKinds; ++kind) data.bytes[kind] << static_cast<double>(moment.live[kind]);
        data.moments << QString::fromStdString(plan::momentText(planned.configured.graph(), step, moment.stage, moment.instruction));
    };
    for (qsizetype i = 0; i < count; ++i) add(static_cast<double>(i), step.moments[static_cast<std::size_t>(i)]);
    if (count > 0) add(static_cast<double>(count - 1) + std::max(1.0, kTail * static_cast<double>(count)), step.moments.back());
    return data;
}

StepCard::StepCard(QWidget* parent) : StackChart(tr("Over a step"), Drawn::Stepped, parent) {
    setEmptyText(tr("No step is planned."));
}

void StepCard::show(const StepMemory& memory, std::optional<Bytes> budget) {
    m_planned = memory.planned;
    setBand(std::nullopt);
    if (!m_planned) {
        setPeak(std::nullopt);
        setLevels({});
        setData({});
        return;
    }
    StackData data = stackOf(*m_planned);
    setParts(partsOf(m_planned->step, data.x.last()));
    setData(std::move(data));
    setPeak(Peak{static_cast<double>(peakIndex(m_planned->step)), static_cast<double>(memory.peak), tr("%1 · %2").arg(format::bytes(memory.peak), memory.where)});
    setSummary(memory.parts > 1 ? tr("%1 micro-batches of %2").arg(memory.parts).arg(memory.microBatch) : tr("%1 at once").arg(format::count(memory.microBatch, tr("sample"), tr("samples"))));
    if (budget)
        setLevels({{static_cast<double>(*budget), tr("budget %1").arg(format::bytes(*budget)), true}});
    else
        setLevels({});
}

void StepCard::mark(const std::optional<plan::Owner>& owner) {
    if (!owner || !m_planned) return setBand(std::nullopt);
    const plan::Stage stage = m_planned->step.peakStage == plan::Stage::Next ? plan::Stage::Next : plan::Stage::First;
    const auto first = static_cast<double>(firstOf(m_planned->step.moments, stage));
    setBand(std::pair(first + owner->from, first + owner->to));
}

}  // namespace headroom::ui
