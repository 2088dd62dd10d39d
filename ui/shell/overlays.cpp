// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/overlays.h"

#include <QApplication>
#include <QGridLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "base/config/fields.h"
#include "ui/shell/actions.h"
#include "ui/shell/studio.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"

namespace headroom::ui {
namespace {

constexpr int kPaletteWidth = 560, kPaletteRows = 12, kTop = 60;

constexpr int kShadow = 24, kShadowDown = 6, kShadowAlpha = 26;

/// Rings that fade outward. An effect on the card itself would blur it anew with every key that is typed into it.
class CardShadow : public QWidget {
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setBrush(Qt::NoBrush);
        for (int ring = 0; ring < kShadow; ++ring) {
            const double left = 1 - double(ring) / kShadow, out = kShadow - ring;
            painter.setPen(QPen(QColor(0, 0, 0, int(kShadowAlpha * left * left)), 2));
            painter.drawRoundedRect(QRectF(rect()).adjusted(out, out, -out, -out), ring + 8, ring + 8);
        }
    }
};

QString str(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

}  // namespace

Overlay::Overlay(QWidget* window) : QFrame(window), m_shadow(new CardShadow(window)) {
    setObjectName(QStringLiteral("popup"));
    setFocusPolicy(Qt::StrongFocus);
    m_shadow->setAttribute(Qt::WA_TransparentForMouseEvents);
    m_shadow->hide();
    hide();
}

QPoint Overlay::place() const { return {(parentWidget()->width() - width()) / 2, kTop}; }

void Overlay::open() {
    m_before = QApplication::focusWidget();
    adjustSize();
    move(place());
    m_shadow->raise();
    raise();
    show();
    setFocus();
}

bool Overlay::event(QEvent* event) {
    switch (event->type()) {
        case QEvent::Move:
        case QEvent::Resize: m_shadow->setGeometry(geometry().adjusted(-kShadow, kShadowDown - kShadow, kShadow, kShadowDown + kShadow)); break;
        case QEvent::Show: m_shadow->show(); break;
        case QEvent::Hide: m_shadow->hide(); break;
        default: break;
    }
    return QFrame::event(event);
}

void Overlay::dismiss() {
    hide();
    if (m_before) m_before->setFocus();
}

void Overlay::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape) return dismiss();
    QFrame::keyPressEvent(event);
}

CommandPalette::CommandPalette(QWidget* window, Actions& actions, Studio& studio)
    : Overlay(window), m_actions(actions), m_studio(studio), m_line(new QLineEdit), m_list(new QListWidget) {
    setFixedWidth(kPaletteWidth);
    setAccessibleName(tr("Search everything"));
    m_line->setPlaceholderText(tr("Search runs, settings, commands"));
    m_line->setAccessibleName(tr("Search"));
    m_line->installEventFilter(this);
    m_list->setAccessibleName(tr("Found"));
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setUniformItemSizes(true);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(10, 10, 10, 10);
    layout->addWidget(m_line);
    layout->addWidget(m_list);
    setFocusProxy(m_line);
    connect(m_line, &QLineEdit::textChanged, this, &CommandPalette::narrow);
    connect(m_line, &QLineEdit::returnPressed, this, &CommandPalette::take);
    connect(m_list, &QListWidget::itemClicked, this, &CommandPalette::take);
}

void CommandPalette::ask() {
    gather();
    m_line->clear();
    narrow({});
    open();
}

void CommandPalette::gather() {
    m_entries.clear();
    for (const ActionSpec& spec : actionTable()) {
        QAction* action = m_actions[QLatin1String(spec.name)];
        if (action->isEnabled()) m_entries << Entry{action->text(), action->shortcut().toString(), [action] { action->trigger(); }};
    }
    for (const store::RunSummary& run : m_studio.runs().all()) {
        if (run.trashed) continue;
        const QString id = QString::fromStdString(run.id);
        m_entries << Entry{QString::fromStdString(run.name), subtitle(run), [this, id] { m_studio.selection().setCurrent(id); }};
    }
    for (const config::Field& field : config::fields()) {
        const QString path = str(field.path);
        m_entries << Entry{str(field.title), path, [this, path] { Q_EMIT fieldWanted(path); }};
    }
}

