// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model/training_actions.h"

#include <QUndoStack>

#include <algorithm>

#include "ui/bridge/config_draft.h"
#include "ui/widgets/config_edit.h"

namespace headroom::ui {
namespace {

void set(QAction* action, const QString& text, const QString& onButton, bool enabled) {
    action->setText(text);
    action->setIconText(onButton);
    action->setEnabled(enabled);
}

}  // namespace

TrainingActions::TrainingActions(ConfigDraft& draft, QUndoStack& undo, QObject* parent)
    : QObject(parent), m_draft(draft), m_undo(undo),
      m_freeze(action(tr("Whether the parameters of what is chosen stay as they are (train.freeze)"), Qt::Key_T, &TrainingActions::toggleFreezing)),
      m_freezeBefore(action(tr("Freezes all that what is chosen is computed from"), Qt::Key_B, &TrainingActions::freezeBefore)),
      m_alone(action(tr("Freezes all parameters but those of what is chosen"), Qt::Key_O, &TrainingActions::trainAlone)),
      m_update(action(tr("Whether the matrices of what is chosen get an update of low rank, which is trained in their place (model.lora)"), Qt::Key_U, &TrainingActions::toggleUpdate)) {
    set(m_freezeBefore, tr("Freeze everything before this"), tr("Freeze before"), false);
    set(m_alone, tr("Train only this"), tr("Train only this"), false);
    follow(nullptr, nullptr, -1, -1);
}

QAction* TrainingActions::action(const QString& help, const QKeySequence& key, void (TrainingActions::*does)()) {
    auto* made = new QAction(this);
    made->setToolTip(QStringLiteral("%1   %2").arg(help, key.toString()));
    made->setShortcut(key);
    made->setShortcutContext(Qt::WidgetShortcut);
    connect(made, &QAction::triggered, this, does);
    return made;
}

void TrainingActions::follow(const GraphScenePtr& scene, const ExploredModelPtr& model, int node, int block) {
    const bool can = scene && model && model->net && !scene->isComparison;
    if (!can) m_finder.reset();
    else if (!m_finder || m_finder->scene() != scene || m_model != model) m_finder.emplace(scene, model->trained, *model->net);
    m_model = can ? model : nullptr;
    m_chosen.clear();
    m_isWhole = node < 0 && block <= 0;
    m_isFrozen = m_isUpdated = false;
    if (can) followChoice(node, block);
    const QString training = !m_isFrozen ? tr("Freeze") : m_isWhole ? tr("Train all") : tr("Train");
    set(m_freeze, training, training, !m_chosen.empty() && (m_isFrozen || !m_isWhole));
    m_freezeBefore->setEnabled(can && !m_finder->isFrozen(m_before));
    m_alone->setEnabled(can && !m_isWhole && !m_chosen.empty() && !isAlone());
    set(m_update, m_isUpdated ? tr("No update here") : tr("Low-rank update here"), m_isUpdated ? tr("No update") : tr("Low-rank update"), can && !m_matrices.empty());
}

void TrainingActions::followChoice(int node, int block) {
    const GraphScene& scene = *m_finder->scene();
    m_where = m_isWhole ? tr("the whole graph") : node >= 0 ? scene.nodes[static_cast<std::size_t>(node)].name : scene.blocks[static_cast<std::size_t>(block)].path;
    m_chosen = m_finder->of(node, block);
    m_only = m_finder->unseenHead();
    m_only.insert(m_only.end(), m_chosen.begin(), m_chosen.end());
    m_before = m_finder->before(node, block);
    m_matrices = m_finder->matrices(m_chosen);
    m_isFrozen = m_isWhole ? !m_draft.config().train.freeze.empty() : !m_chosen.empty() && m_finder->isFrozen(m_chosen);
    m_isUpdated = !m_matrices.empty() && std::ranges::all_of(m_matrices, [&](graph::ValueId id) { return m_finder->hasUpdate(id); });
}

/// Whether that is trained, and nothing else.
bool TrainingActions::isAlone() const {
    return m_finder->net().trained().size() == m_only.size() && std::ranges::none_of(m_only, [&](graph::ValueId id) { return m_finder->net().value(id).frozen; });
}

void TrainingActions::toggleFreezing() {
    if (m_isWhole) return write([](const graph::Graph&, const models::Trained& now, const models::ParameterNames&) { return models::Trained{now.lora, {}}; }, {}, tr("Train all"));
    m_isFrozen ? write(models::thawing, m_chosen, tr("Train %1").arg(m_where)) : write(models::freezing, m_chosen, tr("Freeze %1").arg(m_where));
}

void TrainingActions::freezeBefore() { write(models::freezing, m_before, tr("Freeze everything before %1").arg(m_where)); }

void TrainingActions::trainAlone() { write(models::trainingAlone, m_only, tr("Train only %1").arg(m_where)); }

void TrainingActions::toggleUpdate() {
    m_isUpdated ? write(models::notUpdating, m_matrices, tr("No update of %1").arg(m_where)) : write(models::updating, m_matrices, tr("Low-rank update of %1").arg(m_where));
}

void TrainingActions::write(TrainingChoice choice, const ParameterFinder::Ids& parameters, const QString& text) {
    const ChosenTraining chosen = withChoice(m_draft.config(), *m_model->net, choice, m_finder->names(parameters));
    if (!chosen.refusal.isEmpty()) Q_EMIT refused(chosen.refusal);
    changeTogether(m_draft, m_undo, chosen.config, text);
}

}  // namespace headroom::ui
