// SPDX-License-Identifier: Apache-2.0
#include "base/models/weight_names.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/errors/error.h"
#include "base/graph/op_entry.h"
#include "base/graph/ops/elementwise.h"
#include "base/graph/ops/linear.h"
#include "base/models/weight_namings.h"

namespace headroom::models {
namespace {

using graph::ValueId;
using Shape = std::vector<std::int64_t>;

/// The tensors of a file that a parameter is made of, in their order; null where one is absent.
struct Source {
    std::vector<const NamedShape*> parts;
    bool isWhole() const { return std::ranges::count(parts, nullptr) == 0; }
};
using Sources = std::map<std::string, Source>;

Shape withoutOnes(Shape shape) {
    std::erase(shape, 1);
    return shape;
}

bool joins(const Shape& first, const Shape& other) {
    return !first.empty() && !other.empty() && std::ranges::equal(first.begin() + 1, first.end(), other.begin() + 1, other.end());
}

/// The first part that cannot be joined to those before it; null where all can.
const NamedShape* stranger(const Source& source) {
    for (std::size_t i = 1; i < source.parts.size(); ++i)
        if (!joins(source.parts.front()->shape, source.parts[i]->shape)) return source.parts[i];
    return nullptr;
}

/// Of the parts, joined along the first dimension.
Shape joinedShape(const Source& source) {
    Shape shape = source.parts.front()->shape;
    for (std::size_t i = 1; i < source.parts.size(); ++i) shape.front() += source.parts[i]->shape.front();
    return shape;
}

Shape reversed(Shape shape) {
    std::ranges::reverse(shape);
    return shape;
}

/// What a naming makes of the file: by our names.
Sources translated(const Naming& naming, const std::vector<NamedShape>& file, const std::set<std::string>& wanted) {
    Sources sources;
    for (const NamedShape& tensor : file) {
        const bool isOurs = wanted.contains(tensor.name);
        const std::optional<OurName> ours = naming.translate(isOurs ? tensor.name : withoutPrefixes(tensor.name));
        if (!ours || !wanted.contains(ours->name)) continue;
        Source& source = sources[ours->name];
        source.parts.resize(std::max(source.parts.size(), static_cast<std::size_t>(ours->parts)), nullptr);
        source.parts[static_cast<std::size_t>(ours->part)] = &tensor;
    }
    std::erase_if(sources, [](const auto& entry) { return !entry.second.isWhole(); });
    return sources;
}

/// Puts the choice in place of what was found; parameters that stay as they are leave `sources`.
void choose(Sources& sources, const std::vector<NamedShape>& file, const std::set<std::string>& wanted, const ChosenWeights& chosen, WeightMap& map) {
    for (const auto& [parameter, tensors] : chosen) {
        Source source;
        for (const std::string& tensor : tensors) {
            const auto found = std::ranges::find(file, tensor, &NamedShape::name);
            if (found == file.end()) map.unknown.push_back(tensor);
            else source.parts.push_back(&*found);
        }
        if (!wanted.contains(parameter)) map.unknown.push_back(parameter);
        else if (tensors.empty()) sources.erase(parameter);
        else if (source.parts.size() == tensors.size()) sources[parameter] = std::move(source);
    }
}

/// Whether the file has factors the other way round: those that are not square say so.
bool turnsFactors(const std::vector<WantedTensor>& net, const Sources& sources) {
    for (const WantedTensor& wanted : net) {
        const auto source = sources.find(wanted.name);
        if (!wanted.isFactor || source == sources.end() || stranger(source->second)) continue;
        const Shape found = joinedShape(source->second);
        if (found != wanted.shape && found == reversed(wanted.shape)) return true;
    }
    return false;
}

void place(const WantedTensor& wanted, const Source& source, bool turned, WeightMap& map) {
    if (const NamedShape* part = stranger(source)) {
        map.misfits.push_back({wanted.name, part->name, wanted.shape, part->shape});
        return;
    }
    const Shape found = joinedShape(source);
    const bool isTransposed = wanted.isFactor && turned && found == reversed(wanted.shape);
    if (isTransposed || withoutOnes(found) == withoutOnes(wanted.shape)) {
        std::vector<std::string> names;
        for (const NamedShape* part : source.parts) names.push_back(part->name);
        map.matches.push_back({wanted.name, std::move(names), isTransposed});
    } else if (wanted.isHead) {
        map.fresh.push_back(wanted.name);
    } else {
        map.misfits.push_back({wanted.name, source.parts.front()->name, wanted.shape, found});
    }
}

}  // namespace

std::vector<WantedTensor> wantedTensors(const graph::Graph& net) {
    std::map<ValueId, int> readers;
    std::set<ValueId> factors, head;
    for (const graph::Node& node : net.nodes())
        for (const ValueId id : node.inputs) ++readers[id];
    for (const graph::Node& node : net.nodes())
        if (node.op == &graph::kMatMul) factors.insert(node.inputs[1]);
    graph::NodeId last = net.outputs().empty() ? graph::kNone : net.value(net.outputs().front()).producer;
    while (last != graph::kNone) {
        const graph::Node& node = net.node(last);
        head.insert(node.inputs.begin(), node.inputs.end());
        last = node.op == &graph::kAdd ? net.value(node.inputs[0]).producer : graph::kNone;
    }
    std::vector<WantedTensor> wanted;
    for (const auto& ids : {net.parameters(), net.buffers()})
        for (const ValueId id : ids)
            wanted.push_back({net.value(id).name, graph::resolved(net.value(id).type.shape, {}), factors.contains(id),
                              head.contains(id) && readers[id] == 1});
    return wanted;
}

std::set<std::string> headOf(const graph::Graph& net) {
    std::set<std::string> names;
    for (const WantedTensor& each : wantedTensors(net))
        if (each.isHead) names.insert(each.name);
    return names;
}

std::set<std::string> turnedFor(std::string_view naming, const graph::Graph& net) {
    std::set<std::string> names;
    if (naming != "timm" && naming != "torchvision") return names;
    for (const WantedTensor& each : wantedTensors(net))
        if (each.isFactor && each.shape.size() == 2) names.insert(each.name);
    return names;
}

WeightMap mapWeights(const std::vector<WantedTensor>& net, const std::vector<NamedShape>& file,
                     const ChosenWeights& chosen) {
    std::set<std::string> names, used;
    for (const WantedTensor& wanted : net) names.insert(wanted.name);
    WeightMap map;
    Sources sources;
    for (const Naming& naming : knownNamings()) {
        Sources found = translated(naming, file, names);
        if (!map.naming.empty() && found.size() <= sources.size()) continue;
        sources = std::move(found);
        map.naming = naming.title;
    }
    choose(sources, file, names, chosen, map);
    const bool turned = turnsFactors(net, sources);
    for (const WantedTensor& wanted : net) {
        const auto source = sources.find(wanted.name);
        const auto choice = chosen.find(wanted.name);
        const bool staysNew = wanted.isHead || (choice != chosen.end() && choice->second.empty());
        if (source != sources.end()) place(wanted, source->second, turned, map);
        else (staysNew ? map.fresh : map.missing).push_back(wanted.name);
    }
    for (const auto& [name, source] : sources)
        for (const NamedShape* part : source.parts) used.insert(part->name);
    for (const NamedShape& tensor : file)
        if (!used.contains(tensor.name)) map.surplus.push_back(tensor.name);
    return map;
}

nlohmann::ordered_json toJson(const WeightMap& map) {
    nlohmann::ordered_json matches = nlohmann::ordered_json::array(), misfits = matches;
    for (const WeightMatch& each : map.matches)
        matches.push_back({{"parameter", each.parameter}, {"tensors", each.tensors}, {"transposed", each.isTransposed}});
    for (const WeightMisfit& each : map.misfits)
        misfits.push_back({{"parameter", each.parameter}, {"tensor", each.tensor}, {"wanted", each.wanted}, {"found", each.found}});
    return {{"naming", map.naming}, {"matches", matches}, {"fresh", map.fresh}, {"missing", map.missing},
            {"surplus", map.surplus}, {"misfits", misfits}, {"unknown", map.unknown}};
}

ChosenWeights chosenFromJson(const nlohmann::json& document, const std::string& subject) {
    const auto refuse = [&](const std::string& found) {
        throw Error(Failure{Code::Cfg04, subject, "the map of names cannot be read", found, "{\"ours\": \"theirs\"}, a list of names or null", {}});
    };
    if (!document.is_object()) refuse(document.type_name());
    ChosenWeights chosen;
    for (const auto& [ours, theirs] : document.items()) {
        std::vector<std::string>& names = chosen[ours];
        if (theirs.is_null()) continue;
        const nlohmann::json list = theirs.is_array() ? theirs : nlohmann::json::array({theirs});
        for (const nlohmann::json& name : list) {
            if (!name.is_string()) refuse(escaped(ours) + ": " + name.type_name());
            names.push_back(name.get<std::string>());
        }
        if (names.empty()) refuse(escaped(ours) + ": an empty list");
    }
    return chosen;
}

nlohmann::ordered_json toChoice(const WeightMap& map) {
    auto choice = nlohmann::ordered_json::object();
    for (const WeightMatch& each : map.matches)
        choice[each.parameter] = each.tensors.size() == 1 ? nlohmann::ordered_json(each.tensors.front()) : nlohmann::ordered_json(each.tensors);
    for (const WeightMisfit& each : map.misfits) choice[each.parameter] = each.tensor;
    for (const auto& names : {map.fresh, map.missing})
        for (const std::string& name : names) choice[name] = nullptr;
    return choice;
}

}  // namespace headroom::models
