// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>

#include "base/graph/ops/linear.h"
#include "base/graph/ops/shape.h"
#include "base/plan/kept_features.h"
#include "base/plan/training_step.h"
#include "base/store/atomic_file.h"
#include "engine/formats/weight_files.h"
#include "engine/tensor/bridge.h"
#include "engine/tensor/memory.h"
#include "engine/train/features.h"
#include "engine/train/lora_adapter.h"
#include "engine/train/trainer.h"
#include "support/data.h"
#include "support/refusal.h"
#include "support/registry.h"
#include "support/temporary_folder.h"
#include "synthetic.h"

using namespace headroom;
using namespace headroom::train;
using test::ScriptedHost;

namespace {

struct Tuning {
    test::TemporaryFolder folder;
    ScriptedHost host;
    data::Dataset dataset = test::pictures();

    std::unique_ptr<Trainer> trainer(const config::RunConfig& config, ModelFile file = {}, bool resume = false) {
        TrainerOptions options;
        options.checkpoints = folder.path();
        options.file = std::move(file);
        options.resume = resume;
        return std::make_unique<Trainer>(config, dataset, options, host);
    }
};

std::map<std::string, at::Tensor> copies(const Model& model) {
    std::map<std::string, at::Tensor> all;
    for (const NamedTensor& each : model.named()) all.emplace(each.name, each.tensor.clone());
    return all;
}

config::RunConfig shortRun(const char* freeze) {
    config::RunConfig config = test::smallRun();
    config.train.epochs = 1;
    config.train.freeze = freeze;
    return config;
}

/// [batch, 1, 8, 8] -> Flatten -> Gemm of three classes, its weights all `number`.
ModelFile modelFile(float number, int* asked = nullptr) {
    graph::Graph net;
    const auto x = net.addInput("x", {graph::DType::F32, {graph::Dim::named("batch"), graph::Dim::fixed(1), graph::Dim::fixed(8), graph::Dim::fixed(8)}});
    const auto w = net.addParameter("w", {graph::DType::F32, graph::fixedShape({64, 3})}, {});
    net.setOutputs({net.addNode(graph::kGemm, "y", {net.addNode(graph::kFlatten, "flat", {x}).front(), w}).front()});
    const std::vector<float> numbers(192, number);
    const auto bytes = std::as_bytes(std::span(numbers));
    const graph::HostTensor weights{"w", graph::DType::F32, {64, 3}, {bytes.begin(), bytes.end()}};
    return {std::make_shared<const graph::Graph>(std::move(net)), [weights, asked](const graph::Graph&) {
                if (asked) ++*asked;
                return std::vector{weights};
            }};
}

config::RunConfig fileRun() {
    config::RunConfig config = shortRun("");
    config.model.file = "/models/foreign.onnx";
    return config;
}

}  // namespace

