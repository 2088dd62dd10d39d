// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/bridge/prediction.h"
#include "ui/widgets/card.h"

class QCheckBox;
class QComboBox;

namespace headroom::store {
struct RunSummary;
}

namespace headroom::ui {

struct Context;

/// Who is asked: the run, which of its weights, and whether the file that it exported answers beside it.
class RunCard : public Card {
    Q_OBJECT
public:
    explicit RunCard(const Context& context, QWidget* parent = nullptr);
    void set(const store::RunSummary& run, const PredictableRun& found);

    QString weights() const;
    bool beside() const;
    QComboBox* runs() const { return m_runs; }
    QComboBox* weightsBox() const { return m_weights; }
    QCheckBox* besideBox() const { return m_beside; }

Q_SIGNALS:
    /// Another answer is to be expected.
    void changed();
    void exportWanted();

private:
    QLabel *m_name, *m_facts;
    QComboBox *m_runs, *m_weights;
    QCheckBox* m_beside;
    QPushButton* m_export;
};

}  // namespace headroom::ui
