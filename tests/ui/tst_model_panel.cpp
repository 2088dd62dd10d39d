// SPDX-License-Identifier: GPL-3.0-or-later
// The page about models, on data and files that a program in a worker's place describes.
#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QContextMenuEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPushButton>
#include <QTabBar>
#include <QTableView>
#include <QToolButton>
#include <QUndoStack>

#include "base/graph/document.h"
#include "support/registry.h"
#include "support/temporary_folder.h"
#include "ui/bridge/bridge.h"
#include "ui/bridge/config_draft.h"
#include "ui/bridge/data_info.h"
#include "ui/bridge/format.h"
#include "ui/bridge/memory_plan.h"
#include "ui/panels/model/gallery.h"
#include "ui/panels/model/graph_card.h"
#include "ui/panels/model/model_panel.h"
#include "ui/panels/model/node_card.h"
#include "ui/panels/model/training_actions.h"
#include "ui/panels/selection.h"
#include "ui/widgets/problem_note.h"
#include "ui_support/quiet.h"

using namespace headroom;

namespace {

models::DataShape pictures() {
    models::DataShape data;
    data.channels = 3;
    data.height = data.width = 32;
    data.outputs = 10;
    return data;
}

/// Says of every data that they are small pictures, of "broken.onnx" that it is no model, of other files that they hold the
/// graph beside this program.
constexpr const char* kFakeWorker = R"sh(#!/bin/sh
while read -r line; do
  id=$(printf '%s' "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
  case "$line" in
    *'broken.onnx'*) printf '{"id":%s,"error":{"code":"ONX-01","message":"broken.onnx: not an ONNX file."}}\n' "$id" ;;
    *'"ask":"model"'*) printf '{"id":%s,"opset":17,"producer":"a test","parameters":123456,"weights_bytes":493824,"inputs":[{"name":"x","type":"float32","shape":["batch",3,32,32]}],"outputs":[],"operators":[{"name":"Conv","count":4}],"without_gradient":[],"graph":%s}\n' "$id" "$(cat "$(dirname "$0")/graph.json")" ;;
    *) printf '{"id":%s,"kind":"pictures","task":"classification","channels":3,"height":32,"width":32,"outputs":10,"train":50000}\n' "$id" ;;
  esac
done
)sh";

struct Desk {
    test::TemporaryFolder folder;
    test::Quiet quiet;
    ui::WorkerQuestions questions{fakeWorker()};
    ui::Bridge bridge{folder.path() / "home", folder.path() / "home" / "default"};
    ui::ModelExplorer explorer{folder.path() / "home", questions};
    ui::RunsModel runs;
    ui::ChartGroup charts;
    ui::Selection selection{runs, charts};
    ui::ConfigDraft draft;
    ui::DataInfo data{questions, draft};
    ui::MemoryPlan memory{draft, data, bridge.hardware()};
    QUndoStack undo;
    std::unique_ptr<ui::ModelPanel> panel;

    Desk() {
        panel = std::make_unique<ui::ModelPanel>(ui::Context{bridge, runs, selection, charts, draft, data, memory, undo});
        panel->resize(1150, 680);
        panel->show();
        bridge.start();
        // Files are asked of the program in the worker's place.
        QObject::connect(&explorer, &ui::ModelExplorer::opened, &bridge.models(), &ui::ModelExplorer::opened);
        QObject::connect(&explorer, &ui::ModelExplorer::refused, &bridge.models(), &ui::ModelExplorer::refused);
    }
    ~Desk() { panel.reset(); }

