// SPDX-License-Identifier: Apache-2.0
#include "base/store/run_reader.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/store/chunk.h"
#include "base/store/run_writer.h"
#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;
using test::at;
using test::codeOf;

namespace {

const OpenOptions kByHand{.commitIntervalMs = 0};

std::string suffixed(const RunFolder& folder, const char* suffix) { return folder.database().string() + suffix; }

void put(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

class RunReaderTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() {
        m_stage.emplace();
        m_folder.emplace(m_stage->makeRun());
    }
    void cleanup() {
        m_writer.reset();
        m_folder.reset();
        m_stage.reset();
    }

    void aRangeComesWithItsNeighbours() {
        fill(10);
        const Curve curve = RunReader(*m_folder).read(m_loss, {Axis::Step, 4, 6});
        QVERIFY(curve.exact);
        QCOMPARE(std::ssize(curve.points), 5);
        QCOMPARE(curve.points.front().at.step, 3);
        QCOMPARE(curve.points.back().at.step, 7);
    }

    void everyAxisFindsTheSamePoints_data() {
        QTest::addColumn<int>("axis");
        for (const auto axis : {Axis::Step, Axis::Epoch, Axis::Samples, Axis::WallTime})
            QTest::addRow("%d", static_cast<int>(axis)) << static_cast<int>(axis);
    }
    void everyAxisFindsTheSamePoints() {
        QFETCH(int, axis);
        fill(60000);
        const auto which = static_cast<Axis>(axis);
        const RunReader reader(*m_folder);
        const Range range{which, along(which, stored(at(33000))), along(which, stored(at(33500)))};
        const Curve curve = reader.read(m_loss, range);
        QVERIFY(curve.exact);
        QCOMPARE(std::ssize(curve.points), 503);
        QCOMPARE(curve.points.front().at.step, 32999);
    }

    void bucketsOfAnyWidthKeepEveryExtreme_data() {
        QTest::addColumn<int>("count");
        QTest::addColumn<int>("places");
        for (const int count : {100, 5000, 70000, 300000})
            for (const int places : {3, 50, 800}) QTest::addRow("%d in %d", count, places) << count << places;
    }
    void bucketsOfAnyWidthKeepEveryExtreme() {
        QFETCH(int, count);
        QFETCH(int, places);
        const auto values = fill(count);
        const Curve curve = RunReader(*m_folder).read(m_loss, {}, places);
        if (curve.exact) {
            QCOMPARE(std::ssize(curve.points), std::ptrdiff_t(count));
            return;
        }
        QVERIFY(std::ssize(curve.buckets) <= places);
        std::size_t next = 0;
        for (const Bucket& bucket : curve.buckets) {
            const auto size = static_cast<std::size_t>(bucket.finite + bucket.nonFinite);
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(next);
            const auto [min, max] = std::minmax_element(begin, begin + static_cast<std::ptrdiff_t>(size));
            QCOMPARE(bucket.min, *min);
            QCOMPARE(bucket.max, *max);
            next += size;
        }
        QCOMPARE(next, values.size());
    }

    void onlyWhatIsNewComesSinceACursor() {
        fill(100);
        const RunReader reader(*m_folder);
        Cursor cursor;
        QCOMPARE(std::ssize(reader.newSince(cursor).points.at(m_loss)), 100);
        QVERIFY(!reader.newSince(cursor).any);
        m_writer->append(m_loss, at(101), 5);
        m_writer->event("note", "hello");
        m_writer->commit();
        const Changes changes = reader.newSince(cursor);
        QCOMPARE(std::ssize(changes.points.at(m_loss)), 1);
        QCOMPARE(changes.events.at(0).text, std::string("hello"));
        m_writer->rewindTo(50);
        const Changes again = reader.newSince(cursor);
        QVERIFY(again.rewound);
        QCOMPARE(std::ssize(again.points.at(m_loss)), 50);
        Cursor here = reader.here();
        QVERIFY(!reader.newSince(here).any);
    }

    void aDamagedChunkIsAGapWithItsSteps() {
        fill(3000);
        close();
        test::tamper(m_folder->database(), "UPDATE chunk SET data = zeroblob(length(data)) WHERE id = (1 << 36) | 1");
        const Curve curve = RunReader(*m_folder).readAll(m_loss);
        QCOMPARE(std::ssize(curve.points), 3000 - 1024);
        QCOMPARE(std::ssize(curve.gaps), 1);
        const Gap& gap = curve.gaps.front();
        QCOMPARE(gap.series, std::string("train_loss"));
        QCOMPARE(gap.firstStep, 1025);
        QCOMPARE(gap.lastStep, 2048);
        QVERIFY(QString::fromStdString(gap.sentence).contains("steps 1025 to 2048"));
        QVERIFY(QString::fromStdString(gap.sentence).contains(QString::fromStdString(m_folder->id())));
    }

    void aDamagedChunkOfBucketsIsMadeAgainFromThePoints() {
        fill(40000);
        close();
        const Curve good = RunReader(*m_folder).read(m_loss, {}, 300);
        test::tamper(m_folder->database(), "UPDATE chunk SET checksum = 0 WHERE (id >> 32) & 15 > 0");
        const Curve same = RunReader(*m_folder).read(m_loss, {}, 300);
        QVERIFY(!good.exact && same.gaps.empty());
        QCOMPARE(same.buckets.size(), good.buckets.size());
        for (std::size_t i = 0; i < good.buckets.size(); ++i) {
            QCOMPARE(same.buckets[i].min, good.buckets[i].min);
            QCOMPARE(same.buckets[i].last, good.buckets[i].last);
        }
    }

    void whatIsNoDatabaseIsRefused_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addRow("empty") << QByteArray();
        QTest::addRow("15 bytes") << QByteArray("SQLite format 3");
        QTest::addRow("text") << QByteArray("this is a text that somebody saved under a wrong name.\n").repeated(20);
    }
    void whatIsNoDatabaseIsRefused() {
        QFETCH(QByteArray, bytes);
        put(m_folder->database(), bytes.toStdString());
        QCOMPARE(codeOf([&] { RunReader reader(*m_folder); }), Code::Db01);
        QCOMPARE(codeOf([&] { RunWriter writer(*m_folder); }), Code::Db01);
    }

