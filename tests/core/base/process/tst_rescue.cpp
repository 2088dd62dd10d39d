// SPDX-License-Identifier: Apache-2.0
#include "base/process/rescue.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "support/fake_system.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::process;
using namespace std::chrono_literals;

namespace {

using Verdict = Rescue::Verdict;
const Death kKernelsDoing{SIGKILL, OomKills{3, {}}, OomKills{4, {}}};

}  // namespace

Q_DECLARE_METATYPE(headroom::process::Death)

class RescueTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void onlySigkillWhileACounterRoseIsTheKernelsDoing_data() {
        QTest::addColumn<Death>("death");
        QTest::addColumn<bool>("kernel");
        QTest::newRow("the system's counter rose") << kKernelsDoing << true;
        QTest::newRow("the cgroup's rose") << Death{SIGKILL, OomKills{3, 1}, OomKills{3, 2}} << true;
        QTest::newRow("only the cgroup's is there") << Death{SIGKILL, OomKills{{}, 0}, OomKills{{}, 1}} << true;
        QTest::newRow("none rose") << Death{SIGKILL, OomKills{3, 1}, OomKills{3, 1}} << false;
        QTest::newRow("none is there") << Death{SIGKILL, OomKills{}, OomKills{}} << false;
        QTest::newRow("one appeared, nobody knows from where it rose") << Death{SIGKILL, OomKills{}, OomKills{5, 5}} << false;
        QTest::newRow("the machine was started anew") << Death{SIGKILL, OomKills{3, 1}, OomKills{0, 0}} << false;
        QTest::newRow("no record of the start") << Death{SIGKILL, {}, OomKills{4, 1}} << false;
        QTest::newRow("a crash beside it") << Death{SIGSEGV, OomKills{3, {}}, OomKills{4, {}}} << false;
        QTest::newRow("it ended by itself") << Death{{}, OomKills{3, {}}, OomKills{4, {}}} << false;
    }
    void onlySigkillWhileACounterRoseIsTheKernelsDoing() {
        QFETCH(Death, death);
        QFETCH(bool, kernel);
        QCOMPARE(isKernelsDoing(death), kernel);
        QCOMPARE(Rescue().judge(death, {}), kernel ? Verdict::Resume : Verdict::OtherDeath);
    }

    void aRunIsBroughtBackThreeTimesInFiveMinutes() {
        Rescue rescue;
        const Rescue::Clock::time_point start{};
        for (const auto after : {0s, 20s, 40s}) QCOMPARE(rescue.judge(kKernelsDoing, start + after), Verdict::Resume);
        QCOMPARE(rescue.judge(kKernelsDoing, start + 60s), Verdict::TooOften);
        QCOMPARE(rescue.judge(kKernelsDoing, start + 299s), Verdict::TooOften);
    }

    void fiveMinutesLaterItMayComeBackAgain() {
        Rescue rescue;
        const Rescue::Clock::time_point start{};
        for (const auto after : {0s, 100s, 200s}) QCOMPARE(rescue.judge(kKernelsDoing, start + after), Verdict::Resume);
        QCOMPARE(rescue.judge(kKernelsDoing, start + 300s), Verdict::Resume);
        QCOMPARE(rescue.judge(kKernelsDoing, start + 310s), Verdict::TooOften);
        QCOMPARE(rescue.judge(kKernelsDoing, start + 400s), Verdict::Resume);
    }

    void otherDeathsUseUpNothing() {
        Rescue rescue;
        for (int i = 0; i < 5; ++i) QCOMPARE(rescue.judge({SIGSEGV, OomKills{}, OomKills{}}, {}), Verdict::OtherDeath);
        QCOMPARE(rescue.judge(kKernelsDoing, {}), Verdict::Resume);
    }

    void theWorkerIsTheFirstThatTheKernelEnds() {
        const pid_t child = ::fork();
        if (child == 0) {
            raiseOomScore();
            int score = 0;
            std::ifstream("/proc/self/oom_score_adj") >> score;
            ::_exit(score == 1000 ? 0 : 1);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        QCOMPARE(status, 0);
    }

    void aScoreThatCannotBeWrittenIsNoError() {
        const test::FakeSystem system;
        raiseOomScore(system.root());
        QVERIFY(!std::filesystem::exists(system.root().proc / "self/oom_score_adj"));
        system.put("proc/self/oom_score_adj", "0\n");
        raiseOomScore(system.root());
        int score = 0;
        std::ifstream(system.root().proc / "self/oom_score_adj") >> score;
        QCOMPARE(score, 1000);
    }
};

HEADROOM_TEST(RescueTest)
#include "tst_rescue.moc"
