// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QListView>
#include <QSortFilterProxyModel>
#include <QStyledItemDelegate>

#include "ui/widgets/card.h"

class QLineEdit;
class QStackedWidget;

namespace headroom::ui {

class RunsModel;
class Selection;

/// Runs that are not in the trash and match every word of the filter; pinned ones first.
class RunFilter : public QSortFilterProxyModel {
    Q_OBJECT
public:
    using QSortFilterProxyModel::QSortFilterProxyModel;
    void setWords(const QString& text);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    QStringList m_words;
};

/// A run in two lines: state as a shape and a word, curve in the colour that the charts use, its figure.
class RunDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    void updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

/// The list of runs with its filter and its empty states.
class RunListCard : public Card {
    Q_OBJECT
public:
    RunListCard(RunsModel& runs, Selection& selection, QWidget* parent = nullptr);

    QLineEdit* filter() const { return m_filter; }
    QListView* list() const { return m_list; }
    void rename();

Q_SIGNALS:
    void wanted(const QString& action);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void connectSelection();
    void followCurrent();
    void updatePages();
    QStringList marked() const;

    RunsModel& m_runs;
    Selection& m_selection;
    RunFilter* m_proxy;
    QListView* m_list;
    QLineEdit* m_filter;
    QLabel* m_count;
    QStackedWidget* m_pages;
    PlaceholderCard* m_empty;
};

}  // namespace headroom::ui