    void anotherProgramsDatabaseIsRefused() {
        test::tamper(m_folder->database(), "PRAGMA application_id = 252006673");
        QCOMPARE(codeOf([&] { RunReader reader(*m_folder); }), Code::Db02);
        QCOMPARE(codeOf([&] { RunWriter writer(*m_folder); }), Code::Db02);
    }

    void aNewerVersionsDatabaseIsReadButNotWritten() {
        fill(10);
        close();
        test::tamper(m_folder->database(), "PRAGMA user_version = 2");
        const RunReader reader(*m_folder);
        QVERIFY(reader.notices().at(0).code == Code::Db02);
        QVERIFY(QString::fromStdString(reader.notices().at(0).sentence()).contains("newer version; opened read-only"));
        QCOMPARE(std::ssize(reader.readAll(m_loss).points), 10);
        QCOMPARE(codeOf([&] { RunWriter writer(*m_folder); }), Code::Db02);
    }

    void theLogOfAnotherRunIsNotFoldedIn() {
        fill(10);
        close();
        const RunFolder other = m_stage->makeRun();
        RunWriter second(other, kByHand);
        second.append(second.define("val_loss", "1"), at(1), 3);
        second.commit();
        std::filesystem::copy_file(other.database().string() + "-wal", suffixed(*m_folder, "-wal"));
        // A finished database ignores a log; one in the middle of a run does not.
        put(suffixed(*m_folder, "-wal.kept"), "");
        makeLive();
        QCOMPARE(codeOf([&] { RunReader reader(*m_folder); }), Code::Db05);
        QCOMPARE(codeOf([&] { RunWriter writer(*m_folder); }), Code::Db05);
        std::filesystem::remove(suffixed(*m_folder, "-wal"));
        std::filesystem::remove(suffixed(*m_folder, "-shm"));
        QCOMPARE(std::ssize(RunReader(*m_folder).readAll(m_loss).points), 10);
    }

