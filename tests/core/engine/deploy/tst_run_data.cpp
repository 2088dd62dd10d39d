// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include "core/engine/deploy/people.h"
#include "core/engine/formats/made_masks.h"
#include "core/engine/formats/refusal.h"
#include "engine/data/kept_data.h"
#include "engine/deploy/exporter.h"
#include "engine/deploy/generator.h"
#include "engine/deploy/predictor.h"
#include "engine/tensor/memory.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::test;
namespace fs = std::filesystem;

namespace {

std::string contentOf(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string verse() {
    std::string text;
    for (int k = 0; k < 120; ++k) text += "to be or not to be, that is line " + std::to_string(k * k) + "\n";
    return text;
}

deploy::ExportOptions rawSamples(bool preprocess) {
    deploy::ExportOptions options;
    options.preprocess = preprocess;
    return options;
}

deploy::GenerateOptions goingOn() {
    deploy::GenerateOptions options;
    options.prompt = "to be";
    options.tokens = 12;
    return options;
}

}  // namespace

/// Runs whose data changed or went after the training.
class TestRunData : public QObject {
    Q_OBJECT

    std::unique_ptr<TemporaryFolder> m_folder;
    const std::vector<std::string> m_asked{"hours=65,age=50,job=manager", "hours=20,age=,job=clerk"};

    fs::path data() const { return m_folder->path() / "people.csv"; }
    store::RunFolder peopleRun(int rows = 200) {
        config::RunConfig config = configOn(m_folder->write("people.csv", people(0, rows)));
        config.train.epochs = 2;
        return finished(*m_folder, config, "20260101-0000-0001");
    }
    store::RunFolder pictureRun() {
        for (int k = 0; k < 30; ++k)
            m_folder->write("album/" + std::string(k % 2 == 0 ? "day/" : "night/") + std::to_string(k) + ".png", greyPng(9, 8, k % 2 == 0 ? 200 - k : 30 + k));
        config::RunConfig config = configOn(m_folder->path() / "album");
        config.train.epochs = 1;
        return finished(*m_folder, config, "20260101-0000-0002");
    }
    store::RunFolder maskRun() {
        writeScenes(m_folder->path() / "scenes", 16, 20);
        config::RunConfig config = configOn(m_folder->path() / "scenes");
        config.model.arch = "unet_small";
        config.train.batchSize = 8;
        config.train.epochs = 1;
        return finished(*m_folder, config, "20260101-0000-0004");
    }
    store::RunFolder textRun() {
        config::RunConfig config = configOn(m_folder->write("verse.txt", verse()));
        config.model.arch = "gpt_mini";
        config.model.context = 16;
        config.train.maxSteps = 2;
        return finished(*m_folder, config, "20260101-0000-0003");
    }
    std::string card(const store::RunFolder& run) const { return contentOf(run.exports() / "README.md"); }

private Q_SLOTS:
    void initTestCase() { tensor::installAllocator(); }
    void init() { m_folder = std::make_unique<TemporaryFolder>(); }

