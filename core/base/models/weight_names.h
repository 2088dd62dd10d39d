// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph/graph.h"

/// Which tensors of a file are which parameters of a net.
namespace headroom::models {

struct NamedShape {
    std::string name;
    std::vector<std::int64_t> shape;
};

/// A parameter or buffer that wants its content from a file.
struct WantedTensor {
    std::string name;
    std::vector<std::int64_t> shape;
    bool isFactor = false;  ///< the second input of a MatMul: [inputs, outputs], where other programs have [outputs, inputs]
    bool isHead = false;    ///< of the layer that gives the logits, and of no other: new for other classes
};
/// All parameters and buffers of a net.
std::vector<WantedTensor> wantedTensors(const graph::Graph& net);
/// Names of those that are WantedTensor::isHead.
std::set<std::string> headOf(const graph::Graph& net);

/// Names of the matrices that the programs of a naming (namingOf()) have the other way round than the net: those of linear layers as
/// [outputs, inputs] at timm and torchvision; at Hugging Face none, since GPT-2 has them as the net has.
std::set<std::string> turnedFor(std::string_view naming, const graph::Graph& net);

struct WeightMatch {
    std::string parameter;
    std::vector<std::string> tensors;  ///< one, or several that are joined along their first dimension
    bool isTransposed = false;         ///< the file has the matrix the other way round
};
/// Of the same name and another shape; of several that are to be joined the one that does not fit to those before it.
struct WeightMisfit {
    std::string parameter, tensor;
    std::vector<std::int64_t> wanted, found;
};

/// The tensors of a file that a parameter is made of, by the parameter's name: joined along their first dimension; of none = it
/// stays as initialised.
using ChosenWeights = std::map<std::string, std::vector<std::string>>;

struct WeightMap {
    std::string naming;  ///< whose names the file has: "its own", "Hugging Face", "torchvision", "timm"
    std::vector<WeightMatch> matches;
    std::vector<std::string> fresh;      ///< stay as initialised: of the head, missing or of another shape, or by choice
    std::vector<std::string> missing;    ///< parameters and buffers that the file does not have
    std::vector<std::string> surplus;    ///< tensors of the file that the net does not have
    std::vector<WeightMisfit> misfits;
    std::vector<std::string> unknown;    ///< names in `chosen` that neither net nor file has
};

/// Finds names as they are; behind the prefixes `module.`, `model.`, `transformer.`, `vit.`, `resnet.`, `backbone.`,
/// `_orig_mod.`; and as Hugging Face (GPT-2, ViT, ResNet), torchvision (ViT) and timm (ConvNeXt) have them, whichever gives the
/// most. Shapes may differ in dimensions of 1. Factors are transposed where those of the file that are not square stand the
/// other way round, square ones with them. `chosen` goes before what is found.
WeightMap mapWeights(const std::vector<WantedTensor>& net, const std::vector<NamedShape>& file,
                     const ChosenWeights& chosen = {});

/// {"naming", "matches": [{"parameter", "tensors", "transposed"}], "fresh", "missing", "surplus", "misfits": [{"parameter", "tensor",
/// "wanted", "found"}], "unknown"}
nlohmann::ordered_json toJson(const WeightMap& map);

/// Of {"our.name": "their.name"}, a list of names where several are joined, null where it stays as initialised. Throws CFG-04, with
/// `subject` the document's name.
ChosenWeights chosenFromJson(const nlohmann::json& document, const std::string& subject);
/// What was found in that form, to be edited: null where nothing was.
nlohmann::ordered_json toChoice(const WeightMap& map);

}  // namespace headroom::models
