// SPDX-License-Identifier: GPL-3.0-or-later
#include <QJsonArray>
#include <QJsonObject>

#include "support/registry.h"
#include "support/temporary_folder.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/worker_questions.h"

using namespace headroom;

namespace {

/// A program that answers as a worker would: "echo" gives the question's text back, "die" ends it, "error" refuses.
constexpr const char* kFakeWorker = R"(#!/bin/sh
while read -r line; do
  id=$(printf '%s' "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
  case "$line" in
    *'"ask":"die"'*) kill -9 $$ ;;
    *'"ask":"slow"'*) sleep 0.5; printf '{"id":%s,"slow":true}\n' "$id" ;;
    *'"ask":"error"'*) printf '{"id":%s,"error":{"code":"DAT-04","message":"There is nothing."}}\n' "$id" ;;
    *'"ask":"inspect"'*) height=$(printf '%s' "$line" | sed 's/.*"height":\([0-9]*\).*/\1/'); printf '{"id":%s,"kind":"pictures","resized":true,"height":%s}\n' "$id" "$height" ;;
    *) printf '{"id":%s,"ok":true}\n' "$id" ;;
  esac
done
)";

}  // namespace

class QuestionRules : public QObject {
    Q_OBJECT
    test::TemporaryFolder m_folder;
    QString m_program;

private Q_SLOTS:
    void initTestCase() {
        const auto file = m_folder.write("worker", kFakeWorker);
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        m_program = QString::fromStdString(file.string());
    }

    void anAnswerCarriesTheNumberOfItsQuestion() {
        ui::WorkerQuestions questions(m_program);
        QSignalSpy answered(&questions, &ui::WorkerQuestions::answered);
        const qint64 id = questions.ask("a", {{"ask", "echo"}});
        QTRY_COMPARE(answered.size(), 1);
        QCOMPARE(answered.first()[0].toLongLong(), id);
    }

    void aRefusalIsAProblemWithItsCode() {
        ui::WorkerQuestions questions(m_program);
        QSignalSpy failed(&questions, &ui::WorkerQuestions::failed);
        questions.ask("a", {{"ask", "error"}});
        QTRY_COMPARE(failed.size(), 1);
        QCOMPARE(failed.first()[2].value<ui::Problem>().code, QStringLiteral("DAT-04"));
    }

    void aNewerQuestionReplacesTheOneThatWaits() {
        ui::WorkerQuestions questions(m_program);
        QSignalSpy answered(&questions, &ui::WorkerQuestions::answered), replaced(&questions, &ui::WorkerQuestions::replaced);
        questions.ask("data", {{"ask", "slow"}});
        const qint64 old = questions.ask("data", {{"ask", "echo"}});
        const qint64 last = questions.ask("data", {{"ask", "echo"}});
        QTRY_COMPARE(answered.size(), 2);
        QCOMPARE(replaced.size(), 1);
        QCOMPARE(replaced.first()[0].toLongLong(), old);
        QCOMPARE(answered.last()[0].toLongLong(), last);
    }

    void dataAreLookedAtAgainWhereTheirSizeChangesMeanwhile() {
        ui::WorkerQuestions questions(m_program);
        ui::ConfigDraft draft;
        ui::DataInfo data(questions, draft);
        draft.set("data.side", "48");
        draft.set("data.path", "photos");
        draft.set("data.side", "32");
        QTRY_COMPARE(data.state(), ui::DataInfo::State::There);
        QCOMPARE(data.summary().shape.height, 32);
    }

    void aWorkerThatDiesIsStartedAgainForTheNextQuestion() {
        ui::WorkerQuestions questions(m_program);
        QSignalSpy answered(&questions, &ui::WorkerQuestions::answered), failed(&questions, &ui::WorkerQuestions::failed);
        questions.ask("a", {{"ask", "die"}});
        QTRY_COMPARE(failed.size(), 1);
        QCOMPARE(failed.first()[2].value<ui::Problem>().code, QStringLiteral("WRK-01"));
        questions.ask("a", {{"ask", "echo"}});
        QTRY_COMPARE(answered.size(), 1);
    }

    void aProgramThatIsMissingIsSaid() {
        ui::WorkerQuestions questions(m_program + "-missing");
        QSignalSpy failed(&questions, &ui::WorkerQuestions::failed);
        questions.ask("a", {{"ask", "echo"}});
        QTRY_COMPARE(failed.size(), 1);
    }

    void aTileWhoseBytesDoNotMatchIsLeftOut() {
        const QJsonObject good{{"label", "7"}, {"width", 2}, {"height", 2}, {"channels", 1}, {"pixels", "AAECAw=="}};
        QJsonObject shorter = good, huge = good;
        shorter["pixels"] = "AAE=";
        huge["width"] = 1 << 30;
        const ui::DataSummary summary = ui::dataSummaryOf({{"samples", QJsonArray{good, shorter, huge}}});
        QCOMPARE(summary.samples.size(), 1);
    }
};

HEADROOM_TEST(QuestionRules)
#include "tst_questions.moc"