    void aLogCutOffInAFrameOpensAtTheLastCommit() {
        fill(10);
        m_writer->append(m_loss, at(11), 1);
        m_writer->commit();
        const RunFolder copy = liveCopy();
        const auto log = std::filesystem::path(copy.database().string() + "-wal");
        std::filesystem::resize_file(log, std::filesystem::file_size(log) - 100);
        const auto count = RunReader(copy).find("train_loss")->count;
        QVERIFY2(count == 10, qPrintable(QString::number(count)));
    }

    void aSecondNameOfALiveRunIsRefused() {
        fill(10);
        const auto other = m_stage->makeRun();
        std::filesystem::remove(other.database());
        std::filesystem::create_hard_link(m_folder->database(), other.database());
        QCOMPARE(codeOf([&] { RunReader reader(other); }), Code::Db06);
        std::filesystem::remove(other.database());
        std::filesystem::create_symlink(m_folder->database(), other.database());
        QCOMPARE(codeOf([&] { RunReader reader(other); }), Code::Db06);
        QVERIFY(codeOf([&] { RunWriter writer(other); }).has_value());
    }

    void aRenamedRunWithItsLogOpens() {
        fill(10);
        const RunFolder copy = liveCopy();
        QVERIFY(copy.id() != m_folder->id());
        QCOMPARE(std::ssize(RunReader(copy).readAll(m_loss).points), 10);
    }

    void onANetworkFileSystemARollbackJournalIsUsed() {
        m_writer.reset();
        auto options = kByHand;
        options.fileSystem = [](const std::filesystem::path&) { return FileSystem::Network; };
        RunWriter writer(*m_folder, options);
        QVERIFY(writer.notices().at(0).code == Code::Db07);
        writer.append(writer.define("train_loss", "1"), at(1), 1);
        writer.commit();
        QVERIFY(!std::filesystem::exists(suffixed(*m_folder, "-wal")));
        QCOMPARE(RunReader(*m_folder).series().at(0).count, 1);
    }

    void aMissingRunIsNotFound() {
        QCOMPARE(codeOf([&] { RunReader reader(m_stage->project.run("20200101-0000-0000")); }), Code::Run01);
        QCOMPARE(codeOf([&] { RunWriter writer(m_stage->project.run("20200101-0000-0000")); }), Code::Run01);
    }

    void aLiveRunIsCopiedWhole() {
        fill(2000);
        const auto copy = m_stage->makeRun();
        std::filesystem::remove(copy.database());
        RunReader(*m_folder).copyTo(copy.database());
        QCOMPARE(std::ssize(RunReader(copy).readAll(m_loss).points), 2000);
    }

    void processTimeLeavesOutTheTimeBetweenSessions() {
        const std::vector<Session> sessions{{100, 160, 1, 0}, {1000, 0, 2, 50}};
        QCOMPARE(processTime(sessions, 130), 30.0);
        QCOMPARE(processTime(sessions, 1010), 70.0);
    }

private:
    std::vector<double> fill(int count) {
        m_writer.emplace(*m_folder, kByHand);
        m_loss = m_writer->define("train_loss", "1");
        std::mt19937 random(4);
        std::vector<double> values;
        for (int i = 1; i <= count; ++i) {
            values.push_back(static_cast<double>(random()));
            m_writer->append(m_loss, at(i), values.back());
        }
        m_writer->commit();
        return values;
    }
    void close() {
        m_writer->finish(EndState::Finished, "completed", nlohmann::json::object());
        m_writer.reset();
    }
    /// Marks the database as one that uses a log, as a killed worker leaves it, without touching the log beside it.
    void makeLive() {
        std::fstream file(m_folder->database(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(18);
        file.write("\2\2", 2);
    }
    RunFolder liveCopy() {
        const RunFolder copy(m_stage->project.runs() / "20200101-0000-beef");
        std::filesystem::create_directories(copy.path());
        for (const char* suffix : {"", "-wal"})
            std::filesystem::copy_file(suffixed(*m_folder, suffix), copy.database().string() + suffix);
        return copy;
    }

    std::optional<test::Stage> m_stage;
    std::optional<RunFolder> m_folder;
    std::optional<RunWriter> m_writer;
    SeriesId m_loss = 0;
};

HEADROOM_TEST(RunReaderTest)
#include "tst_run_reader.moc"
