// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "base/errors/error.h"
#include "base/units/units.h"
#include "support/registry.h"

using namespace headroom;

class TestErrors : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyCodeStandsAtItsOwnPlaceOfTheRegister() {
        int place = 0;
        for (const CodeInfo& entry : allCodes()) QCOMPARE(static_cast<int>(entry.code), place++);
        QCOMPARE(static_cast<int>(Code::Int01), place - 1);
    }

    void noTextOfACodeIsUsedTwice() {
        std::set<std::string_view> texts;
        for (const CodeInfo& entry : allCodes())
            QVERIFY2(texts.insert(entry.text).second, std::string(entry.text).c_str());
    }

    void aSentenceLeavesEmptyPartsOut_data() {
        QTest::addColumn<QString>("found");
        QTest::addColumn<QString>("allowed");
        QTest::addColumn<QString>("remedy");
        QTest::addColumn<QString>("sentence");
        QTest::newRow("whole") << "0 bytes" << "at least 8 needed" << "Download it again."
                               << "a.idx: file is empty: 0 bytes, at least 8 needed. Download it again.";
        QTest::newRow("no remedy") << "0 bytes" << "" << "" << "a.idx: file is empty: 0 bytes.";
        QTest::newRow("only the problem") << "" << "" << "" << "a.idx: file is empty.";
    }
    void aSentenceLeavesEmptyPartsOut() {
        QFETCH(QString, found);
        QFETCH(QString, allowed);
        QFETCH(QString, remedy);
        const Failure failure{Code::Idx01, "a.idx", "file is empty", found.toStdString(), allowed.toStdString(),
                              remedy.toStdString()};
        QTEST(QString::fromStdString(failure.sentence()), "sentence");
    }

    void anErrorOfSeveralFailuresNamesThemAllAndTakesTheFirstCode() {
        const Error error(std::vector<Failure>{{Code::Cfg04, "train.lr", "not a number", {}, {}, {}},
                                               {Code::Cfg07, "trian", "unknown key", {}, {}, {}}});
        QCOMPARE(error.code(), Code::Cfg04);
        QCOMPARE(QString(error.what()), "train.lr: not a number.\ntrian: unknown key.");
    }

    void namesThatCouldDeceiveAreShownEscaped_data() {
        QTest::addColumn<QByteArray>("name");
        QTest::addColumn<QByteArray>("shown");
        QTest::newRow("plain") << QByteArray("cat.png") << QByteArray("cat.png");
        QTest::newRow("line break") << QByteArray("a\nb") << QByteArray("a\\x0Ab");
        QTest::newRow("right-to-left override") << QByteArray("a\xE2\x80\xAEgnp.exe") << QByteArray("a\\u202Egnp.exe");
        QTest::newRow("isolate") << QByteArray("\xE2\x81\xA6x") << QByteArray("\\u2066x");
        QTest::newRow("umlaut stays") << QByteArray("Bär") << QByteArray("Bär");
    }
    void namesThatCouldDeceiveAreShownEscaped() {
        QFETCH(QByteArray, name);
        QFETCH(QByteArray, shown);
        QCOMPARE(QByteArray::fromStdString(escaped(name.toStdString())), shown);
    }

    void numbersAreGroupedAndBytesReadable() {
        QCOMPARE(QString::fromStdString(grouped(47040000)), "47,040,000");
        QCOMPARE(QString::fromStdString(grouped(-1234)), "-1,234");
        QCOMPARE(QString::fromStdString(grouped(999)), "999");
        QCOMPARE(QString::fromStdString(readableBytes(7194070221)), "6.70 GiB");
        QCOMPARE(QString::fromStdString(readableBytes(512)), "512 B");
    }
};

HEADROOM_TEST(TestErrors)
#include "tst_errors.moc"
