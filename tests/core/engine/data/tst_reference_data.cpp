// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/equal.h>
#include <fmt/format.h>

#include <cmath>
#include <fstream>

#include "base/errors/error.h"
#include "core/engine/formats/refusal.h"
#include "engine/data/dataset.h"
#include "engine/data/reference_data.h"
#include "engine/data/split.h"
#include "engine/formats/characters.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::data;

namespace {

/// What an exported file says of the data that `dataset` was prepared from; the data to read lie at `path`.
Reference referenceOf(const Dataset& dataset, Preparation preparation, const std::filesystem::path& path = "new") {
    preparation.data.path = path.string();
    return {preparation, nlohmann::json::parse(dataset.reference.dump()), dataset.classes};
}

Samples all(const Source& source) { return source.assemble(allOf(source.size()), {}, {}); }

bool same(const Samples& a, const Samples& b) { return at::equal(a.input, b.input) && at::equal(a.target, b.target); }

formats::Pictures grey(std::int64_t count, int first, std::int64_t side = 2) {
    formats::Pictures pictures{.height = side, .width = side, .channels = 1, .pixels = {}, .labels = {}};
    for (std::int64_t i = 0; i < count; ++i) pictures.labels.push_back(static_cast<std::int32_t>(i % 2));
    for (std::int64_t i = 0; i < count * side * side; ++i) pictures.pixels.push_back(static_cast<std::uint8_t>(first + i % 97));
    return pictures;
}

formats::RawDataset album(std::int64_t count, int first, std::int64_t side = 2) {
    formats::RawDataset raw;
    raw.classes = {"cat", "dog"};
    raw.pictures = grey(count, first, side);
    return raw;
}

Preparation windows() {
    Preparation preparation;
    preparation.context = 100;
    return preparation;
}

formats::RawDataset text(std::int64_t length, std::u32string_view characters) {
    formats::RawDataset raw;
    raw.kind = formats::Kind::Text;
    for (const char32_t character : characters) raw.text.tokens.push_back(formats::toUtf8(character));
    for (std::int64_t i = 0; i < length; ++i)
        raw.text.ids.push_back(static_cast<std::int32_t>(static_cast<std::size_t>(i) % characters.size()));
    return raw;
}

/// Forty people: a number, a category that is a number for all but every fourth, a category, and the class.
std::string people() {
    std::string rows = "age,floor,job,answer\n";
    for (int i = 0; i < 40; ++i)
        rows += fmt::format("{},{},{},{}\n", 20 + i, i % 4 == 0 ? "ground" : std::to_string(i % 3), i % 2 ? "cook" : "smith", i % 5 < 2 ? "yes" : "no");
    return rows;
}

}  // namespace

class ReferenceDataTest : public QObject {
    Q_OBJECT

    test::TemporaryFolder m_folder;

