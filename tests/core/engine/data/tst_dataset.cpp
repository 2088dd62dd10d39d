// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/equal.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/errors/error.h"
#include "engine/data/dataset.h"
#include "engine/data/inspect.h"
#include "engine/data/split.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::data;

namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

formats::Column column(const char* name) {
    formats::Column made;
    made.name = name;
    return made;
}

Preparation windowsOf(std::int64_t context) {
    Preparation made;
    made.context = context;
    return made;
}

/// Ten rows: a number with a missing cell, a category with a missing one, free text, and the class.
formats::RawDataset table() {
    formats::RawDataset raw;
    raw.kind = formats::Kind::Table;
    raw.classes = {"no", "yes"};
    formats::Column number = column("age"), category = column("colour"), text = column("remark"), target = column("bought");
    number.numbers = {1, 2, 3, 4, kMissing, 1, 2, 3, 4, 5};
    number.missing = 1;
    category.type = formats::ColumnType::Category;
    category.categories = {"blue", "red"};
    category.codes = {0, 1, 0, 1, -1, 0, 1, 0, 1, 0};
    category.missing = 1;
    text.type = formats::ColumnType::Text;
    for (int i = 0; i < 10; ++i) text.texts.add("something else");
    target.type = formats::ColumnType::Category;
    target.categories = raw.classes;
    raw.table.labels = target.codes = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    raw.table.table.columns = {number, category, text, target};
    raw.table.table.rows = 10;
    raw.table.target = 3;
    return raw;
}

Preparation keeping(double holdout) {
    Preparation preparation;
    preparation.data.holdout = holdout;
    return preparation;
}

at::Tensor inputOf(const Source& source, std::vector<std::int64_t> samples) { return source.assemble(samples, {}, {}).input; }

formats::RawDataset text(std::int64_t length) {
    formats::RawDataset raw;
    raw.kind = formats::Kind::Text;
    for (char c = 'a'; c <= 'z'; ++c) raw.text.tokens.emplace_back(1, c);
    for (std::int64_t i = 0; i < length; ++i) raw.text.ids.push_back(std::int32_t(i % 26));
    return raw;
}

}  // namespace

class DatasetTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aTableBecomesStandardisedAndOneHotFeatures() {
        const Dataset dataset = prepare(table(), keeping(0));
        QCOMPARE(dataset.shape.features, 5);  // age, age missing, blue, red, colour missing
        QVERIFY(!dataset.validation);
        const at::Tensor rows = inputOf(*dataset.training, {0, 1, 4});
        const double mean = 25.0 / 9, deviation = std::sqrt(85.0 / 9 - mean * mean);
        QVERIFY(std::abs(rows[0][0].item<double>() - (1 - mean) / deviation) < 1e-6);
        QCOMPARE(rows[0][1].item<double>(), 0.0);
        QCOMPARE(rows[0][2].item<double>(), 1.0);
        QCOMPARE(rows[0][3].item<double>(), 0.0);
        QCOMPARE(rows[1][3].item<double>(), 1.0);
        QCOMPARE(rows[2][0].item<double>(), 0.0);  // a missing number is the mean, and says so
        QCOMPARE(rows[2][1].item<double>(), 1.0);
        QCOMPARE(rows[2][4].item<double>(), 1.0);
    }
    void freeTextIsLeftOutAndSaysSo() {
        const Dataset dataset = prepare(table(), keeping(0));
        QCOMPARE(dataset.notes.size(), std::size_t(1));
        QVERIFY(dataset.notes[0].find("remark") != std::string::npos);
    }
    void statisticsAreThoseOfTheTrainingRowsAlone() {
        formats::RawDataset raw = table();
        const Dataset before = prepare(table(), keeping(0.4));
        // Whatever the held-out rows hold: the training features stay as they were.
        std::set<std::int64_t> training;
        const at::Tensor seen = inputOf(*before.training, allSamples(*before.training));
        const Split split = splitOf(0.4);
        for (const std::int64_t row : split.validation) raw.table.table.columns[0].numbers[std::size_t(row)] = 1e6;
        const Dataset after = prepare(std::move(raw), keeping(0.4));
        QVERIFY(at::equal(seen, inputOf(*after.training, allSamples(*after.training))));
        QVERIFY(before.fingerprint != after.fingerprint);
    }
    void aCategoryThatNoTrainingRowHasGivesNoFeatureAOne() {
        formats::RawDataset raw = table();
        formats::Column& colour = raw.table.table.columns[1];
        colour.categories.push_back("violet");
        const std::int64_t held = splitOf(0.4).validation.front();
        colour.codes[std::size_t(held)] = 2;
        const Dataset dataset = prepare(std::move(raw), keeping(0.4));
        QCOMPARE(dataset.shape.features, 6);
        QCOMPARE(inputOf(*dataset.validation, {0}).slice(1, 2).sum().item<double>(), 0.0);
    }
    void numbersToPredictAreStandardised() {
        formats::RawDataset raw = table();
        raw.table.regression = true;
        raw.table.labels.clear();
        raw.classes.clear();
        for (int i = 0; i < 10; ++i) raw.table.values.push_back(100 + i);
        const Dataset dataset = prepare(std::move(raw), keeping(0));
        const at::Tensor targets = dataset.training->assemble(allSamples(*dataset.training), {}, {}).target;
        QCOMPARE(targets.sizes().vec(), (std::vector<std::int64_t>{10, 1}));
        QVERIFY(std::abs(targets.mean().item<double>()) < 1e-6);
        QVERIFY(std::abs(targets.square().mean().item<double>() - 1) < 1e-5);
        QCOMPARE(dataset.reference["target"]["mean"].get<double>(), 104.5);
        QCOMPARE(dataset.shape.task, models::Task::Regression);
    }
    void aTableWithNothingToLearnFromIsRefused() {
        formats::RawDataset raw = table();
        raw.table.table.columns.erase(raw.table.table.columns.begin(), raw.table.table.columns.begin() + 2);
        raw.table.target = 1;
        QVERIFY_EXCEPTION_THROWN(prepare(std::move(raw), keeping(0)), Error);
    }

    void picturesAreChannelsLastAlsoWithOneChannel() {
        formats::RawDataset raw;
        raw.classes = {"a", "b"};
        raw.pictures = {.height = 4, .width = 5, .channels = 1, .pixels = std::vector<std::uint8_t>(60), .labels = {0, 1, 0}};
        for (std::size_t i = 0; i < 60; ++i) raw.pictures.pixels[i] = std::uint8_t(4 * i);
        const Dataset dataset = prepare(std::move(raw), keeping(0));
        const Samples samples = dataset.training->assemble(std::vector<std::int64_t>{2, 0}, {}, {});
        QCOMPARE(samples.input.sizes().vec(), (std::vector<std::int64_t>{2, 1, 4, 5}));
        QCOMPARE(samples.input.strides().vec(), (std::vector<std::int64_t>{20, 1, 5, 1}));
        QVERIFY(samples.input[0][0][0][0].item<float>() > samples.input[1][0][3][4].item<float>());
        const at::Tensor half = dataset.training->assemble(std::vector<std::int64_t>{2, 0}, {}, {.input = at::kBFloat16}).input;
        QVERIFY(at::equal(half, samples.input.to(at::kBFloat16)));
    }

    void windowsOfTextDoNotOverlapAndLookOneAhead() {
        const Dataset dataset = prepare(text(3000), windowsOf(100));
        const Samples samples = dataset.training->assemble(std::vector<std::int64_t>{0, 1}, {}, {});
        QCOMPARE(samples.input[0][0].item<std::int64_t>(), 0);
        QCOMPARE(samples.input[1][0].item<std::int64_t>(), 100 % 26);
        QCOMPARE(samples.target[0][0].item<std::int64_t>(), 1);
        QCOMPARE(samples.target[0][99].item<std::int64_t>(), 100 % 26);
        QCOMPARE(dataset.training->termsPerSample(), 100);
    }
    void windowsShiftWithTheEpochAndStayInside() {
        const Dataset dataset = prepare(text(3000), windowsOf(100));
        std::set<std::int64_t> begins;
        const std::vector<std::int64_t> last{dataset.training->size() - 1};
        for (std::int64_t epoch = 0; epoch < 40; ++epoch) {
            const Samples s = dataset.training->assemble(last, {.seed = 1, .epoch = epoch, .augment = true}, {});
            begins.insert(s.input[0][0].item<std::int64_t>());
            QCOMPARE(s.target[0][99].item<std::int64_t>(), (s.input[0][99].item<std::int64_t>() + 1) % 26);
        }
        QVERIFY(begins.size() > 10);
    }
    void theLastTenthOfATextIsHeldOut() {
        const Dataset dataset = prepare(text(3000), windowsOf(100));
        QCOMPARE(dataset.training->size(), 26);  // 2,699 places that have a next one, shifted by up to 99
        QCOMPARE(dataset.validation->assemble(std::vector<std::int64_t>{0}, {}, {}).input[0][0].item<std::int64_t>(), 2700 % 26);
    }
    void aTextShorterThanItsContextIsRefused() {
        try {
            prepare(text(500), windowsOf(100));
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::Txt01);
        }
    }

    void theFingerprintIsThatOfTheContent() {
        QCOMPARE(prepare(table(), keeping(0)).fingerprint, prepare(table(), keeping(0.2)).fingerprint);
        formats::RawDataset other = table();
        other.table.labels[3] = 0;
        QVERIFY(prepare(std::move(other), keeping(0)).fingerprint != prepare(table(), keeping(0)).fingerprint);
    }

    void adultHas108Features() {
        REQUIRE_DATA();
        Preparation preparation;
        preparation.data.path = (test::dataFolder() / "tabular/adult-train.csv").string();
        const Dataset dataset = load(preparation);
        QCOMPARE(dataset.shape.features, 108);
        QCOMPARE(dataset.training->size() + dataset.validation->size(), 32561);
        QCOMPARE(dataset.validation->size(), 6512);
        QCOMPARE(inputOf(*dataset.training, {0, 1, 2}).slice(1, 6).sum().item<double>() > 0, true);
    }
    void fashionMnistKeepsItsTestPartWhateverTheLimit() {
        REQUIRE_DATA();
        Preparation preparation;
        preparation.data.path = (test::dataFolder() / "fashion-mnist").string();
        preparation.data.limit = 300;
        const Dataset dataset = load(preparation);
        QCOMPARE(dataset.training->size(), 300);
        QCOMPARE(dataset.validation->size(), 10000);
        QCOMPARE(dataset.classes.size(), std::size_t(10));
    }
    void anInspectionShowsEveryClass() {
        REQUIRE_DATA();
        Preparation preparation;
        preparation.data.path = (test::dataFolder() / "fashion-mnist").string();
        const nlohmann::json found = inspect(preparation, 24);
        QCOMPARE(found["samples"].size(), std::size_t(24));
        std::set<std::string> labels;
        for (const auto& sample : found["samples"]) labels.insert(sample["label"].get<std::string>());
        QCOMPARE(labels.size(), std::size_t(10));
        QCOMPARE(found["train"].get<int>(), 60000);
        QCOMPARE(found["held_out"].get<bool>(), false);
    }

private:
    static std::vector<std::int64_t> allSamples(const Source& source) { return allOf(source.size()); }
    static Split splitOf(double share) { return holdOut(10, table().table.labels, share, Preparation{}.seed); }
};

HEADROOM_TEST(DatasetTest)
#include "tst_dataset.moc"
