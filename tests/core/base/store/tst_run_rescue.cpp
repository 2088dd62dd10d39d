// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_rescue.h"

#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/config/document.h"
#include "base/store/catalogue.h"
#include "base/store/create_run.h"
#include "base/store/queue.h"
#include "base/store/resume_terms.h"
#include "base/store/run_state.h"
#include "base/store/run_writer.h"
#include "base/store/worker_record.h"
#include "core/base/store/fixtures.h"
#include "support/fake_system.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;
using namespace std::chrono_literals;

namespace {

using Verdict = RunRescue::Verdict;

/// A run whose worker is gone, and the kernel that knows of it.
struct Lost {
    test::Stage stage{};
    test::FakeSystem system{};
    RunFolder run;
    RunRescue rescue{system.root()};

    explicit Lost(std::int64_t microBatch = 0, std::int64_t batch = 64) : run(make(microBatch, batch)) { begin(); }

    RunFolder make(std::int64_t microBatch, std::int64_t batch) {
        config::RunConfig config;
        config.data.path = "/data/digits";
        config.train.batchSize = batch;
        config.train.microBatch = microBatch;
        return stage.project.run(createRun(stage.project, config::toJson(config), {}));
    }
    /// A worker takes the run, leaves its record, says what it works with, and dies of SIGKILL.
    void begin(std::int64_t microBatch = 0) {
        const WorkerRecord record = ownRecord(system.root());
        {
            RunWriter writer(run);
            if (microBatch > 0) writer.setFact("micro_batch", microBatch);
        }
        std::ofstream(run.lock()) << record.worker.pid << ' ' << record.worker.startTime << '\n';
        std::ofstream(run.workerRecord()) << recordText(record);
    }
    void lastWordWas(int signal) { std::ofstream(run.workerRecord(), std::ios::app) << lastWord(signal); }
    Verdict attempt(std::chrono::seconds after = 0s) { return rescue.attempt(stage.home, run, "cpu", RunRescue::Clock::time_point{} + after); }
    /// The next worker takes the queue's entry and the terms.
    ResumeTerms takenUp() {
        Queue queue(stage.home);
        queue.remove(queue.claim("cpu")->id);
        return takeTerms(run);
    }
};

}  // namespace

class RunRescueTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aRunThatTheKernelEndedWaitsForItsDeviceWithHalfTheMicroBatch() {
        Lost lost;
        lost.begin(32);
        lost.system.setOomKills(1);
        QVERIFY(runState(lost.stage.home, lost.run) == RunState::Lost);
        QCOMPARE(lost.attempt(), Verdict::Resume);
        QVERIFY(runState(lost.stage.home, lost.run) == RunState::Queued);
        const auto entry = Queue(lost.stage.home).find(lost.run);
        QVERIFY(entry && entry->mode == StartMode::Resume && entry->device == "cpu");
        QCOMPARE(takeTerms(lost.run).largestMicroBatch, std::int64_t(16));
    }

    void anyOtherDeathLeavesItAsItIs_data() {
        QTest::addColumn<int>("kills");
        QTest::addColumn<int>("signal");
        QTest::newRow("SIGKILL by somebody") << 0 << int(SIGKILL);
        QTest::newRow("a crash") << 1 << int(SIGSEGV);
        QTest::newRow("no end record") << 1 << 0;
    }
    void anyOtherDeathLeavesItAsItIs() {
        QFETCH(int, kills);
        QFETCH(int, signal);
        Lost lost;
        lost.begin(32);
        lost.system.setOomKills(kills);
        if (signal != SIGKILL) lost.lastWordWas(signal);
        QCOMPARE(lost.attempt(), Verdict::OtherDeath);
        QVERIFY(runState(lost.stage.home, lost.run) == RunState::Lost);
        QCOMPARE(takeTerms(lost.run), ResumeTerms());
    }

    void theRecordOfAnotherWorkerProvesNothing() {
        Lost lost;
        lost.system.setOomKills(1);
        std::ofstream(lost.run.lock()) << "1 1\n";
        QCOMPARE(lost.attempt(), Verdict::OtherDeath);
        std::filesystem::remove(lost.run.workerRecord());
        QVERIFY(!deathOfWorker(lost.run, lost.system.root()).before);
        QCOMPARE(lost.attempt(), Verdict::OtherDeath);
    }

    void theCounterOfTheWorkersOwnGroupDecidesToo() {
        Lost lost;
        lost.system.put("proc/self/cgroup", "4:memory:/job\n");
        lost.system.put("cgroup/memory/job/memory.oom_control", "oom_kill_disable 0\noom_kill 5\n");
        lost.begin(8);
        lost.system.put("proc/self/cgroup", "4:memory:/elsewhere\n");  // who looks is in another group
        QCOMPARE(lost.attempt(), Verdict::OtherDeath);
        lost.system.put("cgroup/memory/job/memory.oom_control", "oom_kill_disable 0\noom_kill 6\n");
        QCOMPARE(lost.attempt(), Verdict::Resume);
    }

    void eachTimeTheHalfOfWhatWasAllowedBefore() {
        Lost lost;
        lost.begin(20);
        std::vector<std::int64_t> allowed;
        for (int kill = 1; kill <= 3; ++kill) {
            lost.system.setOomKills(kill);
            QCOMPARE(lost.attempt(), Verdict::Resume);
            allowed.push_back(lost.takenUp().largestMicroBatch);
            lost.begin();  // it dies before it says what it works with: the fact is still that of the first
        }
        QCOMPARE(allowed, (std::vector<std::int64_t>{10, 5, 3}));
        lost.system.setOomKills(4);
        QCOMPARE(lost.attempt(10s), Verdict::TooOften);
        QVERIFY(runState(lost.stage.home, lost.run) == RunState::Lost);
    }

    void whoDiedBeforeItSaidWhatItWorksWithHadTheConfigurations() {
        Lost automatic(0, 64), fixed(16, 64);
        for (Lost* lost : {&automatic, &fixed}) {
            lost->system.setOomKills(1);
            QCOMPARE(lost->attempt(), Verdict::Resume);
        }
        QCOMPARE(takeTerms(automatic.run).largestMicroBatch, std::int64_t(32));
        QCOMPARE(takeTerms(fixed.run).largestMicroBatch, std::int64_t(8));
    }

    void singleSamplesStaySingleSamples() {
        Lost lost;
        lost.begin(1);
        lost.system.setOomKills(1);
        QCOMPARE(lost.attempt(), Verdict::Resume);
        QCOMPARE(takeTerms(lost.run).largestMicroBatch, std::int64_t(1));
    }

    void aRunThatWasToEndIsNotBroughtBack() {
        Lost lost;
        lost.system.setOomKills(1);
        Catalogue(lost.stage.project).request(lost.run.id(), RequestKind::Stop);
        QCOMPARE(lost.attempt(), Verdict::OtherDeath);
    }

    void termsAreUsedUpByTheWorkerThatTakesThem() {
        const Lost lost;
        leaveTerms(lost.run, {.acceptChangedData = true, .largestMicroBatch = 4});
        QCOMPARE(takeTerms(lost.run), (ResumeTerms{true, 4}));
        QCOMPARE(takeTerms(lost.run), ResumeTerms());
        std::ofstream(lost.run.resumeTerms()) << "{\"largest_micro_batch\": -3}";
        QCOMPARE(takeTerms(lost.run), ResumeTerms());
        std::ofstream(lost.run.resumeTerms()) << "nonsense";
        QCOMPARE(takeTerms(lost.run), ResumeTerms());
    }
};

HEADROOM_TEST(RunRescueTest)
#include "tst_run_rescue.moc"