    QString fakeWorker() {
        folder.write("graph.json", graph::toJson(models::build("cnn", pictures())).dump());
        const auto file = folder.write("worker", kFakeWorker);
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        return QString::fromStdString(file.string());
    }
    bool open(const QString& arch) {
        draft.set("model.arch", arch);
        draft.set("data.path", "pictures");
        return QTest::qWaitFor([this] { return panel->graph().view().scene() != nullptr; }, 10000);
    }
    ui::GraphView& view() { return panel->graph().view(); }
    /// As the picture has them once what was set last is planned.
    bool waitForTrained(qint64 trained, qint64 all) {
        const QString wanted = QStringLiteral("%1 of %2 parameters are trained").arg(ui::format::grouped(trained), ui::format::grouped(all));
        return QTest::qWaitFor([&] { return panel->nodes().trained()->text() == wanted; }, 10000);
    }
    ui::Learning learning(const char* node) { return view().scene()->nodes[static_cast<std::size_t>(view().scene()->find(QLatin1String(node)))].learning; }
    void chooseBlockOf(const char* node) {
        view().reveal(view().scene()->find(QLatin1String(node)));
        QTest::keyClick(&view(), Qt::Key_Return);
    }
    void choose(const char* node) { view().reveal(view().scene()->find(QLatin1String(node))); }
    QString freeze() { return draft.text(QStringLiteral("train.freeze")); }
    QString selected() { return view().selected() < 0 ? QString() : view().scene()->nodes[static_cast<std::size_t>(view().selected())].name; }
};

}  // namespace

class ModelRules : public QObject {
    Q_OBJECT
    std::unique_ptr<Desk> m_desk;

    Desk& desk() { return *m_desk; }
    ui::ModelPanel& panel() { return *m_desk->panel; }

private Q_SLOTS:
    void init() { m_desk = std::make_unique<Desk>(); }
    void cleanup() { m_desk.reset(); }

    void withoutDataThePageSaysSoAndOffersSome() {
        auto& empty = panel().graph().placeholder();
        QVERIFY(empty.isVisible());
        QSignalSpy wanted(&panel(), &ui::Panel::wanted);
        empty.button()->click();
        QCOMPARE(wanted.size(), 1);
        QCOMPARE(panel().gallery().rowCount(), static_cast<int>(models::architectures().size()));
    }

    void aFileThatIsRefusedSaysWhyUntilTheNextOneIsOpened() {
        desk().explorer.open("/models/broken.onnx");
        QTRY_VERIFY(panel().problem().isVisible());
        QVERIFY(panel().problem().text().contains("ONX-01"));
        QVERIFY(panel().accept("/models/weights.safetensors"));
        QVERIFY(!panel().problem().isVisible());
    }

    void withoutAGraphThereAreNoToolsForOne() {
        const auto tools = [this] {
            int count = 0;
            for (const QToolButton* button : panel().graph().findChildren<QToolButton*>()) count += button->isVisible();
            return count;
        };
        QCOMPARE(tools(), 0);
        QVERIFY(!panel().nodes().isVisible());
        QVERIFY(desk().open("cnn"));
        QVERIFY(tools() >= 5);
        QVERIFY(panel().nodes().isVisible());
    }

    void theGalleryTellsWhatEachArchitectureTakesAndGreysWhatDoesNotSuit() {
        QAbstractItemModelTester tester(&panel().gallery(), QAbstractItemModelTester::FailureReportingMode::QtTest);
        QVERIFY(desk().open("cnn"));
        const int cnn = panel().gallery().rowOf("cnn"), gpt = panel().gallery().rowOf("gpt_mini");
        QTRY_VERIFY_WITH_TIMEOUT(panel().gallery().entry(cnn).facts.has_value(), 20000);
        const auto facts = *panel().gallery().entry(cnn).facts;
        QVERIFY(facts.parameters > 10000 && facts.flops > 1e6 && facts.process > kMiB && facts.refusal.isEmpty());
        QVERIFY(!panel().gallery().entry(gpt).unsuited.isEmpty());
        QVERIFY(!(panel().gallery().flags(panel().gallery().index(gpt)) & Qt::ItemIsEnabled));
        QCOMPARE(ui::galleryFigures(panel().gallery().entry(cnn)).size(), 2);
    }

    void aCardChoosesTheArchitectureAndUndoTakesItBack() {
        QVERIFY(desk().open("cnn"));
        QCOMPARE(panel().list()->currentIndex().row(), panel().gallery().rowOf("cnn"));
        panel().list()->setCurrentIndex(panel().gallery().index(panel().gallery().rowOf("resnet20")));
        QCOMPARE(desk().draft.text("model.arch"), QStringLiteral("resnet20"));
        QTRY_VERIFY_WITH_TIMEOUT(desk().view().scene() && desk().view().scene()->find("layer1/0/conv1") >= 0, 10000);
        desk().undo.undo();
        QCOMPARE(desk().draft.text("model.arch"), QStringLiteral("cnn"));
        QCOMPARE(panel().list()->currentIndex().row(), panel().gallery().rowOf("cnn"));
    }

