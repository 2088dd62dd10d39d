// SPDX-License-Identifier: Apache-2.0
#include "conformance/made_cases.h"
#include "conformance/node_case.h"
#include "support/registry.h"

using namespace headroom;

namespace {

/// Sums in another order, and pictures that are resized in fp32.
constexpr test::Tolerance kOfSums{.relative = 1e-3, .absolute = 1e-5};

const test::MadeCases& cases() {
    static const test::MadeCases made(QStringLiteral(HEADROOM_OLDER_FORMS));
    return made;
}

}  // namespace

/// The forms that operators had in opsets before 23, against ONNX Runtime (generate_older_forms.py).
class OlderForms : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        if (!qEnvironmentVariableIsSet("HEADROOM_PYTHON")) QSKIP("HEADROOM_PYTHON is not set");
        QVERIFY2(cases().problem().empty(), cases().problem().c_str());
        QVERIFY(cases().folders().size() > 150);
    }

    void everyOneGivesTheNumbersOfOnnxRuntime() {
        const QString wrong = cases().differences(kOfSums);
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }

    void liftedAndWrittenAtOpset17TheyGiveThemAgain() {
        const QString wrong = cases().differencesWrittenAgain(17, kOfSums);
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
};

HEADROOM_TEST(OlderForms)
#include "tst_older_forms.moc"
