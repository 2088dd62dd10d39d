// SPDX-License-Identifier: GPL-3.0-or-later
// Small things that several pages are made of.
#include <QToolButton>

#include "support/registry.h"
#include "ui/panels/data/class_bars.h"
#include "ui/widgets/card.h"
#include "ui/widgets/elided_lines.h"
#include "ui/widgets/fillable_page.h"
#include "ui/widgets/problem_note.h"
#include "ui_support/quiet.h"

using namespace headroom;

class WidgetRules : public QObject {
    Q_OBJECT
    std::unique_ptr<test::Quiet> m_quiet;

private Q_SLOTS:
    void init() { m_quiet = std::make_unique<test::Quiet>(); }
    void cleanup() { m_quiet.reset(); }

    void wordsTakeNoMoreLinesThanTheyMay() {
        const QFont font;
        const QString text = QStringLiteral("Two residual blocks of 192 with a hidden layer of 384: often the best net for a table of some thousand rows.");
        for (const int width : {60, 150, 400})
            for (const int lines : {1, 2, 3}) {
                const QStringList found = ui::elidedLines(font, text, width, lines).split('\n');
                QVERIFY(found.size() <= lines);
                for (const QString& line : found) QVERIFY(QFontMetrics(font).horizontalAdvance(line) <= width);
                QVERIFY(found.last().endsWith(QStringLiteral("…")) || found.join(' ') == text);
            }
        QCOMPARE(ui::elidedLines(font, QStringLiteral("short"), 400, 3), QStringLiteral("short"));
        QCOMPARE(ui::elidedLines(font, {}, 400, 3), QString());
    }

    void classesThatAreBlanksHaveNames() {
        ui::ClassBars bars;
        bars.set({" ", "\n", "a"}, {3, 2, 1});
        QCOMPARE(bars.accessibleDescription(), QStringLiteral("␣: 3, ↵: 2, a: 1"));
    }

    void aPageIsFilledOrSaysWhatIsMissingAndOffersOneThing() {
        QWidget parent;
        auto* contents = new QWidget;
        ui::FillablePage page(contents, &parent);
        parent.show();
        QSignalSpy wanted(&page, &ui::FillablePage::wanted);
        page.say("No data chosen yet.", "With data there is more.", "Open folder…", "open_data");
        QVERIFY(page.placeholder().isVisible() && !contents->isVisible() && !page.isFilled());
        page.placeholder().button()->click();
        QCOMPARE(wanted.value(0).value(0).toString(), QStringLiteral("open_data"));
        page.say("Looking…", "digits");
        QVERIFY(!page.placeholder().button()->isVisible());
        page.fill();
        QVERIFY(contents->isVisible() && page.isFilled());
    }

    void aProblemStandsWhereItAroseUntilItWasRead() {
        ui::ProblemNote note;
        QVERIFY(note.isHidden());
        note.set({ui::Severity::Error, "ONX-01", {}, "broken.onnx: not an ONNX file."});
        QVERIFY(!note.isHidden());
        QCOMPARE(note.text(), QStringLiteral("broken.onnx: not an ONNX file. (ONX-01)"));
        note.findChild<QToolButton*>()->click();
        QVERIFY(note.isHidden());
        note.set({ui::Severity::Warning, {}, {}, "Nothing would be trained."});
        QCOMPARE(note.text(), QStringLiteral("Nothing would be trained."));
        QVERIFY(!note.isHidden());
    }
};

HEADROOM_TEST(WidgetRules)
#include "tst_widgets.moc"
