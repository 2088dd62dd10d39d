// SPDX-License-Identifier: GPL-3.0-or-later
// The page that asks runs: real runs on pictures, a table and a text, trained once for all rules.
#include <QAccessible>
#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QScrollArea>
#include <QScrollBar>
#include <QSpinBox>

#include "support/registry.h"
#include "ui/panels/predict/answers_card.h"
#include "ui/panels/predict/predict_panel.h"
#include "ui/panels/predict/row_input.h"
#include "ui/panels/predict/run_card.h"
#include "ui/panels/predict/text_input.h"
#include "ui/widgets/problem_note.h"
#include "ui_support/inputs.h"
#include "ui_support/real_runs.h"

using namespace headroom;

class PredictRules : public QObject {
    Q_OBJECT
    std::unique_ptr<test::RealRuns> m_runs;
    test::TemporaryFolder m_folder;
    QString m_pictures, m_other, m_table, m_prices, m_text;

    ui::PredictPanel& page() { return *static_cast<ui::PredictPanel*>(m_runs->window().panel("predict")); }
    ui::AnswersModel& answers() { return page().answers().model(); }

    QString train(const char* name, std::initializer_list<std::pair<const char*, const char*>> changes) {
        const QString run = m_runs->start(QLatin1String(name), changes);
        return QTest::qWaitFor([&] { return m_runs->state(run) == store::RunState::Finished; }, 60000) ? run : QString();
    }
    bool setData(const QString& path, const char* arch) {
        m_runs->studio().draft().set("data.path", path);
        m_runs->studio().draft().set("model.arch", QLatin1String(arch));
        return QTest::qWaitFor([this] { return m_runs->studio().context().data.state() == ui::DataInfo::State::There; }, 30000);
    }
    bool open(const QString& run) {
        m_runs->studio().selection().setCurrent(run);
        m_runs->window().openPage("predict");
        return QTest::qWaitFor([&] { return page().known().run == run && !page().runCard().isHidden() && page().runCard().isVisible(); }, 10000);
    }
    /// Processes that write text for this home.
    int writers() const {
        int count = 0;
        for (const QString& process : QDir("/proc").entryList(QDir::Dirs)) {
            QFile file("/proc/" + process + "/cmdline");
            if (!file.open(QIODevice::ReadOnly)) continue;
            const QByteArray line = file.readAll();
            count += line.contains("generate") && line.contains(m_runs->home().c_str());
        }
        return count;
    }
    bool isAnswered(int count) {
        return QTest::qWaitFor([&] { return answers().answeredCount() == count || !page().problem().isHidden(); }, 60000) && page().problem().isHidden();
    }

private Q_SLOTS:
    void initTestCase() {
        REQUIRE_TRAINING();
        m_runs = std::make_unique<test::RealRuns>();
        m_runs->window().resize(1280, 800);
        QVERIFY(m_runs->openSample());
        m_pictures = train("pictures", {{"train.max_steps", "40"}});
        m_other = train("other", {{"train.max_steps", "2"}, {"model.arch", "mlp"}});
        QVERIFY(!m_pictures.isEmpty() && !m_other.isEmpty());
        QVERIFY(setData(test::writeTable(m_folder), "mlp"));
        m_table = train("table", {{"train.max_steps", "20"}});
        QVERIFY(!m_table.isEmpty());
        QVERIFY(setData(test::writePrices(m_folder), "mlp"));
        m_prices = train("prices", {{"train.max_steps", "60"}});
        QVERIFY(!m_prices.isEmpty());
        QVERIFY(setData(test::writeText(m_folder), "gpt_mini"));
        m_text = train("text", {{"train.max_steps", "2"}, {"model.context", "32"}, {"train.batch_size", "4"}});
        QVERIFY(!m_text.isEmpty());
    }
    void cleanupTestCase() { m_runs.reset(); }
    void cleanup() {
        if (!m_runs) return;
        if (QTest::currentTestFailed()) qInfo("problem: %s", qPrintable(page().problem().text()));
        page().answers().clearButton()->click();
    }

