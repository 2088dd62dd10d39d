// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <optional>

#include "base/errors/error.h"
#include "base/graph/document.h"
#include "base/graph/document_words.h"
#include "base/graph/op_entry.h"

namespace headroom::graph {
namespace {

using nlohmann::json;

constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;  ///< of one value, a named dimension counted as 1
constexpr std::size_t kMaxRank = 32;

[[noreturn]] void refuse(Code code, std::string place, std::string problem, std::string found = {}, std::string allowed = {}) {
    throw Error(Failure{code, place.empty() ? "model" : std::move(place), std::move(problem), std::move(found), std::move(allowed), {}});
}

/// A part of the document. It knows the part around it, which has to outlive it, so that its place need not be spelled out
/// before something is wrong there.
class Part {
public:
    explicit Part(const json& value) : m_value(value) {}

    const json& value() const { return m_value; }
    std::string place() const {
        if (!m_around) return {};
        const std::string own = m_key.empty() ? fmt::format("{}", m_index) : std::string(m_key), before = m_around->place();
        return before.empty() ? own : fmt::format("{}/{}", before, own);
    }

    [[noreturn]] void refuseType(std::string_view wanted) const {
        refuse(Code::Cfg04, place(), "of the wrong type", m_value.type_name(), fmt::format("{} needed", wanted));
    }
    [[noreturn]] void refuseRange(std::string found, std::string allowed) const {
        refuse(Code::Cfg04, place(), "out of range", std::move(found), std::move(allowed));
    }

    /// The members of an object, all of them and nothing else.
    void expect(std::initializer_list<std::string_view> keys) const {
        if (!m_value.is_object()) refuseType("an object");
        for (const auto& [key, member] : m_value.items())
            if (std::ranges::find(keys, key) == keys.end()) refuse(Code::Cfg07, place(), "an unknown key", escaped(key));
        for (const std::string_view key : keys)
            if (!m_value.contains(key)) refuse(Code::Cfg04, place(), "a key is missing", std::string(key));
    }
    Part at(std::string_view key) const { return {m_value.find(key).value(), *this, key, 0}; }
    bool has(std::string_view key) const { return m_value.is_object() && m_value.contains(key); }
    std::size_t size() const {
        if (!m_value.is_array()) refuseType("a list");
        return m_value.size();
    }
    Part at(std::size_t index) const { return {m_value[index], *this, {}, index}; }

    std::int64_t integer() const {
        const bool isTooLarge = m_value.is_number_unsigned() && m_value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (!m_value.is_number_integer() || isTooLarge) refuseType("a whole number of 64 bits");
        return m_value.get<std::int64_t>();
    }
    std::int64_t integer(std::int64_t least, std::int64_t most) const {
        const std::int64_t number = integer();
        if (number < least || number > most) refuseRange(fmt::format("{}", number), fmt::format("{} to {} allowed", least, most));
        return number;
    }
    bool truth() const {
        if (!m_value.is_boolean()) refuseType("true or false");
        return m_value.get<bool>();
    }
    double real() const {
        if (m_value == "nan") return std::numeric_limits<double>::quiet_NaN();
        if (m_value == "inf") return std::numeric_limits<double>::infinity();
        if (m_value == "-inf") return -std::numeric_limits<double>::infinity();
        if (!m_value.is_number()) refuseType("a number, or one of nan, inf, -inf");
        return m_value.get<double>();
    }
    std::string text() const {
        if (m_value.is_string()) return m_value.get<std::string>();
        if (!m_value.is_object()) refuseType("a text");
        expect({"hex"});
        return at("hex").bytes();
    }
    template <std::size_t n>
    std::size_t oneOf(const std::array<std::string_view, n>& words) const {
        const std::string word = text();
        const auto found = std::ranges::find(words, word);
        if (found == words.end()) refuseRange(escaped(word), fmt::format("{} allowed", fmt::join(words, ", ")));
        return static_cast<std::size_t>(found - words.begin());
    }
    template <typename Read>
    auto list(Read read) const {
        std::vector<decltype(read(*this))> items;
        items.reserve(size());
        for (std::size_t i = 0; i < size(); ++i) items.push_back(read(at(i)));
        return items;
    }
    std::vector<std::int64_t> integers() const {
        return list([](const Part& part) { return part.integer(); });
    }
    std::vector<double> reals() const {
        return list([](const Part& part) { return part.real(); });
    }

private:
    Part(const json& value, const Part& around, std::string_view key, std::size_t index) : m_value(value), m_around(&around), m_key(key), m_index(index) {}
    std::string bytes() const {
        const std::string hex = m_value.is_string() ? m_value.get<std::string>() : std::string();
        std::string bytes;
        for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
            unsigned byte = 0;
            if (std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16).ptr != hex.data() + i + 2) break;
            bytes += static_cast<char>(byte);
        }
        if (!m_value.is_string() || bytes.size() * 2 != hex.size()) refuseType("pairs of hexadecimal digits");
        return bytes;
    }

