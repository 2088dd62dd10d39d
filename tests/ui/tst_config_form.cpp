// SPDX-License-Identifier: GPL-3.0-or-later
#include <QComboBox>
#include <QFileDialog>
#include <QStyle>
#include <QStyleOptionComboBox>
#include <QToolButton>
#include <QUndoStack>

#include <cmath>

#include "support/registry.h"
#include "ui/bridge/config_draft.h"
#include "ui/widgets/config_form.h"
#include "ui/widgets/field_editor.h"
#include "ui/widgets/schedule_preview.h"
#include "ui_support/quiet.h"

using namespace headroom;

namespace {

QString str(std::string_view text) { return QString::fromUtf8(text.data(), qsizetype(text.size())); }

/// A value that the field allows and that differs from its default.
QString otherValue(const config::Field& field) {
    using config::Type;
    const QString now = str(config::text(field.defaultValue()));
    switch (field.type) {
        case Type::Boolean: return now == "true" ? "false" : "true";
        case Type::Choice:
            for (const config::Choice& choice : field.choices)
                if (str(choice.name) != now) return str(choice.name);
            return now;
        case Type::Integer:
            if (field.path == "data.side") return "16";  // 1 to 7 are refused
            return QString::number(std::max(1.0, std::isfinite(field.min) ? field.min + 2 : 3.0), 'f', 0);
        case Type::Number:
            if (std::isfinite(field.min) && field.min > 0.25) return QString::number(field.min + 1);
            return now == "0.25" ? "0.125" : "0.25";
        case Type::Size: return "2 GiB";
        case Type::Device: return "cpu";
        default: return "other";
    }
}

}  // namespace

