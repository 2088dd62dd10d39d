// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/widgets/card.h"

class QLineEdit;

namespace headroom::ui {

struct PredictableRun;

/// A row of a table, written out, or files of rows.
class RowInput : public Card {
    Q_OBJECT
public:
    explicit RowInput(QWidget* parent = nullptr);
    void set(const PredictableRun& run);
    QLineEdit* line() const { return m_line; }
    QPushButton* button() const { return m_ask; }
    QPushButton* typical() const { return m_typical; }

Q_SIGNALS:
    void asked(const QStringList& inputs);
    void filesWanted();

private:
    QLineEdit* m_line;
    QPushButton *m_ask, *m_typical;
    QLabel* m_columns;
    QString m_typicalRow;
};

}  // namespace headroom::ui