    void aRunIsAskedWithoutItsData() {
        const store::RunFolder run = peopleRun();
        const nlohmann::json before = deploy::predict(run, {}, {m_asked})["predictions"];
        m_folder->write("people.csv", people(7, 150));
        QCOMPARE(deploy::predict(run, {}, {m_asked})["predictions"], before);
        fs::remove(data());
        QCOMPARE(deploy::predict(run, {}, {m_asked}, deploy::Weights::Best)["predictions"].size(), std::size_t(2));
        QCOMPARE(deploy::predict(run, {}, {m_asked})["predictions"], before);
    }
    void whatIsKeptPreparesAsTheDataDo() {
        const store::RunFolder run = peopleRun();
        const nlohmann::json before = deploy::predict(run, {}, {m_asked})["predictions"];
        fs::remove_all(data::keptFolder(run.path()));
        QCOMPARE(deploy::predict(run, {}, {m_asked})["predictions"], before);
    }
    void anExportWithoutItsDataIsProvenOnTheKeptSamples_data() {
        QTest::addColumn<bool>("gone");
        QTest::newRow("changed") << false;
        QTest::newRow("gone") << true;
    }
    void anExportWithoutItsDataIsProvenOnTheKeptSamples() {
        QFETCH(const bool, gone);
        const store::RunFolder run = peopleRun();
        if (gone)
            fs::remove(data());
        else
            m_folder->write("people.csv", people(0, 201));
        const nlohmann::json report = deploy::exportRun(run);
        QVERIFY(report["verified"].get<bool>());
        QCOMPARE(report["samples"].get<int>(), 40);  // held out were as many
        QCOMPARE(report["part"].get<std::string>(), std::string("validation"));
        QCOMPARE(report["instead"].get<std::string>(), std::string(gone ? "the data can no longer be read (DAT-04)" : "the data changed since training"));
        QVERIFY(card(run).find("those that the run keeps: " + report["instead"].get<std::string>()) != std::string::npos);
    }
    void anExportOfDataThatAreThereTakesNothingOfWhatIsKept() {
        const store::RunFolder run = peopleRun();
        const nlohmann::json report = deploy::exportRun(run);
        const std::string file = contentOf(run.exports() / "model.onnx");
        QVERIFY(!report.contains("instead"));
        fs::remove_all(data::keptFolder(run.path()));
        const nlohmann::json again = deploy::exportRun(run);
        QCOMPARE(again["source"], report["source"]);
        QCOMPARE(again["samples"], report["samples"]);
        QCOMPARE(contentOf(run.exports() / "model.onnx"), file);
    }
    void aFileThatPreparesRowsItselfIsProvenOnKeptOnes() {
        const store::RunFolder run = peopleRun();
        fs::remove(data());
        const nlohmann::json report = deploy::exportRun(run, rawSamples(true));
        QVERIFY(report["verified"].get<bool>() && report["samples"] == 40);
    }
    void picturesAreProvenOnKeptOnes() {
        const store::RunFolder run = pictureRun();
        const nlohmann::json whole = deploy::exportRun(run);
        fs::remove_all(m_folder->path() / "album");
        for (const bool preprocess : {false, true}) {
            const nlohmann::json report = deploy::exportRun(run, rawSamples(preprocess));
            QVERIFY(report["verified"].get<bool>());
            QCOMPARE(report["samples"], whole["samples"]);  // all were kept
            QCOMPARE(report["source"], whole["source"]);
        }
    }
    void masksAreKeptWithTheirPictures() {
        const store::RunFolder run = maskRun();
        const nlohmann::json whole = deploy::exportRun(run);
        fs::remove_all(m_folder->path() / "scenes");
        const nlohmann::json report = deploy::exportRun(run);
        QVERIFY(report["verified"].get<bool>());
        QCOMPARE(report["samples"], whole["samples"]);
        QCOMPARE(report["source"], whole["source"]);
    }
    void aTextGoesOnWithoutItsData() {
        const store::RunFolder run = textRun();
        const auto written = [&run] {
            std::string text;
            deploy::generate(deploy::openTrained(run), goingOn(), [&](std::string_view part) { return !(text += part).empty() || true; });
            return text;
        };
        const std::string before = written();
        fs::remove(m_folder->path() / "verse.txt");
        QCOMPARE(written(), before);
        const nlohmann::json report = deploy::exportRun(run);
        QVERIFY(report["verified"].get<bool>() && report["samples"] > 1);
    }
    void aRunThatKeptNothingIsRefusedWithoutItsData() {
        const store::RunFolder run = peopleRun();
        fs::remove_all(data::keptFolder(run.path()));
        m_folder->write("people.csv", people(0, 201));
        EXPECT_REFUSED([&] { deploy::predict(run, {}, {m_asked}); }, "CKP-05", "20260101-0000-0001|changed since training|people.csv|Bring the data back");
        EXPECT_REFUSED([&] { deploy::exportRun(run); }, "CKP-05", "changed since training");
        fs::remove(data());
        EXPECT_REFUSED([&] { deploy::predict(run, {}, {m_asked}); }, "CKP-05", "can no longer be read|DAT-04|people.csv");
    }
    void damageToWhatIsKeptMattersOnlyWhereTheDataAreGone() {
        const store::RunFolder run = peopleRun();
        const nlohmann::json before = deploy::predict(run, {}, {m_asked})["predictions"];
        for (const fs::directory_entry& each : fs::directory_iterator(data::keptFolder(run.path()))) fs::resize_file(each.path(), 40);
        QCOMPARE(deploy::predict(run, {}, {m_asked})["predictions"], before);
        fs::remove(data());
        EXPECT_REFUSED([&] { deploy::predict(run, {}, {m_asked}); }, "CKP-05", "keeps nothing|header is longer|people.csv");
    }
    void keptSamplesAreFewAndSpread_data() {
        QTest::addColumn<int>("side");
        QTest::addColumn<int>("samples");
        QTest::addColumn<int>("kept");
        QTest::newRow("fewer than any bound") << 8 << 10 << 10;
        QTest::newRow("by their number") << 8 << 60'000 << 256;
        QTest::newRow("by their bytes") << 224 << 60'000 << 55;
        QTest::newRow("one in any case") << 4096 << 60'000 << 1;
    }
    void keptSamplesAreFewAndSpread() {
        QFETCH(const int, side);
        QFETCH(const int, samples);
        QFETCH(const int, kept);
        const std::vector<std::int64_t> numbers = data::keptNumbers({.channels = 3, .height = side, .width = side}, samples);
        QCOMPARE(static_cast<int>(numbers.size()), kept);
        QVERIFY(std::ranges::is_sorted(numbers, std::ranges::less_equal{}) && numbers.front() == 0 && numbers.back() < samples);
        QVERIFY(kept < 2 || numbers.back() >= samples - (samples + kept - 1) / kept);
    }
};

HEADROOM_TEST(TestRunData)
#include "tst_run_data.moc"