    void withoutARunThePageSaysWhatToDo() {
        test::StudioFixture fixture;
        fixture.window().openPage("predict");
        auto& page = *static_cast<ui::PredictPanel*>(fixture.window().panel("predict"));
        QVERIFY(page.placeholder().isVisible());
        QCOMPARE(page.placeholder().button()->text(), QStringLiteral("Set up a run"));
        page.placeholder().button()->click();
        QCOMPARE(fixture.window().page(), QStringLiteral("train"));
    }

    void aRunWithoutACheckpointSaysSo() {
        test::StudioFixture fixture;
        const QString run = QString::fromStdString(fixture.makeRun("young"));
        QTRY_COMPARE_WITH_TIMEOUT(fixture.studio().selection().current(), run, 5000);
        fixture.window().openPage("predict");
        auto& page = *static_cast<ui::PredictPanel*>(fixture.window().panel("predict"));
        QTRY_COMPARE(page.placeholder().button()->text(), QStringLiteral("Show its curves"));
        QVERIFY(!page.acceptAll({"a.png"}));
    }

    void aPictureThatCannotBeReadSaysWhy() {
        QVERIFY(open(m_pictures));
        const QString broken = QString::fromStdString(m_folder.write("broken.png", "no picture").string());
        const QStringList good = test::digitPictures(m_folder, 2);
        QVERIFY(page().acceptAll({good[0], broken, good[1]}));
        QVERIFY(isAnswered(2));
        QCOMPARE(answers().row(1).problem->code, QStringLiteral("IMG-03"));
        QVERIFY(!answers().row(1).prediction && answers().row(0).prediction && answers().row(2).prediction);
        QCOMPARE(answers().row(0).prediction->answer.top.size(), 5);
        QCOMPARE(answers().row(0).picture.size(), QSize(8, 8));
        QCOMPARE(answers().row(0).picture.convertToFormat(QImage::Format_RGB32), QImage(good[0]).convertToFormat(QImage::Format_RGB32));
    }

