// SPDX-License-Identifier: Apache-2.0
#include <onnx/onnx.pb.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "base/errors/error.h"
#include "conformance/onnx_run.h"
#include "engine/tensor/bridge.h"
#include "support/registry.h"

using namespace headroom;
namespace fs = std::filesystem;

namespace {

/// The ONNX project's own tolerances for its node tests.
constexpr double kRelative = 1e-3, kAbsolute = 1e-7;
/// Cases that pass; another number is a regression, or an operator more.
constexpr int kPassing = 1064;

fs::path casesFolder() { return qEnvironmentVariable("HEADROOM_ONNX_CASES").toStdString(); }

onnx::ModelProto messageOf(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    onnx::ModelProto model;
    model.ParseFromIstream(&file);
    return model;
}

/// What differs, or nothing.
std::string difference(const at::Tensor& found, const graph::HostTensor& expected) {
    if (tensor::dtype(found.scalar_type()) != expected.dtype) return "type " + std::string(graph::name(tensor::dtype(found.scalar_type()))) + " for " + std::string(graph::name(expected.dtype));
    if (found.sizes() != at::IntArrayRef(expected.shape)) return "another shape";
    const at::Tensor a = found.to(at::kDouble).contiguous(), b = tensor::fromBytes(expected.dtype, expected.shape, expected.data).to(at::kDouble).contiguous();
    for (std::int64_t i = 0; i < a.numel(); ++i) {
        const double x = a.const_data_ptr<double>()[i], y = b.const_data_ptr<double>()[i];
        const bool same = x == y || (std::isnan(x) && std::isnan(y)) || std::abs(x - y) <= kAbsolute + kRelative * std::abs(y);
        if (!same) return std::to_string(x) + " for " + std::to_string(y) + " at " + std::to_string(i);
    }
    return {};
}

/// numpy has no bfloat16: the cases' tensors of that type say that they hold 16-bit numbers.
void takeDeclaredType(graph::HostTensor& tensor, const onnx::ValueInfoProto& declared) {
    if (tensor.dtype == graph::DType::U16 && declared.type().tensor_type().elem_type() == onnx::TensorProto::BFLOAT16) tensor.dtype = graph::DType::BF16;
}

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

struct Outcome {
    enum class Kind { Passed, Failed, NotCovered } kind;
    std::string reason;
};

Outcome runCase(const fs::path& folder) {
    if (const auto found = kMistaken.find(folder.filename().string()); found != kMistaken.end()) return {Outcome::Kind::NotCovered, "mistaken: " + found->second};
    const onnx::ModelProto message = messageOf(folder / "model.onnx");
    formats::OnnxReadOptions options;
    options.freesBatch = false;
    std::map<std::string, at::Tensor> inputs;
    std::vector<graph::HostTensor> expected;
    formats::OnnxModel model;
    try {
        for (int k = 0; k < message.graph().input_size(); ++k) {
            graph::HostTensor tensor = formats::readOnnxTensor(folder / "test_data_set_0" / ("input_" + std::to_string(k) + ".pb"));
            tensor.name = message.graph().input(k).name();
            takeDeclaredType(tensor, message.graph().input(k));
            inputs[tensor.name] = test::tensorOf(tensor);
            options.known.emplace(tensor.name, tensor);
        }
        model = formats::readOnnx(folder / "model.onnx", options);
        for (int k = 0; k < message.graph().output_size(); ++k)
            expected.push_back(formats::readOnnxTensor(folder / "test_data_set_0" / ("output_" + std::to_string(k) + ".pb"))), takeDeclaredType(expected.back(), message.graph().output(k));
    } catch (const Error& error) {
        return {Outcome::Kind::NotCovered, error.what()};
    }
    try {
        const std::vector<at::Tensor> found = test::outputsOf(model, inputs);
        for (std::size_t k = 0; k < expected.size(); ++k)
            if (const std::string differs = difference(found[k], expected[k]); !differs.empty()) return {Outcome::Kind::Failed, "output " + std::to_string(k) + ": " + differs};
    } catch (const std::exception& error) {
        return {Outcome::Kind::Failed, error.what()};
    }
    return {Outcome::Kind::Passed, {}};
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