void CommandPalette::narrow(const QString& text) {
    const QStringList words = text.toLower().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    m_list->clear();
    for (int i = 0; i < m_entries.size(); ++i) {
        const QString all = (m_entries[i].text + QLatin1Char(' ') + m_entries[i].detail).toLower();
        if (!std::all_of(words.begin(), words.end(), [&](const QString& word) { return all.contains(word); })) continue;
        auto* item = new QListWidgetItem(m_entries[i].detail.isEmpty() ? m_entries[i].text : QStringLiteral("%1   —   %2").arg(m_entries[i].text, m_entries[i].detail), m_list);
        item->setData(Qt::UserRole, i);
    }
    m_list->setCurrentRow(0);
    m_list->setFixedHeight(std::clamp(m_list->count(), 1, kPaletteRows) * 24 + 4);
    adjustSize();
}

void CommandPalette::take() {
    QListWidgetItem* item = m_list->currentItem();
    if (!item) return;
    dismiss();
    m_entries[item->data(Qt::UserRole).toInt()].run();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_line && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        const int step = key == Qt::Key_Down ? 1 : key == Qt::Key_Up ? -1 : 0;
        if (step != 0) return m_list->setCurrentRow(std::clamp(m_list->currentRow() + step, 0, std::max(0, m_list->count() - 1))), true;
    }
    return Overlay::eventFilter(watched, event);
}

ShortcutList::ShortcutList(QWidget* window) : Overlay(window) {
    setAccessibleName(tr("Keyboard shortcuts"));
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(20, 16, 20, 18);
    grid->setHorizontalSpacing(18);
    grid->setVerticalSpacing(4);
    grid->addWidget(sectionHead(tr("Keyboard shortcuts")), 0, 0, 1, 4);
    QVector<std::pair<QString, QString>> rows;
    for (const ActionSpec& spec : actionTable())
        if (*spec.shortcut) rows << std::pair(QKeySequence(QLatin1String(spec.shortcut)).toString(), Actions::tr(spec.text));
    for (const auto& [keys, text] : focusKeys()) rows << std::pair(QString::fromUtf8(keys), Actions::tr(text));
    const int half = (static_cast<int>(rows.size()) + 1) / 2;
    for (int i = 0; i < rows.size(); ++i) {
        QLabel* keys = figure(rows[i].first, 0.9);
        keys->setMinimumWidth(110);
        grid->addWidget(keys, 1 + i % half, i / half * 2);
        grid->addWidget(new QLabel(rows[i].second), 1 + i % half, i / half * 2 + 1);
    }
}

CloseCard::CloseCard(QWidget* window) : Overlay(window), m_text(new QLabel), m_keep(new QPushButton(tr("Keep running"))) {
    setAccessibleName(tr("Close the window"));
    auto* title = new QLabel(tr("Training continues in the background"));
    title->setFont(theme::textFont(1.15, QFont::DemiBold));
    m_text->setWordWrap(true);
    setFixedWidth(460);
    auto* stop = new QPushButton(tr("Checkpoint and stop"));
    auto* cancel = new QPushButton(tr("Cancel"));
    m_keep->setProperty("primary", true);
    auto* buttons = new QHBoxLayout;
    buttons->addStretch();
    for (QPushButton* button : {cancel, stop, m_keep}) buttons->addWidget(button);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(20, 18, 20, 16);
    layout->setSpacing(10);
    layout->addWidget(title);
    layout->addWidget(m_text);
    layout->addLayout(buttons);
    setFocusProxy(m_keep);
    connect(cancel, &QPushButton::clicked, this, &Overlay::dismiss);
    connect(stop, &QPushButton::clicked, this, &CloseCard::stopAndClose);
    connect(m_keep, &QPushButton::clicked, this, &CloseCard::keepRunning);
}

void CloseCard::ask(const QStringList& runs) {
    m_text->setText(tr("%1 goes on without the window. Open the studio again to see it, with no gap in its curves.").arg(runs.join(QStringLiteral(", "))));
    open();
}

}  // namespace headroom::ui
