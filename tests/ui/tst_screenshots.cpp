// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of every page, dark and light, empty and filled: from the real window and runs of the real worker on the
// sample. They go to HEADROOM_SCREENSHOTS; without it they are made and thrown away. HEADROOM_SCREENSHOT_HOME names a home
// with finished runs, whose pictures are then taken too.
#include <QApplication>
#include <QDir>
#include <QPushButton>

#include <QComboBox>
#include <QListView>
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
#include "ui/panels/train/train_panel.h"
#include "ui/shell/overlays.h"
#include "ui/widgets/chart.h"
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

private Q_SLOTS:
    void initTestCase() { m_fixture = std::make_unique<test::StudioFixture>(); }
    void cleanupTestCase() { m_fixture.reset(); }

    void emptyPages() {
        window().resize(1560, 940);
        QTRY_VERIFY(!studio().projectName().isEmpty());
        for (const char* page : {"train", "data", "model", "memory", "export", "system"}) {
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
        page->list()->setCurrentIndex(page->gallery().index(page->gallery().rowOf(QStringLiteral("resnet20"))));
        ui::GraphView& view = page->graph().view();
        QTRY_VERIFY_WITH_TIMEOUT(view.scene() && view.scene()->find(QStringLiteral("layer2/0/conv1")) >= 0, 20000);
        take(QStringLiteral("model-closed"));
        page->reveal(QStringLiteral("layer2/0/conv1"));
        take(QStringLiteral("model-node"));
        page->training().before()->trigger();
        const auto isUpdated = [&view] { return view.scene()->blocks.front().isUpdated; };
        const auto isFrozen = [&view] { return view.scene()->blocks.front().learning == ui::Learning::Partly; };
        QTRY_VERIFY_WITH_TIMEOUT(isFrozen(), 20000);
        take(QStringLiteral("model-frozen"));
        studio().context().undo.undo();
        page->reveal(QStringLiteral("logits"));
        page->training().update()->trigger();
        QTRY_VERIFY_WITH_TIMEOUT(isUpdated(), 20000);
        take(QStringLiteral("model-update"));
        studio().context().undo.undo();
        QTRY_VERIFY_WITH_TIMEOUT(!isUpdated(), 20000);
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
        for (const char* page : {"train", "data", "model", "memory", "export", "system"}) {
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
};

HEADROOM_TEST(Screenshots)
#include "tst_screenshots.moc"
