// SPDX-License-Identifier: Apache-2.0
#include <QProcess>

#include <algorithm>
#include <iostream>
#include <map>

#include "base/errors/error.h"
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
class Cases {
public:
    Cases() {
        QProcess python;
        python.start(qEnvironmentVariable("HEADROOM_PYTHON"), {HEADROOM_GENERATE_NODES, QString::fromStdString(m_folder.path().string()), "23"});
        if (!python.waitForFinished(240000) || python.exitCode() != 0) m_problem = python.readAllStandardError().toStdString() + python.errorString().toStdString();
        for (const auto& entry : fs::directory_iterator(m_folder.path())) m_cases.push_back(entry.path());
        std::ranges::sort(m_cases);
    }
    static const Cases& all() {
        static const Cases cases;
        return cases;
    }
    const std::string& problem() const { return m_problem; }
    const std::vector<fs::path>& folders() const { return m_cases; }
    /// Those of one operator each: what the definition writes out is other operators.
    std::vector<fs::path> single() const {
        std::vector<fs::path> found;
        std::ranges::copy_if(m_cases, std::back_inserter(found), [](const fs::path& each) { return !each.filename().string().ends_with(kWrittenOut); });
        return found;
    }

private:
    test::TemporaryFolder m_folder;
    std::vector<fs::path> m_cases;
    std::string m_problem;
};

void write(const fs::path& path, const formats::OnnxModel& model, int opset) { formats::writeOnnx(path, model.graph, {}, {.opset = opset, .metadata = {}}); }

/// Of a case that was written for another opset and read again; named outputs of the graph keep their order.
std::string againDifference(const fs::path& folder, const fs::path& path, int opset) {
    const test::NodeCase read = test::readNodeCase(folder);
    write(path, read.model, opset);
    formats::OnnxReadOptions asWritten;
    asWritten.freesBatch = false;
    asWritten.widensHalf = false;
    return test::difference(test::outputsOf(formats::readOnnx(path, asWritten), read.inputs), read.expected, test::kOfSteps);
}

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
        QVERIFY2(Cases::all().problem().empty(), Cases::all().problem().c_str());
    }

    void everyCaseOfOpset23GivesTheExpectedOutputs() {
        int passed = 0, failed = 0;
        for (const fs::path& each : Cases::all().folders()) {
            const std::string name = each.filename().string();
            const Outcome outcome = test::runNodeCase(each, name.ends_with(kWrittenOut) ? test::kOfSteps : test::kOfNewerCases);
            passed += outcome.kind == Outcome::Kind::Passed;
            const auto refused = kRefused.find(name);
            if (outcome.kind == Outcome::Kind::Passed && refused == kRefused.end()) continue;
            const bool asListed = outcome.kind == Outcome::Kind::NotCovered && refused != kRefused.end() && outcome.reason.find(refused->second) != std::string::npos;
            failed += !asListed;
            std::cout << (asListed ? "not covered " : "FAILED ") << name << ": " << outcome.reason << "\n";
        }
        std::cout << passed << " of " << Cases::all().folders().size() << " generated node tests of opset 23 pass, " << failed << " fail" << std::endl;
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
        for (const fs::path& each : Cases::all().single()) {
            std::string differs;
            try {
                differs = againDifference(each, folder.path() / "model.onnx", opset);
            } catch (const Error& error) {
                differs = error.what();
            }
            if (!differs.empty()) wrong << QString::fromStdString(each.filename().string() + ": " + differs);
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join("\n")));
    }

    void writtenTheyComputeTheSameInOnnxRuntime_data() { writtenForAnotherOpsetTheyAreReadAgainAndGiveTheExpectedOutputs_data(); }
    void writtenTheyComputeTheSameInOnnxRuntime() {
        QFETCH(int, opset);
        const test::TemporaryFolder folder;
        int put = 0;
        for (const fs::path& each : Cases::all().single()) put += putForRuntime(each, folder.path() / each.filename(), opset);
        QVERIFY(put > 90);
        const test::Comparison compared = test::compareInOnnxRuntime(folder.path());
        QVERIFY2(compared.agrees, compared.report.c_str());
    }
};

HEADROOM_TEST(GeneratedNodeTests)
#include "tst_generated_nodes.moc"
