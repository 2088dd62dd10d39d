// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_writer.h"

#include <SQLiteCpp/Database.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/store/lock_file.h"
#include "base/store/run_reader.h"
#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;
using test::at;
using test::codeOf;

namespace {

/// What a writer leaves that is killed in the middle of a transaction with a rollback journal, some pages written already:
/// as it is for a moment when a run goes over from plain files to the log, and back.
void leaveHotJournal(const std::filesystem::path& file) {
    const auto journal = file.string() + "-journal", aside = file.string() + ".aside";
    {
        SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
        database.exec("PRAGMA journal_mode=DELETE");
        database.exec("PRAGMA cache_size=1");
        database.exec("BEGIN IMMEDIATE");
        for (int i = 0; i < 100; ++i) database.exec(fmt::format("INSERT INTO fact VALUES ('unfinished {}', hex(randomblob(2000)))", i));
        std::filesystem::copy_file(file, aside);
        std::filesystem::copy_file(journal, aside + "-journal");
        database.exec("ROLLBACK");
    }
    std::filesystem::rename(aside, file);
    std::filesystem::rename(aside + "-journal", journal);
}

}  // namespace

class RunWriterTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void whatWasCommittedIsThereForAnyReader() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        RunWriter writer(folder, kByHand);
        const auto loss = writer.define("train_loss", "1");
        writer.append(loss, at(1), 0.5);
        writer.event("warning", "the batch was halved", at(1), {{"batch", 64}});
        writer.setFact("classes", {"cat", "dog"});
        const RunReader reader(folder);
        QVERIFY(reader.series().empty());
        writer.commit();
        QCOMPARE(reader.series().at(0).last.value, 0.5);
        QCOMPARE(reader.events().at(0).text, std::string("the batch was halved"));
        QCOMPARE(reader.events().at(0).json, std::string(R"({"batch":64})"));
        QCOMPARE(reader.fact("classes").at(1).get<std::string>(), std::string("dog"));
    }

    void theWritersOwnThreadCommitsWithoutBeingAsked() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        RunWriter writer(folder, {.commitIntervalMs = 20});
        writer.append(writer.define("train_loss", "1"), at(1), 0.5);
        const RunReader reader(folder);
        QTRY_VERIFY(!reader.series().empty() && reader.series().at(0).count == 1);
    }

    void nanAndInfinitiesAreValuesLikeOthers() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        RunWriter writer(folder, kByHand);
        const auto loss = writer.define("train_loss", "1");
        const std::array values{1.0, double(NAN), double(INFINITY), -double(INFINITY)};
        for (int i = 0; i < 4; ++i) writer.append(loss, at(i), values[static_cast<std::size_t>(i)]);
        writer.commit();
        const Curve curve = RunReader(folder).read(loss);
        QVERIFY(curve.exact);
        QVERIFY(std::isnan(curve.points.at(1).value));
        QCOMPARE(curve.points.at(2).value, double(INFINITY));
        QCOMPARE(curve.points.at(3).value, -double(INFINITY));
        const Curve few = RunReader(folder).read(loss, {}, 3);
        QCOMPARE(few.buckets.at(0).nonFinite + few.buckets.at(1).nonFinite, 3);
    }

    void twoWritersNeverWriteOneRun() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        std::optional<RunWriter> first(std::in_place, folder);
        QCOMPARE(codeOf([&] { RunWriter second(folder); }), Code::Sto01);
        first.reset();
        QVERIFY(!codeOf([&] { RunWriter second(folder); }));
    }

    void theLockNamesItsHolder() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        const RunWriter writer(folder);
        QVERIFY(isHeld(folder.lock()));
        QCOMPARE(recordedHolder(folder.lock()), process::self());
    }

    void aFinishedRunIsPlainFiles() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        RunWriter writer(folder, kByHand);
        writer.append(writer.define("train_loss", "1"), at(1), 0.5);
        const RunReader reader(folder);  // an idle reader is not in the way
        writer.finish(EndState::Finished, "completed", {{"val_accuracy", 0.9}});
        QVERIFY(!std::filesystem::exists(folder.database().string() + "-wal"));
        QVERIFY(!std::filesystem::exists(folder.database().string() + "-shm"));
        QVERIFY(!isHeld(folder.lock()));
        QVERIFY(reader.end()->state == EndState::Finished);
        QCOMPARE(reader.end()->reason, std::string("completed"));
        QCOMPARE(reader.summary().metrics.at("val_accuracy"), 0.9);
    }

    void aResumedRunDropsWhatItMakesAgainAndKeepsWhatWasMeasured() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        SeriesId loss = 0, energy = 0;
        {
            RunWriter writer(folder, kByHand);
            loss = writer.define("train_loss", "1");
            energy = writer.define("energy", "J", SeriesKind::Time);
            for (int i = 1; i <= 3000; ++i) {
                writer.append(loss, at(i), i);
                writer.append(energy, at(i), i * 2);
            }
            writer.commit();
        }
        RunWriter writer(folder, kByHand);
        QCOMPARE(writer.define("train_loss", "1"), loss);
        writer.rewindTo(1500);
        const RunReader reader(folder);
        QCOMPARE(reader.find("train_loss")->count, 1500);
        QCOMPARE(reader.find("train_loss")->last.value, 1500.0);
        QCOMPARE(reader.find("energy")->count, 3000);
        QCOMPARE(reader.sessions().size(), std::size_t{2});
        QCOMPARE(reader.sessions().back().fromStep, 1500);
        for (int i = 1501; i <= 3000; ++i) writer.append(loss, at(i), -i);
        writer.commit();
        const Curve all = reader.readAll(loss);
        QCOMPARE(std::ssize(all.points), 3000);
        QCOMPARE(all.points.at(1499).value, 1500.0);
        QCOMPARE(all.points.at(1500).value, -1501.0);
    }

    void readingsGoOnWhileStepsAreMadeAgain() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        SeriesId memory = 0;
        {
            RunWriter writer(folder, kByHand);
            memory = writer.define("memory.process", "bytes", SeriesKind::Time);
            for (int i = 1; i <= 28; ++i) writer.append(memory, at(i), i);
            writer.commit();
        }
        RunWriter writer(folder, kByHand);
        writer.rewindTo(22);
        for (int i = 22; i <= 30; ++i) {
            Moment later = at(i);
            later.wallTime += 100;
            writer.append(memory, later, 100 + i);
        }
        writer.commit();
        const Curve all = RunReader(folder).readAll(memory);
        QCOMPARE(std::ssize(all.points), 37);
        QVERIFY(std::ranges::is_sorted(all.points, {}, [](const Point& each) { return each.at.step; }));
        QVERIFY(std::ranges::is_sorted(all.points, {}, [](const Point& each) { return each.at.wallTime; }));
        QCOMPARE(all.points[28].at.step, std::int64_t{28});  // stands still until it has caught up
        QCOMPARE(all.points.back().at.step, std::int64_t{30});
        QCOMPARE(all.points.back().value, 130.0);
    }

    void rewindingToTheStartEmptiesTheSeries() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        RunWriter writer(folder, kByHand);
        const auto loss = writer.define("train_loss", "1");
        for (int i = 1; i <= 5000; ++i) writer.append(loss, at(i), i);
        writer.commit();
        writer.rewindTo(0);
        QCOMPARE(RunReader(folder).find("train_loss")->count, 0);
        writer.append(loss, at(1), 7);
        writer.commit();
        QCOMPARE(RunReader(folder).readAll(loss).points.at(0).value, 7.0);
    }

    void whatAKilledWriterLeftUnfinishedIsUndoneByTheNext() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        {
            RunWriter writer(folder, kByHand);
            writer.setFact("classes", {"cat", "dog"});
            writer.finish(EndState::Finished, "completed", nlohmann::json::object());
        }
        leaveHotJournal(folder.database());
        {
            const RunReader reader(folder);
            QVERIFY(reader.notices().empty());
            QCOMPARE(reader.fact("classes").at(1).get<std::string>(), std::string("dog"));
            QVERIFY(reader.fact("unfinished 0").is_null());
        }
        RunWriter writer(folder, kByHand);
        writer.setFact("classes", {"cat", "fox"});
        writer.commit();
        QCOMPARE(RunReader(folder).fact("classes").at(1).get<std::string>(), std::string("fox"));
        QVERIFY(RunReader(folder).fact("unfinished 0").is_null());
        QVERIFY(!std::filesystem::exists(folder.database().string() + "-journal"));
    }

    void resumingRemovesTheEndRecord() {
        const test::Stage stage;
        const auto folder = stage.makeRun();
        RunWriter(folder, kByHand).finish(EndState::Paused, "asked for", nlohmann::json::object());
        QVERIFY(RunReader(folder).end().has_value());
        const RunWriter again(folder, kByHand);
        QVERIFY(!RunReader(folder).end().has_value());
    }

    void stepsNeverGoBack() {
        const test::Stage stage;
        RunWriter writer(stage.makeRun(), kByHand);
        const auto loss = writer.define("train_loss", "1");
        writer.append(loss, at(5), 1);
        writer.append(loss, at(5), 1);
        QCOMPARE(codeOf([&] { writer.append(loss, at(4), 1); }), Code::Int01);
    }

    void theSparklineIsAFunctionOfTheValuesAlone() {
        const test::Stage stage;
        const auto whole = stage.makeRun(), broken = stage.makeRun();
        write(whole, 1, 700);
        write(broken, 1, 400);
        write(broken, 301, 700);  // resumed from step 300
        const auto a = RunReader(whole).summary().sparkline, b = RunReader(broken).summary().sparkline;
        QVERIFY(a.size() > 32 && a.size() <= 64);
        QVERIFY(a == b);
    }

private:
    inline static const OpenOptions kByHand{.commitIntervalMs = 0};

    static void write(const RunFolder& folder, int from, int to) {
        RunWriter writer(folder, kByHand);
        writer.rewindTo(from - 1);
        const auto loss = writer.define("train_loss", "1");
        for (int i = from; i <= to; ++i) writer.append(loss, at(i), 1.0 / i);
        writer.commit();
    }
};

HEADROOM_TEST(RunWriterTest)
#include "tst_run_writer.moc"