    void theChosenNodeIsDescribed() {
        QVERIFY(desk().open("cnn"));
        const int node = desk().view().scene()->find("conv2");
        QVERIFY(node >= 0);
        desk().view().reveal(node);
        QStringList names;
        for (int row = 0; row < panel().nodes().details().rowCount(); ++row) names << panel().nodes().details().row(row).name;
        for (const char* name : {"Operator", "Parameters", "FLOPs forward", "Memory made", "Held at the peak", "Time, estimated", "conv2.weight"})
            QVERIFY2(names.contains(QLatin1String(name)), name);
    }

    void aRowOfTheTableLeadsToItsNode() {
        QVERIFY(desk().open("resnet20"));
        panel().nodes().tabs()->setCurrentIndex(1);
        QAbstractItemModelTester tester(&panel().nodes().nodes(), QAbstractItemModelTester::FailureReportingMode::QtTest);
        QTableView* table = panel().nodes().nodesTable();
        table->sortByColumn(ui::NodesModel::Flops, Qt::DescendingOrder);
        Q_EMIT table->clicked(table->model()->index(0, 0));
        QCOMPARE(desk().selected(), table->model()->index(0, 0).data().toString());
    }

    void aNodeThatAnotherPageAsksForIsShown() {
        QVERIFY(desk().open("resnet20"));
        panel().reveal("layer3/2/conv2");
        QCOMPARE(desk().selected(), QStringLiteral("layer3/2/conv2"));
    }

    void searchGoesFromMatchToMatch() {
        QVERIFY(desk().open("resnet20"));
        QVERIFY(panel().find());
        QLineEdit* line = panel().graph().searchLine();
        QTest::keyClicks(line, "layer2/1/conv");
        QTest::keyClick(line, Qt::Key_Return);
        const QString first = desk().selected();
        QTest::keyClick(line, Qt::Key_Return);
        QVERIFY(first.startsWith("layer2/1/conv") && desk().selected().startsWith("layer2/1/conv") && first != desk().selected());
    }

    void aFileIsAskedOfTheWorkerAndShown() {
        desk().explorer.open("/data/mine.onnx");
        QTRY_VERIFY_WITH_TIMEOUT(desk().view().scene() != nullptr, 10000);
        QVERIFY(panel().gallery().entry(0).isFile);
        QCOMPARE(panel().gallery().entry(0).title, QStringLiteral("mine.onnx"));
        QVERIFY(desk().view().scene()->blocks.front().figures.forwardFlops > 0);
        QStringList values;
        for (int row = 0; row < panel().nodes().details().rowCount(); ++row) values << panel().nodes().details().row(row).value;
        QVERIFY(values.contains(QStringLiteral("a test")));
        desk().explorer.open("/data/mine.onnx");
        QTest::qWait(300);
        QCOMPARE(panel().gallery().rowCount(), static_cast<int>(models::architectures().size()) + 1);
    }

    void aFileThatIsRefusedIsSaidInWords() {
        desk().explorer.open("/data/broken.onnx");
        const auto said = [this] {
            for (const QLabel* label : panel().findChildren<QLabel*>())
                if (label->isVisible() && label->text().contains("ONX-01")) return true;
            return false;
        };
        QTRY_VERIFY_WITH_TIMEOUT(said(), 10000);
        QVERIFY(!panel().accept("/data/pictures.zip"));
    }

    void freezingABlockWritesItsPatternAndUndoTakesItBack() {
        QVERIFY(desk().open("resnet20"));
        desk().chooseBlockOf("layer1/0/conv1");
        panel().training().freeze()->trigger();
        QCOMPARE(desk().freeze(), QStringLiteral("layer1.0.*"));
        QCOMPARE(desk().undo.count(), 1);
        QVERIFY(desk().undo.undoText().contains(QStringLiteral("layer1/0")));
        desk().undo.undo();
        QCOMPARE(desk().freeze(), QString());
    }

