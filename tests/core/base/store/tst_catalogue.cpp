// SPDX-License-Identifier: Apache-2.0
#include "base/store/catalogue.h"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/store/run_link.h"
#include "base/store/run_reader.h"
#include "base/store/run_writer.h"
#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;
using test::at;
using test::codeOf;

namespace {

const OpenOptions kByHand{.commitIntervalMs = 0};

void train(const RunFolder& folder, EndState end = EndState::Finished) {
    RunWriter writer(folder, kByHand);
    const auto loss = writer.define("train_loss", "1"), accuracy = writer.define("val_accuracy", "1");
    const auto energy = writer.define("energy", "J", SeriesKind::Time);
    for (int i = 1; i <= 200; ++i) writer.append(loss, at(i), 1.0 / i);
    writer.append(accuracy, at(200), 0.91);
    writer.append(energy, at(200), 12.5);
    writer.setFact("progress",
                   {{"step", 200}, {"epoch", 2.0}, {"total_steps", 400}, {"samples", 6400}, {"eta_s", 3.5}});
    writer.setFact("weights_sha256", "abc");
    writer.finish(end, "completed", {{"val_accuracy", 0.92}});
}

/// As long as it lives the folder is readable only: its rights are taken away, and, since these mean nothing to the
/// administrator, so is that.
class NoRights {
public:
    explicit NoRights(std::filesystem::path folder) : m_folder(std::move(folder)), m_user(::geteuid()) {
        set(std::filesystem::perms::owner_write | std::filesystem::perms::group_write |
                std::filesystem::perms::others_write,
            std::filesystem::perm_options::remove);
        if (m_user == 0 && ::seteuid(kNobody) != 0) qFatal("seteuid failed");
    }
    ~NoRights() {
        if (m_user == 0 && ::seteuid(0) != 0) qFatal("seteuid failed");
        set(std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
    }
    NoRights(const NoRights&) = delete;
    NoRights& operator=(const NoRights&) = delete;

private:
    static constexpr uid_t kNobody = 65534;

    void set(std::filesystem::perms rights, std::filesystem::perm_options how) const {
        using std::filesystem::perms;
        const auto one = [&](const std::filesystem::path& path) {
            std::filesystem::permissions(path, rights, how);
            const perms read = perms::group_read | perms::others_read, enter = perms::group_exec | perms::others_exec;
            std::filesystem::permissions(path, std::filesystem::is_directory(path) ? read | enter : read,
                                         std::filesystem::perm_options::add);
        };
        for (const auto& entry : std::filesystem::recursive_directory_iterator(m_folder)) one(entry.path());
        one(m_folder);
    }

    std::filesystem::path m_folder;
    uid_t m_user;
};

bool same(const RunSummary& a, const RunSummary& b) {
    return a.id == b.id && a.name == b.name && a.created == b.created && a.updated == b.updated && a.state == b.state &&
           a.end.has_value() == b.end.has_value() &&
           (!a.end || (a.end->reason == b.end->reason && a.end->wallTime == b.end->wallTime)) && a.pid == b.pid &&
           a.arch == b.arch && a.data == b.data && a.device == b.device && a.progress.step == b.progress.step &&
           a.progress.epoch == b.progress.epoch && a.progress.totalSteps == b.progress.totalSteps &&
           a.progress.etaSeconds == b.progress.etaSeconds && a.metrics == b.metrics && a.wallSeconds == b.wallSeconds &&
           a.joules == b.joules && a.weightsSha256 == b.weightsSha256 && a.sparkline == b.sparkline &&
           a.parent == b.parent && a.relation == b.relation && a.trashed == b.trashed && a.tags == b.tags &&
           a.colour == b.colour;
}

}  // namespace

class CatalogueTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aRunIsListedBeforeAnyWorkerKnowsOfIt() {
        const test::Stage stage;
        const auto run = stage.makeRun("first");
        const auto list = Catalogue(stage.project).list(stage.home);
        QCOMPARE(list.size(), std::size_t{1});
        QCOMPARE(list[0].id, run.id());
        QCOMPARE(list[0].name, std::string("first"));
        QCOMPARE(list[0].arch, std::string("cnn"));
        QCOMPARE(list[0].data, std::string("fashion-mnist"));
    }