    /// Of a model trained on `bytes`, for the table at `path`.
    Reference trainedOn(const std::string& bytes, const std::filesystem::path& path, const std::string& target = {}) {
        Preparation preparation;
        preparation.data.path = m_folder.write("train.csv", bytes).string();
        preparation.data.target = target;
        return referenceOf(load(preparation), preparation, path);
    }
    ReferenceData proven(const std::string& training, const std::string& bytes, const std::string& target = {}) {
        return loadByReference(trainedOn(training, m_folder.write("new.csv", bytes), target));
    }

private Q_SLOTS:
    void otherPicturesAreNormalisedByTheReference() {
        const Dataset trained = prepare(album(20, 0), {});
        const ReferenceData found = prepareByReference(album(6, 100), referenceOf(trained, {}));
        QCOMPARE(found.part, std::string("all"));
        QCOMPARE(found.source->size(), 6);
        QCOMPARE(found.shape.outputs, 2);
        const double mean = trained.reference["mean"][0].get<double>(), deviation = trained.reference["deviation"][0].get<double>();
        QVERIFY(std::abs(all(*found.source).input[0][0][0][1].item<double>() - (101.0 / 255 - mean) / deviation) < 1e-5);
    }
    void theTestPartOfOtherPicturesIsProven() {
        formats::RawDataset other = album(6, 100);
        other.testPictures = grey(4, 50);
        const ReferenceData found = prepareByReference(std::move(other), referenceOf(prepare(album(20, 0), {}), {}));
        QCOMPARE(found.part, std::string("test"));
        QCOMPARE(found.source->size(), 4);
    }
    void picturesOfTheRunGiveWhatItWasEvaluatedOn() {
        const Dataset trained = prepare(album(20, 0), {});
        const ReferenceData found = prepareByReference(album(20, 0), referenceOf(trained, {}));
        QCOMPARE(found.part, std::string("validation"));
        QVERIFY(same(all(*found.source), all(*trained.validation)));
    }
    void aTestPartThatTheRunWasEvaluatedOnIsItsValidationPart() {
        const auto set = [] {
            formats::RawDataset raw = album(20, 0);
            raw.testPictures = grey(4, 50);
            return raw;
        };
        const Dataset trained = prepare(set(), {});
        const ReferenceData found = prepareByReference(set(), referenceOf(trained, {}));
        QCOMPARE(found.part, std::string("validation"));
        QVERIFY(same(all(*found.source), all(*trained.validation)));
    }
    void whereTheRunHeldNothingOutItsTrainingPartIsProven() {
        Preparation preparation;
        preparation.data.holdout = 0;
        preparation.data.limit = 12;
        const ReferenceData found = prepareByReference(album(20, 0), referenceOf(prepare(album(20, 0), preparation), preparation));
        QCOMPARE(found.part, std::string("training"));
        QCOMPARE(found.source->size(), 12);
    }
    void picturesOfAnotherSizeAreRefusedWithBothSizes() {
        const Reference reference = referenceOf(prepare(album(20, 0), {}), {});
        EXPECT_REFUSED([&] { prepareByReference(album(20, 0, 3), reference); }, "DAT-05",
                       "new: |3 x 3 pixels with 1 channel|2 x 2 pixels with 1 channel wanted");
    }

    void labelsFollowTheirNames() {
        formats::RawDataset other = album(6, 100);
        other.classes = {"dog", "cat"};
        const ReferenceData found = prepareByReference(std::move(other), referenceOf(prepare(album(20, 0), {}), {}));
        QCOMPARE(all(*found.source).target[0].item<std::int64_t>(), 1);
        QCOMPARE(all(*found.source).target[1].item<std::int64_t>(), 0);
    }
    void anUnknownLabelIsNamedWithItsSamples() {
        formats::RawDataset other = album(6, 100);
        other.classes = {"cat", "horse"};
        const Reference reference = referenceOf(prepare(album(20, 0), {}), {});
        EXPECT_REFUSED([&] { prepareByReference(std::move(other), reference); }, "DAT-01", "new: |\"horse\" in 3 samples|2 classes");
    }
    void aClassThatNoSampleHasMayBeUnknown() {
        formats::RawDataset other = album(6, 100);
        other.classes = {"cat", "dog", "horse"};
        QCOMPARE(prepareByReference(std::move(other), referenceOf(prepare(album(20, 0), {}), {})).shape.outputs, 2);
    }
    void picturesWithNumbersForClassesGoByThese() {
        formats::RawDataset other = album(6, 100);
        other.classes = {"0", "1"};
        const Reference reference = referenceOf(prepare(album(20, 0), {}), {});
        QCOMPARE(all(*prepareByReference(other, reference).source).target[1].item<std::int64_t>(), 1);
        other.classes = {"0", "1", "2"};
        other.pictures.labels[5] = 2;
        EXPECT_REFUSED([&] { prepareByReference(other, reference); }, "DAT-01", "\"2\" in 1 sample,|2 classes");
    }

