// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/bridge/prediction.h"
#include "ui/bridge/problem.h"
#include "ui/panels/context.h"

class QTimer;

namespace headroom::ui {

class AnswersCard;
class FillablePage;
class PlaceholderCard;
class Predictor;
class ProblemNote;
class RowInput;
class RunCard;
class TextInput;

/// What a run, and the file that it exported, make of pictures, rows and texts, side by side; text token by token. The kind
/// of the run's data decides what can be asked. Pictures are looked at and nets computed by workers alone.
class PredictPanel : public Panel {
    Q_OBJECT
public:
    explicit PredictPanel(const Context& context, QWidget* parent = nullptr);
    bool accept(const QString& path) override;
    bool acceptAll(const QStringList& paths);

    PlaceholderCard& placeholder();
    RunCard& runCard() { return *m_run; }
    RowInput& row() { return *m_row; }
    TextInput& text() { return *m_text; }
    AnswersCard& answers() { return *m_answers; }
    ProblemNote& problem() { return *m_problem; }
    /// Whether there is something to ask, and of what kind.
    const PredictableRun& known() const { return m_known; }

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    QWidget* filledPage();
    void connectBridge();
    void connectInputs();
    void follow();
    void take(const PredictableRun& found);
    void enter(const PredictableRun& found);
    void fill();

    void first();
    void chooseFiles();
    void ask(const QStringList& inputs);
    void askAgain();
    void lookNext();
    void askNext();
    void takePictures(const QJsonArray& found);
    void generate();
    void stop();
    void fail(const Problem& problem);
    void showAnswers();
    void showBusy();

    Context m_context;
    Predictor& m_predictor;
    FillablePage* m_page;
    RunCard* m_run;
    RowInput* m_row;
    TextInput* m_text;
    ProblemNote* m_problem;
    AnswersCard* m_answers;
    QTimer* m_soon;  ///< a run is asked once nobody goes on to the next one

    PredictableRun m_known;
    QStringList m_inputs;                 ///< of a table or text, asked last
    QStringList m_askedPaths, m_lookedAt; ///< pictures that are out
    qint64 m_asked = 0, m_generating = 0, m_looking = 0;
};

}  // namespace headroom::ui
