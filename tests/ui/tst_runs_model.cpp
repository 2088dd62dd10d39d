// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAbstractItemModelTester>

#include "support/registry.h"
#include "ui/bridge/runs_model.h"
#include "ui/panels/selection.h"
#include "ui/shell/run_list.h"

using namespace headroom;
using store::RunState;

namespace {

store::RunSummary run(const std::string& id, RunState state = RunState::Finished, const std::string& data = "digits") {
    store::RunSummary summary;
    summary.id = id;
    summary.name = "run " + id;
    summary.state = state;
    summary.data = data;
    summary.progress.step = 10;
    return summary;
}

}  // namespace

class RunsModelRules : public QObject {
    Q_OBJECT
    using Tester = QAbstractItemModelTester;

private Q_SLOTS:
    void newRunsAreInsertedAndNothingIsReset() {
        ui::RunsModel model;
        const Tester tester(&model, Tester::FailureReportingMode::QtTest);
        QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted), reset(&model, &QAbstractItemModel::modelReset);
        model.merge({run("2"), run("1")});
        model.merge({run("3"), run("2"), run("1")});
        QCOMPARE(inserted.size(), 3);
        QCOMPARE(reset.size(), 0);
        QCOMPARE(model.index(0).data(ui::RunsModel::IdRole).toString(), QStringLiteral("3"));
    }

    void aRunThatIsGoneIsRemoved() {
        ui::RunsModel model;
        const Tester tester(&model, Tester::FailureReportingMode::QtTest);
        model.merge({run("3"), run("2"), run("1")});
        model.merge({run("3"), run("1")});
        QCOMPARE(model.rowCount(), 2);
        QVERIFY(!model.indexOf("2").isValid());
    }

    void aChangedOrderIsFollowed() {
        ui::RunsModel model;
        const Tester tester(&model, Tester::FailureReportingMode::QtTest);
        model.merge({run("3"), run("2"), run("1")});
        model.merge({run("1"), run("3"), run("2")});
        QCOMPARE(model.index(0).data(ui::RunsModel::IdRole).toString(), QStringLiteral("1"));
        QCOMPARE(model.rowCount(), 3);
    }

    void onlyRowsThatDifferAreTold() {
        ui::RunsModel model;
        model.merge({run("2"), run("1")});
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        model.merge({run("2"), run("1")});
        QCOMPARE(changed.size(), 0);
        auto later = run("1");
        later.progress.step = 11;
        model.merge({run("2"), later});
        QCOMPARE(changed.size(), 1);
        QCOMPARE(changed.first()[0].toModelIndex().row(), 1);
    }

    void aChangeOfStateIsTold() {
        ui::RunsModel model;
        QSignalSpy changed(&model, &ui::RunsModel::stateChanged);
        model.merge({run("1", RunState::Running)});
        model.merge({run("1", RunState::Lost)});
        QCOMPARE(changed.size(), 1);
    }

    void aNewNameIsAskedForAndNotTakenByTheModel() {
        ui::RunsModel model;
        QSignalSpy renamed(&model, &ui::RunsModel::renamed);
        model.merge({run("1")});
        QVERIFY(model.setData(model.index(0), "better", Qt::EditRole));
        QCOMPARE(renamed.first()[2].toString(), QStringLiteral("better"));
        QCOMPARE(model.index(0).data(Qt::DisplayRole).toString(), QStringLiteral("run 1"));
    }

    void aThousandRunsAreFilteredQuickly() {
        ui::RunsModel model;
        ui::RunList runs;
        for (int i = 1000; i > 0; --i) runs.push_back(run(std::to_string(i), i % 2 ? RunState::Failed : RunState::Finished));
        model.merge(runs);
        ui::RunFilter filter;
        filter.setSourceModel(&model);
        filter.setWords("failed run");
        QCOMPARE(filter.rowCount(), 500);
        filter.setWords("");
        QCOMPARE(filter.rowCount(), 1000);
    }

    void theTrashIsNotListedAndPinsComeFirst() {
        ui::RunsModel model;
        auto trashed = run("3"), pinned = run("1");
        trashed.trashed = true;
        pinned.pinned = true;
        model.merge({trashed, run("2"), pinned});
        ui::RunFilter filter;
        filter.setSourceModel(&model);
        filter.sort(0);
        QCOMPARE(filter.rowCount(), 2);
        QCOMPARE(filter.index(0, 0).data(ui::RunsModel::IdRole).toString(), QStringLiteral("1"));
    }

    void runsOnTheSameDataAreDrawnTogetherAndKeepTheirColours() {
        ui::RunsModel model;
        ui::ChartGroup group;
        ui::Selection selection(model, group);
        model.merge({run("3"), run("2", RunState::Finished, "other"), run("1")});
        selection.setCurrent("1");
        QCOMPARE(selection.shown(), (QStringList{"1", "3"}));
        const int colour = group.runs()[0].series;
        model.merge({run("4"), run("3"), run("2", RunState::Finished, "other"), run("1")});
        QCOMPARE(group.runs()[0].series, colour);
        QCOMPARE(group.runs().size(), 3);
        selection.setMarked({"2", "3"});
        QCOMPARE(selection.shown(), (QStringList{"2", "3"}));
    }
};

HEADROOM_TEST(RunsModelRules)
#include "tst_runs_model.moc"
