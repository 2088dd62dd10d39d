// SPDX-License-Identifier: GPL-3.0-or-later
// A file of weights on the page Model, read by the real worker.
#include <QAbstractItemModelTester>
#include <QUndoStack>

#include <nlohmann/json.hpp>

#include "base/models/weight_names.h"
#include "base/store/atomic_file.h"
#include "support/registry.h"
#include "ui/panels/model/graph_card.h"
#include "ui/panels/model/model_panel.h"
#include "ui/panels/model/weights_card.h"
#include "ui/panels/model/weights_model.h"
#include "ui/widgets/problem_note.h"
#include "ui_support/real_runs.h"

using namespace headroom;
using Standing = ui::WeightRow::Standing;

namespace {

/// All weights of the net as another program would have saved them, zero, one of them under a name that nobody knows.
std::string weightsOf(const graph::Graph& net, const std::string& renamed, const std::string& name) {
    nlohmann::ordered_json header;
    std::size_t end = 0;
    for (const models::WantedTensor& each : models::wantedTensors(net)) {
        std::size_t bytes = 4;
        for (const std::int64_t extent : each.shape) bytes *= static_cast<std::size_t>(extent);
        header["module." + (each.name == renamed ? name : each.name)] = {{"dtype", "F32"}, {"shape", each.shape}, {"data_offsets", {end, end + bytes}}};
        end += bytes;
    }
    std::string text = header.dump(), length(8, '\0');
    text.resize((text.size() + 7) / 8 * 8, ' ');
    for (std::size_t k = 0; k < 8; ++k) length[k] = static_cast<char>(text.size() >> (8 * k) & 255);
    return length + text + std::string(end, '\0');
}

}  // namespace

class WeightsRules : public QObject {
    Q_OBJECT
    std::unique_ptr<test::RealRuns> m_runs;
    test::TemporaryFolder m_folder;
    QString m_file;

    ui::ModelPanel& panel() { return *static_cast<ui::ModelPanel*>(m_runs->window().panel("model")); }
    ui::WeightsCard& card() { return panel().weights(); }
    int rowOf(const QString& parameter) {
        for (int row = 0; row < card().weights().rowCount(); ++row)
            if (card().weights().row(row).parameter == parameter) return row;
        return -1;
    }
    bool openFile() {
        m_runs->studio().draft().set("model.arch", "cnn");
        m_runs->window().openPage("model");
        return panel().accept(m_file) && QTest::qWaitFor([this] { return card().weights().rowCount() > 0; }, 20000);
    }
    void edit(int row, const QString& tensors) { card().weights().setData(card().weights().index(row, ui::WeightsModel::Tensors), tensors, Qt::EditRole); }

private Q_SLOTS:
    void init() {
        if (!test::canTrain()) return;
        m_runs = std::make_unique<test::RealRuns>();
        QVERIFY(m_runs->openSample());
        const models::DataShape& data = m_runs->studio().context().data.summary().shape;
        m_file = QString::fromStdString(m_folder.write("net.safetensors", weightsOf(models::build("cnn", data), "conv2.weight", "odd")).string());
    }
    void cleanup() { m_runs.reset(); }

    void aFileIsHeldAgainstTheArchitecture() {
        REQUIRE_TRAINING();
        QAbstractItemModelTester tester(&card().weights(), QAbstractItemModelTester::FailureReportingMode::QtTest);
        QVERIFY(openFile());
        QVERIFY(card().isVisible() && !panel().graph().isVisible());
        QCOMPARE(card().weights().count(Standing::Missing), 1);
        QCOMPARE(card().weights().count(Standing::Surplus), 1);
        QCOMPARE(card().weights().row(0).parameter, QStringLiteral("conv2.weight"));  // what is wrong comes first
        QVERIFY(card().weights().count(Standing::Match) > 3 && !card().useButton()->isEnabled());
        card().closeButton()->click();
        QVERIFY(!card().isVisible() && panel().graph().isVisible());
    }

    void aNameThatIsEditedIsTakenAndKept() {
        REQUIRE_TRAINING();
        QVERIFY(openFile());
        edit(0, "module.odd");
        QTRY_VERIFY_WITH_TIMEOUT(card().useButton()->isEnabled(), 20000);
        QVERIFY(card().resetButton()->isEnabled());
        card().useButton()->click();
        const config::RunConfig::Model model = m_runs->studio().draft().config().model;
        QCOMPARE(QString::fromStdString(model.weights), m_file);
        const auto names = nlohmann::json::parse(store::readWhole(model.weightsMap));
        QCOMPARE(QString::fromStdString(names.at("conv2.weight")), QStringLiteral("module.odd"));
        QVERIFY(!card().isVisible());
        m_runs->studio().undo().undo();
        QVERIFY(m_runs->studio().draft().config().model.weights.empty());
    }

    void anEmptyFieldLeavesTheWeightNew() {
        REQUIRE_TRAINING();
        QVERIFY(openFile());
        edit(rowOf("conv1.weight"), {});
        QTRY_COMPARE_WITH_TIMEOUT(card().weights().row(rowOf("conv1.weight")).standing, Standing::Fresh, 20000);
        card().resetButton()->click();
        QTRY_COMPARE_WITH_TIMEOUT(card().weights().row(rowOf("conv1.weight")).standing, Standing::Match, 20000);
    }

    void anotherArchitectureIsComparedAgain() {
        REQUIRE_TRAINING();
        QVERIFY(openFile());
        m_runs->studio().draft().set("model.arch", "mlp");
        QTRY_VERIFY_WITH_TIMEOUT(rowOf("conv2.weight") < 0 && card().weights().count(Standing::Surplus) > 3, 20000);
        QVERIFY(!card().useButton()->isEnabled());
    }

    void aFileThatCannotBeReadIsSaidInWords() {
        REQUIRE_TRAINING();
        m_file = QString::fromStdString(m_folder.write("broken.safetensors", "nothing of the kind").string());
        m_runs->window().openPage("model");
        QVERIFY(panel().accept(m_file));
        QTRY_VERIFY_WITH_TIMEOUT(card().problem().text().contains("STF-"), 20000);
        QVERIFY(!card().useButton()->isEnabled());
    }

    void aRunBeginsWithTheWeightsThatWereChosen() {
        REQUIRE_TRAINING();
        QVERIFY(openFile());
        edit(0, "module.odd");
        QTRY_VERIFY_WITH_TIMEOUT(card().useButton()->isEnabled(), 20000);
        card().useButton()->click();
        const QString run = m_runs->start("fine", {{"train.max_steps", "1"}});
        QTRY_COMPARE_WITH_TIMEOUT(m_runs->state(run), std::optional(store::RunState::Finished), 60000);
    }
};

HEADROOM_TEST(WeightsRules)
#include "tst_weights.moc"