    void theNewestRunComesFirst() {
        const test::Stage stage;
        const auto a = stage.makeRun(), b = stage.makeRun();
        const auto list = Catalogue(stage.project).list(stage.home);
        QCOMPARE(list.at(0).id, b.id());
        QCOMPARE(list.at(1).id, a.id());
    }

    void aRebuiltCatalogueEqualsTheLostOne() {
        const test::Stage stage;
        const auto a = stage.makeRun("a"), b = stage.makeRun("b");
        createRun(stage.project, "{}", {.name = "child", .parent = a.id(), .relation = "duplicate"});
        train(a);
        writeNotes(b, {"renamed", {"best", "x"}, "# hm", "#0072B2", true, false});
        {
            RunWriter writer(b, kByHand);
            writer.append(writer.define("train_loss", "1"), at(1), 1);
            const RunLink link(stage.project, writer);
            writer.finish(EndState::Diverged, "Loss became NaN.", nlohmann::json::object(), "NUM-01");
        }
        Catalogue(stage.project).refresh(a.id());
        Catalogue(stage.project).refresh(b.id());
        const auto before = Catalogue(stage.project).list(stage.home);
        std::filesystem::remove(stage.project.catalogue());
        const auto after = Catalogue(stage.project).list(stage.home);
        QCOMPARE(after.size(), std::size_t{3});
        for (std::size_t i = 0; i < 3; ++i) QVERIFY2(same(before[i], after[i]), after[i].name.c_str());
        QCOMPARE(after[2].metrics.at("val_accuracy"), 0.92);
        QCOMPARE(after[1].end->code, std::string("NUM-01"));
        QCOMPARE(after[0].parent, a.id());
        Catalogue catalogue(stage.project);
        QCOMPARE(catalogue.rebuild(), std::size_t{3});
        QVERIFY(same(catalogue.list(stage.home)[2], before[2]));
    }

    void aWorkerDoesNotOverwriteWhatAPersonWrote() {
        const test::Stage stage;
        const auto run = stage.makeRun("old");
        const RunWriter worker(run, kByHand);
        auto summary = worker.summary();
        Catalogue catalogue(stage.project);
        writeNotes(run, {"new", {}, {}, {}, true, false});
        catalogue.refresh(run.id());
        summary.progress.step = 7;
        catalogue.publish(summary);
        const auto listed = catalogue.list(stage.home).at(0);
        QCOMPARE(listed.name, std::string("new"));
        QVERIFY(listed.trashed);
        QCOMPARE(listed.progress.step, 7);
    }