    void whatIsFrozenIsMarkedAndCanBeTrainedAgain() {
        QVERIFY(desk().open("resnet20"));
        QVERIFY(desk().waitForTrained(272474, 272474));
        desk().chooseBlockOf("layer1/0/conv1");
        const int block = desk().view().selectedBlock();
        panel().training().freeze()->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(desk().learning("layer1/0/conv1"), ui::Learning::Frozen, 10000);
        QCOMPARE(desk().learning("layer1/1/conv1"), ui::Learning::Trained);
        const auto& blocks = desk().view().scene()->blocks;
        QCOMPARE(desk().view().selectedBlock(), block);
        QCOMPARE(blocks[static_cast<std::size_t>(block)].learning, ui::Learning::Frozen);
        QCOMPARE(blocks.front().learning, ui::Learning::Partly);
        QVERIFY(desk().waitForTrained(272474 - 2 * (16 * 16 * 9 + 2 * 16), 272474));
        QCOMPARE(panel().training().freeze()->text(), QStringLiteral("Train"));
        panel().training().freeze()->trigger();
        QCOMPARE(desk().freeze(), QString());
    }

    void trainOnlyThisFreezesTheRest() {
        QVERIFY(desk().open("resnet20"));
        desk().choose("logits");
        const Bytes before = desk().memory.memory().peak;
        panel().training().alone()->trigger();
        QCOMPARE(desk().freeze(), QStringLiteral("*, !logits.*"));
        QTRY_VERIFY(desk().memory.memory().peak > 0 && desk().memory.memory().peak < before / 2);
        QVERIFY(desk().waitForTrained(650, 272474));
        QVERIFY(!panel().training().alone()->isEnabled());
        desk().view().select(-1);
        panel().training().freeze()->trigger();
        QCOMPARE(desk().freeze(), QString());
    }

    void everythingBeforeANodeIsFrozen() {
        QVERIFY(desk().open("resnet20"));
        desk().choose("layer2/0/conv1");
        panel().training().before()->trigger();
        QCOMPARE(desk().freeze(), QStringLiteral("conv1.*, bn1.*, layer1.*"));
        QTRY_VERIFY_WITH_TIMEOUT(!panel().training().before()->isEnabled(), 10000);
        QCOMPARE(desk().selected(), QStringLiteral("layer2/0/conv1"));
    }

    void aLowRankUpdateIsAddedAndTakenAway() {
        QVERIFY(desk().open("mlp"));
        desk().choose("fc2");
        panel().training().update()->trigger();
        QCOMPARE(desk().draft.text("model.lora.rank"), QStringLiteral("8"));
        QCOMPARE(desk().draft.text("model.lora.targets"), QStringLiteral("fc2.*"));
        QTRY_VERIFY_WITH_TIMEOUT(desk().view().scene()->find("fc2.lora_up") >= 0, 10000);
        QCOMPARE(desk().selected(), QStringLiteral("fc2"));
        QVERIFY(desk().view().scene()->nodes[static_cast<std::size_t>(desk().view().selected())].isUpdated);
        desk().choose("fc2.lora_down");
        QCOMPARE(panel().training().update()->text(), QStringLiteral("No update here"));
        panel().training().update()->trigger();
        QCOMPARE(desk().draft.text("model.lora.rank"), QStringLiteral("0"));
        desk().undo.undo();
        desk().undo.undo();
        QCOMPARE(desk().undo.index(), 0);
        QCOMPARE(desk().draft.text("model.lora.targets"), QStringLiteral("*"));
    }

