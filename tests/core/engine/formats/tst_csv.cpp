// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <clocale>
#include <cmath>
#include <fstream>
#include <thread>

#include "core/engine/formats/refusal.h"
#include "engine/formats/csv.h"
#include "engine/formats/dataset.h"
#include "engine/formats/file.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;

class TestCsv : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;

    std::filesystem::path file(std::string_view bytes, std::string_view name = "table.csv") {
        return m_folder.write(name, bytes);
    }
    Table table(std::string_view bytes, const CsvOptions& options = {}) { return readCsv(file(bytes), options); }

private Q_SLOTS:
    void fieldsFollowRfc4180() {
        const Table t = table("a,b,c\r\n1,\"x, \"\"y\"\"\nz\",k\r\n2, plain ,k\r\n3,\"\",\"\"\"q\"\"\"\r\n");
        QVERIFY(t.header);
        QCOMPARE(t.rows, std::int64_t(3));
        QCOMPARE(t.columns[1].categories, (std::vector<std::string>{"plain", "x, \"y\"\nz"}));
        QCOMPARE(t.columns[1].codes, (std::vector<std::int32_t>{1, 0, -1}));
        QCOMPARE(QString::fromStdString(t.columns[2].categories[0]), QString("\"q\""));
    }
    void theLastLineNeedsNoLineEndAndEmptyLinesAreSkipped() {
        QCOMPARE(table("a,b\n1,2\n\n3,4").rows, std::int64_t(2));
        QCOMPARE(table("a,b\r1,2\r3,4\r").rows, std::int64_t(2));
        QCOMPARE(table("\xEF\xBB\xBF"
                       "a,b\n1,2\n")
                     .columns[0]
                     .name,
                 std::string("a"));
    }
    void missingCellsAreKnownByTheirWords() {
        const Table t = table("x,y,k\n1,a,1\n,b,1\n?,?,1\nNA,b,1\nNaN,a,2\nnull,a,2\n2.5,b,2\n");
        QCOMPARE(t.columns[0].type, ColumnType::Numeric);
        QCOMPARE(t.columns[0].missing, std::int64_t(5));
        QVERIFY(std::isnan(t.columns[0].numbers[1]));
        QCOMPARE(t.columns[0].numbers.back(), 2.5);
        QCOMPARE(t.columns[1].codes[2], -1);
    }
    void theDelimiterIsFoundOut() {
        QCOMPARE(table("a;b\n1.5;2\n3;4\n").delimiter, ';');
        QCOMPARE(table("a\tb\n1\t2\n").delimiter, '\t');
        QCOMPARE(table("a,b\n\"1;2\",3\n").delimiter, ',');
        EXPECT_REFUSED([&] { table("a;b\n1,5;2\n3,25;4\n"); }, "CSV-08", "column \"a\"|line 2 \"1,5\"");
    }
    void headersAreFoundOut_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<bool>("header");
        QTest::newRow("words above numbers") << QByteArray("a,b\n1,2\n") << true;
        QTest::newRow("numbers only") << QByteArray("1,2\n3,4\n") << false;
        QTest::newRow("data with words") << QByteArray("39, State-gov, <=50K\n50, Private, >50K\n") << false;
        QTest::newRow("years as names") << QByteArray("id,2019,2020\n1,2,3\n2,3,4\n") << true;
        QTest::newRow("words that repeat below") << QByteArray("colour,size\nred,big\nred,small\nblue,big\n") << true;
        QTest::newRow("words, the first one too") << QByteArray("red,big\nblue,small\nred,big\n") << false;
        QTest::newRow("an index without a name") << QByteArray(",a\n0,1.5\n1,2.5\n") << true;
    }
    void headersAreFoundOut() {
        QFETCH(QByteArray, text);
        QFETCH(bool, header);
        const Table t = table(text.toStdString());
        QCOMPARE(t.header, header);
        QCOMPARE(t.columns[0].name.empty(), false);
    }
    void whatIsSaidAboutTheHeaderCounts() {
        CsvOptions said;
        said.header = true;
        QCOMPARE(table("1,2\n3,4\n", said).columns[1].name, std::string("2"));
        said.header = false;
        QCOMPARE(table("a,b\nc,d\na,b\n", said).rows, std::int64_t(3));
    }
    void numbersAreReadTheSameInEveryLocale() {
        const char* chosen = std::setlocale(LC_NUMERIC, "de_DE.UTF-8");
        const Table t = table("x\n1.5\n-2e3\n.25\n+7\n");
        std::setlocale(LC_NUMERIC, "C");
        if (!chosen) qInfo("no German locale here: read in the C locale");
        QCOMPARE(t.columns[0].numbers, (std::vector<double>{1.5, -2000, 0.25, 7}));
        QVERIFY(!t.columns[0].whole);
    }
    void columnsOfManyDistinctWordsAreText() {
        std::string text = "name,kind,y\n";
        for (int i = 0; i < 50; ++i)
            text += "n" + std::to_string(i) + "," + (i % 2 ? "a" : "b") + "," + std::to_string(i) + "\n";
        const Table t = table(text);
        QCOMPARE(t.columns[0].type, ColumnType::Text);
        QCOMPARE(std::string(t.columns[0].texts[49]), std::string("n49"));
        QCOMPARE(t.columns[1].type, ColumnType::Category);
        CsvOptions few;
        few.limits.maxCategories = 1;
        QCOMPARE(table(text, few).columns[1].type, ColumnType::Text);
        QCOMPARE(std::string(table(text, few).columns[1].texts[1]), std::string("a"));
    }
    void columnsWhoseTypeIsKnownAreReadAsThat() {
        CsvOptions known;
        known.numeric = {"a", "2"};
        const Table t = table("a,b,c,y\n1,1,1,1\n,2,2,2\n", known);
        QCOMPARE(t.columns[0].type, ColumnType::Numeric);
        QCOMPARE(t.columns[1].type, ColumnType::Category);
        QCOMPARE(t.columns[1].categories, (std::vector<std::string>{"1", "2"}));
        QCOMPARE(t.columns[2].type, ColumnType::Numeric);
        QCOMPARE(t.columns[3].type, ColumnType::Category);
        EXPECT_REFUSED([&] { table("a,b,y\nx,1,1\n2,1,1\n", known); }, "CSV-08", "\"a\"|line 2 \"x\"");
    }
    void aFewWordsAreNoMistakeInAColumnKnownToHoldThem() {
        std::string text = "floor,y\n";
        for (int i = 0; i < 40; ++i) text += i == 7 ? "ground,1\n" : std::to_string(i % 3) + ",1\n";
        EXPECT_REFUSED([&] { table(text); }, "CSV-08", "\"floor\"|line 9");
        CsvOptions known;
        known.numeric = {"y"};
        QCOMPARE(table(text, known).columns[0].categories.size(), std::size_t(4));
    }
    void compressedTablesAreRead() {
        QCOMPARE(readCsv(file(gzipped("a,b\n1,2\n3,4\n"), "t.csv.gz")).rows, std::int64_t(2));
        CsvOptions options;
        options.limits.maxDecoded = 5;
        const auto bomb = file(gzipped("a,b\n1,2\n3,4\n"), "bomb.csv.gz");
        EXPECT_REFUSED([&] { readCsv(bomb, options); }, "CSV-03", "more than 5 bytes");
    }

    void row19RowsOfAnotherNumberOfFields() {
        std::string text = "a,b,c,d,e,f,g,h,i,j,k\n";
        for (int i = 2; i <= 8000; ++i)
            text += i == 7001 ? "1,2,3,4,5,6,7,8,9,10,11,12\n" : "1,2,3,4,5,6,7,8,9,10,11\n";
        EXPECT_REFUSED([&] { table(text); }, "CSV-01", "line 7,001 has 12 fields|the header has 11");
    }
    void row20UnclosedQuotes() {
        const std::string lines = "a,b\n1,2\n3,\"open\n";
        EXPECT_REFUSED([&] { table(lines + "4,5\n"); }, "CSV-02", "opened in line 3");
        std::string large = lines;
        while (large.size() < (3 << 20)) large += "4,5\n";
        EXPECT_REFUSED([&] { table(large); }, "CSV-02", "opened in line 3|1,048,576 bytes");
    }
    void row21LinesWithoutEnd() {
        EXPECT_REFUSED([&] { table("a,b\n" + std::string(3 << 20, 'x')); }, "CSV-03", "line longer than 2 MiB|line 2");
    }
    void row22Utf16() {
        EXPECT_REFUSED(
            [&] {
                table(
                    std::string("\xFF\xFE"
                                "a\0,\0b\0\n\0",
                                10));
            },
            "CSV-04", "looks like UTF-16|Save as UTF-8");
        EXPECT_REFUSED([&] { table(std::string("a,b\n1,\0\n", 8)); }, "CSV-04", "NUL byte at offset 6");
    }
    void row23InvalidUtf8() {
        EXPECT_REFUSED([&] { table("a,b\n1,caf\xE9\n"); }, "CSV-05", "byte 0xE9 at offset 9|line 2");
    }
    void row24TooManyColumns() {
        std::string text = "c0";
        for (int i = 1; i < 100'000; ++i) text += ",c" + std::to_string(i);
        EXPECT_REFUSED([&] { table(text + "\n"); }, "CSV-06", "limit 16,384");
    }
    void row25UnusableTargetCells() {
        std::string text = "x,label\n";
        for (int i = 0; i < 40; ++i) text += "1," + std::string(i % 5 == 1 ? "" : std::to_string(i)) + "\n";
        EXPECT_REFUSED([&] { table(text); }, "CSV-07", "\"label\"|line 3|line 8|line 13|line 18|line 23|and 3 more");
        EXPECT_REFUSED([&] { table("x,y\n1,2\n2,abc\n3,4\n"); }, "CSV-07", "line 3 \"abc\"");
        EXPECT_REFUSED([&] { table("x,y\n1,2\n2,NaN\n3,4\n"); }, "CSV-07", "line 3 \"NaN\"");
        CsvOptions regression;
        regression.targetIsNumber = true;
        EXPECT_REFUSED([&] { table("x,y\n1,red\n2,blue\n", regression); }, "CSV-07", "numbers allowed");
    }
    void row26NumbersThatAreNone_data() {
        QTest::addColumn<QByteArray>("cell");
        for (const char* cell : {"1e999", "0x1p3", "\"1,5\"", "inf", "-Infinity", "\"1,234.5\""})
            QTest::newRow(cell) << QByteArray(cell);
    }
    void row26NumbersThatAreNone() {
        QFETCH(QByteArray, cell);
        const std::string text = "x,y\n1,2\n" + cell.toStdString() + ",3\n4,5\n";
        EXPECT_REFUSED([&] { table(text); }, "CSV-08", "column \"x\"|line 3");
    }
    void aFewWordsAmongNumbersAreRefusedManyMakeAColumnOfWords() {
        std::string text = "x,y\n";
        for (int i = 0; i < 100; ++i) text += (i == 50 ? "abc" : std::to_string(i)) + ",1\n";
        EXPECT_REFUSED([&] { table(text); }, "CSV-08", "column \"x\"|line 52 \"abc\"");
        QCOMPARE(table("x,y\n1,1\nA2,1\n3,1\nB,1\n").columns[0].type, ColumnType::Category);
    }
    void row27HeadersWithEqualNames() {
        EXPECT_REFUSED([&] { table("a,b,a\n1,2,3\n"); }, "CSV-09", "\"a\" in columns 0 and 2");
    }
    void row28TablesWithoutRows() {
        EXPECT_REFUSED([&] { table("a,b,c\n"); }, "CSV-10", "no rows");
        EXPECT_REFUSED([&] { table(""); }, "CSV-10", "no rows");
    }
    void row29FormulasAreKeptAsTextAndExportedHarmless() {
        const Table t = table("cell,y\n=cmd|'/c calc'!A1,1\nx,2\n");
        QCOMPARE(t.columns[0].categories[0], std::string("=cmd|'/c calc'!A1"));
        QCOMPARE(csvCell("=cmd|'/c calc'!A1"), std::string("'=cmd|'/c calc'!A1"));
        QCOMPARE(csvCell("a \"b\", c"), std::string("\"a \"\"b\"\", c\""));
        QCOMPARE(csvCell("plain"), std::string("plain"));
    }
    void row30FilesThatChangeWhileTheyAreRead() {
        std::string text = "a,b\n";
        for (int i = 0; i < 300'000; ++i) text += "1,2\n";
        const auto path = file(text, "growing.csv");
        std::atomic<bool> stop = false;
        std::thread writer([&] {
            std::ofstream out(path, std::ios::app);
            while (!stop) out << "3,4\n" << std::flush;
        });
        const QString result = refusal([&] { readCsv(path); });
        stop = true;
        writer.join();
        QVERIFY2(result.startsWith("CSV-11 "), qPrintable(result));
    }
    void row30FilesThatAreCutWhileTheyAreRead() {
        const auto path = file(std::string(100, 'x'));
        const File open(path);
        const auto stream = openStream(open, Code::Csv11, Code::Csv11);
        std::filesystem::resize_file(path, 10);
        std::string block(200, '\0');
        stream->read(std::as_writable_bytes(std::span(block)));
        EXPECT_REFUSED([&] { stream->read(std::as_writable_bytes(std::span(block))); }, "CSV-11",
                       "100 bytes at first|10 now");
    }

    void targetsAreNamedOrNumbered() {
        DataOptions options;
        const auto path = file("a,b,c\n1,x,0.5\n2,y,1.5\n3,x,2.5\n");
        QVERIFY(readDataset(path, options).table.regression);
        options.target = "b";
        const RawDataset words = readDataset(path, options);
        QCOMPARE(words.classes, (std::vector<std::string>{"x", "y"}));
        QCOMPARE(words.table.labels, (std::vector<std::int32_t>{0, 1, 0}));
        options.target = "0";
        QCOMPARE(readDataset(path, options).classes, (std::vector<std::string>{"1", "2", "3"}));
        options.target = "nothere";
        EXPECT_REFUSED([&] { readDataset(path, options); }, "DAT-03", "\"nothere\" not found|a, b, c|0 to 2");
    }
    void wholeNumbersOfAtMostTwentyValuesAreClasses() {
        const auto path = [&](int distinct) {
            std::string text = "x,y\n";
            for (int i = 0; i < 42; ++i) text += "1.5," + std::to_string(i % distinct) + "\n";
            return file(text);
        };
        QCOMPARE(readDataset(path(20)).classes.size(), std::size_t(20));
        QVERIFY(readDataset(path(21)).table.regression);
        DataOptions said;
        said.task = Task::Classification;
        QCOMPARE(readDataset(path(21), said).classes.size(), std::size_t(21));
        said.task = Task::Regression;
        QVERIFY(readDataset(path(3), said).table.regression);
    }

    void realTablesAreReadRight() {
        REQUIRE_DATA();
        const auto folder = dataFolder() / "tabular";
        const RawDataset adult = readDataset(folder / "adult-train.csv");
        QCOMPARE(adult.table.table.rows, std::int64_t(32561));
        QCOMPARE(adult.table.table.columns.size(), std::size_t(15));
        QVERIFY(!adult.table.table.header);
        QCOMPARE(adult.classes, (std::vector<std::string>{"<=50K", ">50K"}));
        std::int64_t missing = 0;
        for (const Column& column : adult.table.table.columns) missing += column.missing;
        QCOMPARE(missing, std::int64_t(4262));
        QCOMPARE(adult.table.table.columns[0].numbers[0], 39.0);
        QCOMPARE(adult.table.table.columns[1].categories.size(), std::size_t(8));

        DataOptions target;
        target.target = "survived";
        const RawDataset titanic = readDataset(folder / "raw-titanic.csv", target);
        QCOMPARE(titanic.table.table.rows, std::int64_t(891));
        QCOMPARE(std::string(titanic.table.table.columns[2].texts[0]), std::string("Braund, Mr. Owen Harris"));
        missing = 0;
        for (const Column& column : titanic.table.table.columns) missing += column.missing;
        QCOMPARE(missing, std::int64_t(866));

        target.target = "species";
        const RawDataset penguins = readDataset(folder / "penguins.csv", target);
        QCOMPARE(penguins.table.table.rows, std::int64_t(344));
        QCOMPARE(penguins.classes.size(), std::size_t(3));
        missing = 0;
        for (const Column& column : penguins.table.table.columns) missing += column.missing;
        QCOMPARE(missing, std::int64_t(19));

        target.target = "median_house_value";
        const RawDataset housing = readDataset(folder / "housing.csv", target);
        QCOMPARE(housing.table.table.rows, std::int64_t(20640));
        QVERIFY(housing.table.regression);
        QCOMPARE(housing.table.values[0], 452600.0);
        QCOMPARE(housing.table.table.columns[4].missing, std::int64_t(207));

        QCOMPARE(readDataset(folder / "winequality-red.csv").table.table.rows, std::int64_t(1599));
        const RawDataset days = readDataset(folder / "daily-min-temperatures.csv");
        QCOMPARE(days.table.table.rows, std::int64_t(3650));
        QVERIFY(days.table.regression);
        QCOMPARE(days.table.table.columns[0].type, ColumnType::Text);
        QCOMPARE(readDataset(dataFolder() / "drift" / "elec.csv").table.table.rows, std::int64_t(45312));
    }
    void aTableThatWasSavedWronglyIsRefusedClearly() {
        REQUIRE_DATA();
        const auto path = dataFolder() / "tabular" / "housing-as-found-malformed.csv";
        EXPECT_REFUSED([&] { readDataset(path); }, "CSV-01", "line 20,642 has 1 field|the header has 10");
    }
};

HEADROOM_TEST(TestCsv)
#include "tst_csv.moc"
