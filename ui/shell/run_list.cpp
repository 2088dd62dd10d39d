// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/run_list.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/bridge/format.h"
#include "ui/bridge/runs_model.h"
#include "ui/panels/selection.h"

namespace headroom::ui {

void RunFilter::setWords(const QString& text) {
    m_words = text.toLower().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool RunFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
    const QModelIndex index = sourceModel()->index(row, 0, parent);
    if (static_cast<const RunsModel*>(sourceModel())->all()[static_cast<std::size_t>(row)].trashed) return false;
    const QString text = index.data(RunsModel::SearchRole).toString();
    return std::all_of(m_words.begin(), m_words.end(), [&](const QString& word) { return text.contains(word); });
}

bool RunFilter::lessThan(const QModelIndex& left, const QModelIndex& right) const {
    const auto& runs = static_cast<const RunsModel*>(sourceModel())->all();
    const auto& a = runs[static_cast<std::size_t>(left.row())];
    const auto& b = runs[static_cast<std::size_t>(right.row())];
    return a.pinned != b.pinned ? a.pinned : left.row() < right.row();
}

RunListCard::RunListCard(RunsModel& runs, Selection& selection, QWidget* parent)
    : Card({}, parent), m_runs(runs), m_selection(selection), m_proxy(new RunFilter(this)), m_list(new QListView), m_filter(new QLineEdit), m_count(toned({}, "muted")), m_pages(new QStackedWidget),
      m_empty(new PlaceholderCard({}, {})) {
    head()->insertWidget(0, sectionHead(tr("Runs")));
    head()->addWidget(m_count);
    m_filter->setPlaceholderText(tr("Filter by name, net, data, state"));
    m_filter->setAccessibleName(tr("Filter runs"));
    m_filter->setClearButtonEnabled(true);
    m_proxy->setSourceModel(&runs);
    m_proxy->sort(0);
    m_list->setModel(m_proxy);
    m_list->setItemDelegate(new RunDelegate(m_list));
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->setEditTriggers(QAbstractItemView::EditKeyPressed);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setUniformItemSizes(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setMouseTracking(true);
    m_list->setAccessibleName(tr("Runs"));
    m_list->setContextMenuPolicy(Qt::ActionsContextMenu);
    m_list->installEventFilter(this);
    m_pages->addWidget(m_list);
    m_pages->addWidget(m_empty);
    body()->addWidget(m_filter);
    body()->addWidget(m_pages, 1);
    connect(m_filter, &QLineEdit::textChanged, this, [this](const QString& text) { m_proxy->setWords(text); updatePages(); });
    connect(m_empty, &PlaceholderCard::triggered, this, [this] {
        if (m_filter->text().isEmpty())
            Q_EMIT wanted(QStringLiteral("sample"));
        else
            m_filter->clear();
    });
    for (auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(m_proxy, signal, this, &RunListCard::updatePages);
    connectSelection();
    updatePages();
}

void RunListCard::connectSelection() {
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& now) {
        if (now.isValid()) m_selection.setCurrent(now.data(RunsModel::IdRole).toString());
    });
    connect(m_list->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        const QStringList chosen = marked();
        // A click below the last run takes nothing away: the pages go on showing the current one.
        if (chosen.isEmpty() && m_list->currentIndex().isValid()) return m_list->selectionModel()->select(m_list->currentIndex(), QItemSelectionModel::Select);
        m_selection.setMarked(chosen);
    });
    connect(&m_selection, &Selection::currentChanged, this, &RunListCard::followCurrent);
    connect(m_proxy, &QAbstractItemModel::rowsInserted, this, &RunListCard::followCurrent);
}

void RunListCard::followCurrent() {
    const QModelIndex at = m_proxy->mapFromSource(m_runs.indexOf(m_selection.current()));
    if (!at.isValid() || at == m_list->currentIndex()) return;
    m_list->setCurrentIndex(at);
    m_list->scrollTo(at);
}

QStringList RunListCard::marked() const {
    QStringList ids;
    for (const QModelIndex& index : m_list->selectionModel()->selectedIndexes()) ids << index.data(RunsModel::IdRole).toString();
    return ids;
}

void RunListCard::updatePages() {
    const int shown = m_proxy->rowCount(), all = m_runs.rowCount();
    m_count->setText(QString::number(shown));
    m_pages->setCurrentIndex(shown > 0 ? 0 : 1);
    if (!m_filter->text().isEmpty()) {
        m_empty->set(tr("No run matches."), tr("%1 hidden by the filter.").arg(format::count(all, tr("run"), tr("runs"))));
        m_empty->setAction(tr("Clear filter"));
    } else {
        m_empty->set(tr("No runs yet."), tr("A run is one training attempt with its settings and results."));
        m_empty->setAction(tr("Try the sample"));
    }
}

void RunListCard::rename() {
    m_list->setFocus();
    if (m_list->currentIndex().isValid()) m_list->edit(m_list->currentIndex());
}

bool RunListCard::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_list && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const QString current = m_selection.current();
        if (key->modifiers() == Qt::NoModifier && key->key() == Qt::Key_P) return Q_EMIT wanted(QStringLiteral("pin")), true;
        if (key->modifiers() == Qt::NoModifier && key->key() == Qt::Key_H) return m_selection.setHidden(current, !m_selection.isHidden(current)), true;
    }
    return Card::eventFilter(watched, event);
}

}  // namespace headroom::ui
