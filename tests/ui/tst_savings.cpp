// SPDX-License-Identifier: GPL-3.0-or-later
// The savings experiment from the click to the measured table, with runs of the real worker on the sample.
#include <QPushButton>
#include <QSpinBox>
#include <QTabBar>

#include "support/registry.h"
#include "ui/panels/memory/memory_panel.h"
#include "ui/panels/memory/savings_view.h"
#include "ui_support/real_runs.h"

using namespace headroom;

class SavingsRules : public QObject {
    Q_OBJECT
    std::unique_ptr<test::RealRuns> m_runs;

private Q_SLOTS:
    void init() { m_runs = std::make_unique<test::RealRuns>(); }
    void cleanup() { m_runs.reset(); }

    void oneClickMeasuresEveryTechnique() {
        REQUIRE_TRAINING();
        QVERIFY(m_runs->openSample());
        m_runs->studio().draft().set("model.arch", "cnn");
        m_runs->window().openPage("memory");
        auto* page = static_cast<ui::MemoryPanel*>(m_runs->window().panel("memory"));
        ui::SavingsView& savings = page->savings();
        page->tabs()->setCurrentIndex(page->tabs()->count() - 1);
        savings.steps()->setValue(6);
        QTRY_VERIFY_WITH_TIMEOUT(savings.button()->isEnabled(), 10000);
        QSignalSpy created(&m_runs->studio().bridge().commands(), &ui::RunCommands::created);
        savings.button()->click();
        QTRY_VERIFY_WITH_TIMEOUT(savings.model().rowCount() >= 4, 30000);
        const auto measured = [&] {
            for (int i = 0; i < savings.model().rowCount(); ++i)
                if (!savings.model().row(i).peak) return false;
            return !savings.model().isRunning();
        };
        QTRY_VERIFY_WITH_TIMEOUT(measured(), 240000);
        QVERIFY(created.isEmpty());  // the selection stays where it was
        for (int i = 0; i < savings.model().rowCount(); ++i) {
            const ui::SavingsRow& row = savings.model().row(i);
            QVERIFY2(row.state == store::RunState::Finished, qPrintable(row.title));
            QVERIFY2(*row.peak > 0 && row.growth && row.stepSeconds && row.loss, qPrintable(row.title));
            QCOMPARE(m_runs->studio().runs().find(row.run)->progress.step, 6);
        }
        QCOMPARE(savings.model().row(0).title, QStringLiteral("As configured"));
        QVERIFY(*savings.model().row(1).peak < *savings.model().row(0).peak);  // a quarter of the batch at once
    }
};

HEADROOM_TEST(SavingsRules)
#include "tst_savings.moc"