    const json& m_value;
    const Part* m_around = nullptr;
    std::string_view m_key;  ///< of a member; empty: the element `m_index` of a list
    std::size_t m_index = 0;
};

std::optional<std::int64_t> numericFactor(std::string_view factor) {
    if (factor.empty() || factor.find_first_not_of("0123456789") != std::string_view::npos) return {};
    std::int64_t number = 0;
    const auto read = std::from_chars(factor.data(), factor.data() + factor.size(), number);
    return read.ec == std::errc{} ? number : std::numeric_limits<std::int64_t>::max();
}

/// What a dimension surely holds: its extent, or the numbers in the product that names it ("4*batch").
std::int64_t leastExtent(const Dim& dim) {
    if (dim.isFixed()) return dim.extent;
    std::int64_t extent = 1;
    for (std::string_view rest = dim.name; !rest.empty();) {
        const std::size_t star = std::min(rest.find('*'), rest.size());
        const std::int64_t factor = numericFactor(rest.substr(0, star)).value_or(1);
        if (factor > kMaxElements || extent > kMaxElements / std::max<std::int64_t>(factor, 1)) return kMaxElements + 1;
        extent *= factor;
        rest.remove_prefix(std::min(star + 1, rest.size()));
    }
    return extent;
}

/// Elements of a value, named dimensions as 1. Throws ONX-04 and ONX-06.
std::int64_t checkedElements(const Shape& shape, const Part& part) {
    if (shape.size() > kMaxRank) refuse(Code::Onx06, part.place(), "too many dimensions", fmt::format("{}", shape.size()), fmt::format("at most {} allowed", kMaxRank));
    std::int64_t elements = 1;
    for (const Dim& dim : shape) {
        const std::int64_t extent = leastExtent(dim);
        if (extent < 0) refuse(Code::Onx06, part.place(), "a dimension is negative", fmt::format("{}", extent));
        if (extent > kMaxElements || elements > kMaxElements / std::max<std::int64_t>(extent, 1))
            refuse(Code::Onx04, part.place(), "the value is too large", escaped(toString(shape)), fmt::format("at most {} elements allowed", kMaxElements));
        elements *= std::max<std::int64_t>(extent, 1);
    }
    return std::ranges::any_of(shape, [](const Dim& dim) { return dim.extent == 0; }) ? 0 : elements;
}

Dim dimOf(const Part& part) {
    if (part.value().is_number()) return Dim::fixed(part.integer(0, kMaxElements));
    Dim dim = Dim::named(part.text());
    const bool hasEmptyFactor = dim.name.empty() || dim.name.front() == '*' || dim.name.back() == '*' || dim.name.find("**") != std::string::npos;
    if (hasEmptyFactor) part.refuseRange(escaped(dim.name), "a name, or names joined by '*', allowed");
    return dim;
}

