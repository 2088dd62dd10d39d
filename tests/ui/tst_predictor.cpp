// SPDX-License-Identifier: GPL-3.0-or-later
// Questions to a run's net and what is made of the answers, with a program in the worker's place.
#include <QAbstractItemModelTester>
#include <QJsonArray>

#include <csignal>

#include "support/registry.h"
#include "ui/bridge/predictor.h"
#include "ui/panels/predict/answers_view.h"
#include "ui_support/fake_program.h"
#include "ui_support/watchdog.h"

using namespace headroom;

namespace {

/// Writes its arguments, its number, that of a program that it starts and its temporary folder beside itself; a run called
/// "slow" never answers, "dead" kills it, "refused" is refused, "endless" writes tokens for ever.
constexpr const char* kFakeWorker = R"sh(#!/bin/sh
here=$(dirname "$0")
printf '%s\n' "$*" > "$here/arguments"
touch "$TMPDIR/left"
printf '%s' "$TMPDIR" > "$here/scratch"
case "$*" in
  *slow*) sleep 100 & echo $! > "$here/child"; echo $$ > "$here/process"; wait ;;
  *dead*) kill -9 $$ ;;
  *refused*) echo '{"error":{"code":"CKP-05","message":"The data changed."}}'; exit 3 ;;
  *endless*) echo $$ > "$here/process"; while :; do echo '{"text":"ab "}'; sleep 0.01; done ;;
  generate*) echo '{"text":"a"}'; sleep 0.3; echo '{"text":"b"}'; echo '{"text":"c"}'; echo '{"tokens":3,"seconds":0.5}' ;;
  *) echo '{"by":"both","kind":"pictures","predictions":[{"input":"a.png","label":"7","probability":0.9,"top":[{"label":"7","probability":0.9},{"label":"1","probability":0.1}],"exported":{"label":"1","probability":0.6,"top":[{"label":"1","probability":0.6}]}},{"input":"b","value":"nan","exported":{"value":2.5}}],"largest_difference":0.5,"latency":{"run":{"p50_ms":0.25,"runs":50},"file":{"p50_ms":0.125,"runs":300,"runtime":"OpenVINO","precision":"f32"}}}' ;;
esac
)sh";

bool isAlive(qint64 process) { return ::kill(static_cast<pid_t>(process), 0) == 0; }

}  // namespace

class PredictorRules : public QObject {
    Q_OBJECT
    std::unique_ptr<test::TemporaryFolder> m_folder;
    std::unique_ptr<ui::Predictor> m_predictor;

