// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/equal.h>

#include <QProcess>
#include <fstream>

#include "core/engine/deploy/foreign.h"
#include "core/engine/deploy/people.h"
#include "core/engine/formats/made_pictures.h"
#include "core/engine/formats/refusal.h"
#include "engine/data/inputs.h"
#include "engine/deploy/exporter.h"
#include "engine/deploy/predictor.h"
#include "engine/deploy/snippets.h"
#include "engine/formats/onnx_metadata.h"
#include "engine/tensor/memory.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::test;
namespace fs = std::filesystem;

namespace {

/// 8 x 8 pixels of one brightness, with some noise.
std::string picture(int number) {
    std::string pixels;
    for (int k = 0; k < 64; ++k) pixels += static_cast<char>((number % 2 == 0 ? 40 : 180) + (number * 7 + k * 13) % 40);
    return pixels;
}

/// Dark and light pictures as IDX.
fs::path darkAndLight(const TemporaryFolder& folder) {
    std::string pixels, labels;
    for (int k = 0; k < 120; ++k) {
        pixels += picture(k);
        labels += static_cast<char>(k % 2);
    }
    folder.write("pictures/train-images-idx3-ubyte", idx(8, {100, 8, 8}, pixels.substr(0, 6400)));
    folder.write("pictures/train-labels-idx1-ubyte", idx(8, {100}, labels.substr(0, 100)));
    folder.write("pictures/t10k-images-idx3-ubyte", idx(8, {20, 8, 8}, pixels.substr(6400)));
    folder.write("pictures/t10k-labels-idx1-ubyte", idx(8, {20}, labels.substr(100)));
    return folder.path() / "pictures";
}

/// The lines that predict.py prints; empty where it failed.
std::vector<nlohmann::json> pythonAnswers(const fs::path& folder, const QStringList& inputs) {
    QProcess python;
    python.start(qEnvironmentVariable("HEADROOM_PYTHON"), QStringList{QString::fromStdString((folder / "predict.py").string())} + inputs);
    if (!python.waitForFinished(120'000) || python.exitCode() != 0) {
        qWarning() << python.readAllStandardError();
        return {};
    }
    std::vector<nlohmann::json> answers;
    for (const QByteArray& line : python.readAllStandardOutput().trimmed().split('\n')) answers.push_back(nlohmann::json::parse(line.toStdString()));
    return answers;
}

bool compiles(const fs::path& program) {
    QProcess compiler;
    compiler.start("c++", {"-std=c++17", "-fsyntax-only", "-isystem", HEADROOM_OPENVINO, QString::fromStdString(program.string())});
    const bool ended = compiler.waitForFinished(240'000);
    const QByteArray errors = compiler.readAllStandardError();
    if (!ended || compiler.exitCode() != 0) qWarning() << errors;
    return ended && compiler.exitCode() == 0;
}

}  // namespace

/// y = 1000 + 50 x, whatever the kind.
std::string values() {
    std::string rows = "x,kind,y\n";
    for (int k = 0; k < 300; ++k) rows += std::to_string(k % 50) + (k % 3 == 0 ? ",a," : ",b,") + std::to_string(1000 + 50 * (k % 50)) + "\n";
    return rows;
}

/// Pictures of kinds that have rules, light above or on the left.
constexpr const char* kPicturesProgram = R"py(
import sys
import numpy as np
from PIL import Image
folder = sys.argv[1] + "/"
grey = np.full((20, 40), 60, np.uint8)
grey[:, :14] = 230
exif = Image.Exif()
exif[0x0112] = 6
Image.fromarray(grey).save(folder + "turned.jpg", quality=95, exif=exif)
colours = np.stack([grey, 255 - grey, grey // 2], -1)
alpha = np.zeros((20, 40), np.uint8)
alpha[5:] = 255
Image.fromarray(np.dstack([colours, alpha])).save(folder + "clear.png")
alpha[5:12] = 128
Image.fromarray(np.dstack([colours, alpha])).save(folder + "half.png")
Image.fromarray(colours).quantize(8).save(folder + "palette.png")
Image.fromarray(grey.astype(np.uint16) * 257).save(folder + "deep.png")
)py";

/// Bytes of 31 x 17, 5 x 6 and 61 x 90 through the file that prepares samples itself; the same by numpy - the middle, a triangle filter, whole
/// bytes, mean and deviation - through the other. Prints the largest difference over the largest logit.
constexpr const char* kResizeProgram = R"py(
import json, sys
import numpy as np
import onnxruntime as ort
raw, plain = (ort.InferenceSession(file) for file in sys.argv[1:])
reference = json.loads(plain.get_modelmeta().custom_metadata_map["headroom.reference"])
height, width, _ = reference["size"]


def resized(values, axis, size):
    extent = values.shape[axis]
    scale = extent / size
    away = np.abs(np.arange(extent) + 0.5 - (np.arange(size)[:, None] + 0.5) * scale) / max(scale, 1)
    shares = np.maximum(0, 1 - away)
    shares /= shares.sum(1, keepdims=True)
    return np.floor(np.moveaxis(np.tensordot(shares, values, (1, axis)), 0, axis) + 0.5 + 1 / 1024)


largest = 0
for own in ((17, 31), (6, 5), (90, 61)):
    picture = np.random.default_rng(3).integers(0, 256, (2, 1) + own, dtype=np.uint8)
    rows, columns = min(own[0], max(1, own[1] * height // width)), min(own[1], max(1, own[0] * width // height))
    top, left = (own[0] - rows) // 2, (own[1] - columns) // 2
    middle = picture[:, :, top:top + rows, left:left + columns].astype(float)
    small = resized(resized(middle, 3, width), 2, height)
    prepared = (small / 255 - reference["mean"][0]) / reference["deviation"][0]
    wanted = plain.run(None, {plain.get_inputs()[0].name: prepared.astype(np.float32)})[0]
    largest = max(largest, np.abs(raw.run(None, {"picture": picture})[0] - wanted).max() / np.abs(wanted).max())
print(largest)
)py";

/// One run on 400 people and one on pictures, exported as they are and with their preparation inside.
class TestPredict : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;
    std::optional<store::RunFolder> m_people, m_pictures, m_values;
    fs::path m_raw = m_folder.path() / "raw", m_rawPictures = m_folder.path() / "raw-pictures";
    nlohmann::json m_rawReport, m_rawPicturesReport;

    nlohmann::json asked(const std::vector<std::string>& inputs) { return deploy::predict(m_people, {}, {inputs})["predictions"]; }
    std::string writtenRows(int count) {
        return m_folder.write("rows.csv", people(2000, count)).string();
    }

private Q_SLOTS:
    void initTestCase() {
        tensor::installAllocator();
        config::RunConfig config = configOn(m_folder.write("train.csv", people(0, 400)));
        config.train.epochs = 20;
        config.train.optimizer.lr = 0.01;
        m_people.emplace(finished(m_folder, config, "20260101-0000-abcd"));
        config.data.path = darkAndLight(m_folder).string();
        config.model.arch = "cnn";
        config.train.epochs = 4;
        m_pictures.emplace(finished(m_folder, config, "20260101-0000-beef"));
        config.data.path = m_folder.write("values.csv", values()).string();
        config.model.arch = "mlp";
        config.data.task = "regression";
        config.train.epochs = 40;
        m_values.emplace(finished(m_folder, config, "20260101-0000-cafe"));
        deploy::exportRun(*m_values);
        deploy::exportRun(*m_people);
        deploy::exportRun(*m_pictures);
        m_rawReport = deploy::exportRun(*m_people, {.folder = m_raw, .preprocess = true});
        m_rawPicturesReport = deploy::exportRun(*m_pictures, {.folder = m_rawPictures, .preprocess = true});
    }

    void aRowMayBeWrittenOut() {
        const nlohmann::json answers = asked({"hours=65,age=50,job=manager", "job=cook,age=,hours=12"});
        QCOMPARE(answers[0]["label"].get<std::string>(), std::string(">50K"));
        QCOMPARE(answers[1]["label"].get<std::string>(), std::string("<=50K"));
        QCOMPARE(answers[0]["input"].get<std::string>(), std::string("hours=65,age=50,job=manager"));
    }
    void rowsNeedNoAnswerInTheirTable() {
        const std::string without = m_folder.write("without.csv", "hours,job,age\n65,manager,50\n12,cook,\n").string();
        const std::string with = m_folder.write("with.csv", "age,job,hours,income\n50,manager,65,?\n,cook,12,\n").string();
        const nlohmann::json one = asked({without}), other = asked({with});
        for (int k = 0; k < 2; ++k) QCOMPARE(one[k]["probability"], other[k]["probability"]);
        QCOMPARE(one[1]["input"].get<std::string>(), std::string("without.csv row 2"));
    }
    void probabilitiesAreThoseOfTheLikeliestFirst() {
        const nlohmann::json answer = deploy::predict(m_people, {}, {{"age=40,job=clerk,hours=44"}, 2})["predictions"][0];
        QCOMPARE(answer["top"].size(), std::size_t(2));
        const double first = answer["top"][0]["probability"], second = answer["top"][1]["probability"];
        QVERIFY(first >= second && std::abs(first + second - 1) < 1e-6);
        QCOMPARE(answer["probability"].get<double>(), first);
    }
    void aRunAndItsFileAnswerAlikeSideBySide() {
        const nlohmann::json report = deploy::predict(m_people, m_people->exports() / "model.onnx", {{writtenRows(300)}});
        QCOMPARE(report["by"].get<std::string>(), std::string("both"));
        QCOMPARE(report["predictions"].size(), std::size_t(300));
        for (const nlohmann::json& each : report["predictions"]) QCOMPARE(each["exported"]["label"], each["label"]);
        QVERIFY(report["largest_difference"] < 1e-4);
        QVERIFY(report["latency"]["run"]["p50_ms"] > 0 && report["latency"]["file"]["p50_ms"] > 0);
        QCOMPARE(report["latency"]["file"]["precision"].get<std::string>(), std::string("f32"));
    }
    void aFileThatPreparesItselfIsProvenOnRawSamples() {
        QVERIFY2(m_rawReport["verified"].get<bool>(), m_rawReport.dump().c_str());
        QCOMPARE(m_rawReport["part"].get<std::string>(), std::string("validation"));
        QVERIFY2(m_rawPicturesReport["verified"].get<bool>(), m_rawPicturesReport.dump().c_str());
        QCOMPARE(m_rawPicturesReport["samples"].get<int>(), 20);
        const nlohmann::json again = deploy::verifyFile(m_raw / "model.onnx", m_folder.write("new.csv", people(3000, 100)), m_people);
        QVERIFY(again["verified"].get<bool>());
    }
    void aFileThatPreparesItselfAnswersAsTheRun() {
        const std::string rows = writtenRows(200);
        const nlohmann::json run = deploy::predict(m_people, {}, {{rows, "age=,job=baker,hours=20"}}), file = deploy::predict(std::nullopt, m_raw / "model.onnx", {{rows, "age=,job=baker,hours=20"}});
        QCOMPARE(file["by"].get<std::string>(), std::string("file"));
        QCOMPARE(file["predictions"].size(), std::size_t(201));
        for (std::size_t k = 0; k < 201; ++k) {
            const double difference = run["predictions"][k]["probability"].get<double>() - file["predictions"][k]["probability"].get<double>();
            QVERIFY2(std::abs(difference) < 1e-4, qPrintable(QString::number(k)));
        }
    }
    void picturesOfAnySizeAreAnswered() {
        const std::vector<std::string> paths{m_folder.write("night.png", greyPng(31, 17, 50)).string(), m_folder.write("day.png", greyPng(8, 8, 200)).string()};
        for (const fs::path& file : {fs::path(), m_pictures->exports() / "model.onnx", m_rawPictures / "model.onnx"}) {
            const auto run = file.empty() ? m_pictures : std::nullopt;
            const nlohmann::json answers = deploy::predict(run, file, {paths})["predictions"];
            QCOMPARE(answers[0]["label"].get<std::string>(), std::string("0"));
            QCOMPARE(answers[1]["label"].get<std::string>(), std::string("1"));
            QCOMPARE(answers[0]["input"].get<std::string>(), std::string("night.png"));
        }
    }
    void inputsThatDoNotSuitAreRefused() {
        EXPECT_REFUSED([&] { asked({"nothing at all"}); }, "DAT-04", "neither a file nor a row");
        EXPECT_REFUSED([&] { asked({"age=30,job=cook"}); }, "DAT-03", "hours");
        EXPECT_REFUSED([&] { asked({"age=30,job=cook,hours=many"}); }, "CSV-08", "hours");
        EXPECT_REFUSED([&] { deploy::predict(m_pictures, {}, {{m_folder.write("a.png", "no picture").string()}}); }, "IMG-03", "a.png");
        EXPECT_REFUSED([&] { deploy::predict(m_pictures, m_people->exports() / "model.onnx", {{m_folder.write("b.png", greyPng(8, 8, 1)).string()}}); }, "DAT-05", "otherwise");
    }
    void aFileOfOtherStatisticsIsNotComparedWithTheRun() {
        config::RunConfig config = configOn(m_folder.write("other.csv", people(500, 300)));
        config.train.epochs = 1;
        const store::RunFolder other = finished(m_folder, config, "20260101-0000-0001");
        EXPECT_REFUSED([&] { deploy::predict(other, m_people->exports() / "model.onnx", {{"hours=65,age=50,job=manager"}}); }, "DAT-05", "20260101-0000-0001|otherwise");
    }
    void aFileThatAnswersOtherwiseThanItsMetadataSayIsRefused() {
        const auto metadata = formats::readOnnxMetadata(m_people->exports() / "model.onnx");
        const std::int64_t features = nlohmann::json::parse(metadata.at("headroom.reference")).at("features");
        const auto forged = [&](const char* op, const graph::Attributes& attributes) {
            return writeForeign(m_folder.path() / (std::string(op) + ".onnx"), op, attributes, features, metadata);
        };
        const std::string rows = writtenRows(3), data = m_folder.write("held.csv", people(4000, 20)).string();
        const graph::Attributes single{{"keepdims", std::int64_t{0}}}, turned{{"perm", std::vector<std::int64_t>{1, 0}}};
        for (const fs::path& file : {forged("Transpose", turned), forged("ReduceSum", single), forged("Relu", {})}) {
            EXPECT_REFUSED([&] { deploy::predict(std::nullopt, file, {{rows}}); }, "EXP-03", "");
            EXPECT_REFUSED([&] { deploy::verifyFile(file, data, std::nullopt); }, "EXP-03", "");
        }
    }
    void aFileThatKeepsWeightsOutsideIsRefused() {
        const fs::path file = m_folder.path() / "outside.onnx";
        fs::copy_file(m_people->exports() / "model.onnx", file);
        withOutsideWeight(file, "../../x");
        EXPECT_REFUSED([&] { deploy::predict(std::nullopt, file, {{"hours=65,age=50,job=manager"}}); }, "ONX-03", "outside the file");
        EXPECT_REFUSED([&] { deploy::verifyFile(file, m_folder.write("held.csv", people(4000, 20)), std::nullopt); }, "ONX-03", "outside the file");
    }
    void probabilitiesThatAreNoNumbersAreText() {
        const nlohmann::json report = deploy::predict(m_people, m_people->exports() / "model.onnx", {{"hours=1e308,age=50,job=manager"}});  // no float
        QCOMPARE(report["predictions"][0]["probability"].dump(), std::string("\"nan\""));
        QCOMPARE(report["predictions"][0]["top"][0]["probability"].dump(), std::string("\"nan\""));
        QCOMPARE(report["largest_difference"].dump(), std::string("\"nan\""));
    }
    void blanksAroundNamesAndValuesDoNotCount() {
        QCOMPARE(asked({" hours = 65, age=50 , job = manager"})[0]["probability"], asked({"hours=65,age=50,job=manager"})[0]["probability"]);
        EXPECT_REFUSED([&] { asked({"age=30, job=cook, hours=many"}); }, "CSV-08", "age=30, job=cook, hours=many|hours");
    }
    void picturesForANetOfOtherChannelsAreRefused() {
        const std::string path = m_folder.write("c.png", greyPng(8, 8, 1)).string();
        for (const int channels : {2, 4}) {
            data::Reference reference;
            reference.statistics = {{"kind", "pictures"}, {"size", {8, 8, channels}}, {"mean", std::vector<double>(channels, 0)}, {"deviation", std::vector<double>(channels, 1)}};
            EXPECT_REFUSED([&] { data::readInputs({path}, reference); }, "DAT-05", "channels|1 or 3 wanted");
        }
    }
    void brightnessBecomesAllThreeColoursOfAColouredNet() {
        const std::string path = HEADROOM_SOURCE "/tests/fuzz/seeds/image/grey.png";
        const auto of = [&](int channels) {
            data::Reference reference;
            reference.statistics = {{"kind", "pictures"}, {"size", {5, 7, channels}}, {"mean", std::vector<double>(channels, 0)}, {"deviation", std::vector<double>(channels, 1)}};
            const std::int64_t first[]{0};
            return data::readInputs({path}, reference).source->assemble(first, {}, {}).input;
        };
        QVERIFY(at::equal(of(3), of(1).expand({1, 3, 5, 7})));
    }
    void ofATextTheLastTokensCount() {
        data::Reference reference;
        reference.statistics = {{"kind", "text"}, {"context", 4}, {"vocabulary", {"a", "b", "\n"}}, {"tokenizer", "characters"}};
        reference.preparation.data.tokenizer = "characters";
        const data::Inputs inputs = data::readInputs({"ab", m_folder.write("long.txt", "aaaabbab\n").string()}, reference);
        QCOMPARE(inputs.source->size(), 2);
        const std::int64_t second[]{1}, first[]{0};
        const at::Tensor tokens = inputs.source->assemble(second, {}, {}).input;
        QCOMPARE(tokens.sizes().vec(), (std::vector<std::int64_t>{1, 4}));
        QCOMPARE((std::vector<std::int64_t>(tokens.const_data_ptr<std::int64_t>(), tokens.const_data_ptr<std::int64_t>() + 4)), (std::vector<std::int64_t>{1, 0, 1, 2}));
        QCOMPARE(inputs.source->assemble(first, {}, {}).input.size(1), 2);
        EXPECT_REFUSED([&] { data::readInputs({"abc"}, reference); }, "TXT-04", "c");
        EXPECT_REFUSED([&] { data::readInputs({""}, reference); }, "TXT-01", "empty");
    }
    void thePythonProgramAnswersAsWeDo() {
        REQUIRE_PYTHON();
        const std::string rows = writtenRows(50);
        const nlohmann::json ours = asked({rows});
        for (const fs::path& folder : {m_people->exports(), m_raw}) {
            const auto theirs = pythonAnswers(folder, {QString::fromStdString(rows)});
            QCOMPARE(theirs.size(), std::size_t(50));
            for (std::size_t k = 0; k < theirs.size(); ++k) {
                QCOMPARE(theirs[k]["label"], ours[k]["label"]);
                QVERIFY(std::abs(theirs[k]["probability"].get<double>() - ours[k]["probability"].get<double>()) < 1e-4);
            }
        }
    }
    void aFileThatPreparesItselfResizesPicturesOfAnySize() {
        REQUIRE_PYTHON();
        const QString difference = python(QString::fromUtf8(kResizeProgram), {QString::fromStdString((m_rawPictures / "model.onnx").string()),
                                                                              QString::fromStdString((m_pictures->exports() / "model.onnx").string())});
        bool isNumber = false;
        QVERIFY2(difference.toDouble(&isNumber) < 1e-4 && isNumber, qPrintable(difference));  // of the largest logit
    }
    void thePythonProgramReadsTablesAsWeDo() {
        REQUIRE_PYTHON();
        const std::string mark = "\xEF\xBB\xBF";
        for (const std::string& table : {mark + "age;job;hours\nna;clerk;44\n?; cook ;12\nNaN;manager;60\n50;Null;30\n", std::string("hours\tjob\tage\n44\tclerk\tnan\n12\tNA\t41\n")}) {
            const std::string path = m_folder.write("table.csv", table).string();
            const nlohmann::json ours = asked({path});
            for (const fs::path& folder : {m_people->exports(), m_raw}) {
                const auto theirs = pythonAnswers(folder, {QString::fromStdString(path)});
                QCOMPARE(theirs.size(), ours.size());
                for (std::size_t k = 0; k < theirs.size(); ++k) QVERIFY(std::abs(theirs[k]["probability"].get<double>() - ours[k]["probability"].get<double>()) < 1e-4);
            }
        }
    }
    void thePythonProgramPreparesPicturesAsWeDo() {
        REQUIRE_PYTHON();
        const QString made = python(QString::fromUtf8(kPicturesProgram), {QString::fromStdString(m_folder.path().string())});
        if (made.startsWith("failed")) QSKIP("Pillow is not there");
        for (const char* name : {"turned.jpg", "clear.png", "half.png", "palette.png", "deep.png"}) {
            const std::string path = (m_folder.path() / name).string();
            const nlohmann::json ours = deploy::predict(m_pictures, {}, {{path}})["predictions"];
            for (const fs::path& folder : {m_pictures->exports(), m_rawPictures}) {
                const auto theirs = pythonAnswers(folder, {QString::fromStdString(path)});
                QCOMPARE(theirs.size(), std::size_t(1));
                QCOMPARE(theirs[0]["label"], ours[0]["label"]);
                const double difference = std::abs(theirs[0]["probability"].get<double>() - ours[0]["probability"].get<double>());
                QVERIFY2(difference < 0.01, qPrintable(QString("%1: %2").arg(name).arg(difference)));  // a byte here and there is rounded otherwise
            }
        }
    }
    void thePythonProgramReadsPictures() {
        REQUIRE_PYTHON();
        const std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (8, 8), }";
        std::string npy = std::string("\x93NUMPY\x01\x00", 8) + std::string{118, 0} + header;  // numpy's format 1.0, 128 bytes of header
        npy += std::string(127 - npy.size(), ' ') + "\n" + picture(1);
        const QString path = QString::fromStdString(m_folder.write("light.npy", npy).string());
        for (const fs::path& folder : {m_pictures->exports(), m_rawPictures}) {
            const auto answers = pythonAnswers(folder, {path});
            QCOMPARE(answers.size(), std::size_t(1));
            QCOMPARE(answers[0]["label"].get<std::string>(), std::string("1"));
        }
    }
    void theCppProgramCompiles() {
        const models::DataShape text{.kind = models::DataKind::Text, .task = models::Task::NextToken, .vocabulary = 65};
        m_folder.write("text.cpp", deploy::cppProgram(text, "model.onnx", {}));
        QVERIFY(compiles(m_pictures->exports() / "predict.cpp"));
        QVERIFY(compiles(m_values->exports() / "predict.cpp"));
        QVERIFY(compiles(m_folder.path() / "text.cpp"));
    }
    void aValueIsInTheUnitOfItsTarget() {
        const std::string rows = "x=10,kind=a", file = (m_values->exports() / "model.onnx").string();
        const nlohmann::json report = deploy::predict(m_values, file, {{rows, "x=40,kind=b"}});
        const double low = report["predictions"][0]["value"], high = report["predictions"][1]["value"];
        QVERIFY2(std::abs(low - 1500) < 150 && std::abs(high - 3000) < 150, qPrintable(QString("%1 %2").arg(low).arg(high)));
        QVERIFY(std::abs(report["predictions"][0]["exported"]["value"].get<double>() - low) < 0.1);
        QVERIFY(report["largest_difference"] < 0.1);
        std::ifstream in(m_values->exports() / "predict.cpp");
        const std::string program((std::istreambuf_iterator<char>(in)), {});
        const nlohmann::json target = nlohmann::json::parse(formats::readOnnxMetadata(file).at("headroom.reference")).at("target");
        for (const char* figure : {"mean", "deviation"}) QVERIFY2(program.find(target[figure].dump()) != std::string::npos, program.c_str());
        QVERIFY(program.find("max_element") == std::string::npos);
        REQUIRE_PYTHON();
        const auto answers = pythonAnswers(m_values->exports(), {QString::fromStdString(m_folder.write("x.csv", "kind,x\na,10\nb,40\n").string())});
        QCOMPARE(answers.size(), std::size_t(2));
        QVERIFY(std::abs(answers[0]["value"].get<double>() - low) < 0.1 && std::abs(answers[1]["value"].get<double>() - high) < 0.1);
    }
    void theModelCardSaysHowToUseAndWhatWasMeasured() {
        std::ifstream in(m_raw / "README.md");
        const std::string card((std::istreambuf_iterator<char>(in)), {});
        for (const char* part : {"`categories`", "headroom.preparation", "predict.py", "99 % below", "f32", "predictions differ", "Loading takes"})
            QVERIFY2(card.find(part) != std::string::npos, part);
    }
};

HEADROOM_TEST(TestPredict)
#include "tst_predict.moc"