TensorType typeOf(const Part& part) {
    part.expect({"dtype", "shape"});
    TensorType type;
    const std::string word = part.at("dtype").text();
    int index = 0;
    while (index <= static_cast<int>(DType::U64) && name(static_cast<DType>(index)) != word) ++index;
    if (index > static_cast<int>(DType::U64)) part.at("dtype").refuseRange(escaped(word), "an element type needed");
    type.dtype = static_cast<DType>(index);
    type.shape = part.at("shape").list(dimOf);
    checkedElements(type.shape, part);
    return type;
}

Initializer initializerOf(const Part& part) {
    part.expect({"kind", "scale", "fan_in"});
    return {static_cast<Initializer::Kind>(part.at("kind").oneOf(kInitializerWords)), part.at("scale").real(), part.at("fan_in").integer()};
}

Attribute attributeOf(const Part& part) {
    for (std::size_t kind = 0; kind < kAttributeWords.size(); ++kind) {
        if (!part.has(kAttributeWords[kind])) continue;
        part.expect({"name", kAttributeWords[kind]});
        const Part content = part.at(kAttributeWords[kind]);
        if (kind == 0) return content.integer();
        if (kind == 1) return content.real();
        if (kind == 2) return content.text();
        if (kind == 3) return content.integers();
        if (kind == 4) return content.reals();
        return content.list([](const Part& text) { return text.text(); });
    }
    part.refuseType("an object of a name and one content");
}

Attributes attributesOf(const Part& part) {
    Attributes attributes;
    for (std::size_t i = 0; i < part.size(); ++i) {
        Attribute attribute = attributeOf(part.at(i));
        const std::string key = part.at(i).at("name").text();
        if (!attributes.emplace(key, std::move(attribute)).second) refuse(Code::Onx09, part.at(i).place(), "an attribute is there twice", escaped(key));
    }
    return attributes;
}

class Reader {
public:
    explicit Reader(const json& document) : m_document(document) {}

    Graph read() {
        checkVersion();
        m_document.expect({"format", "version", "name", "values", "nodes", "outputs"});
        m_graph.name = m_document.at("name").text();
        const Part values = m_document.at("values"), nodes = m_document.at("nodes");
        std::size_t nextValue = 0, nextNode = 0;
        while (nextValue < values.size() || nextNode < nodes.size()) {
            if (nextValue < values.size() && isNext(values.at(nextValue))) {
                addValue(values.at(nextValue++));
            } else if (nextNode < nodes.size()) {
                addNode(nodes.at(nextNode++));
            } else {
                refuse(Code::Onx09, values.at(nextValue).place(), "the ids have a gap", fmt::format("{} is next", m_graph.values().size()));
            }
        }
        m_graph.setOutputs(m_document.at("outputs").list([&](const Part& part) { return idOf(part); }));
        return std::move(m_graph);
    }

private:
    void checkVersion() const {
        if (!m_document.has("format") || m_document.at("format").value() != kGraphFormat)
            refuse(Code::Cfg04, "format", "not a model's document", {}, fmt::format("{} needed", kGraphFormat));
        if (!m_document.has("version")) refuse(Code::Cfg04, "version", "a key is missing");
        const std::int64_t version = m_document.at("version").integer();
        if (version != kGraphVersion) refuse(Code::Cfg08, "version", "a version that is not known here", fmt::format("{}", version), fmt::format("{} allowed", kGraphVersion));
    }

    bool isNext(const Part& part) const { return part.has("id") && part.at("id").integer() == std::ssize(m_graph.values()); }

    void requireNew(const std::string& valueName, const Part& part) const {
        if (m_graph.find(valueName) != kNone) refuse(Code::Onx09, part.place(), "a name is there twice", escaped(valueName));
    }

    ValueId idOf(const Part& part) const {
        const std::int64_t id = part.integer();
        if (id < 0 || id >= std::ssize(m_graph.values())) refuse(Code::Onx09, part.place(), "no value has this id so far", fmt::format("{}", id));
        return static_cast<ValueId>(id);
    }
    ValueId idOrNone(const Part& part) const { return part.value().is_null() ? kNone : idOf(part); }

