// SPDX-License-Identifier: Apache-2.0
#include "base/models/weight_namings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <vector>

namespace headroom::models {
namespace {

/// A pattern of their names and ours for it: `$1` is what the first group holds, `$1+1` the number after it.
struct Rule {
    std::string_view theirs, ours;
    int part = 0, parts = 1;
};

std::string filled(std::string_view ours, const std::smatch& groups) {
    std::string out;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (ours[i] != '$') {
            out += ours[i];
            continue;
        }
        const std::string group = groups[static_cast<std::size_t>(ours[++i] - '0')].str();
        const bool isNext = ours.substr(i + 1).starts_with("+1");
        out += isNext ? fmt::format("{}", std::stoi(group) + 1) : group;
        if (isNext) i += 2;
    }
    return out;
}

template <const auto& rules>
std::optional<OurName> firstOf(const std::string& theirs) {
    static const std::vector<std::regex> patterns = [] {
        std::vector<std::regex> made;
        for (const Rule& rule : rules) made.emplace_back(std::string(rule.theirs));
        return made;
    }();
    std::smatch groups;
    for (std::size_t i = 0; i < rules.size(); ++i)
        if (std::regex_match(theirs, groups, patterns[i])) return OurName{filled(rules[i].ours, groups), rules[i].part, rules[i].parts};
    return std::nullopt;
}

std::optional<OurName> own(const std::string& name) { return OurName{name}; }

// GPT-2's are ours but for the prefix. Numbers of at most four digits: others are no places of a list.
constexpr auto kHuggingFace = std::to_array<Rule>({
    // ResNet (transformers, modeling_resnet.py)
    {R"(embedder\.embedder\.convolution\.(.+))", "conv1.$1"},
    {R"(embedder\.embedder\.normalization\.(.+))", "bn1.$1"},
    {R"(encoder\.stages\.(\d{1,4})\.layers\.(\d{1,4})\.shortcut\.convolution\.(.+))", "layer$1+1.$2.downsample.0.$3"},
    {R"(encoder\.stages\.(\d{1,4})\.layers\.(\d{1,4})\.shortcut\.normalization\.(.+))", "layer$1+1.$2.downsample.1.$3"},
    {R"(encoder\.stages\.(\d{1,4})\.layers\.(\d{1,4})\.layer\.(\d{1,4})\.convolution\.(.+))", "layer$1+1.$2.conv$3+1.$4"},
    {R"(encoder\.stages\.(\d{1,4})\.layers\.(\d{1,4})\.layer\.(\d{1,4})\.normalization\.(.+))", "layer$1+1.$2.bn$3+1.$4"},
    {R"(classifier\.1\.(.+))", "fc.$1"},
    // ViT (modeling_vit.py)
    {R"(embeddings\.cls_token)", "cls_token"},
    {R"(embeddings\.position_embeddings)", "pos_embed"},
    {R"(embeddings\.patch_embeddings\.projection\.(.+))", "patch_embed.proj.$1"},
    {R"(encoder\.layer\.(\d{1,4})\.attention\.attention\.query\.(.+))", "blocks.$1.attn.qkv.$2", 0, 3},
    {R"(encoder\.layer\.(\d{1,4})\.attention\.attention\.key\.(.+))", "blocks.$1.attn.qkv.$2", 1, 3},
    {R"(encoder\.layer\.(\d{1,4})\.attention\.attention\.value\.(.+))", "blocks.$1.attn.qkv.$2", 2, 3},
    {R"(encoder\.layer\.(\d{1,4})\.attention\.output\.dense\.(.+))", "blocks.$1.attn.proj.$2"},
    {R"(encoder\.layer\.(\d{1,4})\.intermediate\.dense\.(.+))", "blocks.$1.mlp.fc1.$2"},
    {R"(encoder\.layer\.(\d{1,4})\.output\.dense\.(.+))", "blocks.$1.mlp.fc2.$2"},
    {R"(encoder\.layer\.(\d{1,4})\.layernorm_before\.(.+))", "blocks.$1.norm1.$2"},
    {R"(encoder\.layer\.(\d{1,4})\.layernorm_after\.(.+))", "blocks.$1.norm2.$2"},
    {R"(layernorm\.(.+))", "norm.$1"},
    {R"(classifier\.(weight|bias))", "head.$1"},
});

// Of its convolutional nets the names are ours.
constexpr auto kTorchvision = std::to_array<Rule>({
    {R"(class_token)", "cls_token"},
    {R"(conv_proj\.(.+))", "patch_embed.proj.$1"},
    {R"(encoder\.pos_embedding)", "pos_embed"},
    {R"(encoder\.layers\.encoder_layer_(\d{1,4})\.ln_(\d)\.(.+))", "blocks.$1.norm$2.$3"},
    {R"(encoder\.layers\.encoder_layer_(\d{1,4})\.self_attention\.in_proj_(weight|bias))", "blocks.$1.attn.qkv.$2"},
    {R"(encoder\.layers\.encoder_layer_(\d{1,4})\.self_attention\.out_proj\.(.+))", "blocks.$1.attn.proj.$2"},
    {R"(encoder\.layers\.encoder_layer_(\d{1,4})\.mlp\.(?:0|linear_1)\.(.+))", "blocks.$1.mlp.fc1.$2"},
    {R"(encoder\.layers\.encoder_layer_(\d{1,4})\.mlp\.(?:3|linear_2)\.(.+))", "blocks.$1.mlp.fc2.$2"},
    {R"(encoder\.ln\.(.+))", "norm.$1"},
    {R"(heads\.head\.(.+))", "head.$1"},
});

// Of its ViT and ResNet the names are ours. Between two stages of its ConvNeXt stands the later one's downsample.
constexpr auto kTimm = std::to_array<Rule>({
    {R"(stem\.(\d)\.(.+))", "features.0.$1.$2"},
    {R"(stages\.1\.downsample\.(\d)\.(.+))", "features.2.$1.$2"},
    {R"(stages\.2\.downsample\.(\d)\.(.+))", "features.4.$1.$2"},
    {R"(stages\.3\.downsample\.(\d)\.(.+))", "features.6.$1.$2"},
    {R"(stages\.0\.blocks\.(.+))", "features.1.$1"},
    {R"(stages\.1\.blocks\.(.+))", "features.3.$1"},
    {R"(stages\.2\.blocks\.(.+))", "features.5.$1"},
    {R"(stages\.3\.blocks\.(.+))", "features.7.$1"},
    {R"(head\.norm\.(.+))", "classifier.0.$1"},
    {R"(head\.fc\.(.+))", "classifier.2.$1"},
});
constexpr auto kTimmBlock = std::to_array<Rule>({
    {R"((.+)\.conv_dw\.(.+))", "$1.block.0.$2"},
    {R"((features\.\d\.\d+)\.norm\.(.+))", "$1.block.2.$2"},
    {R"((.+)\.mlp\.fc1\.(.+))", "$1.block.3.$2"},
    {R"((.+)\.mlp\.fc2\.(.+))", "$1.block.5.$2"},
    {R"((.+)\.gamma)", "$1.layer_scale"},
});

std::optional<OurName> huggingFace(const std::string& theirs) { return firstOf<kHuggingFace>(theirs); }
std::optional<OurName> torchvision(const std::string& theirs) { return firstOf<kTorchvision>(theirs); }
std::optional<OurName> timm(const std::string& theirs) {
    const std::optional<OurName> whole = firstOf<kTimm>(theirs);
    if (!whole) return std::nullopt;
    const std::optional<OurName> inBlock = firstOf<kTimmBlock>(whole->name);
    return inBlock ? inBlock : whole;
}

constexpr std::array kNamings{Naming{"its own", own}, Naming{"Hugging Face", huggingFace}, Naming{"torchvision", torchvision}, Naming{"timm", timm}};

struct Followed {
    std::string_view architecture, naming;
};
constexpr auto kFollowed = std::to_array<Followed>({{"resnet18", "torchvision"}, {"resnet34", "torchvision"}, {"resnet50", "torchvision"},
                                                    {"mobilenet_v2", "torchvision"}, {"mobilenet_v3_small", "torchvision"},
                                                    {"efficientnet_b0", "torchvision"}, {"convnext_tiny", "torchvision"},
                                                    {"vit_tiny", "timm"}, {"vit_small", "timm"},
                                                    {"gpt_mini", "Hugging Face"}, {"gpt", "Hugging Face"}});
constexpr auto kPrefixes = std::to_array<std::string_view>({"module.", "model.", "transformer.", "vit.", "resnet.", "backbone.", "_orig_mod."});

}  // namespace

std::span<const Naming> knownNamings() { return kNamings; }

std::string_view namingOf(std::string_view architecture) {
    const auto followed = std::ranges::find(kFollowed, architecture, &Followed::architecture);
    return followed == kFollowed.end() ? std::string_view() : followed->naming;
}

std::string withoutPrefixes(std::string name) {
    for (std::size_t i = 0; i < kPrefixes.size();) {
        const bool has = name.starts_with(kPrefixes[i]);
        if (has) name.erase(0, kPrefixes[i].size());
        i = has ? 0 : i + 1;
    }
    return name;
}

}  // namespace headroom::models