    void answersOfRunAndFileStandSideBySide() {
        if (!QFile::exists(QCoreApplication::applicationDirPath() + "/headroom-prover")) QSKIP("the prover is not built");
        QVERIFY(open(m_pictures));
        page().acceptAll(test::digitPictures(m_folder, 3));
        QVERIFY(isAnswered(3));
        QVERIFY(!answers().row(0).prediction->exported);
        QVERIFY(page().runCard().besideBox()->isHidden());
        QSignalSpy finished(&m_runs->studio().bridge().exporter(), &ui::Exporter::finished);
        m_runs->studio().bridge().exporter().exportRun(m_pictures, "onnx");
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, 120000);
        QTRY_VERIFY(!page().runCard().besideBox()->isHidden());
        page().answers().againButton()->click();
        QVERIFY(isAnswered(3));
        for (int row : {0, 2}) {
            const auto& prediction = *answers().row(row).prediction;
            QVERIFY(prediction.exported && ui::sameAnswer(prediction));
            QCOMPARE(prediction.exported->top.size(), 5);
        }
        QTRY_VERIFY2(page().answers().status().contains("largest difference"), qPrintable(page().answers().status()));
        QVERIFY(page().answers().latencies().contains("a sample, median"));
        page().runCard().besideBox()->setChecked(false);
        QVERIFY(isAnswered(3));
        QVERIFY(!answers().row(0).prediction->exported);
        page().runCard().besideBox()->setChecked(true);
    }

    void otherWeightsAreAskedAtOnce() {
        QVERIFY(open(m_pictures));
        QVERIFY(page().runCard().weightsBox()->isEnabled());
        page().acceptAll(test::digitPictures(m_folder, 1));
        QVERIFY(isAnswered(1));
        page().runCard().weightsBox()->setCurrentIndex(1);
        QCOMPARE(answers().answeredCount(), 0);
        QTRY_VERIFY_WITH_TIMEOUT(answers().answeredCount() > 0, 60000);
        page().runCard().weightsBox()->setCurrentIndex(0);
    }

    void aRowIsAnswered() {
        QVERIFY(open(m_table));
        QVERIFY(page().row().isVisible() && answers().rowCount() == 0);
        QVERIFY2(page().known().typicalRow.startsWith("size="), qPrintable(page().known().typicalRow));
        page().answers().placeholder().button()->click();
        QVERIFY(isAnswered(1));
        QCOMPARE(answers().row(0).name, page().known().typicalRow);
        page().row().line()->setText("size=9,colour=red");
        QTest::keyClick(page().row().line(), Qt::Key_Return);
        QTRY_COMPARE_WITH_TIMEOUT(answers().row(0).name, QStringLiteral("size=9,colour=red"), 60000);
        QCOMPARE(answers().row(0).prediction->answer.top.size(), 2);
        page().row().line()->setText("size=9");
        page().row().button()->click();
        QTRY_VERIFY_WITH_TIMEOUT(!page().problem().isHidden(), 60000);
        QVERIFY2(page().problem().text().contains("(DAT-03)"), qPrintable(page().problem().text()));
    }

    void aValueIsAnsweredByBothSides() {
        if (!QFile::exists(QCoreApplication::applicationDirPath() + "/headroom-prover")) QSKIP("the prover is not built");
        QSignalSpy finished(&m_runs->studio().bridge().exporter(), &ui::Exporter::finished);
        m_runs->studio().bridge().exporter().exportRun(m_prices, "onnx");
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, 120000);
        QVERIFY(open(m_prices));
        page().row().line()->setText("size=20,colour=red");
        page().row().button()->click();
        QVERIFY(isAnswered(1));
        const auto& prediction = *answers().row(0).prediction;
        QVERIFY(prediction.answer.top.isEmpty() && prediction.exported && prediction.exported->top.isEmpty());
        QVERIFY(std::isfinite(prediction.answer.value) && std::abs(prediction.answer.value - prediction.exported->value) < 1e-3 * std::abs(prediction.answer.value));
    }

    void aTableIsAnsweredRowByRow() {
        QVERIFY(open(m_table));
        page().accept(QString::fromStdString(m_folder.write("rows.csv", "size,colour\n1,red\n9,blue\n5,red\n").string()));
        QVERIFY(isAnswered(3));
        QCOMPARE(answers().row(2).name, QStringLiteral("rows.csv row 3"));
    }

    void tokensAppearAsTheyCome() {
        QVERIFY(open(m_text));
        QVERIFY(page().text().isVisible() && page().answers().isHidden());
        page().text().promptEdit()->setPlainText("the cat ");
        page().text().tokens()->setValue(60);
        QSignalSpy written(&m_runs->studio().bridge().predictor(), &ui::Predictor::written);
        page().text().generateButton()->click();
        QVERIFY(page().text().stopButton()->isEnabled());
        QTRY_VERIFY_WITH_TIMEOUT(!page().text().stopButton()->isEnabled(), 60000);
        QVERIFY2(page().text().figures().startsWith("60") && page().text().figures().endsWith(" tokens/s"), qPrintable(page().text().figures()));
        const QString first = page().text().output()->toPlainText();
        QVERIFY(first.startsWith("the cat ") && first.size() > 40 && !written.isEmpty());
        page().text().generateButton()->click();
        QTRY_VERIFY_WITH_TIMEOUT(!page().text().stopButton()->isEnabled(), 60000);
        QCOMPARE(page().text().output()->toPlainText(), first);  // the same seed
    }

    void stopEndsTheText() {
        QVERIFY(open(m_text));
        page().text().tokens()->setValue(1'000'000);
        QSignalSpy written(&m_runs->studio().bridge().predictor(), &ui::Predictor::written);
        page().text().generateButton()->click();
        QTRY_VERIFY_WITH_TIMEOUT(written.size() > 2, 60000);
        page().text().stopButton()->click();
        QVERIFY2(page().text().figures().startsWith("Stopped after "), qPrintable(page().text().figures()));
        const QString text = page().text().output()->toPlainText();
        QVERIFY(page().text().generateButton()->isEnabled() && !page().text().stopButton()->isEnabled());
        QTest::qWait(200);
        QCOMPARE(page().text().output()->toPlainText(), text);
    }

    void closingTheWindowEndsTheWorker() {
        QVERIFY(open(m_text));
        page().text().tokens()->setValue(1'000'000);
        QSignalSpy written(&m_runs->studio().bridge().predictor(), &ui::Predictor::written);
        page().text().generateButton()->click();
        QTRY_VERIFY_WITH_TIMEOUT(!written.isEmpty(), 60000);
        QCOMPARE(writers(), 1);
        m_runs->reopen();
        QCOMPARE(writers(), 0);
        QTRY_COMPARE_WITH_TIMEOUT(page().known().run, m_text, 10000);  // the session's run, once it is listed
    }

    void theNextTokenIsAnswered() {
        QVERIFY(open(m_text));
        page().text().promptEdit()->setPlainText("the ca");
        page().text().nextButton()->click();
        QVERIFY(isAnswered(1));
        QVERIFY(page().answers().isVisible());
        page().accept(QString::fromStdString(m_folder.write("empty.txt", "").string()));
        QTRY_VERIFY_WITH_TIMEOUT(!page().problem().isHidden(), 60000);
        QVERIFY2(page().problem().text().contains("(TXT-01)"), qPrintable(page().problem().text()));
        QVERIFY(answers().rowCount() == 0 && page().answers().isHidden());  // those were of another question
        page().text().nextButton()->click();
        QVERIFY(isAnswered(1));
        QCOMPARE(answers().row(0).prediction->answer.top.size(), 5);
    }

    void picturesAreAskedOfTheNextRunToo() {
        QVERIFY(open(m_pictures));
        page().acceptAll(test::digitPictures(m_folder, 1));
        QVERIFY(isAnswered(1));
        QVERIFY(open(m_other));
        QTRY_COMPARE_WITH_TIMEOUT(answers().answeredCount(), 1, 60000);
        QCOMPARE(answers().rowCount(), 1);
        QVERIFY(open(m_table));
        QCOMPARE(answers().rowCount(), 0);
    }

    void everyKindIsReachableByKeyAndFitsTheSmallestWindow() {
        m_runs->window().resize(1024, 700);
        for (const QString& run : {m_pictures, m_table, m_text}) {
            QVERIFY(open(run));
            QTest::qWait(100);
            for (QScrollArea* area : page().findChildren<QScrollArea*>()) QCOMPARE(area->horizontalScrollBar()->maximum(), 0);
            int controls = 0;
            for (QWidget* widget : page().findChildren<QWidget*>()) {
                if (!(widget->focusPolicy() & Qt::TabFocus) || widget->focusProxy() || !widget->isVisible()) continue;
                QAccessibleInterface* interface = QAccessible::queryAccessibleInterface(widget);
                QVERIFY2(interface && !interface->text(QAccessible::Name).trimmed().isEmpty(), widget->metaObject()->className());
                ++controls;
            }
            QVERIFY2(controls >= 4, qPrintable(page().known().kind));
        }
        m_runs->window().resize(1280, 800);
    }

    void whatAnotherPageOpensIsLeftToTheWindow() {
        QVERIFY(open(m_pictures));
        const auto entered = [this](const QString& path) {
            QMimeData data;
            data.setUrls({QUrl::fromLocalFile(path)});
            QDragEnterEvent event(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
            static_cast<QObject&>(page()).event(&event);  // QApplication would go on to the window
            return event.isAccepted();
        };
        QVERIFY(entered("/x/a.png") && entered("/x/a.b.JPG"));
        for (const char* other : {"/x/model.onnx", "/x/config.json", "/x.y/folder"}) QVERIFY2(!entered(QLatin1String(other)), other);
    }
};

HEADROOM_TEST(PredictRules)
#include "tst_predict_panel.moc"
