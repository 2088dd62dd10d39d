// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/equal.h>

#include "core/engine/formats/made_pictures.h"
#include "core/engine/formats/refusal.h"
#include "engine/data/inspect.h"
#include "engine/data/loader.h"
#include "engine/data/outline.h"
#include "engine/data/reference_data.h"
#include "engine/data/split.h"
#include "engine/formats/picture_files.h"
#include "engine/tensor/memory.h"
#include "engine/train/trainer.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::data;
using namespace headroom::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kPicture = 8 * 8 * 3;

bool equal(const Samples& one, const Samples& other) { return at::equal(one.input, other.input) && at::equal(one.target, other.target); }

/// All of a part, in some order.
Samples samplesOf(const Source& source, bool augment) {
    std::vector<std::int64_t> numbers = allOf(source.size());
    std::ranges::reverse(numbers);
    return source.assemble(numbers, {.seed = 3, .epoch = 2, .augment = augment}, {});
}

bool areEqual(const Dataset& one, const Dataset& other) {
    return one.reference == other.reference && one.fingerprint == other.fingerprint && one.training->size() == other.training->size() &&
           equal(samplesOf(*one.training, true), samplesOf(*other.training, true)) && equal(samplesOf(*one.validation, false), samplesOf(*other.validation, false));
}

std::string training(const Dataset& dataset, const config::RunConfig& config, const fs::path& checkpoints, std::int64_t until) {
    struct Pausing : train::Host {
        explicit Pausing(std::int64_t lastStep) : last(lastStep) {}
        void stepped(const train::StepReport& report) override { step = report.at.step; }
        std::vector<train::Order> orders() override { return step == last ? std::vector<train::Order>{{train::Order::Kind::Pause}} : std::vector<train::Order>{}; }
        std::int64_t step = 0, last;
    } host(until);
    train::TrainerOptions options;
    options.checkpoints = checkpoints;
    options.resume = true;
    return train::Trainer(config, dataset, options, host).run().weightsSha256;
}

}  // namespace

/// Folders of pictures that do not fit into the room that there is for them.
class TestLargeFolders : public QObject {
    Q_OBJECT

    std::optional<TemporaryFolder> m_folder;

    fs::path path() const { return m_folder->path() / "data"; }
    std::string name(int label, int number) const { return "data/class" + std::to_string(label) + "/" + std::to_string(100 + number) + ".png"; }
    /// So many pictures of different sizes to each of three classes.
    void make(int each = 10) const {
        for (int k = 1; k <= each; ++k)
            for (int label = 1; label <= 3; ++label)
                m_folder->write(name(label, k), colourPng(9 + k, 20 - k % 7, static_cast<std::uint8_t>(10 * label + k), static_cast<std::uint8_t>(5 * k), 90));
    }
    /// Its header stays.
    void damage(int label, int number) const {
        const std::string whole = colourPng(20, 20, 1, 2, 3);
        m_folder->write(name(label, number), whole.substr(0, whole.size() - 30));
    }
    Preparation prepared() const {
        config::RunConfig config;
        config.data.path = path().string();
        config.data.side = 8;
        config.loader.threads = 1;
        config.data.augment = {2, true};
        return preparationOf(config);
    }
    /// With room for so many decoded pictures.
    Preparation withRoom(std::uint64_t pictures) const {
        Preparation preparation = prepared();
        preparation.room = read(preparation).pictures.files->form().decodingBytes + pictures * kPicture;
        return preparation;
    }

private Q_SLOTS:
    void initTestCase() { tensor::installAllocator(); }
    void init() { m_folder.emplace(); }

