// SPDX-License-Identifier: Apache-2.0
#include "base/store/waiting.h"

#include <nlohmann/json.hpp>

#include "base/store/catalogue.h"
#include "base/store/queue.h"
#include "base/store/run_state.h"
#include "base/store/run_writer.h"
#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;

class WaitingTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aRunTakenOutOfTheQueueHasEndedAndIsNotLost() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        Queue(stage.home).enqueue(run, "cpu");
        QVERIFY(takeOut(stage.home, stage.project, run.id(), EndState::Finished, "stopped"));
        QVERIFY(Queue(stage.home).list().empty());
        QVERIFY(runState(stage.home, run) == RunState::Finished);
        const auto row = Catalogue(stage.project).find(stage.home, run.id());
        QVERIFY(row && row->state == RunState::Finished);
        QCOMPARE(row->end->reason, std::string("stopped"));
        QVERIFY(!holder(run));
    }

    void theMetricsOfEarlierSessionsStay() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        {
            RunWriter writer(run);
            writer.append(writer.define("val_accuracy", "1"), test::at(10), 0.75);
            writer.finish(EndState::Paused, "paused", nlohmann::json::object());
        }
        Queue(stage.home).enqueue(run, "cpu", StartMode::Resume);
        QVERIFY(takeOut(stage.home, stage.project, run.id(), EndState::Paused, "paused"));
        const auto row = Catalogue(stage.project).find(stage.home, run.id());
        QVERIFY(row && row->state == RunState::Paused);
        QCOMPARE(row->metrics.at("val_accuracy"), 0.75);
    }

    void aRunThatDoesNotWaitIsLeftAlone() {
        const test::Stage stage;
        const auto never = stage.makeRun(), taken = stage.makeRun();
        QVERIFY(!takeOut(stage.home, stage.project, never.id(), EndState::Finished, "stopped"));
        QVERIFY(runState(stage.home, never) == RunState::Starting);
        Queue queue(stage.home);
        queue.enqueue(taken, "cpu");
        QVERIFY(queue.claim("cpu").has_value());
        QVERIFY(!takeOut(stage.home, stage.project, taken.id(), EndState::Finished, "stopped"));
        QCOMPARE(queue.list().size(), std::size_t{1});
    }
};

HEADROOM_TEST(WaitingTest)
#include "tst_waiting.moc"