class FineTuning : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { tensor::installAllocator(); }

    void frozenParametersAndStatisticsStayAsTheyAre() {
        Tuning tuning;
        const auto trainer = tuning.trainer(shortRun("conv1.*, bn1.*, fc1.weight"));
        const auto before = copies(trainer->model());
        trainer->run();
        for (const auto& [name, tensor] : copies(trainer->model())) {
            const bool isFrozen = name.starts_with("conv1.") || name.starts_with("bn1.") || name == "fc1.weight";
            QVERIFY2(at::equal(tensor, before.at(name)) == isFrozen, name.c_str());
        }
    }
    void aFrozenPartHasNeitherGradientsNorState() {
        Tuning tuning;
        const auto kind = [](plan::Kind which) { return tensor::memoryCounts().live[static_cast<std::size_t>(which)]; };
        const Bytes before = kind(plan::Kind::Optimizer);
        const auto whole = tuning.trainer(shortRun(""));
        const Bytes ofAll = kind(plan::Kind::Optimizer) - before;
        const auto head = tuning.trainer(shortRun("*, !logits.*"));
        QCOMPARE(head->model().parameters().size(), std::size_t{2});
        QVERIFY(kind(plan::Kind::Optimizer) - before - ofAll < ofAll / 100);
        // Nothing before the head is differentiated.
        QVERIFY(head->model().step().trained().size() == 2);
    }
    void averagesOfAFrozenPartAreNotKept() {
        Tuning tuning;
        config::RunConfig config = shortRun("*, !logits.*");
        config.train.ema = 0.9;
        const auto trainer = tuning.trainer(config);
        trainer->run();
        const auto reopened = tuning.trainer(config, {}, true);
        QCOMPARE(copies(reopened->model()).size(), copies(trainer->model()).size());
    }

    void loraChangesNothingAtFirstAndTrainsItsMatricesAndTheHeadAlone() {
        Tuning tuning;
        config::RunConfig config = shortRun("");
        config.model.arch = "mlp";
        const auto plain = tuning.trainer(config);
        const auto whole = copies(plain->model());
        config.model.lora.rank = 4;
        const auto adapted = tuning.trainer(config);
        const auto before = copies(adapted->model());
        for (const auto& [name, tensor] : whole) QVERIFY2(at::equal(before.at(name), tensor), name.c_str());
        QCOMPARE(adapted->model().parameters().size(), std::size_t{8});  // two of each of three layers, and the head's
        adapted->run();
        for (const auto& [name, tensor] : copies(adapted->model()))
            QVERIFY2(at::equal(tensor, before.at(name)) == (!models::isLoraUpdate(name) && !name.starts_with("logits.")), name.c_str());
    }
    void anAdapterInPeftsLayoutBeginsTheUpdatesAndGoesOutAsItCame() {
        REQUIRE_DATA();
        const std::filesystem::path file = test::dataFolder() / "safetensors/gpt2-lora.safetensors";
        config::RunConfig config;
        config.model.arch = "gpt";
        config.model.lora = {.rank = 8, .alpha = 8, .targets = "*.c_attn.*", .adapter = file.string()};
        const models::DataShape text{.kind = models::DataKind::Text, .task = models::Task::NextToken, .vocabulary = 64, .context = 16};
        const test::TemporaryFolder folder;
        const auto given = [&] { return modelFileOf(config, folder.path() / "graph.json", folder.path() / "checkpoints").weights; };
        LoraUpdates updates;
        {
            config::RunConfig plain = config;
            plain.model.lora = {};
            const Model model(config, text, at::kCPU, given());
            updates.pairs = models::loraPairs(plan::netOf(plain, text), {.rank = 8, .alpha = 8, .targets = "*.c_attn.*"});
            for (const Parameter& each : model.parameters()) updates.tensors.push_back({each.name, each.value});
        }
        QCOMPARE(updates.tensors.size(), std::size_t{24});  // of twelve layers
        writeLoraAdapter(folder.path(), updates, config, true);
        const formats::WeightFiles read(file), written(folder.path() / "adapter_model.safetensors");
        QCOMPARE(written.tensors().size(), std::size_t{24});  // theirs has the head of another task beside them
        for (const formats::StTensor& each : written.tensors()) {
            const graph::HostTensor ours = written.readFloats(each.name), theirs = read.readFloats(each.name);
            QVERIFY2(ours.shape == theirs.shape && ours.data == theirs.data, each.name.c_str());
        }
        const auto stated = nlohmann::json::parse(store::readWhole(folder.path() / "adapter_config.json"));
        QVERIFY(stated["fan_in_fan_out"].get<bool>() && stated["task_type"] == "CAUSAL_LM" && stated["target_modules"][0] == "h.0.attn.c_attn");

        const auto weights = [&] { return given()(plan::netOf(config, text)); };
        config.model.layers = 2;
        EXPECT_REFUSED(weights, "CFG-09", "does not adapt|h.10.attn.c_attn.lora_A");
        config.model.layers = 0;
        config.model.lora.targets = "*";
        EXPECT_REFUSED(weights, "CFG-09", "no update for a target|h.0.attn.c_proj.lora_A");
    }
    void anAdapterIsWrittenAsItIsRead() {
        Tuning tuning;
        config::RunConfig config = shortRun("");
        config.model.arch = "mlp";
        config.model.lora = {.rank = 4, .alpha = 8, .adapter = {}};
        const auto trainer = tuning.trainer(config);
        trainer->run();
        const auto trained = copies(trainer->model());
        config::RunConfig plain = config;
        plain.model.lora = {};
        LoraUpdates updates{models::loraPairs(plan::netOf(plain, tuning.dataset.shape), {.rank = 4, .alpha = 8}), {}};
        for (const Parameter& each : trainer->model().parameters()) updates.tensors.push_back({each.name, each.value});
        const test::TemporaryFolder folder;
        writeLoraAdapter(folder.path(), updates, config, false);
        const formats::WeightFiles file(folder.path() / "adapter_model.safetensors");
        QVERIFY(file.has("base_model.model.fc2.lora_A.weight"));
        QCOMPARE(file.readFloats("base_model.model.fc2.lora_A.weight").shape, (std::vector<std::int64_t>{4, 256}));
        QVERIFY(file.has("base_model.model.logits.weight") && file.has("base_model.model.logits.bias"));
        QCOMPARE(nlohmann::json::parse(store::readWhole(folder.path() / "adapter_config.json"))["modules_to_save"].dump(), std::string(R"(["logits"])"));

        config.model.lora.adapter = (folder.path() / "adapter_model.safetensors").string();
        const auto given = [&] { return modelFileOf(config, folder.path() / "graph.json", folder.path() / "checkpoints").weights; };
        const Model again(config, tuning.dataset.shape, at::kCPU, given());
        for (const Parameter& each : again.parameters()) QVERIFY2(at::equal(each.value, trained.at(each.name)), each.name.c_str());
        config.model.lora.alpha = 16;
        EXPECT_REFUSED([&] { Model(config, tuning.dataset.shape, at::kCPU, given()); }, "CFG-09", "count otherwise|model.lora.alpha=8");
        const std::filesystem::path stated = folder.path() / "adapter_config.json";
        store::writeAtomically(stated, R"({"r": 4, "lora_alpha": 8, "use_rslora": true})");
        Model(config, tuning.dataset.shape, at::kCPU, given());  // 8 / sqrt(4) is 16 / 4
        for (const auto& [text, problem] : {std::pair(R"({"r": 4, "lora_alpha": 16, "use_dora": true})", "of this kind|use_dora"),
                                            {R"({"r": 4, "lora_alpha": 16, "bias": "all"})", "of this kind|bias all"},
                                            {R"({"r": 4, "lora_alpha": 16, "init_lora_weights": "pissa_niter_4"})", "other weights"},
                                            {"[]", "no adapter's"}, {"{", "no adapter's"}, {"{}", "no usable number|lora_alpha"},
                                            {R"({"r": "many", "lora_alpha": 1})", "no usable number|r"},
                                            {R"({"r": 4, "lora_alpha": null})", "no usable number"}, {R"({"r": 0, "lora_alpha": 1})", "no usable number"}}) {
            store::writeAtomically(stated, text);
            EXPECT_REFUSED([&] { Model(config, tuning.dataset.shape, at::kCPU, given()); }, "CFG-09", problem);
        }
        std::filesystem::remove(stated);
        QCOMPARE(::mkfifo(stated.c_str(), 0600), 0);  // whoever opens it would wait
        EXPECT_REFUSED([&] { Model(config, tuning.dataset.shape, at::kCPU, given()); }, "DAT-04", "adapter_config.json");
    }
    void earlierLayersLearnMoreSlowly() {
        Tuning tuning;
        config::RunConfig config = shortRun("");
        config.train.layerDecay = 0.5;
        std::map<std::string, double> rates;
        for (const Parameter& each : tuning.trainer(config)->model().parameters()) rates[each.name] = each.rate;
        QCOMPARE(rates.at("logits.weight"), 1.0);
        QCOMPARE(rates.at("logits.bias"), 1.0);
        QCOMPARE(rates.at("fc1.weight"), 0.5);
        QCOMPARE(rates.at("conv4.weight"), 0.25);
        QCOMPARE(rates.at("bn4.bias"), 0.25);
        QCOMPARE(rates.at("conv1.weight"), 0.03125);
    }

    void aHeadOnKeptFeaturesLearnsAsOnTheWholeNet() {
        Tuning tuning;
        tuning.dataset = test::pictures(72, {});
        config::RunConfig config = shortRun("*, !logits.*, !fc1.*");
        const auto whole = tuning.trainer(config);
        whole->run();
        config.train.cacheFeatures = true;
        Tuning kept;
        const data::Dataset data = test::pictures(72, {});
        QVERIFY_EXCEPTION_THROWN(featuresOf(config, data, {}, at::kCPU, [] { return false; }), Interrupted);
        kept.dataset = featuresOf(config, data, {}, at::kCPU);
        const auto head = kept.trainer(config);
        QCOMPARE(head->model().step().parameters().size(), std::size_t{4});
        head->run();
        const auto found = copies(head->model());
        QCOMPARE(found.size(), copies(whole->model()).size());  // checkpoints hold the whole net
        for (const auto& [name, tensor] : copies(whole->model())) QVERIFY2(at::allclose(found.at(name), tensor, 1e-4, 1e-6), name.c_str());
        QCOMPARE(*kept.host.evaluations.back().second.accuracy, *tuning.host.evaluations.back().second.accuracy);
    }

    void featuresThatDoNotFitAreRefusedBeforeOneIsMade() {
        config::RunConfig config = shortRun("conv1.*, bn1.*");
        config.train.cacheFeatures = true;
        const data::Dataset data = test::pictures();
        const Bytes kept = plan::keptFeatures(config, plan::netOf(config, data.shape), data.shape, data.training->size() + data.validation->size());
        const auto made = [&](Bytes budget) {
            config.memory.budget = std::to_string(budget);
            tensor::resetPeak();
            (void)featuresOf(config, data, {}, at::kCPU);
        };
        const Bytes before = tensor::memoryCounts().liveTotal;
        EXPECT_REFUSED([&] { made(kept); }, "MEM-01", "train.cache_features");
        EXPECT_REFUSED([&] { made(kept + kMiB); }, "MEM-02", "single samples");
        QCOMPARE(tensor::memoryCounts().liveTotal, before);
    }
    /// The budget is that of both: what the allocator may hold is no more than it.
    void aRunOnKeptFeaturesStaysWithinItsBudget() {
        Tuning tuning;
        config::RunConfig config = shortRun("conv1.*, bn1.*");
        config.train.cacheFeatures = true;
        const data::Dataset data = test::pictures();
        const Bytes kept = plan::keptFeatures(config, plan::netOf(config, data.shape), data.shape, data.training->size() + data.validation->size());
        const Bytes budget = kept + 64 * kMiB;
        config.memory.budget = std::to_string(budget);
        const Bytes live = tensor::memoryCounts().live[static_cast<std::size_t>(plan::Kind::Batches)];
        tuning.dataset = featuresOf(config, data, {}, at::kCPU);
        QCOMPARE(tensor::memoryCounts().live[static_cast<std::size_t>(plan::Kind::Batches)] - live, kept);
        const auto trainer = tuning.trainer(config);
        QCOMPARE(trainer->features(), kept);
        QCOMPARE(trainer->budget(), budget);
        QVERIFY(tensor::memoryBudget() <= budget && tensor::memoryBudget() > kept);
        tensor::setMemoryBudget(0);
    }

    void aModelFileBringsItsWeights() {
        Tuning tuning;
        const auto trainer = tuning.trainer(fileRun(), modelFile(0.25F));
        QVERIFY(trainer->model().weights().front().eq(0.25).all().item<bool>());
        QCOMPARE(trainer->model().plain().name, std::string("foreign"));
        trainer->run();
        QVERIFY(!trainer->model().weights().front().eq(0.25).all().item<bool>());
    }
    void aResumedRunDoesNotAskTheFileForWeights() {
        Tuning tuning;
        const std::string once = [&] {
            Tuning other;
            return other.trainer(fileRun(), modelFile(0.25F))->run().weightsSha256;
        }();
        tuning.host.dieAfter = 7;
        QVERIFY_EXCEPTION_THROWN(tuning.trainer(fileRun(), modelFile(0.25F))->run(), test::Killed);
        tuning.host.dieAfter = -1;
        int asked = 0;
        const bool hasCheckpoint = Checkpoints(tuning.folder.path()).newest().has_value();
        QCOMPARE(tuning.trainer(fileRun(), modelFile(0.25F, &asked), true)->run().weightsSha256, once);
        QCOMPARE(asked, hasCheckpoint ? 0 : 1);
    }
    void weightsOfAnotherShapeAreRefused() {
        Tuning tuning;
        ModelFile file = modelFile(0.25F);
        file.weights = [](const graph::Graph&) { return std::vector{graph::HostTensor{"w", graph::DType::F32, {2}, std::vector<std::byte>(8)}}; };
        EXPECT_REFUSED([&] { (void)tuning.trainer(fileRun(), file); }, "CFG-09", "w|[64, 3]");
    }
    void aModelFileThatWasNotReadIsRefused() {
        Tuning tuning;
        EXPECT_REFUSED([&] { (void)tuning.trainer(fileRun()); }, "CFG-09", "has not been read");
    }
};

HEADROOM_TEST(FineTuning)
#include "tst_fine_tuning.moc"
