// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_state.h"

#include <nlohmann/json.hpp>

#include "base/store/catalogue.h"
#include "base/store/lock_file.h"
#include "base/store/queue.h"
#include "base/store/run_writer.h"
#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;

namespace {

const OpenOptions kByHand{.commitIntervalMs = 0};

RunState ended(EndState end) {
    return std::array{RunState::Finished, RunState::Paused, RunState::Failed,
                      RunState::Diverged}[static_cast<std::size_t>(end)];
}

/// The rules once more, each as a sentence, first match.
RunState byRules(const StateFacts& f) {
    const std::array<std::pair<bool, RunState>, 6> rules{{
        {f.lockHeld && !f.end && f.stopRequested, RunState::Stopping},
        {f.lockHeld && !f.end && f.pauseRequested, RunState::Pausing},
        {f.lockHeld && !f.end && f.committed, RunState::Running},
        {f.lockHeld && !f.end, RunState::Starting},
        {!f.lockHeld && f.claimed, RunState::Starting},
        {!f.lockHeld && f.queued, RunState::Queued},
    }};
    for (const auto& [holds, state] : rules)
        if (holds) return state;
    if (f.end) return ended(*f.end);
    return f.justCreated ? RunState::Starting : RunState::Lost;
}

}  // namespace

class RunStateTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyCombinationOfFactsHasItsState() {
        int seen = 0;
        for (int bits = 0; bits < 128; ++bits)
            for (int end = -1; end < 4; ++end, ++seen) {
                StateFacts facts{(bits & 1) != 0,  (bits & 2) != 0,  (bits & 4) != 0,  (bits & 8) != 0,
                                 (bits & 16) != 0, (bits & 32) != 0, (bits & 64) != 0, std::nullopt};
                if (end >= 0) facts.end = static_cast<EndState>(end);
                QVERIFY2(derive(facts) == byRules(facts), qPrintable(QString("%1 %2").arg(bits).arg(end)));
                QVERIFY(!isLive(derive(facts)) || facts.lockHeld || facts.claimed || facts.justCreated);
            }
        QCOMPARE(seen, 640);
    }

    void aRunGoesThroughItsStates() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        QCOMPARE(word(runState(stage.home, folder)), std::string_view("starting"));  // just made
        Queue queue(stage.home);
        queue.enqueue(folder, "cpu");
        QCOMPARE(word(runState(stage.home, folder)), std::string_view("queued"));
        const auto entry = queue.claim("cpu");
        QCOMPARE(word(runState(stage.home, folder)), std::string_view("starting"));
        std::optional<RunWriter> writer(std::in_place, folder, kByHand);
        queue.remove(entry->id);
        QCOMPARE(word(runState(stage.home, folder)), std::string_view("starting"));
        writer->append(writer->define("train_loss", "1"), test::at(1), 1);
        writer->commit();
        QCOMPARE(word(runState(stage.home, folder)), std::string_view("running"));
        Catalogue catalogue(stage.project);
        catalogue.request(folder.id(), RequestKind::Pause);
        QCOMPARE(word(runState(stage.home, folder)), std::string_view("pausing"));
        catalogue.request(folder.id(), RequestKind::Stop);
        QCOMPARE(word(runState(stage.home, folder)), std::string_view("stopping"));
        writer->finish(EndState::Paused, "asked for", nlohmann::json::object());
        QCOMPARE(word(runState(stage.home, folder)), std::string_view("paused"));
        queue.enqueue(folder, "cpu", StartMode::Resume);
        QCOMPARE(word(runState(stage.home, folder)), std::string_view("queued"));
        QVERIFY(queue.cancel(folder));
        writer.emplace(folder, kByHand);
        writer.reset();
        QCOMPARE(word(runState(stage.home, folder)), std::string_view("lost"));
    }

    void theEndOfAnEarlierSessionIsNoneOfThisOne_data() {
        QTest::addColumn<RunState>("state");
        QTest::addColumn<std::optional<End>>("end");
        QTest::addColumn<std::optional<RunState>>("session");
        const auto endAt = [](double time) { return std::optional(End{EndState::Paused, "stopped", {}, time}); };
        const std::optional<RunState> earlier;
        QTest::newRow("its own end") << RunState::Paused << endAt(7) << std::optional(RunState::Paused);
        QTest::newRow("an earlier end") << RunState::Paused << endAt(3) << earlier;
        QTest::newRow("an end that the worker takes away meanwhile") << RunState::Paused << std::optional<End>() << earlier;
        QTest::newRow("waiting with an earlier end") << RunState::Queued << endAt(3) << std::optional(RunState::Queued);
        QTest::newRow("running") << RunState::Running << std::optional<End>() << std::optional(RunState::Running);
        QTest::newRow("lost") << RunState::Lost << std::optional<End>() << std::optional(RunState::Lost);
    }

    void theEndOfAnEarlierSessionIsNoneOfThisOne() {
        QFETCH(RunState, state);
        QFETCH(std::optional<End>, end);
        QFETCH(std::optional<RunState>, session);
        QVERIFY(stateOfSession(state, end, 5) == session);
    }

    void whoHoldsARunIsKnown() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        QVERIFY(!holder(folder));
        const RunWriter writer(folder);
        QCOMPARE(holder(folder), process::self());
    }

    void aDeviceHasOneHolder() {
        const test::Stage stage;
        QVERIFY(stage.home.deviceLock("cuda:0").filename() == "cuda-0.lock");
        auto first = LockFile::tryTake(stage.home.deviceLock("cpu"));
        QVERIFY(first.has_value());
        QVERIFY(!LockFile::tryTake(stage.home.deviceLock("cpu")));
        QVERIFY(LockFile::tryTake(stage.home.deviceLock("cuda:0")).has_value());
        first.reset();
        QVERIFY(LockFile::tryTake(stage.home.deviceLock("cpu")).has_value());
    }
};

HEADROOM_TEST(RunStateTest)
#include "tst_run_state.moc"
