// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/equal.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "core/engine/formats/made_masks.h"
#include "core/engine/formats/refusal.h"
#include "engine/data/dataset.h"
#include "engine/data/inputs.h"
#include "engine/data/inspect.h"
#include "engine/data/loader.h"
#include "engine/data/mask_source.h"
#include "engine/data/reference_data.h"
#include "engine/data/split.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::data;
using namespace headroom::test;
namespace fs = std::filesystem;

/// Pictures with a class for each pixel as training data.
class TestMaskData : public QObject {
    Q_OBJECT

    std::optional<TemporaryFolder> m_folder;

    fs::path scenes(const std::string& name, int count = 10, std::uint64_t first = 0) const {
        writeScenes(m_folder->path() / name, 20, count, first);
        return m_folder->path() / name;
    }
    static Preparation of(const fs::path& folder, std::int64_t side = 20) {
        config::RunConfig config;
        config.data.path = folder.string();
        config.data.side = side;
        config.model.arch = "unet_small";
        return preparationOf(config);
    }
    /// Every pixel of class c is 20 + 50 c, so that a picture shows its own mask; the bytes come through as they are.
    static Dataset telling(const config::RunConfig::Augment& augment) {
        formats::RawDataset raw;
        raw.kind = formats::Kind::Masks;
        raw.classes = {"a", "b", "c"};
        raw.pictures = {.height = 9, .width = 7, .channels = 1, .pixels = {}, .labels = std::vector<std::int32_t>(12)};
        for (int k = 0; k < 12 * 9 * 7; ++k) {
            const auto number = static_cast<std::uint8_t>((k * 31 + k / 7) % 3);
            raw.masks.train.push_back(number);
            raw.pictures.pixels.push_back(static_cast<std::uint8_t>(20 + 50 * number));
        }
        Preparation preparation;
        preparation.data.normalise = "raw";
        preparation.data.augment = augment;
        return prepare(std::move(raw), preparation);
    }
    static std::int64_t counted(const at::Tensor& target) { return target.ne(models::kIgnoredClass).sum().item<std::int64_t>(); }

private Q_SLOTS:
    void init() { m_folder.emplace(); }