    void aRunThatEndedWithoutTellingIsShownAsItIs() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        { const Catalogue made(stage.project); }
        train(run, EndState::Paused);
        QVERIFY(Catalogue(stage.project).list(stage.home).at(0).state == RunState::Paused);
    }

    void runsThatCameOrWentByHandAreNoticed() {
        const test::Stage stage;
        const auto a = stage.makeRun(), b = stage.makeRun();
        { const Catalogue made(stage.project); }
        std::filesystem::remove_all(b.path());
        const RunId copied = "20200101-0000-beef";
        std::filesystem::copy(a.path(), stage.project.run(copied).path(), std::filesystem::copy_options::recursive);
        const auto list = Catalogue(stage.project).list(stage.home);
        QCOMPARE(list.size(), std::size_t{2});
        QVERIFY(list[0].id == copied || list[1].id == copied);
    }

    void aDamagedCatalogueIsSetAsideAndMadeAnew() {
        const test::Stage stage;
        stage.makeRun();
        std::ofstream(stage.project.catalogue(), std::ios::trunc) << std::string(5000, 'x');
        const Catalogue catalogue(stage.project);
        QVERIFY(!catalogue.notices().empty());
        QCOMPARE(catalogue.list(stage.home).size(), std::size_t{1});
    }

    void anotherProgramsDatabaseIsLeftAlone() {
        const test::Stage stage;
        std::filesystem::remove(stage.project.catalogue());
        test::tamper(stage.project.catalogue(), "CREATE TABLE t (x); PRAGMA application_id = 77");
        QCOMPARE(codeOf([&] { Catalogue catalogue(stage.project); }), Code::Db02);
    }

    void aNewerCatalogueIsOnlyRead() {
        const test::Stage stage;
        stage.makeRun();
        test::tamper(stage.project.catalogue(), "PRAGMA user_version = 99");
        const Catalogue catalogue(stage.project);
        QVERIFY(catalogue.readOnly());
        QVERIFY(catalogue.notices().at(0).code == Code::Db02);
        QCOMPARE(catalogue.list(stage.home).size(), std::size_t{1});
    }

    void aProjectThatCannotBeWrittenIsListedAndRead() {
        const test::Stage stage;
        const auto run = stage.makeRun("old");
        train(run);
        const NoRights nobody(stage.folder.path());
        const Catalogue catalogue(stage.project);
        QVERIFY(catalogue.readOnly());
        QVERIFY(catalogue.notices().at(0).code == Code::Dsk02);
        const auto list = catalogue.list(stage.home);
        QCOMPARE(list.size(), std::size_t{1});
        QVERIFY(list[0].state == RunState::Finished);
        QCOMPARE(std::ssize(RunReader(run).readAll(1).points), 200);
        QVERIFY(codeOf([&] { writeNotes(run, {"new", {}, {}, {}, false, false}); }).has_value());
    }

    void aProjectThatCannotBeWrittenIsListedEvenWithoutACatalogue() {
        const test::Stage stage;
        stage.makeRun("old");
        std::filesystem::remove(stage.project.catalogue());
        const NoRights nobody(stage.folder.path());
        QCOMPARE(Catalogue(stage.project).list(stage.home).size(), std::size_t{1});
    }

    void aRunIsFoundByIdStartOrName() {
        const test::Stage stage;
        const auto a = stage.makeRun("mnist"), b = stage.makeRun("mnist"), c = stage.makeRun("other");
        const Catalogue catalogue(stage.project);
        QCOMPARE(catalogue.resolve(a.id()), a.id());
        QCOMPARE(catalogue.resolve("mnist"), b.id());
        QCOMPARE(catalogue.resolve("other"), c.id());
        QCOMPARE(codeOf([&] { catalogue.resolve("nothing"); }), Code::Run01);
        QCOMPARE(codeOf([&] { catalogue.resolve(""); }), Code::Run01);
        QCOMPARE(codeOf([&] { catalogue.resolve(a.id().substr(0, 4)); }), Code::Cli02);
    }

    void requestsReachTheWorkerAndGoWhenAnswered() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        Catalogue catalogue(stage.project);
        catalogue.request(run.id(), RequestKind::Stop);  // to an earlier worker
        RunWriter writer(run, kByHand);
        RunLink link(stage.project, writer);
        QTRY_VERIFY(catalogue.pending(run.id()).empty());
        QVERIFY(link.takeRequests().empty());
        catalogue.request(run.id(), RequestKind::LearningRate, 0.01);
        std::vector<Request> got;
        QTRY_VERIFY((got = got.empty() ? link.takeRequests() : got, !got.empty()));
        QVERIFY(got.at(0).kind == RequestKind::LearningRate);
        QCOMPARE(got.at(0).value, 0.01);
        QVERIFY(link.takeRequests().empty());
        QCOMPARE(catalogue.pending(run.id()).size(), std::size_t{1});
        link.answered(got.at(0).id);
        QTRY_VERIFY(catalogue.pending(run.id()).empty());
    }

    void aLaterRequestOfAKindReplacesTheEarlier() {
        const test::Stage stage;
        Catalogue catalogue(stage.project);
        catalogue.request("r", RequestKind::LearningRate, 0.1);
        catalogue.request("r", RequestKind::LearningRate, 0.2);
        catalogue.request("s", RequestKind::Pause);
        QCOMPARE(catalogue.pending("r").size(), std::size_t{1});
        QCOMPARE(catalogue.pending("r").at(0).value, 0.2);
        QCOMPARE(catalogue.pending().size(), std::size_t{2});
    }

    void theLinkPublishesWhatTheWriterHas() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        Catalogue catalogue(stage.project);
        RunWriter writer(run, kByHand);
        writer.append(writer.define("train_loss", "1"), at(9), 0.25);
        writer.setFact("progress", {{"step", 9}});
        writer.commit();
        const RunLink link(stage.project, writer);
        QTRY_COMPARE(catalogue.list(stage.home).at(0).progress.step, 9);
        QVERIFY(catalogue.list(stage.home).at(0).state == RunState::Running);
    }
};

HEADROOM_TEST(CatalogueTest)
#include "tst_catalogue.moc"