    void anotherTextGoesByTheVocabularyOfTheReference() {
        const Dataset trained = prepare(text(3000, U"abcd"), windows());
        const ReferenceData found = prepareByReference(text(500, U"bd"), referenceOf(trained, {}));
        QCOMPARE(found.part, std::string("all"));
        QCOMPARE(found.shape.context, 100);
        QCOMPARE(found.shape.vocabulary, 4);
        const Samples samples = all(*found.source);
        QCOMPARE(samples.input[0][0].item<std::int64_t>(), 1);
        QCOMPARE(samples.target[0][0].item<std::int64_t>(), 3);
    }
    void theTextOfTheRunGivesItsLastTenth() {
        const Dataset trained = prepare(text(3000, U"abcd"), windows());
        const ReferenceData found = prepareByReference(text(3000, U"abcd"), referenceOf(trained, {}));
        QCOMPARE(found.part, std::string("validation"));
        QVERIFY(same(all(*found.source), all(*trained.validation)));
    }
    void anUnknownCharacterIsNamed() {
        const Reference reference = referenceOf(prepare(text(3000, U"abcd"), windows()), {});
        EXPECT_REFUSED([&] { prepareByReference(text(500, U"abé"), reference); }, "DAT-05", "new: |\"é\" (U+00E9)|4 characters");
    }
    void bytesNeedNoVocabularyOfTheirOwn() {
        Preparation preparation = windows();
        preparation.data.tokenizer = "bytes";
        preparation.data.path = m_folder.write("own.txt", std::string(3000, 'a')).string();
        const Reference reference = referenceOf(load(preparation), preparation, preparation.data.path);
        QCOMPARE(loadByReference(reference).part, std::string("validation"));
        Reference other = reference;
        other.preparation.data.path = m_folder.write("other.txt", std::string(500, 'z')).string();
        const ReferenceData found = loadByReference(other);
        QCOMPARE(found.shape.vocabulary, 256);
        QCOMPARE(all(*found.source).input[0][0].item<std::int64_t>(), 'z');
        other.statistics["vocabulary"].erase(0);
        EXPECT_REFUSED([&] { loadByReference(other); }, "DAT-05", "256 tokens|255 tokens wanted");
    }
    void aTextShorterThanTheContextIsRefused() {
        const Reference reference = referenceOf(prepare(text(3000, U"abcd"), windows()), {});
        QCOMPARE(prepareByReference(text(101, U"ab"), reference).source->size(), 1);
        EXPECT_REFUSED([&] { prepareByReference(text(100, U"ab"), reference); }, "TXT-01", "100 tokens|at least 101");
    }

    void theTableOfTheRunGivesItsValidationPart() {
        Preparation preparation;
        preparation.data.path = m_folder.write("train.csv", people()).string();
        const Dataset trained = load(preparation);
        const ReferenceData found = loadByReference(referenceOf(trained, preparation, preparation.data.path));
        QCOMPARE(found.part, std::string("validation"));
        QVERIFY(same(all(*found.source), all(*trained.validation)));
    }
    void columnsOfAnotherTableMayHaveAnotherOrder() {
        const ReferenceData first = proven(people(), "age,floor,job,answer\n30,1,cook,no\n31,ground,smith,yes\n");
        const ReferenceData second = proven(people(), "answer,job,floor,age\nno,cook,1,30\nyes,smith,ground,31\n");
        QCOMPARE(second.part, std::string("all"));
        QVERIFY(same(all(*first.source), all(*second.source)));
    }
    void typesAreThoseOfTheReferenceWhateverTheNewCellsLookLike() {
        // Every floor is a number here, every answer the same, and one row is enough.
        const at::Tensor input = all(*proven(people(), "age,floor,job,answer\n30,1,baker,no\n").source).input;
        QCOMPARE(input.size(1), 7);  // age; floors 0, 1, 2, ground; cook, smith
        QCOMPARE(input.slice(1, 1, 5).sum().item<double>(), 1.0);
        QCOMPARE(input[0][2].item<double>(), 1.0);
        QCOMPARE(input.slice(1, 5, 7).sum().item<double>(), 0.0);
    }
    void wordsInAColumnOfNumbersAreRefusedWithTheirLine() {
        EXPECT_REFUSED([&] { proven(people(), "age,floor,job,answer\nold,1,cook,no\n31,1,cook,no\n"); }, "CSV-08", "new.csv|\"age\"|line 2 \"old\"");
    }
    void aTableWithoutAColumnIsRefused() {
        EXPECT_REFUSED([&] { proven(people(), "age,job,answer\n30,cook,no\n"); }, "DAT-03", "new.csv|\"floor\" is missing");
        EXPECT_REFUSED([&] { proven(people(), "age,floor,job\n30,1,cook\n"); }, "DAT-03", "new.csv|\"answer\" not found");
    }
    void anUnknownAnswerIsNamedWithItsRows() {
        EXPECT_REFUSED([&] { proven(people(), "age,floor,job,answer\n30,1,cook,maybe\n31,1,cook,maybe\n32,1,cook,no\n"); }, "DAT-01",
                       "new.csv|\"maybe\" in 2 samples|2 classes");
    }
    void classesThatAreNumbersAreComparedAsNumbers() {
        const std::string training = "x,grade\n1,1\n2,2\n3,3\n4,1\n5,2\n6,3\n7,1\n8,2\n9,3\n";
        const ReferenceData found = proven(training, "x,grade\n5,3.0\n6,1.0\n");
        QCOMPARE(all(*found.source).target[0].item<std::int64_t>(), 2);
        EXPECT_REFUSED([&] { proven(training, "x,grade\n5,4\n"); }, "DAT-01", "\"4\" in 1 sample");
    }
    void numbersToPredictStayNumbersHoweverFewThereAre() {
        std::string training = "x,price\n";
        for (int i = 0; i < 30; ++i) training += fmt::format("{},{}.5\n", i, i);
        const ReferenceData found = proven(training, "x,price\n1,2\n2,2\n");
        QCOMPARE(found.shape.task, models::Task::Regression);
        QCOMPARE(all(*found.source).target.sizes().vec(), (std::vector<std::int64_t>{2, 1}));
    }
    void columnsWithoutNamesAreFoundByPositionAlsoUnderAHeader() {
        const std::string rows = people().substr(people().find('\n') + 1);
        const ReferenceData first = proven(rows, "30,1,cook,no\n31,ground,smith,yes\n");
        const ReferenceData second = proven(rows, "years,level,work,said\n30,1,cook,no\n31,ground,smith,yes\n");
        QVERIFY(same(all(*first.source), all(*second.source)));
    }
    void theTargetNeedNotBeTheLastColumn() {
        const ReferenceData found = proven(people(), "floor,job,age,answer\n1,cook,30,no\n", "job");
        QCOMPARE(all(*found.source).target[0].item<std::int64_t>(), 0);
    }

