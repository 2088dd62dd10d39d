// SPDX-License-Identifier: Apache-2.0
#include "base/store/queue.h"

#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;

class QueueTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void eachDeviceIsServedInOrder() {
        const test::Stage stage;
        const auto a = stage.makeRun(), b = stage.makeRun(), c = stage.makeRun();
        Queue queue(stage.home);
        queue.enqueue(a, "cpu");
        queue.enqueue(b, "cuda:0");
        queue.enqueue(c, "cpu", StartMode::Resume);
        QCOMPARE(queue.position(c), 1);
        QCOMPARE(queue.position(b), 0);
        auto first = queue.claim("cpu");
        QVERIFY(first->run.path() == a.path());
        QVERIFY(first->claimedBy == process::self());
        queue.remove(first->id);
        const auto second = queue.claim("cpu");
        QVERIFY(second->run.path() == c.path() && second->mode == StartMode::Resume);
        queue.remove(second->id);
        QVERIFY(!queue.claim("cpu"));
        QVERIFY(queue.claim("cuda:0")->run.path() == b.path());
    }

    void aRunWaitsOnlyOnce() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        Queue queue(stage.home);
        QCOMPARE(queue.enqueue(run, "cpu"), queue.enqueue(run, "cpu"));
        QCOMPARE(queue.list().size(), std::size_t{1});
    }

    void anEntryOfADeadWorkerIsGivenToTheNext() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        Queue queue(stage.home);
        queue.enqueue(run, "cpu");
        test::tamper(stage.home.queue(), "UPDATE entry SET pid = 999999999, start_time = 1, attempts = 1");
        QVERIFY(queue.claim("cpu").has_value());
    }

    void anEntryWhoseWorkersKeepDyingIsDropped() {
        const test::Stage stage;
        const auto bad = stage.makeRun(), good = stage.makeRun();
        Queue queue(stage.home);
        queue.enqueue(bad, "cpu");
        queue.enqueue(good, "cpu");
        test::tamper(stage.home.queue(), "UPDATE entry SET pid = 999999999, attempts = 3 WHERE id = 1");
        QVERIFY(queue.claim("cpu")->run.path() == good.path());
        QCOMPARE(queue.list().size(), std::size_t{1});
    }

    void anEntryOfALivingWorkerIsNotGivenAwayNorCancelled() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        Queue queue(stage.home);
        queue.enqueue(run, "cpu");
        const auto init = process::find(1);
        QVERIFY(init.has_value());
        test::tamper(stage.home.queue(),
                     QString("UPDATE entry SET pid = 1, start_time = %1").arg(init->startTime).toStdString());
        QVERIFY(!queue.claim("cpu"));
        QVERIFY(!queue.cancel(run));
    }

    void aWaitingRunCanBeCancelled() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        Queue queue(stage.home);
        QVERIFY(!queue.cancel(run));
        queue.enqueue(run, "cpu");
        QVERIFY(queue.cancel(run));
        QVERIFY(queue.list().empty());
    }

    void aRunWhoseFolderWentIsSkipped() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        Queue queue(stage.home);
        queue.enqueue(run, "cpu");
        std::filesystem::remove_all(run.path());
        QVERIFY(!queue.claim("cpu"));
        QVERIFY(queue.list().empty());
    }

    void otherConnectionsSeeThatSomethingChanged() {
        const test::Stage stage;
        Queue mine(stage.home), other(stage.home);
        const auto before = mine.dataVersion();
        QCOMPARE(mine.dataVersion(), before);
        other.enqueue(stage.makeRun(), "cpu");
        QVERIFY(mine.dataVersion() != before);
    }
};

HEADROOM_TEST(QueueTest)
#include "tst_queue.moc"
