// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/equal.h>

#include <set>

#include "base/errors/error.h"
#include "core/engine/formats/made_pictures.h"
#include "engine/data/dataset.h"
#include "engine/data/inputs.h"
#include "engine/data/inspect.h"
#include "engine/data/reference_data.h"
#include "engine/data/split.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::data;
using namespace headroom::test;
namespace fs = std::filesystem;

/// Folders of pictures of any size as training data.
class TestPictureFolders : public QObject {
    Q_OBJECT

    std::optional<TemporaryFolder> m_folder;

    /// So many pictures of 20 x 14 to each of three classes, whose red is 10, 20 or 30 times their number.
    fs::path make(const std::string& name, int each = 10, int height = 14) const {
        for (int k = 1; k <= each; ++k)
            for (int label = 1; label <= 3; ++label)
                m_folder->write(name + "/class" + std::to_string(label) + "/" + std::to_string(100 + k) + ".png", colourPng(20, height, static_cast<std::uint8_t>(10 * label + k), 7, 90));
        return m_folder->path() / name;
    }
    static Preparation of(const fs::path& folder, std::int64_t side = 8) {
        config::RunConfig config;
        config.data.path = folder.string();
        config.data.side = side;
        return preparationOf(config);
    }
    static Reference referenceOf(const Dataset& dataset, Preparation preparation, const fs::path& path) {
        preparation.data.path = path.string();
        preparation.data.side = 0;  // the reference says it
        preparation.pictures = {};
        return {preparation, dataset.reference, dataset.classes};
    }

private Q_SLOTS:
    void init() { m_folder.emplace(); }