class ConfigFormRules : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyFieldOfTheTableHasAControl() {
        ui::ConfigDraft draft;
        QUndoStack undo;
        const ui::ConfigForm form(draft, undo);
        for (const config::Field& field : config::fields())
            QCOMPARE(form.paths().contains(str(field.path)), field.path != "version");
    }

    void aValueGoesThroughTheFormAndComesBackTheSame_data() {
        QTest::addColumn<QString>("path");
        for (const config::Field& field : config::fields())
            if (field.path != "version") QTest::newRow(std::string(field.path).c_str()) << str(field.path);
    }
    void aValueGoesThroughTheFormAndComesBackTheSame() {
        QFETCH(QString, path);
        const config::Field& field = *config::find(path.toStdString());
        ui::ConfigDraft draft;
        draft.set("data.path", "digits");
        if (path == "train.weights") draft.set("train.precision", "bf16");  // the one asks for the other
        QUndoStack undo;
        ui::ConfigForm form(draft, undo);
        const QString before = draft.text(path);
        Q_EMIT form.editor(path)->edited(otherValue(field));
        const QString after = draft.text(path);
        QVERIFY2(after != before, qPrintable(before));
        const config::RunConfig again = config::parse(draft.json().toStdString(), "form");
        QCOMPARE(str(config::text(field.read(again))), after);
        undo.undo();
        QCOMPARE(draft.text(path), before);
        undo.redo();
        QCOMPARE(draft.text(path), after);
    }

    void aRefusedValueLeavesTheSettingsAndSaysWhy() {
        ui::ConfigDraft draft;
        QUndoStack undo;
        ui::ConfigForm form(draft, undo);
        Q_EMIT form.editor("train.epochs")->edited("many");
        QCOMPARE(draft.config().train.epochs, 1);
        QCOMPARE(undo.count(), 0);
        QVERIFY(!form.editor("train.epochs")->toolTip().isEmpty());
    }

    void editsOfOneFieldInARowAreOneStepBack() {
        ui::ConfigDraft draft;
        QUndoStack undo;
        ui::ConfigForm form(draft, undo);
        for (const char* rate : {"0.002", "0.003", "0.004"}) Q_EMIT form.editor("train.optimizer.lr")->edited(rate);
        QCOMPARE(undo.count(), 1);
        undo.undo();
        QCOMPARE(draft.config().train.optimizer.lr, 0.001);
    }

    void aFileIsChosenWhereAFileIsMeant_data() {
        QTest::addColumn<QString>("path");
        QTest::addColumn<bool>("isFolder");
        QTest::newRow("data") << "data.path" << true;
        QTest::newRow("model file") << "model.file" << false;
        QTest::newRow("weights") << "model.weights" << false;
        QTest::newRow("offloaded tensors") << "memory.offload_folder" << true;
    }
    void aFileIsChosenWhereAFileIsMeant() {
        QFETCH(QString, path);
        QFETCH(bool, isFolder);
        ui::ConfigDraft draft;
        QUndoStack undo;
        const test::Quiet quiet;
        ui::ConfigForm form(draft, undo);
        form.editor(path)->findChild<QToolButton*>()->click();
        auto* dialog = form.editor(path)->findChild<QFileDialog*>();
        QVERIFY(dialog);
        QCOMPARE(dialog->fileMode(), isFolder ? QFileDialog::Directory : QFileDialog::ExistingFile);
        QSignalSpy edited(form.editor(path), &ui::FieldEditor::edited);
        Q_EMIT dialog->fileSelected("/chosen");
        QCOMPARE(edited.value(0).value(0).toString(), QStringLiteral("/chosen"));
        dialog->close();
    }

    void namesOfChoicesAreNotCutOff() {
        ui::ConfigDraft draft;
        QUndoStack undo;
        const test::Quiet quiet;
        ui::ConfigForm form(draft, undo);
        form.setLevel(config::Level::Advanced);
        form.resize(252, 2000);  // as wide as in the smallest window
        form.show();
        for (const char* path : {"model.arch", "train.precision", "train.schedule.name"}) {
            auto* box = form.editor(path)->findChild<QComboBox*>();
            QStyleOptionComboBox option;
            option.initFrom(box);
            const int room = box->style()->subControlRect(QStyle::CC_ComboBox, &option, QStyle::SC_ComboBoxEditField, box).width();
            for (int i = 0; i < box->count(); ++i)
                QVERIFY2(box->fontMetrics().horizontalAdvance(box->itemText(i)) <= room, qPrintable(box->itemText(i)));
        }
    }

    void whatHasNoEffectIsHidden() {
        ui::ConfigDraft draft;
        QUndoStack undo;
        ui::ConfigForm form(draft, undo);
        form.setLevel(config::Level::Advanced);
        QVERIFY(form.editor("train.optimizer.momentum")->isHidden());
        draft.set("train.optimizer.name", "sgd");
        QVERIFY(!form.editor("train.optimizer.momentum")->isHidden());
        QVERIFY(form.editor("train.optimizer.beta1")->isHidden());
    }

    void theEquationHolds_data() {
        QTest::addColumn<int>("batch");
        QTest::addColumn<int>("micro");
        QTest::addColumn<int>("accumulation");
        QTest::newRow("automatic") << 128 << 0 << 1;
        QTest::newRow("quarters") << 128 << 32 << 4;
        QTest::newRow("whole") << 64 << 64 << 1;
    }
    void theEquationHolds() {
        QFETCH(int, batch);
        QFETCH(int, micro);
        QFETCH(int, accumulation);
        config::RunConfig config;
        config.train.batchSize = batch;
        config.train.microBatch = micro;
        const ui::BatchEquation equation = ui::batchEquation(config);
        QCOMPARE(equation.accumulation, accumulation);
        QCOMPARE(equation.micro * equation.accumulation * equation.devices, equation.effective);
    }

    void aCommandIsQuotedForTheShell() {
        QCOMPARE(ui::commandLine({"headroom", "train", "/a b/it's.json"}), QStringLiteral("headroom train '/a b/it'\\''s.json'"));
        QCOMPARE(ui::commandLine({"a;b", "$x", ""}), QStringLiteral("'a;b' '$x' ''"));
    }

    void theSchedulePreviewFollowsItsDefinition() {
        config::RunConfig config;
        config.train.optimizer.lr = 0.01;
        config.train.schedule = {"cosine", 0.1, 0};
        QVERIFY(std::fabs(ui::plannedRate(config, 0.05) - 0.005) < 1e-12);
        QVERIFY(std::fabs(ui::plannedRate(config, 0.1) - 0.01) < 1e-12);
        QVERIFY(std::fabs(ui::plannedRate(config, 0.55) - 0.005) < 1e-12);
        QVERIFY(std::fabs(ui::plannedRate(config, 1)) < 1e-12);
        config.train.schedule = {"one_cycle", 0, 0};
        QVERIFY(std::fabs(ui::plannedRate(config, 0) - 0.01 / 25) < 1e-12);
        QVERIFY(std::fabs(ui::plannedRate(config, 0.3) - 0.01) < 1e-12);
        config.train.schedule = {"constant", 0, 0};
        QCOMPARE(ui::plannedRate(config, 0.7), 0.01);
    }
};

HEADROOM_TEST(ConfigFormRules)
#include "tst_config_form.moc"