    void addValue(const Part& part) {
        const std::string valueName = part.has("name") ? part.at("name").text() : std::string();
        const std::size_t kind = part.has("kind") ? part.at("kind").oneOf(kValueWords) : 0;
        switch (static_cast<ValueKind>(kind)) {
            case ValueKind::Input:
                part.expect({"id", "kind", "name", "type"});
                requireNew(valueName, part);
                m_graph.addInput(valueName, typeOf(part.at("type")));
                break;
            case ValueKind::Parameter: {
                part.expect({"id", "kind", "name", "type", "initializer", "weight_decay", "frozen"});
                requireNew(valueName, part);
                const ValueId made = m_graph.addParameter(valueName, fixedType(part.at("type")), initializerOf(part.at("initializer")), part.at("weight_decay").truth());
                m_graph.value(made).frozen = part.at("frozen").truth();
                break;
            }
            case ValueKind::Buffer:
                part.expect({"id", "kind", "name", "type", "initializer"});
                requireNew(valueName, part);
                m_graph.addBuffer(valueName, fixedType(part.at("type")), initializerOf(part.at("initializer")));
                break;
            default:
                part.expect({"id", "kind", "name", "type", "integers", "reals"});
                requireNew(valueName, part);
                addConstant(part, valueName);
        }
    }

    static TensorType fixedType(const Part& part) {
        TensorType type = typeOf(part);
        if (!std::ranges::all_of(type.shape, &Dim::isFixed)) refuse(Code::Onx06, part.place(), "a tensor that is kept needs fixed dimensions", escaped(toString(type.shape)));
        return type;
    }

    void addConstant(const Part& part, const std::string& valueName) {
        TensorType type = fixedType(part.at("type"));
        std::vector<std::int64_t> numbers = part.at("integers").integers();
        std::vector<double> reals = part.at("reals").reals();
        const bool isReal = isFloating(type.dtype);
        const auto held = static_cast<std::int64_t>(isReal ? reals.size() : numbers.size());
        const std::int64_t needed = checkedElements(type.shape, part);
        if (held != needed || !(isReal ? numbers.empty() : reals.empty()))
            refuse(Code::Onx05, part.place(), "a constant's content and shape differ", fmt::format("{} numbers", numbers.size() + reals.size()), fmt::format("{} needed", needed));
        m_graph.addConstant(valueName, std::move(type), std::move(numbers), std::move(reals));
    }

    void addNode(const Part& part) {
        part.expect({"op", "domain", "name", "inputs", "outputs", "attributes", "block", "output_count"});
        const std::string opName = part.at("op").text(), domain = part.at("domain").text();
        const OpEntry* op = findOp(opName, domain);
        if (!op) refuse(Code::Onx10, part.at("op").place(), "the operator is not supported", escaped(domain.empty() ? opName : domain + "::" + opName));
        checkOutputs(m_graph.addNode(*op, part.at("name").text(), part.at("inputs").list([&](const Part& id) { return idOrNone(id); }),
                                     attributesOf(part.at("attributes")), part.at("block").text(), static_cast<int>(part.at("output_count").integer(0, kAnyNumber))),
                     part);
    }

    void checkOutputs(const std::vector<ValueId>& made, const Part& part) const {
        const Part stated = part.at("outputs");
        for (const ValueId id : made) checkedElements(m_graph.value(id).type.shape, part);
        for (std::size_t k = 0; k < std::min(made.size(), stated.size()); ++k)
            if (stated.at(k).integer() != made[k]) refuse(Code::Onx09, stated.at(k).place(), "not the id that the output gets", fmt::format("{}", stated.at(k).integer()), fmt::format("{} needed", made[k]));
        if (made.size() != stated.size()) refuse(Code::Onx09, stated.place(), "another number of outputs than the operator has", fmt::format("{}", stated.size()), fmt::format("{} needed", made.size()));
    }

    Part m_document;
    Graph m_graph;
};

}  // namespace

Graph graphFromJson(const json& document) { return Reader(document).read(); }

}  // namespace headroom::graph