    void keysAndTheMenuSetWhatIsTrained() {
        QVERIFY(desk().open("resnet20"));
        panel().activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&panel()));
        desk().view().setFocus();
        desk().choose("conv1");
        QTest::keyClick(&desk().view(), Qt::Key_T);
        QCOMPARE(desk().freeze(), QStringLiteral("conv1.*"));
        QTest::keyClick(&desk().view(), Qt::Key_O);
        QCOMPARE(desk().freeze(), QStringLiteral("*, !conv1.*"));
        QContextMenuEvent asked(QContextMenuEvent::Keyboard, {}, desk().view().mapToGlobal(QPoint(5, 5)));
        QCoreApplication::sendEvent(&desk().view(), &asked);
        const auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
        QVERIFY(menu);
        QCOMPARE(menu->actions(), panel().training().all());
        QApplication::activePopupWidget()->close();
    }

    /// The picture is that of the file; the net has a new head in the place of its last layer.
    void aFileIsFrozenByItsPicture() {
        desk().draft.set("data.path", "pictures");
        QTRY_COMPARE_WITH_TIMEOUT(desk().data.state(), ui::DataInfo::State::There, 10000);
        desk().draft.set("model.head", "new");
        desk().explorer.open("/data/mine.onnx");
        QTRY_VERIFY_WITH_TIMEOUT(desk().view().scene() && desk().draft.text("model.file").endsWith("mine.onnx"), 10000);
        QTRY_VERIFY_WITH_TIMEOUT(!panel().nodes().trained()->text().isEmpty() && desk().learning("conv1") == ui::Learning::Trained, 10000);
        desk().choose("logits");
        panel().training().alone()->trigger();
        QCOMPARE(desk().freeze(), QStringLiteral("*, !head.*"));
        QTRY_COMPARE_WITH_TIMEOUT(desk().learning("conv1"), ui::Learning::Frozen, 10000);
        QCOMPARE(desk().learning("logits"), ui::Learning::Trained);
    }

    void whatWasFrozenOfAnotherModelGoesWithIt() {
        QVERIFY(desk().open("resnet20"));
        desk().draft.set("train.freeze", "layer1.*, *.bias");
        panel().list()->setCurrentIndex(panel().gallery().index(panel().gallery().rowOf("mlp")));
        QCOMPARE(desk().freeze(), QStringLiteral("*.bias"));
        desk().undo.undo();
        QCOMPARE(desk().freeze(), QStringLiteral("layer1.*, *.bias"));
        QCOMPARE(desk().draft.text("model.arch"), QStringLiteral("resnet20"));
    }

    /// As a session that is restored brings it.
    void settingsWithAFileStayWithIt() {
        desk().draft.set("model.file", "/data/mine.onnx");
        desk().draft.set("model.arch", "resnet20");
        QCOMPARE(desk().draft.text("model.file"), QStringLiteral("/data/mine.onnx"));
        QCOMPARE(desk().undo.count(), 0);
    }

    void whatCannotBeTrainedIsSaid() {
        QVERIFY(desk().open("mlp"));
        desk().draft.set("train.freeze", "*");
        QTRY_VERIFY_WITH_TIMEOUT(panel().nodes().trained()->text().contains("nothing is left to train"), 10000);
        QVERIFY(panel().graph().placeholder().isVisible());
        for (const QAction* action : panel().training().all()) QVERIFY(!action->isEnabled());
    }

    void twoModelsAreCompared() {
        QVERIFY(desk().open("cnn"));
        desk().explorer.open("/data/mine.onnx");
        QTRY_VERIFY_WITH_TIMEOUT(panel().gallery().entry(0).isFile, 10000);
        QComboBox* others = panel().graph().compared();
        QVERIFY(others->count() == 2);
        others->setCurrentIndex(1);
        QVERIFY(desk().view().scene()->isComparison);
        QCOMPARE(desk().view().colouring(), ui::Colouring::Difference);
        int same = 0, changed = 0, alone = 0;
        for (const auto& node : desk().view().scene()->nodes) (node.standing == graph::Standing::Same ? same : node.standing == graph::Standing::Changed ? changed : alone)++;
        QVERIFY(same > 0 && alone > 0);
        others->setCurrentIndex(0);
        QVERIFY(!desk().view().scene()->isComparison);
        QCOMPARE(desk().view().colouring(), ui::Colouring::Family);
    }
};

HEADROOM_TEST(ModelRules)
#include "tst_model_panel.moc"
