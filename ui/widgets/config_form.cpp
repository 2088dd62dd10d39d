// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/config_form.h"

#include <QGridLayout>
#include <QUndoStack>

#include "ui/bridge/config_draft.h"
#include "ui/widgets/card.h"
#include "ui/widgets/field_editor.h"

namespace headroom::ui {
namespace {

QString str(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

/// The head above a field: the path without its last part, as words.
QString sectionTitle(const QString& path) {
    static const std::pair<const char*, const char*> kTitles[] = {
        {"data.augment", QT_TRANSLATE_NOOP("ConfigForm", "Augmentation")}, {"data", QT_TRANSLATE_NOOP("ConfigForm", "Data")},
        {"model", QT_TRANSLATE_NOOP("ConfigForm", "Model")},
        {"train.optimizer", QT_TRANSLATE_NOOP("ConfigForm", "Optimizer")},
        {"train.schedule", QT_TRANSLATE_NOOP("ConfigForm", "Schedule")},
        {"train.early_stopping", QT_TRANSLATE_NOOP("ConfigForm", "Early stopping")},
        {"train", QT_TRANSLATE_NOOP("ConfigForm", "Training")}, {"checkpoint", QT_TRANSLATE_NOOP("ConfigForm", "Checkpoints")},
        {"memory", QT_TRANSLATE_NOOP("ConfigForm", "Memory")}, {"loader", QT_TRANSLATE_NOOP("ConfigForm", "Loading")},
        {"cost", QT_TRANSLATE_NOOP("ConfigForm", "Cost")}};
    const QString prefix = path.section(QLatin1Char('.'), 0, -2);
    for (const auto& [key, title] : kTitles)
        if (prefix == QLatin1String(key)) return ConfigForm::tr(title);
    return prefix.isEmpty() ? ConfigForm::tr("Run") : prefix;
}

/// One edit of one field. Edits of the same field that follow each other (a slider that is drawn) are one step back.
class EditField : public QUndoCommand {
public:
    EditField(ConfigDraft& draft, const config::Field& field, QString before, QString after)
        : m_draft(draft), m_path(str(field.path)), m_before(std::move(before)), m_after(std::move(after)) {
        setText(ConfigForm::tr("%1 %2").arg(str(field.title), m_after));
    }
    int id() const override { return 1; }
    bool mergeWith(const QUndoCommand* other) override {
        const auto* next = static_cast<const EditField*>(other);
        if (next->m_path != m_path) return false;
        m_after = next->m_after;
        setText(next->text());
        return true;
    }
    void undo() override { m_draft.set(m_path, m_before); }
    void redo() override { m_draft.set(m_path, m_after); }

private:
    ConfigDraft& m_draft;
    QString m_path, m_before, m_after;
};

}  // namespace

ConfigForm::ConfigForm(ConfigDraft& draft, QUndoStack& undo, QWidget* parent)
    : QWidget(parent), m_draft(draft), m_undo(undo), m_grid(new QGridLayout(this)) {
    m_grid->setContentsMargins(0, 0, 4, 0);
    m_grid->setHorizontalSpacing(10);
    m_grid->setVerticalSpacing(5);
    m_grid->setColumnStretch(0, 3);
    m_grid->setColumnStretch(1, 5);
    for (const config::Field& field : config::fields())
        if (field.path != "version") addRow(field);
    m_grid->setRowStretch(m_grid->rowCount(), 1);
    connect(&m_draft, &ConfigDraft::changed, this, &ConfigForm::refresh);
    refresh();
}

void ConfigForm::addRow(const config::Field& field) {
    const QString path = str(field.path);
    Row row{&field, nullptr, makeEditor(field), toned({}, "bad"), nullptr, sectionTitle(path)};
    if (!m_sections.contains(row.section)) {
        QLabel* head = sectionHead(row.section);
        head->setContentsMargins(0, m_sections.isEmpty() ? 0 : 8, 0, 1);
        m_grid->addWidget(head, m_grid->rowCount(), 0, 1, 2);
        m_sections[row.section] = head;
    }
    const int at = m_grid->rowCount();
    if (!row.editor->showsTitle()) {
        row.label = new QLabel(str(field.title));
        row.label->setBuddy(row.editor);
        row.label->setToolTip(row.editor->toolTip());
        m_grid->addWidget(row.label, at, 0, 1, row.editor->isWide() ? 2 : 1);
    }
    const bool wide = row.editor->isWide() || row.editor->showsTitle();
    m_grid->addWidget(row.editor, wide ? at + 1 : at, wide ? 0 : 1, 1, wide ? 2 : 1);
    row.fault->setWordWrap(true);
    row.fault->hide();
    m_grid->addWidget(row.fault, at + 2, 0, 1, 2);
    connect(row.editor, &FieldEditor::edited, this, [this, path](const QString& text) { edit(path, text); });
    m_rows[path] = row;
    m_order << path;
}

void ConfigForm::attach(const QString& path, QWidget* widget) {
    Row& row = m_rows[path];
    const int index = m_grid->indexOf(row.fault);
    int at = 0, column = 0, rows = 0, columns = 0;
    m_grid->getItemPosition(index, &at, &column, &rows, &columns);
    m_grid->removeWidget(row.fault);
    auto* both = new QWidget;
    auto* layout = new QVBoxLayout(both);
    layout->setContentsMargins(0, 0, 0, 2);
    layout->setSpacing(3);
    layout->addWidget(row.fault);
    layout->addWidget(widget);
    m_grid->addWidget(both, at, 0, 1, 2);
    row.attached = both;
}

/// Checked first, so that only what was taken becomes a step of the undo stack.
void ConfigForm::edit(const QString& path, const QString& text) {
    Row& row = m_rows[path];
    const QString before = m_draft.text(path);
    if (before == text) return row.fault->hide();
    const QString fault = m_draft.set(path, text);
    row.editor->setFault(fault);
    row.fault->setText(fault);
    row.fault->setVisible(!fault.isEmpty());
    if (fault.isEmpty()) m_undo.push(new EditField(m_draft, *row.field, before, m_draft.text(path)));
}

void ConfigForm::setLevel(config::Level level) {
    m_level = level;
    refreshVisibility();
}

QStringList ConfigForm::paths() const { return m_order; }

void ConfigForm::refresh() {
    for (const QString& path : m_order) {
        Row& row = m_rows[path];
        row.editor->setText(m_draft.text(path));
        row.fault->hide();
        row.editor->setFault({});
    }
    refreshVisibility();
}

void ConfigForm::refreshVisibility() {
    QMap<QString, bool> used;
    for (const QString& path : m_order) {
        const Row& row = m_rows[path];
        const bool shown = row.field->isRelevant(m_draft.config()) && (m_level == config::Level::Advanced || row.field->level == config::Level::Simple);
        row.editor->setVisible(shown);
        if (row.label) row.label->setVisible(shown);
        if (!shown) row.fault->hide();
        if (row.attached) row.attached->setVisible(shown);
        used[row.section] = used[row.section] || shown;
    }
    for (auto at = m_sections.begin(); at != m_sections.end(); ++at) at.value()->setVisible(used[at.key()]);
}

}  // namespace headroom::ui
