// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>
#include <QObject>
#include <QStringList>
#include <QTimer>

#include <filesystem>
#include <memory>

#include "ui/bridge/prediction.h"
#include "ui/bridge/problem.h"

namespace headroom::ui {

class WorkerCall;

/// What a run, and beside it the file that it exported, make of inputs, and text token by token: by a worker of its own for
/// each question, in the thread that the object lives in. A new question ends the worker of the one before.
class Predictor : public QObject {
    Q_OBJECT
public:
    /// `runs`: the project's folder of runs. `program`: path of the worker; empty = the one beside this program.
    explicit Predictor(std::filesystem::path runs, QString program = {});
    ~Predictor() override;

    struct Question {
        QString run;
        QString weights;     ///< "last", "best"
        bool beside = false; ///< the exported file too
        QStringList inputs;  ///< as `headroom predict` takes them
    };
    struct Prompt {
        QString run, weights, text;
        qint64 tokens = 200, topK = 0;
        double temperature = 0.8;
        QString seed = QStringLiteral("1");
    };
    // From any thread; all return at once.
    void look(const QString& run);
    /// Both return the number that what follows carries.
    qint64 ask(const Question& question);
    qint64 generate(const Prompt& prompt);
    void stop();

Q_SIGNALS:
    void looked(const headroom::ui::PredictableRun& run);
    void answered(qint64 id, const headroom::ui::Predictions& predictions);
    /// What was written since the last time, so many tokens; at most ten times a second.
    void written(qint64 id, const QString& text, int tokens);
    void generated(qint64 id, qint64 tokens, double seconds);
    void failed(qint64 id, const headroom::ui::Problem& problem);

private:
    qint64 startSoon(const QStringList& arguments);
    void start(qint64 id, const QStringList& arguments);
    void take(const QJsonObject& line);
    void tellWritten();
    void lookNow(const QString& run);
    QString folderOf(const QString& run) const;

    std::filesystem::path m_runs;
    QString m_program;
    QAtomicInteger<qint64> m_last = 0;
    qint64 m_id = 0;  ///< of the question that is out
    std::unique_ptr<WorkerCall> m_call;
    QTimer* m_soon;
    QString m_text;
    int m_tokens = 0;
    PredictableRun m_known;  ///< of the run that was looked at last, without what lies in its folder
};

}  // namespace headroom::ui