    void theHeldOutPartHasAllClassesInProportion() {
        const Dataset dataset = load(of(make("a")));
        QCOMPARE(dataset.classes, (std::vector<std::string>{"class1", "class2", "class3"}));
        QVERIFY(dataset.training->size() == 24 && dataset.validation->size() == 6);
        QCOMPARE(dataset.reference["class_counts"].dump(), std::string("[8,8,8]"));
        QCOMPARE(dataset.reference["size"].dump(), std::string("[8,8,3]"));
        QVERIFY(dataset.shape.height == 8 && dataset.shape.channels == 3 && dataset.shape.outputs == 3);
    }
    void aLimitIsSpreadOverTheClasses() {
        Preparation few = of(make("a"));
        few.data.limit = 6;
        few.data.holdout = 0;
        QCOMPARE(load(few).reference["class_counts"].dump(), std::string("[2,2,2]"));
    }
    void theFingerprintIsThatOfTheContentWhereverItLies() {
        const std::string one = load(of(make("a"))).fingerprint;
        QCOMPARE(load(of(make("deep/b"))).fingerprint, one);
        m_folder->write("deep/b/class1/notes.gif", "GIF89a");
        QCOMPARE(load(of(m_folder->path() / "deep/b")).fingerprint, one);
        m_folder->write("deep/b/class1/101.png", colourPng(20, 14, 11, 7, 91));
        QVERIFY(load(of(m_folder->path() / "deep/b")).fingerprint != one);
        QVERIFY(load(of(m_folder->path() / "a", 10)).fingerprint != one);
    }
    void picturesAreNormalisedAndAugmentedLikeOthers() {
        Preparation preparation = of(make("a"));
        preparation.data.normalise = "raw";
        preparation.data.augment = {2, true};
        const Dataset dataset = load(preparation);
        const std::int64_t first[]{0};
        const at::Tensor plain = dataset.training->assemble(first, {}, {}).input;
        QCOMPARE(plain.sizes().vec(), (std::vector<std::int64_t>{1, 3, 8, 8}));
        QCOMPARE(plain[0][1].min().item<float>(), 7.0F);
        std::set<float> least;
        for (std::int64_t epoch = 0; epoch < 8; ++epoch) least.insert(dataset.training->assemble(first, {.seed = 1, .epoch = epoch, .augment = true}, {}).input[0][1].min().item<float>());
        QVERIFY(least.contains(0.0F));  // of the border
    }
    void aModelFilesExtentsAreTaken() {
        graph::Graph file;
        file.addInput("x", {graph::DType::F32, {graph::Dim::named("batch"), graph::Dim::fixed(1), graph::Dim::fixed(9), graph::Dim::fixed(12)}});
        config::RunConfig config;
        config.data.path = make("a").string();
        const Dataset dataset = load(preparationOf(config, &file));
        QCOMPARE(dataset.reference["size"].dump(), std::string("[9,12,1]"));
        QVERIFY(dataset.notes.empty());
    }
    void otherPicturesAreMadeOfTheReferencesSize() {
        const Preparation preparation = of(make("a"));
        const Dataset dataset = load(preparation);
        QCOMPARE(loadByReference(referenceOf(dataset, preparation, m_folder->path() / "a")).part, std::string("validation"));
        const ReferenceData others = loadByReference(referenceOf(dataset, preparation, make("b", 2, 50)));
        QVERIFY(others.part == "all" && others.source->size() == 6 && others.shape.height == 8);
        for (const char* gone : {"b/class1", "b/class3"}) fs::remove_all(m_folder->path() / gone);
        const ReferenceData one = loadByReference(referenceOf(dataset, preparation, m_folder->path() / "b"));
        const std::int64_t first[]{0};
        QCOMPARE(one.source->assemble(first, {}, {}).target.item<std::int64_t>(), 1);
    }
    void aFileThatCannotBeShownSaysWhyAndTheOthersAreShown() {
        const fs::path wide = m_folder->write("wide.png", colourPng(400, 14, 10, 7, 90)), broken = m_folder->write("broken.png", "no picture");
        const nlohmann::json found = pictureFiles({broken.string(), wide.string(), "/nowhere.png"}).at("pictures");
        QCOMPARE(found.size(), std::size_t{3});
        QCOMPARE(found[0]["error"]["code"].get<std::string>(), std::string("IMG-03"));
        QVERIFY(!found[1].contains("error") && found[1]["width"] == 160 && found[1]["height"] == 5 && found[1]["channels"] == 3);
        QCOMPARE(found[1]["path"].get<std::string>(), wide.string());
        QVERIFY(found[2].contains("error") && !found[2]["error"]["message"].get<std::string>().empty());
    }
    void anOriginalPictureIsPreparedAsInTraining() {
        Preparation preparation = of(make("a"));
        preparation.data.holdout = 0;
        const Dataset dataset = load(preparation);
        const Inputs inputs = readInputs({(m_folder->path() / "a/class1/101.png").string(), (m_folder->path() / "a/class2/101.png").string()}, referenceOf(dataset, preparation, "nowhere"));
        const std::int64_t both[]{0, 1};
        QVERIFY(at::equal(inputs.source->assemble(both, {}, {}).input, dataset.training->assemble(both, {}, {}).input));
    }
    void whatAPersonSeesOfLargePicturesIsSmall() {
        const nlohmann::json found = inspect(of(make("a", 2), 400), 6);
        QCOMPARE(found["format"].get<std::string>(), std::string("picture folder"));
        QVERIFY(found["resized"].get<bool>() && found["height"] == 400 && found["samples"].size() == 6);
        QVERIFY(found["samples"][0]["width"] == 160 && found["samples"][0]["label"] == "class1");
        Preparation changed = of(m_folder->path() / "a");
        changed.data.augment = {2, false};
        QCOMPARE(augmented(changed, 1, 4)["samples"].size(), std::size_t(4));
    }
    void notesTellWhatWasChosenAndLeftOut() {
        m_folder->write("a/class1/x.gif", "GIF89a");
        const Dataset dataset = load(of(make("a"), 0));
        QCOMPARE(dataset.notes.size(), std::size_t(2));
        QVERIFY(dataset.notes[0].find("14 x 14 pixels") != std::string::npos && dataset.notes[1].find("x.gif") != std::string::npos);
    }
};

HEADROOM_TEST(TestPictureFolders)
#include "tst_picture_folders.moc"
