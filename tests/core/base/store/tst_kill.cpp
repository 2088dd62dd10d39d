// SPDX-License-Identifier: Apache-2.0
#include <QProcess>
#include <chrono>
#include <random>
#include <thread>

#include "base/process/liveness.h"
#include "base/store/run_reader.h"
#include "base/store/run_state.h"
#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;

namespace {

/// Lets the writer acknowledge `commits` and then some random microseconds more, kills it, and returns the last step
/// that it acknowledged.
std::int64_t writeAndKill(const RunFolder& folder, int commits, int microseconds) {
    QProcess child;
    child.start(HEADROOM_STORE_WRITER, {QString::fromStdString(folder.path().string())});
    std::int64_t acknowledged = 0;
    for (int i = 0; i < commits && child.waitForReadyRead(30000);)
        for (; child.canReadLine(); ++i) acknowledged = child.readLine().trimmed().toLongLong();
    QTest::qWait(0);
    std::this_thread::sleep_for(std::chrono::microseconds(microseconds));  // a random point inside of a commit
    child.kill();
    child.waitForFinished();
    while (child.canReadLine()) acknowledged = child.readLine().trimmed().toLongLong();
    return acknowledged;
}

/// A tenth of the campaign's 200; HEADROOM_KILLS asks for another number.
int kills() {
    const int asked = qEnvironmentVariableIntValue("HEADROOM_KILLS");
    return asked > 0 ? asked : 20;
}

}  // namespace

class KillTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aKilledWriterLosesNothingThatWasAcknowledged() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        std::mt19937 random(5);
        for (int kill = 0; kill < kills(); ++kill) {
            const auto acknowledged =
                writeAndKill(folder, 2 + static_cast<int>(random() % 8), static_cast<int>(random() % 20000));
            QVERIFY(acknowledged > 0);
            QVERIFY(runState(stage.home, folder) == RunState::Lost);
            const RunReader reader(folder);
            for (const char* name : {"train_loss", "energy"}) {
                const auto series = reader.find(name);
                const Curve curve = reader.readAll(series->id);
                QVERIFY(curve.gaps.empty());
                QVERIFY2(std::ssize(curve.points) >= acknowledged, name);
                for (std::size_t i = 0; i < curve.points.size(); ++i)
                    QCOMPARE(curve.points[i].at.step, static_cast<std::int64_t>(i) + 1);
            }
            QCOMPARE(reader.sessions().size(), static_cast<std::size_t>(kill) + 1);
        }
        QCOMPARE(test::answer(folder.database(), "PRAGMA integrity_check"), std::string("ok"));
    }

    void aKilledWriterFreesItsLockAtOnce() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        writeAndKill(folder, 1, 0);
        QVERIFY(!holder(folder));
    }
};

HEADROOM_TEST(KillTest)
#include "tst_kill.moc"
