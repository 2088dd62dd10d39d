// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QListView>
#include <QStyledItemDelegate>

#include "ui/panels/predict/answers_model.h"

namespace headroom::ui {

/// Paints an input with what run and file make of it side by side: bars of the likeliest classes, or a value.
class AnswerDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

/// Who answered, how long one sample took, and how that was measured.
struct SideHead {
    QString title, figure, detail;
};

/// The list of answers under the names of its columns, each side with its latency.
class AnswersView : public QWidget {
    Q_OBJECT
public:
    explicit AnswersView(QWidget* parent = nullptr);

    AnswersModel& model() { return *m_model; }
    QListView* list() const { return m_list; }
    /// What stands over the columns.
    QString head() const { return m_head->accessibleName(); }
    /// What the columns are: without a title the second side is not there.
    void setSides(const SideHead& own, const SideHead& file);

private:
    AnswersModel* m_model;
    QListView* m_list;
    QWidget* m_head;
};

}  // namespace headroom::ui