    QByteArray written(const char* file) const {
        QFile read(QString::fromStdString((m_folder->path() / file).string()));
        return read.open(QIODevice::ReadOnly) ? read.readAll().trimmed() : QByteArray();
    }

private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<test::TemporaryFolder>();
        m_predictor = std::make_unique<ui::Predictor>(m_folder->path() / "runs", test::fakeProgram(*m_folder, kFakeWorker));
    }
    void cleanup() {
        m_predictor.reset();
        m_folder.reset();
    }

    void anAnswerHoldsBothSidesAndTheirLatency() {
        QSignalSpy answered(m_predictor.get(), &ui::Predictor::answered);
        const qint64 id = m_predictor->ask({"r", "best", true, {"a.png", "b"}});
        QTRY_COMPARE(answered.size(), 1);
        QCOMPARE(answered.first()[0].toLongLong(), id);
        const auto found = answered.first()[1].value<ui::Predictions>();
        QVERIFY(found.beside && found.rows.size() == 2 && found.runMs == 0.25 && found.fileMs == 0.125);
        QCOMPARE(found.rows[0].answer.top.size(), 2);
        QCOMPARE(found.rows[0].exported->top.first().label, QStringLiteral("1"));
        QVERIFY(!ui::sameAnswer(found.rows[0]) && ui::sameAnswer(found.rows[1]));
        QVERIFY(std::isnan(found.rows[1].answer.value) && found.rows[1].exported->value == 2.5);
        QVERIFY(written("arguments").endsWith("--weights best --top 5 --compare -- a.png b"));
    }

    void sharesOfPixelsStandWhereProbabilitiesDo() {
        const QJsonObject most{{"label", "road"}, {"share", 0.75}}, rest{{"label", "car"}, {"share", 0.25}};
        const ui::Predictions found = ui::predictionsOf({{"by", "run"}, {"predictions", QJsonArray{QJsonObject{{"input", "a.png"}, {"top", QJsonArray{most, rest}}}}}});
        QVERIFY(found.rows[0].answer.top.size() == 2 && found.rows[0].answer.top[0].probability == 0.75 && found.rows[0].answer.top[1].probability == 0.25);
    }

    void tokensAppearAsTheyCome() {
        QSignalSpy text(m_predictor.get(), &ui::Predictor::written), generated(m_predictor.get(), &ui::Predictor::generated);
        ui::Predictor::Prompt prompt;
        prompt.run = "r";
        prompt.weights = "last";
        prompt.text = "once";
        prompt.seed = "7";
        m_predictor->generate(prompt);
        QTRY_COMPARE(text.size(), 1);
        QCOMPARE(text.first()[1].toString(), QStringLiteral("a"));
        QVERIFY(generated.isEmpty());
        QTRY_COMPARE(generated.size(), 1);
        QString all;
        for (const auto& each : text) all += each[1].toString();
        QCOMPARE(all, QStringLiteral("abc"));
        QCOMPARE(generated.first()[1].toLongLong(), 3);
        QVERIFY(written("arguments").endsWith("--weights last --prompt once --tokens 200 --temperature 0.8 --top-k 0 --seed 7"));
    }

    void manyTokensComeTogether() {
        QSignalSpy text(m_predictor.get(), &ui::Predictor::written);
        ui::Predictor::Prompt prompt;
        prompt.run = "endless";
        m_predictor->generate(prompt);
        QTRY_VERIFY(text.size() >= 5);
        int most = 0;
        for (const auto& each : text) most = std::max(most, each[2].toInt());
        QVERIFY(most > 1);
    }

    void stopEndsTheWorkerWithWhatItStarted() {
        m_predictor->ask({"slow", "last", false, {"a"}});
        QTRY_VERIFY(!written("process").isEmpty());
        const qint64 process = written("process").toLongLong(), child = written("child").toLongLong();
        QVERIFY(isAlive(process) && isAlive(child) && QFile::exists(written("scratch")));
        QSignalSpy failed(m_predictor.get(), &ui::Predictor::failed);
        m_predictor->stop();
        QTRY_VERIFY(!isAlive(process));
        QTRY_VERIFY(!QFile::exists(written("scratch")));
        QTRY_VERIFY(!isAlive(child));
        QVERIFY(failed.isEmpty());
    }

    void aNewQuestionEndsTheOldOne() {
        QSignalSpy answered(m_predictor.get(), &ui::Predictor::answered), failed(m_predictor.get(), &ui::Predictor::failed);
        m_predictor->ask({"slow", "last", false, {"a"}});
        QTRY_VERIFY(!written("process").isEmpty());
        const qint64 process = written("process").toLongLong(), next = m_predictor->ask({"r", "last", true, {"a"}});
        QTRY_COMPARE(answered.size(), 1);
        QCOMPARE(answered.first()[0].toLongLong(), next);
        QVERIFY(!isAlive(process) && failed.isEmpty());
    }

    void theWorkerEndsWithItsOwner() {
        m_predictor->ask({"slow", "last", false, {"a"}});
        QTRY_VERIFY(!written("process").isEmpty());
        const qint64 process = written("process").toLongLong();
        m_predictor.reset();
        QVERIFY(!isAlive(process));
    }

    void whatGoesWrongHasItsCode_data() {
        QTest::addColumn<QString>("run");
        QTest::addColumn<QString>("code");
        QTest::newRow("a refusal") << "refused" << "CKP-05";
        QTest::newRow("a worker that dies") << "dead" << "WRK-01";
    }
    void whatGoesWrongHasItsCode() {
        QFETCH(QString, run);
        QSignalSpy failed(m_predictor.get(), &ui::Predictor::failed);
        m_predictor->ask({run, "last", false, {"a"}});
        QTRY_COMPARE(failed.size(), 1);
        QTEST(failed.first()[1].value<ui::Problem>().code, "code");
    }

    void aProgramThatIsMissingIsSaid() {
        ui::Predictor predictor(m_folder->path() / "runs", QString::fromStdString((m_folder->path() / "nothing").string()));
        QSignalSpy failed(&predictor, &ui::Predictor::failed);
        predictor.ask({"r", "last", false, {"a"}});
        QTRY_COMPARE(failed.size(), 1);
        QCOMPARE(failed.first()[1].value<ui::Problem>().code, QStringLiteral("WRK-03"));
    }

    void aTypicalRowIsMadeOfMediansAndCommonestCategories() {
        const QJsonObject age{{"name", "age"}, {"type", "numeric"}, {"mean", 40}, {"deciles", QJsonArray{18, 20, 22, 25, 30, 37.5, 40, 45, 50, 60, 90}}};
        const QJsonObject empty{{"name", "x"}, {"type", "numeric"}, {"mean", 0}, {"deciles", QJsonArray{}}};
        const QJsonObject job{{"name", "job"}, {"type", "category"}, {"categories", QJsonArray{"cook", "smith"}}, {"counts", QJsonArray{3, 9, 1}}};
        const QJsonObject note{{"name", "note"}, {"type", "text"}};
        const ui::PredictableRun run = ui::predictableOf("r", {{"kind", "table"}, {"columns", QJsonArray{age, empty, job, note}}});
        QCOMPARE(run.typicalRow, QStringLiteral("age=37.5,x=0,job=smith"));
        QCOMPARE(run.columns.size(), 4);
        QVERIFY(ui::predictableOf("r", {}).kind.isEmpty());
    }

    void checkpointsAndFilesAreFoundInTheRunsFolder() {
        QSignalSpy looked(m_predictor.get(), &ui::Predictor::looked);
        const auto look = [&](const char* file) {
            if (*file) m_folder->write(std::string("runs/r/") + file, "");
            m_predictor->look("r");
            const bool came = looked.wait(5000);
            return came ? looked.takeLast()[0].value<ui::PredictableRun>() : ui::PredictableRun();
        };
        QVERIFY(!look("").checkpoint);
        QVERIFY(!look("checkpoints/step-5.tmp").checkpoint);
        const ui::PredictableRun step = look("checkpoints/step-5.safetensors");
        QVERIFY(step.checkpoint && !step.best && step.exported.isEmpty());
        QVERIFY(look("checkpoints/best.safetensors").best);
        QCOMPARE(look("exports/model.unverified.onnx").exported, QStringLiteral("model.unverified.onnx"));
        QCOMPARE(look("exports/model.onnx").exported, QStringLiteral("model.onnx"));
    }

    void picturesAreSeenThenAskedAboutThenAnswered() {
        ui::AnswersModel model;
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.addPictures({"/x/a.png", "/x/b.png", "/x/a.png"});
        model.addPictures({"/x/b.png", "/x/c.png"});
        QCOMPARE(model.rowCount(), 3);
        QCOMPARE(model.unseen(2), (QStringList{"/x/a.png", "/x/b.png"}));
        QVERIFY(model.unanswered(9).isEmpty());
        QImage picture(2, 2, QImage::Format_Grayscale8);
        picture.fill(7);
        for (const char* path : {"/x/a.png", "/x/c.png"}) model.setPicture(QLatin1String(path), picture);
        model.setProblem("/x/b.png", {ui::Severity::Error, "IMG-03", {}, "It is no picture."});
        QVERIFY(model.unseen(9).isEmpty());
        QCOMPARE(model.unanswered(9), (QStringList{"/x/a.png", "/x/c.png"}));
        model.setAnswers({"/x/a.png", "/x/c.png"}, {{"a.png", {{{"7", 0.9}}, 0}, {}}, {"c.png", {{{"1", 0.5}}, 0}, ui::Answer{{{"1", 0.25}}, 0}}});
        QVERIFY(model.unanswered(9).isEmpty());
        QCOMPARE(model.answeredCount(), 2);
        QCOMPARE(model.index(0).data(Qt::AccessibleTextRole).toString(), QStringLiteral("a.png: 7 90.0 %"));
        QCOMPARE(model.index(1).data(Qt::AccessibleTextRole).toString(), QStringLiteral("b.png: It is no picture."));
        QCOMPARE(model.index(2).data(Qt::AccessibleTextRole).toString(), QStringLiteral("c.png: run 1 50.0 %, exported file 1 25.0 %"));
        model.forgetAnswers();
        QCOMPARE(model.unanswered(1), QStringList{"/x/a.png"});
        model.replace({{"a row", {{}, 2.5}, {}}});
        QVERIFY(model.rowCount() == 1 && !model.hasPictures() && model.unseen(9).isEmpty());
    }

    void manyAnswersDoNotHoldTheWindow() {
        ui::AnswersView view;
        view.resize(700, 400);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        const QVector<ui::Prediction> answers(50'000, {"a row", {{{"7", 0.9}, {"1", 0.1}}, 0}, ui::Answer{{{"7", 0.9}, {"1", 0.1}}, 0}});
        auto* watched = test::WatchedApplication::instance();
        watched->startWatching();
        QMetaObject::invokeMethod(&view, [&] { view.model().replace(answers); }, Qt::QueuedConnection);
        QTest::qWait(500);
        const auto worst = watched->stopWatching();
        qInfo("worst handler: %.1f ms of CPU time (%s)", worst.milliseconds, qPrintable(worst.handler));
        QCOMPARE(view.model().rowCount(), 50'000);
        QVERIFY(worst.milliseconds < 50);
    }

    void tokensOfBlanksCanBeSeen() {
        QCOMPARE(ui::labelText("\n"), QStringLiteral("↵"));
        QCOMPARE(ui::labelText(" "), QStringLiteral("␣"));
        QCOMPARE(ui::labelText("a b"), QStringLiteral("a b"));
    }
};

HEADROOM_TEST(PredictorRules)
#include "tst_predictor.moc"
