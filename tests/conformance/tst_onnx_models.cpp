// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/errors/error.h"
#include "conformance/onnx_run.h"
#include "core/engine/formats/foreign_nets.h"
#include "engine/formats/onnx_writer.h"
#include "engine/formats/safetensors.h"
#include "engine/tensor/bridge.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
namespace fs = std::filesystem;

namespace {

fs::path folder() { return fs::path(qEnvironmentVariable("HEADROOM_DATA").toStdString()) / "onnx"; }

at::Tensor tensorOf(const formats::SafetensorsFile& file, const formats::StTensor& tensor) {
    const graph::DType type = tensor.type == formats::StType::I64 ? graph::DType::I64 : graph::DType::F32;
    return tensor::inLayout(tensor::fromBytes(type, tensor.shape, file.read(tensor)));
}

}  // namespace

/// Models of others, with the outputs that ONNX Runtime gave for one input each (shared data, onnx/reference).
class OnnxModels : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void modelsOfOthersGiveTheirReferenceOutputs_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"Convnet_maxpool", "light_squeezenet", "mnist-net_256x2", "mnist", "resnet_2b", "test_nano", "test_small",
                                 "version-RFB-320", "version-RFB-320_simplified"})
            QTest::newRow(name) << QString(name);
    }
    void modelsOfOthersGiveTheirReferenceOutputs() {
        REQUIRE_DATA();
        QFETCH(QString, name);
        const formats::OnnxModel model = formats::readOnnx(folder() / (name.toStdString() + ".onnx"));
        const formats::SafetensorsFile file(folder() / "reference" / (name.toStdString() + ".safetensors"));
        std::map<std::string, at::Tensor> inputs;
        for (const formats::StTensor& tensor : file.tensors())
            if (tensor.name.starts_with("in:")) inputs[tensor.name.substr(3)] = tensorOf(file, tensor);
        const std::vector<at::Tensor> found = test::outputsOf(model, inputs);
        for (std::size_t k = 0; k < found.size(); ++k) {
            const formats::StTensor* named = file.find("out:" + model.outputs[k]);
            QVERIFY(named);
            const at::Tensor expected = tensorOf(file, *named);
            QCOMPARE(found[k].sizes().vec(), expected.sizes().vec());
            // fp32 sums in another order; the share is of the largest output.
            const double distance = (found[k] - expected).abs().max().item<double>() / expected.abs().max().item<double>();
            QVERIFY2(distance <= 1e-4, qPrintable(QString("output %1 differs by %2").arg(k).arg(distance)));
        }
    }

    /// Twice the same picture in one batch gives twice the same output.
    void aBatchOfOneIsFreed_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"Convnet_maxpool", "mnist-net_256x2", "mnist", "resnet_2b"}) QTest::newRow(name) << QString(name);
    }
    void aBatchOfOneIsFreed() {
        REQUIRE_DATA();
        QFETCH(QString, name);
        const formats::OnnxModel model = formats::readOnnx(folder() / (name.toStdString() + ".onnx"));
        QVERIFY(model.batchFreed);
        const formats::SafetensorsFile file(folder() / "reference" / (name.toStdString() + ".safetensors"));
        std::map<std::string, at::Tensor> inputs;
        at::Tensor expected;
        for (const formats::StTensor& tensor : file.tensors()) {
            const at::Tensor one = tensorOf(file, tensor);
            if (tensor.name.starts_with("in:")) inputs[tensor.name.substr(3)] = tensor::inLayout(at::cat({one * 0.5, one}));
            else expected = one;
        }
        const at::Tensor found = test::outputsOf(model, inputs, 2)[0];
        QCOMPARE(found.size(0), std::int64_t{2});
        QVERIFY((found[1] - expected[0]).abs().max().item<double>() <= 1e-4 * expected.abs().max().item<double>());
    }

    /// (x + 0.5) / scale, rounded down: opset 11's place of the nearest pixel.
    void theNearestPixelOfOpset11IsFound_data() {
        QTest::addColumn<double>("scale");
        for (const double scale : {1.5, 1.75, 2.0, 0.75, 3.0}) QTest::addRow("%g", scale) << scale;
    }
    void theNearestPixelOfOpset11IsFound() {
        QFETCH(double, scale);
        test::Foreign file(11);
        file.input("x", {"n", "1", "1", "4"});
        file.weight("roi", {0});
        onnx::TensorProto& scales = file.weight("scales", {4});
        for (int i = 0; i < 4; ++i) scales.add_float_data(i == 3 ? static_cast<float>(scale) : 1);
        onnx::NodeProto& node = file.node("Resize", {"x", "roi", "scales"}, {"y"});
        test::Foreign::text(node, "coordinate_transformation_mode", "tf_half_pixel_for_nn");
        test::Foreign::text(node, "mode", "nearest");
        test::Foreign::text(node, "nearest_mode", "floor");
        file.output("y");
        const at::Tensor found = test::outputsOf(file.read(), {{"x", tensor::inLayout(at::arange(4, at::kFloat).reshape({1, 1, 1, 4}))}})[0].flatten();
        QCOMPARE(found.numel(), static_cast<std::int64_t>(4 * scale));
        for (std::int64_t k = 0; k < found.numel(); ++k) QCOMPARE(found[k].item<double>(), std::floor((static_cast<double>(k) + 0.5) / scale));
    }

    /// Every sample alone, in the net as the file has it, and all of them in the net whose batch was freed.
    void samplesOfAFreedBatchAreComputedAlone_data() {
        QTest::addColumn<int>("net");
        for (const auto& [name, net] : {std::pair("vision transformer", 0), {"LSTM", 1}, {"LSTM from zeros", 2}, {"a resized picture", 3}, {"a padded picture", 4}}) QTest::newRow(name) << net;
    }
    void samplesOfAFreedBatchAreComputedAlone() {
        QFETCH(int, net);
        const test::Foreign file = net == 0 ? test::visionTransformer() : net == 3 ? test::resizedPicture() : net == 4 ? test::paddedPicture() : test::lastState(net == 2);
        formats::OnnxReadOptions asWritten;
        asWritten.freesBatch = false;
        const formats::OnnxModel freed = file.read(), alone = file.read(asWritten);
        QVERIFY(freed.batchFreed);
        at::manual_seed(3);
        const at::Tensor x = net == 0 ? at::randn({4, 3, 4, 4}) * 0.05 : net == 3 ? at::randn({4, 2, 4, 4}) : net == 4 ? at::randn({4, 2, 3, 4}) : at::randn({4, 5, 4});
        const at::Tensor found = test::outputsOf(freed, {{"x", tensor::inLayout(x)}}, 4)[0];
        for (std::int64_t k = 0; k < 4; ++k) {
            const at::Tensor expected = test::outputsOf(alone, {{"x", tensor::inLayout(x.slice(0, k, k + 1))}})[0];
            QVERIFY(expected.abs().max().item<double>() > 0);
            QVERIFY((found[k] - expected[0]).abs().max().item<double>() <= 1e-5 * expected.abs().max().item<double>());
        }
    }

    /// Read, written and read again: what is repeated for every sample follows the batch's extent in each of them.
    void whatIsRepeatedForEverySampleFollowsTheBatch_data() {
        QTest::addColumn<int>("net");
        for (const auto& [name, net] : {std::pair("class token", 0), {"class token of a freed batch", 1}, {"LSTM", 2}, {"GRU", 3}}) QTest::newRow(name) << net;
    }
    void whatIsRepeatedForEverySampleFollowsTheBatch() {
        QFETCH(int, net);
        const bool isToken = net < 2;
        const test::Foreign file = isToken ? test::classToken(net == 0 ? "batch" : "1") : test::statesOfZeros(net == 2 ? "LSTM" : "GRU");
        const formats::OnnxModel model = file.read();
        const test::TemporaryFolder folder;
        std::vector<formats::StView> views;
        for (const graph::HostTensor& weight : model.weights) views.push_back({{weight.name, formats::StType::F32, weight.shape}, weight.data});
        formats::writeOnnx(folder.path() / "again.onnx", model.graph, views);
        const formats::OnnxModel again = formats::readOnnx(folder.path() / "again.onnx");
        at::manual_seed(5);
        const at::Tensor x = isToken ? at::randn({3, 4, 8}) : at::randn({5, 3, 4});
        const at::Tensor all = test::outputsOf(model, {{"x", tensor::inLayout(x)}}, 3)[0];
        const at::Tensor written = test::outputsOf(again, {{"x", tensor::inLayout(x)}}, 3)[0];
        QVERIFY(at::equal(all, written));
        for (std::int64_t k = 0; k < 3; ++k) {
            const at::Tensor one = test::outputsOf(model, {{"x", tensor::inLayout(x.slice(isToken ? 0 : 1, k, k + 1))}})[0];
            QCOMPARE(one.sizes().vec(), (std::vector<std::int64_t>{1, all.size(1)}));
            QVERIFY((all[k] - one[0]).abs().max().item<double>() <= 1e-5 * all.abs().max().item<double>());
        }
    }

    void operatorsOfAForeignDomainAreRefusedByName() {
        REQUIRE_DATA();
        try {
            formats::readOnnx(folder() / "pytorch_superresolution_with_pre_post_processing_op18.onnx");
            QFAIL("it was read");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::Onx10);
            QVERIFY2(QString(error.what()).contains("::"), error.what());
        }
    }
};

HEADROOM_TEST(OnnxModels)
#include "tst_onnx_models.moc"
