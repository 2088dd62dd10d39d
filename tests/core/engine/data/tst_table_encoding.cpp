// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors/error.h"
#include "core/engine/formats/refusal.h"
#include "engine/data/split.h"
#include "engine/data/table_encoding.h"
#include "engine/data/table_reference.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::data;
using formats::Column;
using formats::ColumnType;

namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

Column named(const char* name, ColumnType type) {
    Column column;
    column.name = name;
    column.type = type;
    return column;
}

Column numbers(const char* name, std::vector<double> values) {
    Column column = named(name, ColumnType::Numeric);
    column.numbers = std::move(values);
    column.missing = std::ranges::count_if(column.numbers, [](double v) { return std::isnan(v); });
    return column;
}

Column categories(const char* name, std::vector<std::string> names, std::vector<std::int32_t> codes) {
    Column column = named(name, ColumnType::Category);
    column.codes = std::move(codes);
    column.categories = std::move(names);
    column.missing = std::ranges::count(column.codes, -1);
    return column;
}

Column texts(const char* name, const std::vector<std::string>& cells) {
    Column column = named(name, ColumnType::Text);
    for (const std::string& cell : cells) column.texts.add(cell);
    return column;
}

/// Columns and the class as the last one.
formats::RawTable table(std::vector<Column> columns, std::vector<std::int32_t> labels) {
    formats::RawTable raw;
    raw.table.rows = static_cast<std::int64_t>(labels.size());
    raw.target = static_cast<int>(columns.size());
    raw.table.columns = std::move(columns);
    raw.table.columns.push_back(categories("bought", {"no", "yes"}, labels));
    raw.labels = std::move(labels);
    return raw;
}

formats::RawTable shop() {
    return table({numbers("age", {1, 2, kMissing, 4, 5}), numbers("height", {150, 160, 170, 180, 190}),
                  categories("colour", {"blue", "red"}, {0, 1, -1, 1, 0}), categories("size", {"1", "2", "XL"}, {0, 1, 2, 0, 1}),
                  texts("remark", {"a", "b", "c", "d", "e"})},
                 {0, 1, 0, 1, 1});
}

TableEncoding shopEncoding() { return learn(shop(), allOf(5)); }

TableStore applied(const TableEncoding& encoding, const formats::RawTable& raw) {
    return apply(encoding, raw, findColumns(encoding, raw.table, "new.csv"), "new.csv");
}

bool same(const TableStore& a, const TableStore& b) {
    return a.features == b.features && a.numberFeature == b.numberFeature && a.numbers == b.numbers && a.ones == b.ones &&
           a.categories == b.categories && a.labels == b.labels && a.targets == b.targets && a.regression == b.regression;
}

}  // namespace

class TableEncodingTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void appliedToItsOwnTableItGivesTheTrainingRows() {
        const formats::RawTable raw = shop();
        const TableEncoding encoding = learn(raw, std::vector<std::int64_t>{0, 1, 3});
        const TableStore trained = apply(encoding, raw, placesOf(raw), "the table");
        QVERIFY(same(applied(encoding, raw), trained));
        QCOMPARE(trained.features, 9);  // age and its missing, height, blue, red and none, 1, 2, XL
        QCOMPARE(encoding.features(), trained.features);
        const double mean = 7.0 / 3, deviation = std::sqrt((16.0 / 9 + 1.0 / 9 + 25.0 / 9) / 3);
        QCOMPARE(trained.numbers[0], static_cast<float>((1 - mean) / deviation));
    }
    void itComesBackFromItsDocument() {
        const TableEncoding encoding = shopEncoding();
        const nlohmann::json document = toJson(encoding);
        const TableEncoding read = tableEncodingFrom(nlohmann::json::parse(document.dump()));
        QCOMPARE(toJson(read), document);
        QVERIFY(same(applied(read, shop()), applied(encoding, shop())));
    }
    void aReversedOrderOfColumnsGivesTheSameFeatures() {
        formats::RawTable reversed = shop();
        std::ranges::reverse(reversed.table.columns);
        reversed.target = 0;
        QVERIFY(same(applied(shopEncoding(), reversed), applied(shopEncoding(), shop())));
    }
    void columnsThatTheModelDoesNotTakeAreLeftOut() {
        formats::RawTable wider = shop();
        wider.table.columns.insert(wider.table.columns.begin(), numbers("other", {9, 8, 7, 6, 5}));
        ++wider.target;
        QVERIFY(same(applied(shopEncoding(), wider), applied(shopEncoding(), shop())));
    }
    void statisticsOfTheNewTableAreNotLookedAt() {
        const TableStore one = applied(shopEncoding(), table({numbers("age", {40}), numbers("height", {170}),
                                                              categories("colour", {"red"}, {0}), numbers("size", {2}),
                                                              texts("remark", {"x"})}, {1}));
        QCOMPARE(one.numbers[0], static_cast<float>((40 - 3) / std::sqrt(2.5)));
        QCOMPARE(one.numbers[2], 0.0F);
        QCOMPARE(one.ones, (std::vector<std::int32_t>{4, 7}));
    }
    void aMissingColumnIsNamed() {
        formats::RawTable raw = shop();
        raw.table.columns.erase(raw.table.columns.begin() + 1);
        --raw.target;
        EXPECT_REFUSED([&] { applied(shopEncoding(), raw); }, "DAT-03", "new.csv|\"height\" is missing|age, colour, size");
    }
    void freeTextMayBeMissing() {
        formats::RawTable raw = shop();
        raw.table.columns.erase(raw.table.columns.begin() + 4);
        --raw.target;
        QVERIFY(same(applied(shopEncoding(), raw), applied(shopEncoding(), shop())));
    }
    void textsInAColumnOfNumbersAreRefused() {
        formats::RawTable raw = shop();
        raw.table.columns[1] = categories("height", {"tall"}, {-1, 0, 0, 0, 0});
        EXPECT_REFUSED([&] { applied(shopEncoding(), raw); }, "CSV-08", "new.csv|\"height\" holds texts|row 2 \"tall\"");
    }
    void aColumnOfNumbersWithoutAnyIsAllMean() {
        formats::RawTable raw = shop();
        raw.table.columns[1] = categories("height", {}, {-1, -1, -1, -1, -1});
        const TableStore store = applied(shopEncoding(), raw);
        for (std::size_t row = 0; row < 5; ++row) QCOMPARE(store.numbers[3 * row + 2], 0.0F);
    }
    void anUnknownCategoryGivesNoFeatureAOne() {
        formats::RawTable raw = shop();
        raw.table.columns[2] = categories("colour", {"blue", "green", "red"}, {0, 1, 2, -1, 2});
        QCOMPARE(onesOf(applied(shopEncoding(), raw), 0), (std::vector<std::int32_t>{3, -1, 4, 5, 4}));
    }
    void aMissingValueWhereTrainingHadNoneIsTheMeanOrNoCategory() {
        formats::RawTable raw = shop();
        raw.table.columns[1] = numbers("height", {kMissing, 160, 170, 180, 190});
        raw.table.columns[3] = categories("size", {"1", "2"}, {-1, 1, 0, 0, 1});
        const TableStore store = applied(shopEncoding(), raw);
        QCOMPARE(store.features, 9);
        QCOMPARE(store.numbers[2], 0.0F);
        QCOMPARE(onesOf(store, 1), (std::vector<std::int32_t>{-1, 7, 6, 6, 7}));
    }
    void categoriesThatLookLikeNumbersAreFoundByTheirText() {
        formats::RawTable raw = shop();
        raw.table.columns[3] = numbers("size", {2, 1, kMissing, 3, 2});
        QCOMPARE(onesOf(applied(shopEncoding(), raw), 1), (std::vector<std::int32_t>{7, 6, -1, -1, 7}));
    }
    void categoriesAmongManyDistinctTextsAreFound() {
        formats::RawTable raw = shop();
        raw.table.columns[2] = texts("colour", {"red", "mauve", "", "blue", "teal"});
        QCOMPARE(onesOf(applied(shopEncoding(), raw), 0), (std::vector<std::int32_t>{4, -1, 5, 3, -1}));
    }
    void columnsWithoutNamesAreFoundByPosition() {
        formats::RawTable unnamed = shop();
        for (std::size_t i = 0; i < unnamed.table.columns.size(); ++i) unnamed.table.columns[i].name = "column_" + std::to_string(i);
        const TableEncoding encoding = learn(unnamed, allOf(5));
        QVERIFY(isUnnamed(encoding));
        QVERIFY(!isUnnamed(shopEncoding()));
        QVERIFY(same(applied(encoding, shop()), applied(encoding, unnamed)));
        unnamed.table.columns.resize(2);
        EXPECT_REFUSED([&] { applied(encoding, unnamed); }, "DAT-03", "\"column_2\" is missing");
    }
    void numbersToPredictKeepTheScaleOfTraining() {
        formats::RawTable raw = shop();
        raw.regression = true;
        raw.values = {1, 2, 3, 4, 5};
        const TableEncoding encoding = learn(raw, allOf(5));
        raw.values = {3, 5, 5, 5, 5};
        const TableStore store = applied(encoding, raw);
        QVERIFY(store.regression);
        QCOMPARE(store.targets[0], 0.0F);
        QCOMPARE(store.targets[1], static_cast<float>(2 / std::sqrt(2.0)));
    }

    void aDocumentThatIsNotWholeIsRefused_data() {
        QTest::addColumn<QString>("pointer");
        QTest::addColumn<QString>("value");
        QTest::newRow("no columns") << "/columns" << "3";
        QTest::newRow("a column that is none") << "/columns/0" << "[]";
        QTest::newRow("no name") << "/columns/0/name" << "7";
        QTest::newRow("unknown type") << "/columns/0/type" << "\"date\"";
        QTest::newRow("no mean") << "/columns/0/mean" << "\"3\"";
        QTest::newRow("deviation 0") << "/columns/0/deviation" << "0.0";
        QTest::newRow("feature elsewhere") << "/columns/2/feature" << "1000000";
        QTest::newRow("too few counts") << "/columns/2/counts" << "[1]";
        QTest::newRow("categories are numbers") << "/columns/2/categories" << "[1, 2]";
        QTest::newRow("features") << "/features" << "1000000000000";
        QTest::newRow("target") << "/target" << "null";
    }
    void aDocumentThatIsNotWholeIsRefused() {
        QFETCH(QString, pointer);
        QFETCH(QString, value);
        nlohmann::json document = toJson(shopEncoding());
        document[nlohmann::json::json_pointer(pointer.toStdString())] = nlohmann::json::parse(value.toStdString());
        EXPECT_REFUSED([&] { tableEncodingFrom(document); }, "EXP-03", "does not say how to prepare data");
    }

private:
    static std::vector<std::int32_t> onesOf(const TableStore& store, std::size_t category) {
        std::vector<std::int32_t> ones;
        for (std::size_t i = category; i < store.ones.size(); i += static_cast<std::size_t>(store.categories)) ones.push_back(store.ones[i]);
        return ones;
    }
};

HEADROOM_TEST(TableEncodingTest)
#include "tst_table_encoding.moc"
