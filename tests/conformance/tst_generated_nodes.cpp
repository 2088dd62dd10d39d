// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <map>

#include "conformance/made_cases.h"
#include "conformance/node_case.h"
#include "conformance/onnx_run.h"
#include "engine/formats/onnx_writer.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
namespace fs = std::filesystem;
using test::Outcome;

namespace {

/// Cases that pass, of those of onnx 1.23: Attention 69, RMSNormalization 19, RotaryEmbedding 8, and each once more as the operator's own
/// definition writes it out; another number is a regression, or another package.
constexpr int kPassing = 192;
constexpr std::string_view kWrittenOut = "_expanded";  ///< the end of their names
/// What is refused, and why; nothing else may be.
const std::map<std::string, std::string> kRefused{};

/// The cases, made once for all rules.
const test::MadeCases& all() {
    static const test::MadeCases cases(QStringLiteral(HEADROOM_GENERATE_NODES), {QStringLiteral("23")});
    return cases;
}

/// Those of one operator each: what the definition writes out is other operators.
std::vector<fs::path> single() {
    std::vector<fs::path> found;
    std::ranges::copy_if(all().folders(), std::back_inserter(found), [](const fs::path& each) { return !each.filename().string().ends_with(kWrittenOut); });
    return found;
}

void write(const fs::path& path, const formats::OnnxModel& model, int opset) { formats::writeOnnx(path, model.graph, {}, {.opset = opset, .metadata = {}}); }

/// The case as ONNX Runtime is asked; false for bfloat16, which numpy lacks.
bool putForRuntime(const fs::path& folder, const fs::path& place, int opset) {
    const test::NodeCase read = test::readNodeCase(folder);
    std::vector<test::Named> inputs, outputs;
    for (const auto& [name, tensor] : read.inputs) inputs.push_back({name, tensor});
    const std::vector<at::Tensor> made = test::outputsOf(read.model, read.inputs);
    for (std::size_t k = 0; k < made.size(); ++k) outputs.push_back({read.model.graph.value(read.model.graph.outputs()[k]).name, made[k]});
    if (made.front().scalar_type() == at::kBFloat16) return false;
    fs::create_directories(place);
    write(place / "model.onnx", read.model, opset);
    test::writeTensors(place / "inputs.safetensors", inputs);
    test::writeTensors(place / "outputs.safetensors", outputs);
    return true;
}

}  // namespace

/// The ONNX project's node tests of opset 23, as the installed package makes them (generate_node_tests.py).
class GeneratedNodeTests : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() {
        if (!qEnvironmentVariableIsSet("HEADROOM_PYTHON")) QSKIP("HEADROOM_PYTHON is not set");
        QVERIFY2(all().problem().empty(), all().problem().c_str());
    }

    void everyCaseOfOpset23GivesTheExpectedOutputs() {
        int passed = 0, failed = 0;
        for (const fs::path& each : all().folders()) {
            const std::string name = each.filename().string();
            const Outcome outcome = test::runNodeCase(each, name.ends_with(kWrittenOut) ? test::kOfSteps : test::kOfNewerCases);
            passed += outcome.kind == Outcome::Kind::Passed;
            const auto refused = kRefused.find(name);
            if (outcome.kind == Outcome::Kind::Passed && refused == kRefused.end()) continue;
            const bool asListed = outcome.kind == Outcome::Kind::NotCovered && refused != kRefused.end() && outcome.reason.find(refused->second) != std::string::npos;
            failed += !asListed;
            std::cout << (asListed ? "not covered " : "FAILED ") << name << ": " << outcome.reason << "\n";
        }
        std::cout << passed << " of " << all().folders().size() << " generated node tests of opset 23 pass, " << failed << " fail" << std::endl;
        QCOMPARE(failed, 0);
        QCOMPARE(passed, kPassing);
    }

    /// At opset 17 there is none of these operators: they are written as what they are made of.
    void writtenForAnotherOpsetTheyAreReadAgainAndGiveTheExpectedOutputs_data() {
        QTest::addColumn<int>("opset");
        QTest::newRow("opset 17") << 17;
        QTest::newRow("opset 23") << 23;
    }
    void writtenForAnotherOpsetTheyAreReadAgainAndGiveTheExpectedOutputs() {
        QFETCH(int, opset);
        const test::TemporaryFolder folder;
        QStringList wrong;
        for (const fs::path& each : single()) {
            const std::string differs = test::differenceWrittenAgain(each, folder.path() / "model.onnx", opset, test::kOfSteps);
            if (!differs.empty()) wrong << QString::fromStdString(each.filename().string() + ": " + differs);
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join("\n")));
    }

    void writtenTheyComputeTheSameInOnnxRuntime_data() { writtenForAnotherOpsetTheyAreReadAgainAndGiveTheExpectedOutputs_data(); }
    void writtenTheyComputeTheSameInOnnxRuntime() {
        QFETCH(int, opset);
        const test::TemporaryFolder folder;
        int put = 0;
        for (const fs::path& each : single()) put += putForRuntime(each, folder.path() / each.filename(), opset);
        QVERIFY(put > 90);
        const test::Comparison compared = test::compareInOnnxRuntime(folder.path());
        QVERIFY2(compared.agrees, compared.report.c_str());
    }
};

HEADROOM_TEST(GeneratedNodeTests)
#include "tst_generated_nodes.moc"
