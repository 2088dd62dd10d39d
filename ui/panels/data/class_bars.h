// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QStringList>
#include <QVector>
#include <QWidget>

namespace headroom::ui {

/// How many samples each class has: a bar a class, with its figure.
class ClassBars : public QWidget {
    Q_OBJECT
public:
    explicit ClassBars(QWidget* parent = nullptr);
    void set(const QStringList& classes, const QVector<qint64>& counts);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QStringList m_classes;
    QVector<qint64> m_counts;
};

}  // namespace headroom::ui
