// SPDX-License-Identifier: Apache-2.0
#include "base/models/weight_names.h"

#include <algorithm>

#include "base/errors/error.h"
#include "base/models/weight_namings.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::models;

namespace {

std::vector<WantedTensor> wantedOf(std::string_view architecture, std::int64_t side = 224, std::int64_t classes = 1000) {
    return wantedTensors(build(architecture, test::pictures(3, side, classes)));
}

std::vector<WantedTensor> decoder() {
    return wantedTensors(build("gpt", test::text(17), {.width = 32, .layers = 2, .heads = 4}));
}

/// A file that has each tensor under another name; factors the other way round where `turned`.
template <class Rename>
std::vector<NamedShape> fileOf(const std::vector<WantedTensor>& net, bool turned, const Rename& rename) {
    std::vector<NamedShape> file;
    for (const WantedTensor& each : net) {
        std::vector<std::int64_t> shape = each.shape;
        if (turned && each.isFactor) std::ranges::reverse(shape);
        file.push_back({rename(each.name), std::move(shape)});
    }
    return file;
}
std::vector<NamedShape> fileOf(const std::vector<WantedTensor>& net, bool turned = false) {
    return fileOf(net, turned, [](const std::string& name) { return name; });
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
    return text;
}

bool isWhole(const WeightMap& map, std::size_t count) {
    return map.matches.size() == count && map.missing.empty() && map.surplus.empty() && map.misfits.empty() && map.fresh.empty();
}

const WeightMatch& matchOf(const WeightMap& map, std::string_view parameter) {
    return *std::ranges::find(map.matches, parameter, &WeightMatch::parameter);
}

}  // namespace