    void dataOfAnotherKindAreRefused() {
        const Reference reference = referenceOf(prepare(album(20, 0), {}), {});
        EXPECT_REFUSED([&] { prepareByReference(text(500, U"ab"), reference); }, "DAT-05", "text, pictures wanted");
    }
    void aReferenceThatIsNotWholeIsRefused_data() {
        QTest::addColumn<QString>("pointer");
        QTest::addColumn<QString>("value");
        QTest::newRow("kind") << "/kind" << "\"sound\"";
        QTest::newRow("size") << "/size" << "[2, 2]";
        QTest::newRow("a size beyond all pictures") << "/size" << "[100000, 100000, 3]";
        QTest::newRow("a size of too many bytes") << "/size" << "[16384, 16384, 3]";
        QTest::newRow("a negative size") << "/size" << "[-2, -2, 1]";
        QTest::newRow("no channels") << "/size" << "[2, 2, 0]";
        QTest::newRow("mean") << "/mean" << "[0.5, 0.5]";
        QTest::newRow("deviation") << "/deviation" << "[0.0]";
        QTest::newRow("everything") << "" << "[]";
    }
    void aReferenceThatIsNotWholeIsRefused() {
        QFETCH(QString, pointer);
        QFETCH(QString, value);
        Reference reference = referenceOf(prepare(album(20, 0), {}), {});
        reference.statistics[nlohmann::json::json_pointer(pointer.toStdString())] = nlohmann::json::parse(value.toStdString());
        EXPECT_REFUSED([&] { prepareByReference(album(20, 0), reference); }, "EXP-03", "does not say how to prepare data");
    }

    void heldOutRowsOfAdultHaveTheFeaturesOfTraining() {
        REQUIRE_DATA();
        std::ifstream file(test::dataFolder() / "tabular/adult-train.csv");
        std::string training, other, line;
        for (int i = 0; std::getline(file, line); ++i) (i % 10 == 0 ? other : training) += line + "\n";
        const ReferenceData found = proven(training, other);
        QCOMPARE(found.part, std::string("all"));
        QCOMPARE(found.source->size(), 3257);
        const Samples samples = all(*found.source);
        // No row of a category is lost but for the few that the other rows lack: 8 categories a row.
        const double ones = samples.input.eq(1).sum(1).to(at::kDouble).mean().item<double>();
        QVERIFY2(ones > 7.99 && ones < 8.2, qPrintable(QString::number(ones)));
        QVERIFY(std::abs(samples.input.select(1, 0).mean().item<double>()) < 0.1);
    }
};

HEADROOM_TEST(ReferenceDataTest)
#include "tst_reference_data.moc"
