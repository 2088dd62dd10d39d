// SPDX-License-Identifier: Apache-2.0
// The real worker, killed with SIGKILL at random moments and started again, must end with the bits and the series of an
// unbroken run. HEADROOM_KILLS sets how many kills (20; the campaign takes 200 and needs QTEST_FUNCTION_TIMEOUT=3600000),
// HEADROOM_KILL_SEED the moments.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "base/config/document.h"
#include "base/store/create_run.h"
#include "base/store/home.h"
#include "base/store/project.h"
#include "base/store/queue.h"
#include "base/store/run_reader.h"
#include "base/store/run_state.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// A started worker; never outlives the test.
class Worker {
public:
    explicit Worker(const store::Home& home) {
        const std::string program = qgetenv("HEADROOM_BIN").toStdString() + "/headroom-worker";
        const std::string path = home.path().string();
        std::vector<const char*> arguments{program.c_str(), "run", "--home", path.c_str(), "--device", "cpu", nullptr};
        if (posix_spawn(&m_pid, program.c_str(), nullptr, nullptr, const_cast<char**>(arguments.data()), environ) != 0) m_pid = -1;
    }
    ~Worker() {
        if (m_pid > 0) signalAndWait(SIGKILL);
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    bool started() const { return m_pid > 0; }
    pid_t pid() const { return m_pid; }
    /// Exit status, 128 + signal for a death by one.
    int wait() {
        int status = 0;
        waitpid(std::exchange(m_pid, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    int signalAndWait(int signal) {
        ::kill(m_pid, signal);
        return wait();
    }

private:
    pid_t m_pid = -1;
};

/// Points of a series as (step, value).
std::vector<std::pair<std::int64_t, double>> pointsOf(const store::RunReader& reader, const std::string& name) {
    std::vector<std::pair<std::int64_t, double>> points;
    if (const auto series = reader.find(name))
        for (const store::Point& point : reader.readAll(series->id).points) points.emplace_back(point.at.step, point.value);
    return points;
}

/// Step of the newest checkpoint's name; 0 without one.
std::int64_t newestCheckpoint(const store::RunFolder& run) {
    std::int64_t newest = 0;
    for (const auto& entry : std::filesystem::directory_iterator(run.checkpoints())) {
        long long step = 0;
        if (std::sscanf(entry.path().filename().c_str(), "step-%lld.safetensors", &step) == 1 && entry.path().extension() == ".safetensors")
            newest = std::max<std::int64_t>(newest, step);
    }
    return newest;
}

}  // namespace

class WorkerKillsTest : public QObject {
    Q_OBJECT

    test::TemporaryFolder m_folder;
    std::unique_ptr<store::Home> m_home;
    std::unique_ptr<store::Project> m_project;

    /// Three hundred rows whose class is a sum of columns; 20 steps an epoch with a checkpoint every 3.
    store::RunFolder newRun(std::int64_t epochs = 6) {
        config::RunConfig config;
        config.name = "killed";
        config.data.path = (m_folder.path() / "rows.csv").string();
        config.model.arch = "mlp";
        config.model.dropout = 0.1;
        config.train.epochs = epochs;
        config.train.batchSize = 12;
        config.train.ema = 0.9;
        config.checkpoint.everySteps = 3;
        config.loader.threads = 2;
        const store::RunFolder run = m_project->run(store::createRun(*m_project, config::toJson(config)));
        store::Queue(*m_home).enqueue(run, "cpu");
        return run;
    }
    std::string shaOf(const store::RunFolder& run) { return store::RunReader(run).fact("weights_sha256").get<std::string>(); }

private Q_SLOTS:
    void initTestCase() {
        if (qEnvironmentVariableIsEmpty("HEADROOM_BIN")) QSKIP("HEADROOM_BIN is not set");
        qputenv("OMP_NUM_THREADS", "1");
        m_home = std::make_unique<store::Home>(m_folder.path() / "home");
        m_project = std::make_unique<store::Project>(store::Project::openOrCreate(m_home->defaultProject()));
        std::mt19937 random(1);
        std::ofstream file(m_folder.path() / "rows.csv");
        file << "a,b,c,kind\n";
        for (int row = 0; row < 300; ++row) {
            const double a = random() % 1000 / 1000.0, b = random() % 1000 / 1000.0, c = random() % 1000 / 1000.0;
            file << fmt::format("{},{},{},{}\n", a, b, c, a + 2 * b > 3 * c ? "yes" : "no");
        }
    }

    void killedAtAnyMomentTheRunEndsAsIfNothingHadBeen() {
        const int wanted = qEnvironmentVariableIsSet("HEADROOM_KILLS") ? qEnvironmentVariableIntValue("HEADROOM_KILLS") : 20;
        std::mt19937 random(std::uint32_t(qEnvironmentVariableIntValue("HEADROOM_KILL_SEED")) + 1);

        const store::RunFolder whole = newRun();
        const auto begin = Clock::now();
        QCOMPARE(Worker(*m_home).wait(), 0);
        const auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
        const std::string sha = shaOf(whole);
        const auto losses = pointsOf(store::RunReader(whole), "train_loss");
        const auto evaluations = pointsOf(store::RunReader(whole), "val_accuracy");
        QCOMPARE(sha.size(), std::size_t(64));
        QCOMPARE(losses.size(), std::size_t(120));

        int kills = 0, runs = 0;
        while (kills < wanted) {
            const store::RunFolder run = newRun();
            ++runs;
            for (bool alive = true; alive;) {
                Worker worker(*m_home);
                QVERIFY(worker.started());
                std::this_thread::sleep_for(duration * (5 + random() % 95) / 100);  // when a kill comes is the test's input
                const std::int64_t checkpoint = newestCheckpoint(run);
                const int status = kills < wanted ? worker.signalAndWait(SIGKILL) : worker.wait();
                if (status == 0) {
                    alive = false;
                    continue;
                }
                QCOMPARE(status, 128 + SIGKILL);
                ++kills;
                const auto after = pointsOf(store::RunReader(run), "train_loss");
                // Whatever a checkpoint stands on is committed; what came after it may have been rewound to come again.
                QVERIFY(std::int64_t(after.size()) >= checkpoint && after.size() <= losses.size());
                QVERIFY(std::equal(after.begin(), after.end(), losses.begin()));
                const store::RunState state = store::runState(*m_home, run);
                QVERIFY(!store::isLive(state));
                if (state == store::RunState::Finished)
                    alive = false;  // struck after the end record
                else
                    store::Queue(*m_home).enqueue(run, "cpu", store::StartMode::Resume);
            }
            QCOMPARE(store::runState(*m_home, run), store::RunState::Finished);
            QCOMPARE(shaOf(run), sha);
            QVERIFY(pointsOf(store::RunReader(run), "train_loss") == losses);
            QVERIFY(pointsOf(store::RunReader(run), "val_accuracy") == evaluations);
        }
        qInfo("%d kills over %d runs, %lld ms a run unbroken", kills, runs, static_cast<long long>(duration.count()));
    }

    void aSignalMeansCheckpointThenExit_data() {
        QTest::addColumn<int>("signal");
        QTest::addColumn<int>("status");
        QTest::newRow("SIGTERM") << SIGTERM << 143;
        QTest::newRow("SIGINT") << SIGINT << 130;
        QTest::newRow("SIGUSR1") << SIGUSR1 << 143;
    }
    void aSignalMeansCheckpointThenExit() {
        QFETCH(int, signal);
        QFETCH(int, status);
        const store::RunFolder run = newRun();
        Worker worker(*m_home);
        QTRY_VERIFY_WITH_TIMEOUT(!pointsOf(store::RunReader(run), "train_loss").empty(), 60000);
        QCOMPARE(worker.signalAndWait(signal), status);
        QCOMPARE(store::runState(*m_home, run), store::RunState::Paused);
        QVERIFY(!std::filesystem::is_empty(run.checkpoints()));
    }
    void twoWorkersOfADeviceNeverRunAtOnce() {
        constexpr std::int64_t kEndless = 100'000;
        const store::RunFolder run = newRun(kEndless);
        Worker first(*m_home);
        QTRY_VERIFY_WITH_TIMEOUT(store::holder(run).has_value(), 60000);
        Worker second(*m_home);
        QCOMPARE(second.wait(), 0);
        const auto holder = store::holder(run);
        QVERIFY(holder.has_value());
        QCOMPARE(holder->pid, first.pid());
        QCOMPARE(first.signalAndWait(SIGTERM), 143);
    }
    void queuedRunsFollowEachOtherWithoutAnybody() {
        const store::RunFolder one = newRun(), two = newRun(), three = newRun();
        QCOMPARE(Worker(*m_home).wait(), 0);
        for (const store::RunFolder& run : {one, two, three}) QCOMPARE(store::runState(*m_home, run), store::RunState::Finished);
        QCOMPARE(shaOf(two), shaOf(one));
        QVERIFY(store::Queue(*m_home).list().empty());
    }
    void refusedDataEndsInARecordWithItsCode() {
        const store::RunFolder run = newRun();
        std::filesystem::rename(m_folder.path() / "rows.csv", m_folder.path() / "away.csv");
        const int status = Worker(*m_home).wait();
        std::filesystem::rename(m_folder.path() / "away.csv", m_folder.path() / "rows.csv");
        QCOMPARE(status, 3);
        const auto end = store::RunReader(run).end();
        QVERIFY(end && end->state == store::EndState::Failed);
        QCOMPARE(end->code, std::string("DAT-04"));
    }
};

HEADROOM_TEST(WorkerKillsTest)
#include "tst_worker_kills.moc"
