// SPDX-License-Identifier: Apache-2.0
#include "engine/train/named_weights.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>

#include "base/models/weight_names.h"
#include "base/models/weight_namings.h"
#include "core/base/graph/nets.h"
#include "engine/deploy/weight_bytes.h"
#include "engine/formats/safetensors.h"
#include "engine/tensor/bridge.h"
#include "engine/tensor/memory.h"
#include "engine/train/model.h"
#include "support/refusal.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::train;

namespace {

std::map<std::string, at::Tensor> copies(const Model& model) {
    std::map<std::string, at::Tensor> all;
    for (const NamedTensor& each : model.named()) all.emplace(each.name, each.tensor.clone());
    return all;
}

config::RunConfig configOf(const test::NetCase& net) {
    config::RunConfig config;
    config.model.arch = net.name;
    config.model.width = net.options.width;
    config.model.layers = net.options.layers;
    config.model.heads = net.options.heads;
    return config;
}

std::filesystem::path writeWeights(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors) {
    std::vector<std::vector<std::byte>> bytes;
    std::vector<formats::StView> views;
    for (const auto& [name, tensor] : tensors) {
        bytes.push_back(tensor::toBytes(tensor));
        views.push_back({{name, formats::StType::F32, tensor.sizes().vec()}, bytes.back()});
    }
    formats::writeSafetensors(path, views);
    return path;
}

/// The model that a run with this configuration begins with.
std::unique_ptr<Model> begun(const config::RunConfig& config, const models::DataShape& data) {
    const test::TemporaryFolder folder;
    return std::make_unique<Model>(config, data, at::kCPU, modelFileOf(config, folder.path() / "graph.json", folder.path()).weights);
}

}  // namespace

/// `model.weights` and `model.weights_map`.
class NamedWeights : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { tensor::installAllocator(); }

    void weightsOfEveryArchitectureComeBackBitForBit_data() {
        QTest::addColumn<int>("net");
        const auto nets = test::everyNet();
        for (std::size_t i = 0; i < nets.size(); ++i) QTest::newRow(nets[i].name.c_str()) << static_cast<int>(i);
    }
    /// As they are exported: where other programs have the net, too, the file is shaped as they want it.
    void weightsOfEveryArchitectureComeBackBitForBit() {
        QFETCH(int, net);
        const test::NetCase wanted = test::everyNet()[static_cast<std::size_t>(net)];
        config::RunConfig config = configOf(wanted);
        const Model first(config, wanted.data, at::kCPU);
        const test::TemporaryFolder folder;
        const deploy::WeightBytes file(first, models::turnedFor(models::namingOf(wanted.name), first.plain()));
        formats::writeSafetensors(folder.path() / "model.safetensors", file.views());
        config.model.weights = (folder.path() / "model.safetensors").string();
        config.train.seed = 2;
        const std::unique_ptr<Model> second = begun(config, wanted.data);
        const std::vector<NamedTensor> all = first.named(), again = second->named();
        for (std::size_t i = 0; i < all.size(); ++i) QVERIFY2(at::equal(all[i].tensor, again[i].tensor), all[i].name.c_str());
    }
    void weightsAreJoinedAndTurnedAsTheMapSays() {
        const test::NetCase small{"gpt", test::text(17), {.width = 8, .layers = 1, .heads = 2}};
        config::RunConfig config = configOf(small);
        const Model model(config, small.data, at::kCPU);
        const test::TemporaryFolder folder;
        std::map<std::string, at::Tensor> file = copies(model);
        const at::Tensor whole = at::randn({24, 8});  // [outputs, inputs], where we have [inputs, outputs]
        file.erase("h.0.attn.c_attn.weight");
        for (int i = 0; i < 3; ++i) file["part" + std::to_string(i)] = whole.slice(0, 8L * i, 8L * i + 8).contiguous();
        config.model.weights = writeWeights(folder.path() / "weights.safetensors", file).string();
        const auto begin = [&] { return copies(*begun(config, small.data)); };
        EXPECT_REFUSED(begin, "CFG-09", "model.weights|lacks 1 weights|h.0.attn.c_attn.weight|model.weights_map");
        config.model.weightsMap = folder.write("map.json", R"({"h.0.attn.c_attn.weight": ["part0", "part1", "part2"]})").string();
        QVERIFY(at::equal(begin().at("h.0.attn.c_attn.weight"), whole.t()));
        folder.write("map.json", R"({"h.0.attn.c_attn.weight": null})");
        QVERIFY(!begin().empty());
        folder.write("map.json", R"({"h.0.attn.c_attn.weight": 3})");
        EXPECT_REFUSED(begin, "CFG-04", "map.json|number");
        folder.write("map.json", R"({"h.0.attn.c_attn.weight": "part0"})");
        EXPECT_REFUSED(begin, "CFG-09", "another shape|part0 [8, 8] in place of [8, 24]");
        folder.write("map.json", R"({"h.0.attn.c_attn.weight": "nowhere"})");
        EXPECT_REFUSED(begin, "CFG-09", "neither in the net nor in the file|nowhere");
    }
    /// The file has the net's own weights; what low ranks add is drawn.
    void updatesOfLowRankAreNotLookedFor() {
        const test::NetCase small{"gpt", test::text(17), {.width = 8, .layers = 1, .heads = 2}};
        config::RunConfig config = configOf(small);
        const test::TemporaryFolder folder;
        const auto first = copies(Model(config, small.data, at::kCPU));
        config.model.weights = writeWeights(folder.path() / "weights.safetensors", first).string();
        config.train.seed = 2;
        config.model.lora.rank = 2;
        const auto again = copies(*begun(config, small.data));
        QVERIFY(again.size() > first.size());
        for (const auto& [name, tensor] : first) QVERIFY2(at::equal(tensor, again.at(name)), name.c_str());
    }
    /// All but the head comes from the file.
    void aHeadForOtherClassesStaysNew() {
        const test::NetCase net{"mlp", test::table(12, 5), {}};
        config::RunConfig config = configOf(net);
        const test::TemporaryFolder folder;
        const auto first = copies(Model(config, net.data, at::kCPU));
        config.model.weights = writeWeights(folder.path() / "weights.safetensors", first).string();
        config.train.seed = 2;
        const auto drawn = copies(Model(config, test::table(12, 3), at::kCPU));
        for (const auto& [name, tensor] : copies(*begun(config, test::table(12, 3)))) {
            const bool isHead = name.starts_with("logits");
            QVERIFY2(at::equal(tensor, (isHead ? drawn : first).at(name)), name.c_str());
        }
    }
};

HEADROOM_TEST(NamedWeights)
#include "tst_named_weights.moc"
