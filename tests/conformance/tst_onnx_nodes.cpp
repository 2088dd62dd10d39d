// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <map>
#include <string_view>

#include "conformance/node_case.h"
#include "support/registry.h"

using namespace headroom;
namespace fs = std::filesystem;
using test::Outcome;

namespace {

/// Cases that pass; another number is a regression, or an operator more.
constexpr int kPassing = 1064;

fs::path casesFolder() { return qEnvironmentVariable("HEADROOM_ONNX_CASES").toStdString(); }

/// Nothing is dropped outside of training, whatever a file says.
constexpr auto kRandom = std::to_array<std::string_view>({"test_training_dropout", "test_training_dropout_default"});

/// Cases of this release whose expected outputs are not what the operator's definition says. ONNX Runtime 1.31 and the reference of
/// onnx 1.23 give what we give, ml_dtypes' bfloat16 likewise.
const std::map<std::string, std::string> kMistaken{
    {"test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True", "elements beyond the padding are counted"},
    {"test_cast_FLOAT_to_BFLOAT16", "it cuts off where the definition rounds"},
    {"test_castlike_FLOAT_to_BFLOAT16", "it cuts off where the definition rounds"},
    {"test_castlike_FLOAT_to_BFLOAT16_expanded", "it cuts off where the definition rounds"},
    {"test_qlinearmatmul_2D_int8_float16", "it wraps around where the definition saturates"},
    {"test_qlinearmatmul_2D_int8_float32", "it wraps around where the definition saturates"},
    {"test_qlinearmatmul_3D_int8_float16", "it wraps around where the definition saturates"},
    {"test_qlinearmatmul_3D_int8_float32", "it wraps around where the definition saturates"}};

Outcome runCase(const fs::path& folder) {
    if (const auto found = kMistaken.find(folder.filename().string()); found != kMistaken.end()) return {Outcome::Kind::NotCovered, "mistaken: " + found->second};
    if (std::ranges::count(kRandom, folder.filename().string()) > 0) return {Outcome::Kind::NotCovered, "random numbers of another program"};
    return test::runNodeCase(folder);
}

}  // namespace

/// The ONNX project's node tests (wheel onnx 1.17.0, folder onnx/backend/test/data/node), found through HEADROOM_ONNX_CASES.
class OnnxNodeTests : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyCaseOfASupportedOperatorGivesTheExpectedOutputs() {
        if (casesFolder().empty()) {
            if (qEnvironmentVariableIsSet("CI")) QFAIL("HEADROOM_ONNX_CASES is not set, CI is");
            QSKIP("HEADROOM_ONNX_CASES is not set");
        }
        std::vector<fs::path> cases;
        for (const auto& entry : fs::directory_iterator(casesFolder())) cases.push_back(entry.path());
        std::ranges::sort(cases);
        int passed = 0, failed = 0;
        const std::string only = qEnvironmentVariable("HEADROOM_ONNX_CASE").toStdString();
        for (const fs::path& each : cases) {
            if (!only.empty() && each.filename().string().find(only) == std::string::npos) continue;
            const Outcome outcome = runCase(each);
            passed += outcome.kind == Outcome::Kind::Passed;
            failed += outcome.kind == Outcome::Kind::Failed;
            if (outcome.kind == Outcome::Kind::Passed) continue;
            std::cout << (outcome.kind == Outcome::Kind::Failed ? "FAILED " : "not covered ") << each.filename().string() << ": " << outcome.reason << "\n";
        }
        std::cout << passed << " of " << cases.size() << " node tests pass, " << failed << " fail, the others are not covered" << std::endl;
        QCOMPARE(failed, 0);
        if (only.empty()) QCOMPARE(passed, kPassing);
    }
};

HEADROOM_TEST(OnnxNodeTests)
#include "tst_onnx_nodes.moc"
