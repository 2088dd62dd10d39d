// SPDX-License-Identifier: Apache-2.0
#include "base/process/memory_cgroup.h"

#include <limits>

#include "base/process/available_memory.h"
#include "base/process/oom.h"
#include "support/fake_system.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::process;

namespace {

constexpr const char* kNoLimitV1 = "9223372036854771712\n";

/// The files of a group of version 1, as the kernel has them.
void putV1(const test::FakeSystem& system, const std::string& group, const std::string& limit, Bytes use, Bytes cache, int kills) {
    const std::string folder = "cgroup/memory" + group + "/";
    system.put(folder + "memory.limit_in_bytes", limit);
    system.put(folder + "memory.usage_in_bytes", std::to_string(use) + "\n");
    system.put(folder + "memory.stat", "cache 1\nrss 2\ninactive_file 7\ntotal_inactive_file " + std::to_string(cache) + "\n");
    system.put(folder + "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill " + std::to_string(kills) + "\n");
}

void putV2(const test::FakeSystem& system, const std::string& group, const std::string& limit, Bytes use, Bytes cache, int kills) {
    const std::string folder = "cgroup" + group + "/";
    system.put(folder + "memory.max", limit);
    system.put(folder + "memory.current", std::to_string(use) + "\n");
    system.put(folder + "memory.stat", "anon 1\nfile 2\ninactive_file " + std::to_string(cache) + "\n");
    system.put(folder + "memory.events", "low 0\nhigh 0\nmax 9\noom 2\noom_kill " + std::to_string(kills) + "\noom_group_kill 0\n");
}

std::string gib(Bytes number) { return std::to_string(number * kGiB) + "\n"; }

}  // namespace

class MemoryCgroupTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void withoutALimitTheSystemSaysWhatIsAvailable() {
        const test::FakeSystem system;
        QVERIFY(!memoryCgroup(system.root()));
        QCOMPARE(availableMemory(system.root()), 8 * kGiB);
        QCOMPARE(totalMemory(system.root()), 16 * kGiB);
    }

    void whereNobodySaysAnythingThereIsNoBound() {
        const test::TemporaryFolder empty;
        QCOMPARE(availableMemory({empty.path(), empty.path()}), std::numeric_limits<Bytes>::max());
    }

    void aLimitOfVersionOneLeavesLessThanTheSystem() {
        const test::FakeSystem system;
        system.put("proc/self/cgroup", "5:cpuset:/\n4:cpu,memory:/batch/job\n0::/user\n");
        putV1(system, "", kNoLimitV1, 9 * kGiB, 0, 0);
        putV1(system, "/batch", kNoLimitV1, 3 * kGiB, 0, 0);
        putV1(system, "/batch/job", gib(4), 3 * kGiB, kGiB, 2);
        const auto group = memoryCgroup(system.root());
        QVERIFY(group && group->version == MemoryCgroup::Version::V1);
        QCOMPARE(limitedMemory(*group)->limit, 4 * kGiB);
        QCOMPARE(limitedMemory(*group)->used, 2 * kGiB);  // cache that the kernel gives back is none of it
        QCOMPARE(availableMemory(system.root()), 2 * kGiB);
        QCOMPARE(totalMemory(system.root()), 4 * kGiB);
        QCOMPARE(oomKills(*group).value(), std::uint64_t(2));
    }

    void aLimitOfVersionTwoLeavesLessThanTheSystem() {
        const test::FakeSystem system;
        system.put("proc/self/cgroup", "0::/user.slice/run.scope\n");
        putV2(system, "/user.slice", "max\n", 5 * kGiB, 0, 7);
        putV2(system, "/user.slice/run.scope", gib(6), 2 * kGiB, kGiB, 1);
        const auto group = memoryCgroup(system.root());
        QVERIFY(group && group->version == MemoryCgroup::Version::V2);
        QCOMPARE(availableMemory(system.root()), 5 * kGiB);
        QCOMPARE(oomKills(*group).value(), std::uint64_t(1));
    }

    void theGroupAroundItCountsWhereItLeavesLess() {
        const test::FakeSystem system;
        system.put("proc/self/cgroup", "0::/outer/inner\n");
        putV2(system, "/outer", gib(4), 3 * kGiB, 0, 0);
        putV2(system, "/outer/inner", gib(8), kGiB, 0, 0);
        QCOMPARE(availableMemory(system.root()), kGiB);
        QCOMPARE(totalMemory(system.root()), 4 * kGiB);
    }

    void aLimitAboveWhatTheSystemHasDoesNotCount() {
        const test::FakeSystem system;
        system.put("proc/self/cgroup", "0::/job\n");
        putV2(system, "/job", gib(512), kGiB, 0, 0);
        QCOMPARE(availableMemory(system.root()), 8 * kGiB);
        QCOMPARE(totalMemory(system.root()), 16 * kGiB);
    }

    void whatIsOverItsLimitLeavesNothing() {
        const test::FakeSystem system;
        system.put("proc/self/cgroup", "0::/job\n");
        putV2(system, "/job", gib(1), 2 * kGiB, 0, 0);
        QCOMPARE(availableMemory(system.root()), Bytes(0));
    }

    void aContainerThatDoesNotSeeItsOwnNameHasWhatIsMounted() {
        const test::FakeSystem system;
        system.put("proc/self/cgroup", "3:memory:/docker/4c5e\n");
        putV1(system, "", gib(3), kGiB, 0, 0);
        const auto group = memoryCgroup(system.root());
        QVERIFY(group);
        QCOMPARE(group->folder, group->top);
        QCOMPARE(availableMemory(system.root()), 2 * kGiB);
    }

    void theCountersOfSystemAndGroupAreReadTogether() {
        const test::FakeSystem system;
        system.put("proc/self/cgroup", "3:memory:/job\n");
        putV1(system, "/job", kNoLimitV1, kGiB, 0, 4);
        system.setOomKills(9);
        const OomKills kills = oomKills(system.root(), memoryCgroup(system.root()));
        QCOMPARE(kills.system.value(), std::uint64_t(9));
        QCOMPARE(kills.group.value(), std::uint64_t(4));
    }

    void thisMachineCanBeRead() {
        QVERIFY(availableMemory() > 0 && availableMemory() <= totalMemory());
        QVERIFY(totalMemory() < std::numeric_limits<Bytes>::max());
    }
};

HEADROOM_TEST(MemoryCgroupTest)
#include "tst_memory_cgroup.moc"
