// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of every page, dark and light, empty and filled: from the real window and runs of the real worker on the
// sample. They go to HEADROOM_SCREENSHOTS; without it they are made and thrown away. HEADROOM_SCREENSHOT_HOME names a home
// with finished runs, whose pictures are then taken too.
#include <QApplication>
#include <QDir>
#include <QPushButton>

#include <QComboBox>
#include <QListView>
#include <QPlainTextEdit>
#include <QSpinBox>
#include <QTabBar>
#include <QTableView>
#include <QUndoStack>

#include "support/registry.h"
#include "ui/panels/memory/memory_panel.h"
#include "ui/panels/memory/owners_card.h"
#include "ui/panels/memory/savings_view.h"
#include "ui/panels/model/gallery.h"
#include "ui/panels/model/graph_card.h"
#include "ui/panels/model/model_panel.h"
#include "ui/panels/model/node_card.h"
#include "ui/panels/model/training_actions.h"
#include "ui/panels/predict/answers_card.h"
#include "ui/panels/predict/predict_panel.h"
#include "ui/panels/predict/text_input.h"
#include "ui/panels/train/train_panel.h"
#include "ui/shell/overlays.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/problem_note.h"
#include "ui_support/inputs.h"
#include "ui_support/real_runs.h"

using namespace headroom;

class Screenshots : public QObject {
    Q_OBJECT

    std::unique_ptr<test::StudioFixture> m_fixture;

    ui::Studio& studio() { return m_fixture->studio(); }
    ui::MainWindow& window() { return m_fixture->window(); }

    void take(const QString& name) {
        for (const auto& [scheme, word] : {std::pair(ui::SchemeChoice::Dark, "dark"), std::pair(ui::SchemeChoice::Light, "light")}) {
            window().setScheme(scheme);
            QTest::qWait(250);
            const QPixmap picture = window().grab();
            QCOMPARE(picture.size(), window().size());
            const QString folder = qEnvironmentVariable("HEADROOM_SCREENSHOTS");
            if (!folder.isEmpty()) {
                QDir().mkpath(folder);
                QVERIFY(picture.save(QDir(folder).filePath(QStringLiteral("%1-%2.png").arg(name, QLatin1String(word)))));
            }
        }
    }

    void start(const QString& name, std::initializer_list<std::pair<const char*, const char*>> changes) {
        const int before = studio().runs().rowCount();
        QVERIFY(!test::startRun(*m_fixture, name, changes).isEmpty());
        QTRY_COMPARE_WITH_TIMEOUT(studio().runs().rowCount(), before + 1, 10000);
    }

    void waitForEnd() {
        const auto over = [this] {
            for (const auto& run : studio().runs().all())
                if (store::isLive(run.state) || run.state == store::RunState::Queued) return false;
            return true;
        };
        QTRY_VERIFY_WITH_TIMEOUT(over(), 280000);
    }

    bool learn(const QString& data, const char* arch, const char* name, const char* steps) {
        studio().draft().set(QStringLiteral("data.path"), data);
        studio().draft().set(QStringLiteral("model.arch"), QLatin1String(arch));
        if (!QTest::qWaitFor([this] { return studio().context().data.state() == ui::DataInfo::State::There; }, 20000)) return false;
        start(QLatin1String(name), {{"train.max_steps", steps}, {"train.epochs", "1000"}, {"train.batch_size", "16"}, {"train.schedule.name", "constant"}});
        waitForEnd();
        window().openPage(QStringLiteral("predict"));
        auto& page = *static_cast<ui::PredictPanel*>(window().panel(QStringLiteral("predict")));
        return QTest::qWaitFor([&] { return page.known().run == studio().selection().current(); }, 10000);
    }

    void askTheTable(ui::PredictPanel& page, const test::TemporaryFolder& folder) {
        QVERIFY(learn(test::writeTable(folder), "mlp", "things", "150"));
        take(QStringLiteral("predict-row-ready"));
        page.accept(QString::fromStdString(folder.write("new things.csv", "size,colour\n1,red\n9,blue\n5,red\n").string()));
        QTRY_COMPARE_WITH_TIMEOUT(page.answers().model().answeredCount(), 3, 60000);
        take(QStringLiteral("predict-row"));
    }