    void batchesAreThoseOfPicturesInMemory_data() {
        QTest::addColumn<int>("room");
        QTest::newRow("none in memory") << 0;
        QTest::newRow("some in memory") << 7;
        QTest::newRow("all but one") << 29;
    }
    void batchesAreThoseOfPicturesInMemory() {
        QFETCH(const int, room);
        make();
        QVERIFY(areEqual(load(prepared()), load(withRoom(static_cast<std::uint64_t>(room)))));
    }
    void aValidationPartOfItsOwnIsDecodedAsItIsAskedForToo() {
        make();
        fs::create_directories(m_folder->path() / "parts");
        fs::rename(path(), m_folder->path() / "parts/train");
        make(4);
        fs::rename(path(), m_folder->path() / "parts/val");
        fs::rename(m_folder->path() / "parts", path());
        const Dataset whole = load(prepared());
        QCOMPARE(whole.validation->size(), 12);
        for (const std::uint64_t room : {0, 7, 35}) QVERIFY(areEqual(whole, load(withRoom(room))));
    }
    void theNumberOfThreadsChangesNoBatch() {
        make();
        const Dataset dataset = load(withRoom(5));
        const Sampler sampler({.size = dataset.training->size(), .batch = 8, .seed = 4});
        const auto batches = [&](std::int64_t threads) {
            LoaderOptions options;
            options.threads = threads;
            options.endStep = 9;
            options.draw = {.seed = 4, .epoch = 0, .augment = true};
            Loader loader(*dataset.training, sampler, options);
            std::vector<Samples> all;
            while (const auto batch = loader.next()) all.push_back(batch->samples);
            return all;
        };
        QVERIFY(std::ranges::equal(batches(0), batches(3), equal));
    }
    void trainingAndItsResumptionDoNotDependOnTheRoom() {
        make();
        config::RunConfig config;
        config.model.arch = "mlp";
        config.train.batchSize = 8;
        config.train.epochs = 3;
        config.train.seed = 1;
        config.loader.threads = 2;
        const Dataset whole = load(prepared()), none = load(withRoom(0)), some = load(withRoom(9));
        const std::string sha = training(whole, config, m_folder->path() / "a", -1);
        QCOMPARE(training(none, config, m_folder->path() / "b", -1), sha);
        training(some, config, m_folder->path() / "c", 4);
        QCOMPARE(training(none, config, m_folder->path() / "c", -1), sha);
    }
    void unreadablePicturesAreFoundBeforeTraining() {
        make(40);
        damage(2, 3);
        const Dataset whole = load(prepared()), few = load(withRoom(20));
        QVERIFY(areEqual(whole, few));
        const auto isNoted = [](const Dataset& dataset) { return std::ranges::any_of(dataset.notes, [](const std::string& note) { return note.find("103.png (the picture is damaged)") != std::string::npos; }); };
        QVERIFY(isNoted(whole) && isNoted(few));
        damage(1, 7);
        EXPECT_REFUSED([&] { load(withRoom(0)); }, "DAT-02", "103.png|107.png|2 of 120");
    }
    void aPictureThatChangesDuringTheTrainingEndsIt() {
        make();
        const Dataset dataset = load(withRoom(0));
        m_folder->write(name(1, 1), colourPng(20, 20, 1, 2, 3));
        const auto all = [&dataset] {
            (void)samplesOf(*dataset.training, false);
            (void)samplesOf(*dataset.validation, false);
        };
        EXPECT_REFUSED(all, "IMG-08", "101.png|changed since it was first read");
    }
    void aLimitBoundsWhatIsDecoded() {
        make();
        Preparation few = prepared();
        few.data.limit = 6;
        few.data.holdout = 0;
        for (int k = 3; k <= 10; ++k)
            for (const int label : {1, 2, 3}) damage(label, k);  // none of them is asked for
        const Dataset dataset = load(few);
        QCOMPARE(dataset.training->size(), 6);
        QCOMPARE(dataset.reference["class_counts"].dump(), std::string("[2,2,2]"));
        few.data.limit = 7;
        EXPECT_REFUSED([&] { load(few); }, "DAT-02", "103.png");
    }
    void aLimitedPartIsTheBeginningOfTheWholeOne() {
        make();
        Preparation limited = prepared();
        limited.data.limit = 10;
        const Dataset few = load(limited), whole = load(prepared());
        QCOMPARE(few.training->size(), 10);
        limited.data.normalise = "raw";
        Preparation raw = prepared();
        raw.data.normalise = "raw";
        const Dataset fewRaw = load(limited), wholeRaw = load(raw);
        const std::vector<std::int64_t> first = allOf(10);
        QVERIFY(equal(fewRaw.training->assemble(first, {}, {}), wholeRaw.training->assemble(first, {}, {})));
        QVERIFY(equal(samplesOf(*fewRaw.validation, false), samplesOf(*wholeRaw.validation, false)));
    }
    void questionsDecodeOnlyWhatTheyShow() {
        make();
        const nlohmann::json before = inspect(prepared(), 3);
        for (int k = 2; k <= 10; ++k)
            for (const int label : {1, 2, 3}) damage(label, k);
        const nlohmann::json found = inspect(prepared(), 3);
        QCOMPARE(found["samples"], before["samples"]);
        QVERIFY(found["train"] == 24 && found["validation"] == 6 && found["counts"].dump() == "[8,8,8]" && found["warnings"].empty());
        QCOMPARE(found["pictures"]["all"].get<std::uint64_t>(), 30 * kPicture);
        QCOMPARE(augmented(prepared(), 1, 3)["samples"].size(), std::size_t(3));
        damage(3, 1);
        const nlohmann::json less = inspect(prepared(), 3);
        QCOMPARE(less["samples"].size(), std::size_t(2));
        QVERIFY(less["warnings"][0].get<std::string>().find("101.png") != std::string::npos);
        EXPECT_REFUSED([&] { load(prepared()); }, "DAT-02", "cannot be read");
    }
    void whatAPlanAsksIsWhatTrainingThenHas() {
        make();
        const Preparation preparation = withRoom(7);
        const Outline outline = outlineOf(read(preparation), preparation);
        const Dataset dataset = load(preparation);
        QVERIFY(outline.training == dataset.training->size() && outline.validation == dataset.validation->size() && outline.classes == dataset.classes);
        QVERIFY(outline.shape.height == dataset.shape.height && outline.shape.channels == dataset.shape.channels && outline.shape.outputs == dataset.shape.outputs);
        QVERIFY(outline.room.all == 30 * kPicture && outline.room.kept == 7 * kPicture && outline.room.decoding > 0);
        QVERIFY(std::ranges::any_of(dataset.notes, [](const std::string& note) { return note.find("decoded each time") != std::string::npos; }));
    }
    void aCheckpointOfBeforeKnowsItsData() {
        make();
        const Dataset whole = load(prepared()), few = load(withRoom(3));
        QVERIFY(!whole.earlier.empty() && whole.earlier != whole.fingerprint && few.earlier.empty());
        QVERIFY(whole.are(whole.earlier) && whole.are(few.fingerprint) && !few.are(whole.earlier) && !few.are(""));
    }
    void aFileIsVerifiedOnPicturesThatDoNotFit() {
        make();
        const Dataset dataset = load(prepared());
        Preparation preparation = withRoom(2);
        const ReferenceData own = loadByReference({preparation, dataset.reference, dataset.classes});
        QCOMPARE(own.part, std::string("validation"));
        QVERIFY(equal(samplesOf(*own.source, false), samplesOf(*dataset.validation, false)));
    }
};

HEADROOM_TEST(TestLargeFolders)
#include "tst_large_folders.moc"