class TestWeightNames : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyNetFindsItsOwnNames() {
        for (const test::NetCase& each : test::everyNet()) {
            const auto net = wantedTensors(build(each.name, each.data, each.options));
            const WeightMap map = mapWeights(net, fileOf(net));
            QVERIFY2(isWhole(map, net.size()), each.name.c_str());
            QVERIFY(std::ranges::none_of(map.matches, &WeightMatch::isTransposed));
            QCOMPARE(map.naming, std::string("its own"));
        }
    }

    void prefixesOfWrappersAreLookedThrough() {
        const auto net = decoder();
        for (const std::string prefix : {"module.", "transformer.", "model.transformer.", "_orig_mod.module.model."})
            QVERIFY(isWhole(mapWeights(net, fileOf(net, false, [&](const std::string& name) { return prefix + name; })), net.size()));
    }

    void torchvisionsConvolutionalNetsAndTimmsTransformerHaveOurNames() {
        const auto has = [](std::string_view architecture, std::string_view name) {
            const auto net = wantedOf(architecture);
            return std::ranges::find(net, name, &WantedTensor::name) != net.end();
        };
        QVERIFY(has("resnet18", "layer2.0.downsample.1.running_var") && has("resnet50", "layer4.2.conv3.weight") && has("resnet34", "fc.bias"));
        QVERIFY(has("mobilenet_v2", "features.2.conv.1.0.weight") && has("mobilenet_v2", "features.1.conv.2.running_mean"));
        QVERIFY(has("mobilenet_v3_small", "features.1.block.1.fc1.bias") && has("efficientnet_b0", "features.4.2.block.3.1.weight"));
        QVERIFY(has("convnext_tiny", "features.5.8.layer_scale") && has("convnext_tiny", "features.6.1.weight"));
        QVERIFY(has("vit_tiny", "blocks.11.attn.qkv.weight") && has("vit_tiny", "patch_embed.proj.bias") && has("vit_small", "pos_embed"));
    }

    void matricesOfOtherProgramsAreTurnedAndSquareOnesWithThem() {
        const auto net = wantedOf("vit_tiny");
        const WeightMap map = mapWeights(net, fileOf(net, true));
        QVERIFY(isWhole(map, net.size()));
        QVERIFY(matchOf(map, "blocks.0.attn.qkv.weight").isTransposed);
        QVERIFY(matchOf(map, "blocks.0.attn.proj.weight").isTransposed);  // 192 x 192
        QVERIFY(!matchOf(map, "head.weight").isTransposed);
        QVERIFY(!matchOf(map, "blocks.0.attn.qkv.bias").isTransposed);
    }

    void theNamesOfHuggingFacesResnetAreKnown() {
        const auto net = wantedOf("resnet18");
        const auto file = fileOf(net, false, [](std::string name) {
            for (int stage = 4; stage >= 1; --stage)
                name = replaced(name, "layer" + std::to_string(stage) + ".", "resnet.encoder.stages." + std::to_string(stage - 1) + ".layers.");
            if (name.starts_with("resnet.")) {
                name = replaced(replaced(name, "downsample.0", "shortcut.convolution"), "downsample.1", "shortcut.normalization");
                for (int k = 1; k <= 2; ++k) {
                    name = replaced(name, "conv" + std::to_string(k), "layer." + std::to_string(k - 1) + ".convolution");
                    name = replaced(name, "bn" + std::to_string(k), "layer." + std::to_string(k - 1) + ".normalization");
                }
                return name;
            }
            name = replaced(replaced(name, "conv1.", "resnet.embedder.embedder.convolution."), "bn1.", "resnet.embedder.embedder.normalization.");
            return replaced(name, "fc.", "classifier.1.");
        });
        const WeightMap map = mapWeights(net, file);
        QVERIFY(isWhole(map, net.size()));
        QCOMPARE(map.naming, std::string("Hugging Face"));
    }

    void queriesKeysAndValuesThatLieApartAreJoined() {
        const auto net = wantedOf("vit_tiny");
        std::vector<NamedShape> file{{"vit.embeddings.cls_token", {1, 1, 192}}};
        for (const char* part : {"key", "query", "value"})
            file.push_back({"vit.encoder.layer.3.attention.attention." + std::string(part) + ".weight", {192, 192}});
        file.push_back({"vit.encoder.layer.3.intermediate.dense.weight", {768, 192}});
        file.push_back({"vit.encoder.layer.4.attention.attention.query.weight", {192, 192}});
        const WeightMap map = mapWeights(net, file);
        const WeightMatch& joined = matchOf(map, "blocks.3.attn.qkv.weight");
        QCOMPARE(joined.tensors.size(), std::size_t{3});
        QVERIFY(joined.tensors[0].find(".query.") != std::string::npos && joined.tensors[1].find(".key.") != std::string::npos);
        QVERIFY(joined.isTransposed);
        QCOMPARE(map.surplus, std::vector<std::string>{"vit.encoder.layer.4.attention.attention.query.weight"});  // alone
    }

    void theNamesOfTorchvisionsTransformerAreKnown() {
        const auto net = wantedOf("vit_tiny");
        const WeightMap map = mapWeights(net, {{"class_token", {1, 1, 192}}, {"encoder.pos_embedding", {1, 197, 192}},
                                               {"encoder.layers.encoder_layer_7.self_attention.in_proj_weight", {576, 192}},
                                               {"encoder.layers.encoder_layer_7.mlp.0.bias", {768}}, {"heads.head.bias", {1000}}});
        QCOMPARE(map.naming, std::string("torchvision"));
        QCOMPARE(map.matches.size(), std::size_t{5});
        QVERIFY(matchOf(map, "blocks.7.attn.qkv.weight").isTransposed);
        QCOMPARE(matchOf(map, "blocks.7.mlp.fc1.bias").tensors.front(), std::string("encoder.layers.encoder_layer_7.mlp.0.bias"));
    }

    void theNamesOfTimmsConvnextAreKnown() {
        const auto net = wantedOf("convnext_tiny");
        const WeightMap map = mapWeights(net, {{"stem.0.weight", {96, 3, 4, 4}}, {"stages.1.downsample.1.weight", {192, 96, 2, 2}},
                                               {"stages.2.blocks.8.conv_dw.weight", {384, 1, 7, 7}}, {"stages.2.blocks.8.mlp.fc1.weight", {1536, 384}},
                                               {"stages.0.blocks.1.gamma", {96}}, {"stages.0.blocks.1.norm.bias", {96}}, {"head.fc.bias", {1000}}});
        QCOMPARE(map.naming, std::string("timm"));
        QCOMPARE(map.matches.size(), std::size_t{7});
        QVERIFY(map.surplus.empty() && map.misfits.empty());
        QCOMPARE(matchOf(map, "features.5.8.block.0.weight").tensors.front(), std::string("stages.2.blocks.8.conv_dw.weight"));
        QVERIFY(matchOf(map, "features.5.8.block.3.weight").isTransposed);
    }

    /// timm's vision_transformer.py, torchvision's models at 224 x 224 and 1,000 classes; GPT-2's Conv1D is [inputs, outputs].
    void filesForOtherProgramsHaveTheirShapes_data() {
        QTest::addColumn<QString>("architecture");
        QTest::addColumn<QString>("naming");
        QTest::addColumn<QString>("shapes");
        QTest::newRow("ViT") << "vit_tiny" << "timm"
                             << "cls_token 1 1 192, pos_embed 1 197 192, patch_embed.proj.weight 192 3 16 16, blocks.0.attn.qkv.weight 576 192, "
                                "blocks.0.attn.proj.weight 192 192, blocks.11.mlp.fc1.weight 768 192, blocks.11.mlp.fc2.weight 192 768, "
                                "blocks.11.mlp.fc1.bias 768, norm.weight 192, head.weight 1000 192";
        QTest::newRow("larger ViT") << "vit_small" << "timm" << "blocks.5.attn.qkv.weight 1152 384, blocks.5.mlp.fc2.weight 384 1536, head.weight 1000 384";
        QTest::newRow("ConvNeXt") << "convnext_tiny" << "torchvision"
                                  << "features.0.0.weight 96 3 4 4, features.1.0.block.0.weight 96 1 7 7, features.1.0.block.2.weight 96, "
                                     "features.1.0.block.3.weight 384 96, features.1.0.block.5.weight 96 384, features.1.0.layer_scale 96 1 1, "
                                     "features.2.0.weight 96, features.2.1.weight 192 96 2 2, classifier.0.weight 768, classifier.2.weight 1000 768";
        QTest::newRow("ResNet") << "resnet50" << "torchvision"
                                << "conv1.weight 64 3 7 7, bn1.running_mean 64, layer1.0.downsample.0.weight 256 64 1 1, layer4.2.conv3.weight 2048 512 1 1, fc.weight 1000 2048";
        QTest::newRow("MobileNetV2") << "mobilenet_v2" << "torchvision"
                                     << "features.0.0.weight 32 3 3 3, features.18.0.weight 1280 320 1 1, classifier.1.weight 1000 1280";
        QTest::newRow("MobileNetV3") << "mobilenet_v3_small" << "torchvision"
                                     << "features.1.block.1.fc1.weight 8 16 1 1, features.1.block.1.fc2.bias 16, classifier.0.weight 1024 576, classifier.3.weight 1000 1024";
        QTest::newRow("EfficientNet") << "efficientnet_b0" << "torchvision"
                                      << "features.1.0.block.1.fc1.weight 8 32 1 1, features.8.0.weight 1280 320 1 1, classifier.1.weight 1000 1280";
    }
    void filesForOtherProgramsHaveTheirShapes() {
        QFETCH(QString, architecture);
        QFETCH(QString, naming);
        QFETCH(QString, shapes);
        QCOMPARE(std::string(namingOf(architecture.toStdString())), naming.toStdString());
        const graph::Graph net = build(architecture.toStdString(), test::pictures(3, 224, 1000));
        const std::vector<WantedTensor> all = wantedTensors(net);
        const std::set<std::string> turned = turnedFor(naming.toStdString(), net);
        for (const QString& row : shapes.split(", ")) {
            const QStringList words = row.split(' ');
            const auto found = std::ranges::find(all, words.front().toStdString(), &WantedTensor::name);
            QVERIFY2(found != all.end(), qPrintable(row));
            QStringList is{words.front()};
            std::vector<std::int64_t> shape = found->shape;
            if (turned.contains(found->name)) std::ranges::reverse(shape);
            for (const std::int64_t extent : shape) is << QString::number(extent);
            QCOMPARE(is.join(' '), row);
        }
    }
    void namesOfOurOwnAreNotTurned() {
        for (const char* own : {"mlp", "cnn", "resnet20", "lstm", "unet_small", "tabular_resnet"}) QVERIFY(namingOf(own).empty());
        QCOMPARE(std::string(namingOf("gpt")), std::string("Hugging Face"));
        QVERIFY(turnedFor("Hugging Face", build("gpt", test::text(17), {.width = 32, .layers = 2, .heads = 4})).empty());
        QVERIFY(turnedFor("", build("vit_tiny", test::pictures(3, 32))).empty());
    }

    void theHeadOfOtherClassesStaysNew() {
        const auto net = wantedOf("resnet18", 224, 10);
        const WeightMap map = mapWeights(net, fileOf(wantedOf("resnet18")));
        QCOMPARE(map.fresh, (std::vector<std::string>{"fc.weight", "fc.bias"}));
        QVERIFY(map.misfits.empty() && map.missing.empty());
        QCOMPARE(map.matches.size(), net.size() - 2);
    }

    void anotherShapeIsNamed() {
        const WeightMap map = mapWeights(wantedOf("resnet18", 32), fileOf(wantedOf("resnet18")));
        QCOMPARE(map.misfits.size(), std::size_t{1});
        QCOMPARE(map.misfits[0].parameter, std::string("conv1.weight"));
        QCOMPARE(map.misfits[0].wanted, (std::vector<std::int64_t>{64, 3, 3, 3}));
        QCOMPARE(map.misfits[0].found, (std::vector<std::int64_t>{64, 3, 7, 7}));
    }

    /// The table of tokens is the head of the decoder, too: it is not new for other tokens.
    void aTiedTableIsNoHead() {
        auto file = fileOf(decoder());
        file[0].shape[0] = 99;
        const WeightMap map = mapWeights(decoder(), file);
        QVERIFY(map.fresh.empty());
        QCOMPARE(map.misfits.size(), std::size_t{1});
    }

    void whatOneSideAloneHasIsListed() {
        auto file = fileOf(decoder());
        file[3].name = "somewhere.else";
        const WeightMap map = mapWeights(decoder(), file);
        QCOMPARE(map.missing, std::vector<std::string>{decoder()[3].name});
        QCOMPARE(map.surplus, std::vector<std::string>{"somewhere.else"});
        const WeightMap chosen = mapWeights(decoder(), file, {{decoder()[3].name, {"somewhere.else"}}});
        QVERIFY(isWhole(chosen, file.size()));
    }

    void partsThatDoNotJoinAreMisfits() {
        const std::vector<WantedTensor> net{{"w", {6, 4}}};
        for (const std::vector<std::int64_t>& other : {std::vector<std::int64_t>{3, 5}, {3}, {3, 4, 1}, {}}) {
            const WeightMap map = mapWeights(net, {{"a", {3, 4}}, {"b", other}}, {{"w", {"a", "b"}}});
            QVERIFY(map.matches.empty());
            QCOMPARE(map.misfits.size(), std::size_t{1});
            QCOMPARE(map.misfits[0].tensor, std::string("b"));
            QCOMPARE(map.misfits[0].found, other);
        }
        QVERIFY(isWhole(mapWeights(net, {{"a", {3, 4}}, {"b", {3, 4}}}, {{"w", {"a", "b"}}}), 1));
    }

    void aChoiceIsReadAndWrittenAsJson() {
        const ChosenWeights chosen = chosenFromJson(nlohmann::json::parse(R"({"a": "b", "c": ["d", "e"], "f": null})"), "map.json");
        QCOMPARE(chosen, (ChosenWeights{{"a", {"b"}}, {"c", {"d", "e"}}, {"f", {}}}));
        for (const char* wrong : {"[]", "3", R"({"a": 3})", R"({"a": []})", R"({"a": [null]})", R"({"a": {"b": "c"}})"})
            QVERIFY_THROWS_EXCEPTION(Error, chosenFromJson(nlohmann::json::parse(wrong), "map.json"));
        const auto net = decoder();
        auto file = fileOf(net);
        file.erase(file.begin() + 3);
        const nlohmann::ordered_json choice = toChoice(mapWeights(net, file));
        QCOMPARE(choice.size(), net.size());
        QVERIFY(choice.at(net[3].name).is_null());
        QCOMPARE(mapWeights(net, file, chosenFromJson(choice, "map.json")).fresh, std::vector<std::string>{net[3].name});
    }

    void aChoiceOfWhatIsNotThereIsListed() {
        const auto file = fileOf(decoder());
        const WeightMap map = mapWeights(decoder(), file, {{"no.such", {"wte.weight"}}, {"wpe.weight", {"nowhere"}}});
        QCOMPARE(map.unknown, (std::vector<std::string>{"no.such", "nowhere"}));
        QCOMPARE(toJson(map).at("unknown").size(), std::size_t{2});
    }

    void longNamesAreNoPlacesOfAList() {
        const WeightMap map = mapWeights(wantedOf("resnet18"), {{"encoder.stages.99999999999999999999.layers.0.layer.0.convolution.weight", {1}}});
        QCOMPARE(map.surplus.size(), std::size_t{1});
    }
};

HEADROOM_TEST(TestWeightNames)
#include "tst_weight_names.moc"