    void askForAValue(ui::PredictPanel& page, const test::TemporaryFolder& folder) {
        QVERIFY(learn(test::writePrices(folder), "mlp", "prices", "400"));
        QSignalSpy finished(&studio().bridge().exporter(), &ui::Exporter::finished);
        studio().bridge().exporter().exportRun(studio().selection().current(), QStringLiteral("onnx"));
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, 120000);
        page.accept(QString::fromStdString(folder.write("new prices.csv", "size,colour\n1,red\n9,blue\n5,red\n").string()));
        QTRY_COMPARE_WITH_TIMEOUT(page.answers().model().answeredCount(), 3, 60000);
        take(QStringLiteral("predict-value"));
    }

    void askTheText(ui::PredictPanel& page, const test::TemporaryFolder& folder) {
        QVERIFY(studio().draft().set(QStringLiteral("model.context"), QStringLiteral("32")).isEmpty());
        QVERIFY(learn(test::writeText(folder), "gpt_mini", "words", "60"));
        page.text().promptEdit()->setPlainText(QStringLiteral("the cat "));
        page.text().tokens()->setValue(1'000'000);
        page.text().generateButton()->click();
        QTRY_VERIFY_WITH_TIMEOUT(page.text().output()->toPlainText().size() > 60, 60000);
        take(QStringLiteral("predict-text-running"));
        page.text().tokens()->setValue(200);
        page.text().generateButton()->click();
        QTRY_VERIFY_WITH_TIMEOUT(!page.text().stopButton()->isEnabled(), 60000);
        page.text().nextButton()->click();
        QTRY_COMPARE_WITH_TIMEOUT(page.answers().model().answeredCount(), 1, 60000);
        take(QStringLiteral("predict-text"));
        window().resize(1280, 800);
        take(QStringLiteral("predict-text-1280"));
        page.accept(QString::fromStdString(folder.write("empty.txt", "").string()));
        QTRY_VERIFY_WITH_TIMEOUT(!page.problem().isHidden(), 60000);
        take(QStringLiteral("predict-problem"));
    }

