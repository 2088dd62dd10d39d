// SPDX-License-Identifier: Apache-2.0
#include "base/store/notes.h"

#include <fstream>

#include "base/store/atomic_file.h"
#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;
using test::codeOf;

class NotesTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void notesComeBackAsWritten() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        const Notes notes{"name", {"a", "b"}, "# text\n", "#D55E00", true, true};
        writeNotes(run, notes);
        QVERIFY(readNotes(run) == notes);
    }

    void keysOfANewerVersionStay() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        std::ofstream(run.notes()) << R"({"name":"x","rating":5})";
        writeNotes(run, {"y", {}, {}, {}, false, false});
        QVERIFY(readWhole(run.notes()).find("\"rating\": 5") != std::string::npos);
    }

    void brokenNotesAreRefusedWithTheirPlace() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        std::ofstream(run.notes()) << "{\"name\": }";
        QCOMPARE(codeOf([&] { readNotes(run); }), Code::Cfg03);
        QCOMPARE(codeOf([&] { writeNotes(run, {}); }), Code::Cfg03);
    }

    void aFullDiskLeavesTheOldFileAndNothingElse() {
        const test::TemporaryFolder folder;
        const auto path = folder.write("notes.json", "old");
        const FileCalls full{[](int, const void*, size_t) -> ssize_t { return errno = ENOSPC, -1; },
                             FileCalls::system().sync, FileCalls::system().rename};
        QCOMPARE(codeOf([&] { writeAtomically(path, "new", full); }), Code::Dsk01);
        const FileCalls failing{FileCalls::system().write, [](int) { return errno = EIO, -1; },
                                FileCalls::system().rename};
        QCOMPARE(codeOf([&] { writeAtomically(path, "new", failing); }), Code::Dsk02);
        const FileCalls stuck{FileCalls::system().write, FileCalls::system().sync,
                              [](const char*, const char*) { return errno = EROFS, -1; }};
        QCOMPARE(codeOf([&] { writeAtomically(path, "new", stuck); }), Code::Dsk02);
        QCOMPARE(readWhole(path), std::string("old"));
        QCOMPARE(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
    }

    void aProjectKeepsItsSettings() {
        const test::TemporaryFolder folder;
        QCOMPARE(codeOf([&] { Project::open(folder.path() / "none"); }), Code::Run06);
        auto project = Project::openOrCreate(folder.path() / "p", "Mine");
        project.setDataSources({"/data/a"});
        project.setDefaults(R"({"train":{"epochs":3}})");
        project.save();
        const auto again = Project::openOrCreate(folder.path() / "p", "Other");
        QCOMPARE(again.name(), std::string("Mine"));
        QCOMPARE(again.dataSources().at(0), std::string("/data/a"));
        QCOMPARE(again.defaults(), std::string(R"({"train":{"epochs":3}})"));
        std::ofstream(again.file()) << R"({"version": 9})";
        QCOMPARE(codeOf([&] { Project::open(again.path()); }), Code::Cfg08);
    }
};

HEADROOM_TEST(NotesTest)
#include "tst_notes.moc"