    void partsShapeAndCountsAreThoseOfThePixels() {
        const Dataset dataset = load(of(scenes("a")));
        QVERIFY(dataset.training->size() == 8 && dataset.validation->size() == 2);
        QVERIFY(dataset.shape.task == models::Task::Segmentation && dataset.shape.kind == models::DataKind::Pictures);
        QVERIFY(dataset.shape.outputs == 3 && dataset.shape.height == 20 && dataset.shape.width == 20 && dataset.shape.channels == 1);
        const Samples samples = dataset.training->assemble(allOf(8), {}, {});
        QCOMPARE(samples.target.sizes().vec(), (std::vector<std::int64_t>{8, 20, 20}));
        QVERIFY(samples.target.scalar_type() == at::kLong && samples.input.sizes().vec() == (std::vector<std::int64_t>{8, 1, 20, 20}));
        for (int number = 0; number < 3; ++number) QCOMPARE(dataset.reference["class_counts"][number].get<std::int64_t>(), samples.target.eq(number).sum().item<std::int64_t>());
        QCOMPARE(dataset.reference["task"].get<std::string>(), std::string("segmentation"));
        QCOMPARE(dataset.reference["samples"].get<int>(), 8);
    }
    void whatChangesAPictureChangesItsMask_data() {
        QTest::addColumn<int>("crop");
        QTest::addColumn<bool>("flip");
        QTest::newRow("as it is") << 0 << false;
        QTest::newRow("flip") << 0 << true;
        QTest::newRow("crop") << 3 << false;
        QTest::newRow("crop and flip") << 3 << true;
        QTest::newRow("crop past the picture") << 12 << true;
    }
    void whatChangesAPictureChangesItsMask() {
        QFETCH(int, crop);
        QFETCH(bool, flip);
        const Dataset dataset = telling({crop, flip});
        bool changed = false;
        for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
            const std::vector<std::int64_t> all = allOf(dataset.training->size());
            const Draw draw{5, epoch, true};
            const Samples samples = dataset.training->assemble(all, draw, {});
            const at::Tensor counts = samples.target.ne(models::kIgnoredClass), shown = samples.input.squeeze(1);
            QVERIFY(at::equal(shown, at::where(counts, samples.target.mul(50).add(20), at::zeros_like(samples.target)).to(at::kFloat)));  // outside: black, and ignored
            QCOMPARE(dataset.training->terms(all, draw), counted(samples.target));
            changed = changed || !at::equal(samples.target, dataset.training->assemble(all, {}, {}).target);
        }
        QCOMPARE(changed, crop > 0 || flip);
    }
    void aStepsTermsAreThoseOfAllItsParts() {
        const Dataset dataset = telling({3, true});
        const Sampler whole({.size = dataset.training->size(), .batch = 6, .seed = 2}), parts({.size = dataset.training->size(), .batch = 6, .microBatch = 2, .seed = 2});
        LoaderOptions options;
        options.endStep = whole.stepsPerEpoch();
        options.draw = {2, 0, true};
        Loader together(*dataset.training, whole, options), apart(*dataset.training, parts, options);
        while (const auto batch = together.next()) {
            QCOMPARE(batch->terms, counted(batch->samples.target));
            std::int64_t sum = 0;
            for (bool more = true; more;) {
                const auto part = apart.next();
                QCOMPARE(part->terms, batch->terms);
                sum += counted(part->samples.target);
                more = !part->share.endsStep();
            }
            QCOMPARE(sum, batch->terms);
        }
    }
    void theFingerprintIsAlsoThatOfTheMasks() {
        const std::string one = load(of(scenes("a"))).fingerprint;
        QCOMPARE(load(of(scenes("b"))).fingerprint, one);
        m_folder->write("b/masks/scene100.png", palettePng(20, 20, Pixels(400, 1)));
        QVERIFY(load(of(m_folder->path() / "b")).fingerprint != one);
    }
    void otherDataArePreparedByTheModelsOwnClasses() {
        const Preparation preparation = of(scenes("a"), 16);
        const Dataset dataset = load(preparation);
        const auto referenceFor = [&](const fs::path& path) {
            Preparation other = preparation;
            other.data.path = path.string();
            other.data.side = 0;
            other.pictures = {};
            return Reference{other, nlohmann::json::parse(dataset.reference.dump()), dataset.classes};
        };
        const ReferenceData own = loadByReference(referenceFor(preparation.data.path));
        QCOMPARE(own.part, std::string("validation"));
        QVERIFY(own.shape.task == models::Task::Segmentation && own.shape.height == 16 && own.shape.outputs == 3);
        QVERIFY(at::equal(own.source->assemble(allOf(2), {}, {}).target, dataset.validation->assemble(allOf(2), {}, {}).target));
        const fs::path others = scenes("others", 4, 70);
        for (int k = 0; k < 4; ++k) m_folder->write("others/masks/scene" + std::to_string(100 + k) + ".png", greyPng(20, 20, static_cast<std::uint8_t>(k % 2 * 255)));
        const ReferenceData other = loadByReference(referenceFor(others));
        QVERIFY(other.part == "all" && other.source->size() == 4);
        QCOMPARE(counted(other.source->assemble(allOf(4), {}, {}).target), std::int64_t{2 * 256});  // 255 is no class of this model
        m_folder->write("others/masks/scene100.png", greyPng(20, 20, 3));
        EXPECT_REFUSED([&] { loadByReference(referenceFor(others)); }, "IMG-14", "scene100.png|3|0 to 2");
        m_folder->write("classes/a/1.png", greyPng(20, 20, 3)), m_folder->write("classes/b/1.png", greyPng(20, 20, 3));
        EXPECT_REFUSED([&] { loadByReference(referenceFor(m_folder->path() / "classes")); }, "DAT-05", "pictures|pictures with masks wanted");
    }
    void peopleSeeTheClassesOverThePictures() {
        Preparation preparation = of(scenes("a"));
        preparation.data.augment = {4, true};
        const nlohmann::json found = inspect(preparation, 3);
        QCOMPARE(found["samples"].size(), std::size_t(3));
        QVERIFY(found["samples"][0]["channels"] == 3 && found["samples"][0]["width"] == 20 && found["samples"][0]["label"] == "1, 2");
        QVERIFY(found["task"] == "segmentation" && found["suggested_arch"] == "unet_small" && found["classes"].size() == 3 && found["counts"].size() == 3);
        const nlohmann::json changed = augmented(preparation, 1, 3);
        QVERIFY(changed["samples"].size() == 3 && changed["samples"][0]["pixels"] != found["samples"][0]["pixels"]);
    }
    void aPictureToAskAboutKeepsItsSizeInMind() {
        const Dataset dataset = load(of(scenes("a"), 16));
        const fs::path wide = m_folder->write("wide.png", greyPng(30, 22, 90));
        const Inputs inputs = readInputs({wide.string()}, {of(m_folder->path() / "a"), dataset.reference, dataset.classes});
        QVERIFY(inputs.shape.task == models::Task::Segmentation && inputs.sizes.size() == 1);
        QVERIFY(inputs.sizes[0].width == 30 && inputs.sizes[0].height == 22);
        const std::int64_t first[]{0};
        const at::Tensor target = inputs.source->assemble(first, {}, {}).target;  // of a net's form, with nothing that counts
        QCOMPARE(target.sizes().vec(), (std::vector<std::int64_t>{1, 16, 16}));
        QVERIFY(target.eq(models::kIgnoredClass).all().item<bool>());
    }
};

HEADROOM_TEST(TestMaskData)
#include "tst_masks.moc"