private Q_SLOTS:
    void initTestCase() { m_fixture = std::make_unique<test::StudioFixture>(); }
    void cleanupTestCase() { m_fixture.reset(); }

    void emptyPages() {
        window().resize(1560, 940);
        QTRY_VERIFY(!studio().projectName().isEmpty());
        for (const char* page : {"train", "data", "model", "memory", "export", "predict", "system"}) {
            window().openPage(QLatin1String(page));
            take(QStringLiteral("%1-empty").arg(QLatin1String(page)));
        }
    }

    void modelsForTheSample() {
        REQUIRE_TRAINING();
        studio().openSample();
        QTRY_COMPARE_WITH_TIMEOUT(studio().context().data.state(), ui::DataInfo::State::There, 20000);
        window().openPage(QStringLiteral("model"));
        auto* page = static_cast<ui::ModelPanel*>(window().panel(QStringLiteral("model")));
        const auto isSurveyed = [page] {
            for (int row = 0; row < page->gallery().rowCount(); ++row)
                if (page->gallery().entry(row).unsuited.isEmpty() && !page->gallery().entry(row).facts) return false;
            return page->graph().view().scene() != nullptr;
        };
        QTRY_VERIFY_WITH_TIMEOUT(isSurveyed(), 60000);
        take(QStringLiteral("model"));
        ui::GraphView& view = page->graph().view();
        const auto isUpdated = [&view] { return view.scene()->blocks.front().isUpdated; };
        page->reveal(QStringLiteral("fc1"));
        page->training().update()->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(isUpdated(), 20000);
        take(QStringLiteral("model-update"));
        studio().context().undo.undo();
        QTRY_VERIFY_WITH_TIMEOUT(!isUpdated(), 20000);
        page->list()->setCurrentIndex(page->gallery().index(page->gallery().rowOf(QStringLiteral("resnet20"))));
        QTRY_VERIFY_WITH_TIMEOUT(view.scene() && view.scene()->find(QStringLiteral("layer2/0/conv1")) >= 0, 20000);
        take(QStringLiteral("model-closed"));
        page->reveal(QStringLiteral("layer2/0/conv1"));
        take(QStringLiteral("model-node"));
        page->training().before()->trigger();
        const auto isFrozen = [&view] { return view.scene()->blocks.front().learning == ui::Learning::Partly; };
        QTRY_VERIFY_WITH_TIMEOUT(isFrozen(), 20000);
        take(QStringLiteral("model-frozen"));
        studio().context().undo.undo();
        page->reveal(QStringLiteral("layer2/0/conv1"));
        view.setAllClosed(false);
        page->graph().colours()->setCurrentIndex(2);
        page->nodes().tabs()->setCurrentIndex(1);
        take(QStringLiteral("model-flops"));
        page->graph().colours()->setCurrentIndex(0);
        page->graph().compared()->setCurrentIndex(1);
        page->nodes().tabs()->setCurrentIndex(0);
        take(QStringLiteral("model-difference"));
        page->graph().compared()->setCurrentIndex(0);
        const QString file = qEnvironmentVariable("HEADROOM_SCREENSHOT_MODEL");
        if (file.isEmpty()) return;
        QVERIFY(page->accept(file));
        QTRY_VERIFY_WITH_TIMEOUT(page->gallery().entry(0).isFile, 30000);
        take(QStringLiteral("model-file"));
    }

    void pagesOfRealRuns() {
        REQUIRE_TRAINING();
        window().openPage(QStringLiteral("train"));
        studio().openSample();
        QTRY_COMPARE_WITH_TIMEOUT(studio().context().data.state(), ui::DataInfo::State::There, 20000);
        take(QStringLiteral("train-ready"));
        window().openPage(QStringLiteral("data"));
        take(QStringLiteral("data"));
        start("sgd", {{"train.epochs", "8"}, {"train.optimizer.name", "sgd"}, {"train.optimizer.lr", "0.05"}});
        start("mlp", {{"train.optimizer.name", "adamw"}, {"model.arch", "mlp"}, {"train.optimizer.lr", "0.003"}});
        start("cnn-bf16", {{"model.arch", "cnn"}, {"train.precision", "bf16"}});
        waitForEnd();
        start("cnn", {{"train.precision", "fp32"}, {"train.epochs", "14"}});
        const auto* run = studio().selection().run();
        QTRY_VERIFY_WITH_TIMEOUT((run = studio().selection().run()) && run->progress.step > 180, 60000);
        take(QStringLiteral("train-running"));
        waitForEnd();
        take(QStringLiteral("train"));
        window().actions()["log"]->trigger();
        take(QStringLiteral("train-log"));
        window().actions()["log"]->trigger();
        window().actions()["palette"]->trigger();
        take(QStringLiteral("palette"));
    }

    /// Of the run that the pictures before left selected, and of settings that do not fit in one piece.
    void memoryOfARealRun() {
        if (studio().runs().rowCount() == 0) QSKIP("no run");
        window().openPage(QStringLiteral("memory"));
        window().palette()->close();
        window().showDock(QStringLiteral("log"), false);
        auto* page = static_cast<ui::MemoryPanel*>(window().panel(QStringLiteral("memory")));
        take(QStringLiteral("memory"));
        for (const auto& [path, text] : {std::pair("model.arch", "resnet20"), std::pair("train.batch_size", "256"), std::pair("memory.budget", "48 MiB")})
            QCOMPARE(studio().draft().set(QLatin1String(path), QLatin1String(text)), QString());
        QTest::qWait(600);
        take(QStringLiteral("memory-tight"));
        page->tabs()->setCurrentIndex(1);
        take(QStringLiteral("memory-matrix"));
        page->tabs()->setCurrentIndex(2);
        page->owners().table()->setCurrentIndex(page->owners().table()->model()->index(3, 0));
        take(QStringLiteral("memory-owners"));
        studio().draft().set(QStringLiteral("memory.budget"), QStringLiteral("64 KiB"));
        page->tabs()->setCurrentIndex(0);
        QTest::qWait(600);
        take(QStringLiteral("memory-nothing-fits"));
        studio().draft().set(QStringLiteral("model.arch"), QStringLiteral("gpt_mini"));
        QTest::qWait(300);
        take(QStringLiteral("memory-fault"));
        for (const auto& [path, text] : {std::pair("model.arch", "cnn"), std::pair("memory.budget", "")}) studio().draft().set(QLatin1String(path), QLatin1String(text));
        page->tabs()->setCurrentIndex(3);
        page->savings().steps()->setValue(20);
        QTRY_VERIFY_WITH_TIMEOUT(page->savings().button()->isEnabled(), 10000);
        page->savings().button()->click();
        QTRY_VERIFY_WITH_TIMEOUT(page->savings().model().rowCount() > 3, 30000);
        QTRY_VERIFY_WITH_TIMEOUT(!page->savings().model().isRunning(), 280000);
        QTest::qWait(500);
        take(QStringLiteral("memory-savings"));
    }

    void pagesOfAnExistingHome() {
        const QString home = qEnvironmentVariable("HEADROOM_SCREENSHOT_HOME");
        if (home.isEmpty()) QSKIP("HEADROOM_SCREENSHOT_HOME is not set");
        m_fixture = std::make_unique<test::StudioFixture>(home.toStdString());
        window().resize(1560, 940);
        QTRY_COMPARE_WITH_TIMEOUT(studio().context().data.state(), ui::DataInfo::State::There, 20000);
        QTest::qWait(5000);  // a few readings of the machine
        for (const char* page : {"train", "data", "model", "memory", "export", "predict", "system"}) {
            window().openPage(QLatin1String(page));
            QTest::qWait(500);
            take(QStringLiteral("home-%1").arg(QLatin1String(page)));
        }
    }

    void exportWithItsProof() {
        if (studio().runs().rowCount() == 0 || !QFile::exists(QCoreApplication::applicationDirPath() + "/headroom-prover")) QSKIP("no run, or the prover is not built");
        window().openPage(QStringLiteral("export"));
        QSignalSpy finished(&studio().bridge().exporter(), &ui::Exporter::finished);
        QPushButton* button = nullptr;
        for (auto* each : window().panel(QStringLiteral("export"))->findChildren<QPushButton*>())
            if (each->property("primary").toBool()) button = each;
        QVERIFY(button);
        button->click();
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, 120000);
        take(QStringLiteral("export"));
        window().openPage(QStringLiteral("system"));
        take(QStringLiteral("system"));
    }

    /// Of the run that was exported, then of a table and a text that are learnt here.
    void whatRunsSay() {
        REQUIRE_TRAINING();
        if (studio().runs().rowCount() == 0 || !qEnvironmentVariable("HEADROOM_SCREENSHOT_HOME").isEmpty()) QSKIP("no runs of ours");
        const test::TemporaryFolder folder;
        window().palette()->close();
        window().resize(1560, 940);
        window().actions()["restore_layout"]->trigger();
        window().openPage(QStringLiteral("predict"));
        auto& page = *static_cast<ui::PredictPanel*>(window().panel(QStringLiteral("predict")));
        QTRY_COMPARE_WITH_TIMEOUT(page.known().kind, QStringLiteral("pictures"), 10000);
        take(QStringLiteral("predict-ready"));
        const QString broken = QString::fromStdString(folder.write("holiday.png", "no picture").string());
        const QStringList digits = test::digitPictures(folder, 6);
        QVERIFY(page.acceptAll(QStringList{digits[0], digits[1], broken} + digits.mid(2)));
        QTRY_COMPARE_WITH_TIMEOUT(page.answers().model().answeredCount(), 6, 60000);
        take(QStringLiteral("predict"));
        for (const QSize size : {QSize(1280, 800), QSize(1680, 1050)}) {
            window().resize(size);
            take(QStringLiteral("predict-%1").arg(size.width()));
        }
        askTheTable(page, folder);
        askForAValue(page, folder);
        askTheText(page, folder);
        window().resize(1560, 940);
    }
};

HEADROOM_TEST(Screenshots)
#include "tst_screenshots.moc"
