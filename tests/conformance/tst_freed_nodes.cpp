// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <onnx/onnx.pb.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/errors/error.h"
#include "conformance/onnx_run.h"
#include "engine/formats/onnx_reader.h"
#include "engine/tensor/bridge.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
namespace fs = std::filesystem;

namespace {

/// Nodes whose batch is freed, and computed sample by sample as alone; another number is a rule less, or more.
constexpr int kFreed = 1084;

fs::path casesFolder() { return qEnvironmentVariable("HEADROOM_ONNX_CASES").toStdString(); }

onnx::TensorProto tensorIn(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    onnx::TensorProto tensor;
    tensor.ParseFromIstream(&file);
    return tensor;
}

/// A node test made into a net for one sample: what has two dimensions and more is fed, with 1 as its first, the rest is weights; where
/// `feeds` says so, the first input alone is fed.
struct Single {
    enum class Feeds { All, First };
    onnx::ModelProto model;
    std::map<std::string, at::Tensor> samples;  ///< by input, at least two

    Single(const fs::path& folder, Feeds feeds) {
        std::ifstream file(folder / "model.onnx", std::ios::binary);
        model.ParseFromIstream(&file);
        onnx::GraphProto& graph = *model.mutable_graph();
        for (int k = 0; k < graph.input_size(); ++k) {
            const fs::path path = folder / "test_data_set_0" / ("input_" + std::to_string(k) + ".pb");
            const graph::HostTensor content = formats::readOnnxTensor(path);
            auto& shape = *graph.mutable_input(k)->mutable_type()->mutable_tensor_type()->mutable_shape();
            const bool isFed = content.shape.size() > 1 && content.shape[0] > 0 && (feeds == Feeds::All || k == 0);
            if (isFed) {
                shape.mutable_dim(0)->set_dim_value(1);
                samples[graph.input(k).name()] = samplesOf(test::tensorOf(content));
            } else {
                onnx::TensorProto& weight = *graph.add_initializer();
                weight = tensorIn(path);
                weight.set_name(graph.input(k).name());
            }
        }
    }

    static at::Tensor samplesOf(const at::Tensor& given) {
        if (given.size(0) > 1) return tensor::inLayout(given.slice(0, 0, std::min<std::int64_t>(given.size(0), 3)).contiguous());
        const at::Tensor other = at::isFloatingType(given.scalar_type()) ? given.flip(-1) * 0.5 : given.flip(-1);
        return tensor::inLayout(at::cat({given, other}));
    }
};

std::int64_t batchAxis(const formats::OnnxModel& model, std::size_t output) {
    const graph::Shape& shape = model.graph.value(model.graph.outputs()[output]).type.shape;
    return std::ranges::find(shape, graph::Dim::named("batch")) - shape.begin();
}

/// Empty where every sample of the batch is what it is alone.
std::string mixed(const formats::OnnxModel& freed, const formats::OnnxModel& alone, const std::map<std::string, at::Tensor>& samples) {
    std::int64_t count = 3;
    for (const auto& [name, tensor] : samples) count = std::min(count, tensor.size(0));
    std::map<std::string, at::Tensor> batch;
    for (const auto& [name, tensor] : samples) batch[name] = tensor::inLayout(tensor.slice(0, 0, count).contiguous());
    const std::vector<at::Tensor> found = test::outputsOf(freed, batch, count);
    for (std::int64_t k = 0; k < count; ++k) {
        std::map<std::string, at::Tensor> one;
        for (const auto& [name, tensor] : samples) one[name] = tensor::inLayout(tensor.slice(0, k, k + 1).contiguous());
        const std::vector<at::Tensor> expected = test::outputsOf(alone, one);
        for (std::size_t output = 0; output < found.size(); ++output) {
            const at::Tensor have = found[output].slice(batchAxis(freed, output), k, k + 1).to(at::kDouble), want = expected[output].to(at::kDouble);
            if (have.sizes() != want.sizes()) return "another shape";
            const at::Tensor far = (have - want).abs() > 1e-5 * (1 + want.abs());  // not a number is far from nothing
            if (far.any().item<bool>()) return "sample " + std::to_string(k) + " of output " + std::to_string(output) + " differs";
        }
    }
    return {};
}

}  // namespace

/// The ONNX project's node tests once more, as nets whose batch of one may be freed.
class FreedNodeTests : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void samplesOfAFreedNodeAreComputedAlone() {
        if (casesFolder().empty()) {
            if (qEnvironmentVariableIsSet("CI")) QFAIL("HEADROOM_ONNX_CASES is not set, CI is");
            QSKIP("HEADROOM_ONNX_CASES is not set");
        }
        const test::TemporaryFolder folder;
        formats::OnnxReadOptions asWritten;
        asWritten.freesBatch = false;
        int freed = 0, wrong = 0;
        for (const auto& entry : fs::directory_iterator(casesFolder()))
            for (const Single::Feeds feeds : {Single::Feeds::All, Single::Feeds::First}) {
                try {
                    const Single single(entry.path(), feeds);
                    std::ofstream(folder.path() / "one.onnx", std::ios::binary) << single.model.SerializeAsString();
                    const formats::OnnxModel model = formats::readOnnx(folder.path() / "one.onnx");
                    if (!model.batchFreed) continue;
                    const std::string differs = mixed(model, formats::readOnnx(folder.path() / "one.onnx", asWritten), single.samples);
                    ++freed;
                    if (differs.empty()) continue;
                    ++wrong;
                    std::cout << "FAILED " << entry.path().filename().string() << ": " << differs << "\n";
                } catch (const Error&) {
                    // Not supported, or not for one sample.
                }
            }
        std::cout << freed << " nodes freed, " << wrong << " mix samples" << std::endl;
        QCOMPARE(wrong, 0);
        QCOMPARE(freed, kFreed);
    }
};

HEADROOM_TEST(FreedNodeTests)
#include "tst_freed_nodes.moc"
