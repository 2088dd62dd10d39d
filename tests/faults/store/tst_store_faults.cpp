// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "base/store/catalogue.h"
#include "base/store/queue.h"
#include "base/store/run_reader.h"
#include "base/store/run_writer.h"
#include "core/base/store/fixtures.h"
#include "faults/store/faulty_vfs.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;
using test::at;
using test::codeOf;
using test::Fault;

namespace {

OpenOptions faulty(int commitIntervalMs = 0) {
    OpenOptions options;
    options.vfs = test::FaultyVfs::kName;
    options.commitIntervalMs = commitIntervalMs;
    return options;
}

}  // namespace

class StoreFaultsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aFailedCommitLosesNothing_data() {
        QTest::addColumn<int>("fault");
        QTest::addColumn<int>("operations");
        QTest::addColumn<int>("code");
        for (const int operations : {0, 1, 2, 3, 5, 8}) {
            QTest::addRow("full after %d writes", operations) << int(Fault::DiskFull) << operations << int(Code::Dsk01);
            QTest::addRow("error after %d writes", operations)
                << int(Fault::WriteError) << operations << int(Code::Dsk02);
        }
        QTest::addRow("sync error") << int(Fault::SyncError) << 0 << int(Code::Dsk02);
    }
    void aFailedCommitLosesNothing() {
        QFETCH(int, fault);
        QFETCH(int, operations);
        QFETCH(int, code);
        const test::Stage stage;
        test::FaultyVfs vfs;
        const auto folder = stage.makeRun();
        RunWriter writer(folder, faulty());
        const auto loss = writer.define("train_loss", "1");
        for (int i = 1; i <= 3000; ++i) writer.append(loss, at(i), i);
        writer.commit();
        for (int i = 3001; i <= 6000; ++i) writer.append(loss, at(i), i);
        writer.event("note", "during the fault");
        writer.setFact("progress", {{"step", 6000}});
        vfs.fail(static_cast<Fault>(fault), operations);
        QCOMPARE(codeOf([&] { writer.commit(); }), static_cast<Code>(code));
        QVERIFY(vfs.fired() > 0);
        QCOMPARE(RunReader(folder).find("train_loss")->count, 3000);
        for (int i = 6001; i <= 6100; ++i) writer.append(loss, at(i), i);  // training may go on meanwhile
        vfs.repair();
        writer.commit();
        const RunReader reader(folder);
        const Curve curve = reader.readAll(loss);
        QCOMPARE(std::ssize(curve.points), 6100);
        for (std::size_t i = 0; i < curve.points.size(); ++i) QCOMPARE(curve.points[i].value, double(i + 1));
        QCOMPARE(reader.events().size(), std::size_t{1});
        QCOMPARE(reader.fact("progress").at("step").get<int>(), 6000);
        writer.finish(EndState::Finished, "completed", nlohmann::json::object());
        QCOMPARE(test::answer(folder.database(), "PRAGMA integrity_check"), std::string("ok"));
    }

    void theThreadsFailureReachesTheTrainerOnceAndIsTriedAgain() {
        const test::Stage stage;
        test::FaultyVfs vfs;
        const auto folder = stage.makeRun();
        RunWriter writer(folder, faulty(10));
        vfs.fail(Fault::DiskFull);
        writer.append(writer.define("train_loss", "1"), at(1), 1);
        std::optional<Code> seen;
        QTRY_VERIFY((seen = seen ? seen : codeOf([&] { writer.check(); })).has_value());
        QCOMPARE(*seen, Code::Dsk01);
        QVERIFY(vfs.fired() > 0);
        vfs.repair();
        QTRY_COMPARE(RunReader(folder).series().size(), std::size_t{1});
    }

    void aRunThatCannotEndOnAFullDiskEndsOnceThereIsRoom() {
        const test::Stage stage;
        test::FaultyVfs vfs;
        const auto folder = stage.makeRun();
        RunWriter writer(folder, faulty());
        writer.append(writer.define("train_loss", "1"), at(1), 1);
        vfs.fail(Fault::DiskFull);
        QCOMPARE(codeOf([&] { writer.finish(EndState::Finished, "completed", nlohmann::json::object()); }),
                 Code::Dsk01);
        QVERIFY(vfs.fired() > 0);
        vfs.repair();
        writer.finish(EndState::Finished, "completed", nlohmann::json::object());
        QVERIFY(RunReader(folder).end()->state == EndState::Finished);
    }

    void aFolderThatCannotBeWrittenIsReadWithItsLog() {
        const test::Stage stage;
        test::FaultyVfs vfs;
        const auto folder = stage.makeRun();
        OpenOptions byHand;
        byHand.commitIntervalMs = 0;
        RunWriter writer(folder, byHand);
        const auto loss = writer.define("train_loss", "1");
        writer.append(loss, at(1), 42);
        writer.commit();  // lies in the log alone
        vfs.fail(Fault::NoSharedMemory);
        const RunReader reader(folder, faulty());
        QVERIFY(vfs.fired() > 0);
        QVERIFY(QString::fromStdString(reader.notices().at(0).sentence()).contains("read-only"));
        QCOMPARE(reader.readAll(loss).points.at(0).value, 42.0);
    }

    void aQueueOnAFullDiskSaysSoAndStaysWhole() {
        const test::Stage stage;
        test::FaultyVfs vfs;
        Queue queue(stage.home, faulty());
        const auto a = stage.makeRun(), b = stage.makeRun();
        queue.enqueue(a, "cpu");
        vfs.fail(Fault::DiskFull);
        QCOMPARE(codeOf([&] { queue.enqueue(b, "cpu"); }), Code::Dsk01);
        QVERIFY(vfs.fired() > 0);
        vfs.repair();
        QCOMPARE(queue.list().size(), std::size_t{1});
        queue.enqueue(b, "cpu");
        QCOMPARE(queue.list().size(), std::size_t{2});
    }

    void aCatalogueThatFailsKeepsItsRows() {
        const test::Stage stage;
        test::FaultyVfs vfs;
        const auto run = stage.makeRun();
        Catalogue catalogue(stage.project, faulty());
        vfs.fail(Fault::WriteError, 1);
        QCOMPARE(codeOf([&] { catalogue.rebuild(); }), Code::Dsk02);
        QVERIFY(vfs.fired() > 0);
        vfs.repair();
        QCOMPARE(catalogue.list(stage.home).at(0).id, run.id());
    }
};

HEADROOM_TEST(StoreFaultsTest)
#include "tst_store_faults.moc"
