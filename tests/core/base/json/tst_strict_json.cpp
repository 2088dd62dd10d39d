// SPDX-License-Identifier: Apache-2.0
#include "base/errors/error.h"
#include "base/json/strict_json.h"
#include "base/json/utf8.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::json;

namespace {

Options options() {
    return {"run.json", {Code::Cfg02, Code::Cfg01, Code::Stf04, Code::Cfg03, Code::Cfg06, Code::Cfg05}};
}

QString refusal(const std::string& text, const Options& how = options()) {
    try {
        parseStrict(text, how);
    } catch (const Error& error) {
        return QString::fromStdString(std::string(info(error.code()).text) + " " + error.what());
    }
    return "accepted";
}

}  // namespace

class TestStrictJson : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void badDocumentsAreRefused_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("expected");
        const auto row = [](const char* name, const std::string& text, const char* expected) {
            QTest::newRow(name) << QByteArray(text.data(), static_cast<qsizetype>(text.size())) << QByteArray(expected);
        };
        row("row 79: 33 levels", std::string(33, '[') + std::string(33, ']'),
            "CFG-01|33 levels at line 1:33|at most 32");
        row("row 79: 2 MiB", std::string(2 << 20, ' '), "CFG-02|2,097,152 bytes|at most 1,048,576");
        row("row 79: mark and garbage behind", "\xEF\xBB\xBF{}\n x", "CFG-03|unexpected \"x\" at line 2:2");
        row("row 82: a key twice", "{\"lr\":1,\n \"b\":{\"lr\":2},\n  \"lr\":3}",
            "CFG-06|\"lr\" is there twice|line 1:2 and line 3:3");
        row("two marks", "\xEF\xBB\xBF\xEF\xBB\xBF{}", "CFG-03|byte order mark");
        row("NaN", "{\"lr\":\n NaN}", "CFG-05|NaN at line 2:2");
        row("-Infinity", "[-Infinity]", "CFG-05|-Infinity at line 1:2");
        row("nan", "[nan]", "CFG-05|nan at line 1:2");
        row("1e999", "[1,\n1e999]", "CFG-05|1e999 at line 2:1");
        row("a NUL byte", std::string("{}\0{}", 5), "CFG-03|NUL byte at line 1:3");
        row("not UTF-8", "[\"\xC3(\"]", "STF-04|0xC3 at line 1:3");
        row("cut off", "{\"a\":", "CFG-03|unexpected end|line 1:6");
        row("empty", "", "CFG-03|unexpected end|line 1:1");
        row("comma too many", "[1,]", "CFG-03|\"]\" at line 1:4");
        row("comments", "[1] // one", "CFG-03|\"/\" at line 1:5");
        row("single quotes", "{'a':1}", "CFG-03|line 1:2");
        row("half a surrogate pair", "[\"\\ud800\"]", "CFG-03");
        row("columns count characters", "[\"\xC3\xA9\xC3\xA9\", x]", "CFG-03|\"x\" at line 1:8");
    }
    void badDocumentsAreRefused() {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, expected);
        const QString actual = refusal(text.toStdString());
        for (const QString& part : QString::fromUtf8(expected).split('|'))
            QVERIFY2(actual.contains(part), qPrintable(actual + " lacks " + part));
    }

    void limitsAreParameters() {
        Options small = options();
        small.maxDepth = 2;
        QVERIFY(refusal("[[]]", small) == "accepted");
        QVERIFY(refusal("[[[]]]", small).startsWith("CFG-01"));
        small.maxTokenBytes = 4;
        QVERIFY(refusal("[\"abcd\", 1234]", small) == "accepted");
        QVERIFY(refusal("[\"abcde\"]", small).startsWith("CFG-02"));
        QVERIFY(refusal("[12345]", small).startsWith("CFG-02"));
        small.show = Show::ByteOffset;
        small.firstByte = 8;
        small.byteOrderMark = ByteOrderMark::Refused;
        QVERIFY(refusal("[1 2]", small).contains("byte 11"));
        QVERIFY(refusal("\xEF\xBB\xBF[]", small).startsWith("CFG-03"));
    }
    void depthThatIsAllowedIsRead() {
        QCOMPARE(refusal(std::string(32, '[') + std::string(32, ']')), QString("accepted"));
    }
    void thePlaceOfEveryValueIsKnown() {
        const Document document = parseStrict(
            "\xEF\xBB\xBF{\"a\": {\n  \"b\" : [1, 22,3] },\n \"x/y~\":true, \"l\":[{\"k\":null}]}", options());
        const auto place = [&](const char* pointer) {
            const auto value = document.positionOf(pointer);
            const auto key = document.keyPositionOf(pointer);
            return value ? readable(*value, Show::LineAndColumn) + " " + readable(*key, Show::LineAndColumn)
                         : "nowhere";
        };
        QCOMPARE(place(""), std::string("line 1:1 line 1:1"));
        QCOMPARE(place("/a"), std::string("line 1:7 line 1:2"));
        QCOMPARE(place("/a/b"), std::string("line 2:9 line 2:3"));
        QCOMPARE(place("/a/b/1"), std::string("line 2:13 line 2:13"));
        QCOMPARE(place("/x~1y~0"), std::string("line 3:9 line 3:2"));
        QCOMPARE(place("/l/0/k"), std::string("line 3:25 line 3:21"));
        QCOMPARE(place("/l/1"), std::string("nowhere"));
        QCOMPARE(place("/a/c"), std::string("nowhere"));
        QCOMPARE(place("a"), std::string("nowhere"));
    }
    void valuesAreThoseOfTheLibrary() {
        const std::string text =
            R"({"i":-3,"u":18446744073709551615,"f":1.5e-3,"s":"\u00e9\n","n":null,"b":[true,false,{}]})";
        QCOMPARE(parseStrict(text, options()).value, nlohmann::json::parse(text));
    }
    void longKeysAboveManyValuesCostNoQuadraticMemory() {
        std::string text = "{\"" + std::string(400'000, 'k') + "\":[0";
        for (int i = 0; i < 200'000; ++i) text += ",0";
        QCOMPARE(parseStrict(text + "]}", options()).value.size(), std::size_t(1));
    }
    void utf8IsCheckedByTheTableOfTheStandard_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("invalidAt");
        QTest::newRow("all lengths") << QByteArray("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 and much more ascii") << -1;
        QTest::newRow("overlong slash") << QByteArray("12345678\xC0\xAF") << 8;
        QTest::newRow("overlong of three") << QByteArray("\xE0\x80\x80") << 0;
        QTest::newRow("a surrogate") << QByteArray("ab\xED\xA0\x80") << 2;
        QTest::newRow("above the last character") << QByteArray("\xF4\x90\x80\x80") << 0;
        QTest::newRow("a lone second byte") << QByteArray("abc\x80") << 3;
        QTest::newRow("cut off") << QByteArray("abc\xF0\x9F\x98") << 3;
    }
    void utf8IsCheckedByTheTableOfTheStandard() {
        QFETCH(QByteArray, bytes);
        QFETCH(int, invalidAt);
        const auto found = findInvalidUtf8({bytes.constData(), static_cast<std::size_t>(bytes.size())});
        QCOMPARE(found ? static_cast<int>(*found) : -1, invalidAt);
    }
};

HEADROOM_TEST(TestStrictJson)
#include "tst_strict_json.moc"
