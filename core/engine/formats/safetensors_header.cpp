// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "base/errors/error.h"
#include "base/json/strict_json.h"
#include "engine/formats/checked.h"

namespace headroom::formats {
namespace {

using json::Position;
const char* const kAgain = "Download or export the file again.";
constexpr std::string_view kMetadata = "__metadata__";

std::string shownName(std::string_view name) {
    constexpr std::size_t kShown = 80;
    return fmt::format("tensor \"{}\"", escaped(name.substr(0, kShown)) + (name.size() > kShown ? "..." : ""));
}

std::string shownValue(const nlohmann::json& value) {
    constexpr std::size_t kShown = 40;
    const std::string text = value.dump(-1, ' ', true);
    return text.size() > kShown ? text.substr(0, kShown) + "..." : text;
}

std::string supportedTypes() {
    std::vector<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(StType::U64); ++i) names.push_back(name(static_cast<StType>(i)));
    return fmt::format("{}", fmt::join(names, " "));
}

/// Keys of one object and where they stand: a list while they are few, as nearly always.
class Keys {
public:
    std::size_t size() const { return m_few.size() + m_many.size(); }

    /// Where the key already stands; else it is taken in.
    std::optional<Position> add(const std::string& key, const Position& position) {
        for (const auto& [known, where] : m_few)
            if (known == key) return where;
        if (m_few.size() < kFew) {
            m_few.emplace_back(key, position);
            return std::nullopt;
        }
        const auto [known, added] = m_many.try_emplace(key, position);
        return added ? std::nullopt : std::optional(known->second);
    }

private:
    static constexpr std::size_t kFew = 8;
    std::vector<std::pair<std::string, Position>> m_few;
    std::unordered_map<std::string, Position> m_many;
};

/// Collects tensors from the tokens of a header and refuses what no header may hold. Dimensions stay unsigned until
/// their product is checked.
class HeaderReader final : public json::Events {
public:
    HeaderReader(std::string subject, const StLimits& limits) : m_subject(std::move(subject)), m_limits(limits) {}

    struct Entry {
        StTensor tensor;
        std::vector<std::uint64_t> dimensions;
    };
    std::vector<Entry>& entries() { return m_entries; }
    std::map<std::string, std::string>& metadata() { return m_metadata; }

    void startObject(const Position& position) override {
        if (m_levels.empty()) return push(Level::Top);
        switch (m_levels.back().kind) {
            case Level::Top:
                return beginEntry();
            case Level::Metadata:
                refuseMetadata(position);
            case Level::Tensor:
                requireIgnored(position);
                [[fallthrough]];
            default:
                requireIgnoredArray(position);
                return push(Level::Ignored);
        }
    }

    void endObject() override {
        if (m_levels.back().kind == Level::Tensor) requireComplete();
        m_levels.pop_back();
    }

    void startArray(const Position& position) override {
        if (m_levels.empty()) refuseTop("an array", position);
        switch (m_levels.back().kind) {
            case Level::Top:
                refuseEntry("an array", position);
            case Level::Metadata:
                refuseMetadata(position);
            case Level::Tensor:
                return beginArray(position);
            default:
                requireIgnoredArray(position);
                return push(Level::Ignored);
        }
    }

    void endArray() override {
        if (m_levels.back().kind == Level::Offsets && m_offsets != 2)
            refuseOffsets(fmt::format("{} numbers", m_offsets));
        m_levels.pop_back();
    }

    std::optional<Position> key(std::string name, const Position& position) override {
        Open& open = m_levels.back();
        if (open.kind == Level::Top)
            checkName(name);
        else if (open.keys.size() >= kMostKeys)
            refuse(Code::Stf05, "too many keys in one object", groupedUnsigned(kMostKeys));
        if (const auto earlier = open.keys.add(name, position)) return earlier;
        (open.kind == Level::Top ? m_name : m_key) = std::move(name);
        return std::nullopt;
    }

    void scalar(nlohmann::json value, const Position& position) override {
        if (m_levels.empty()) refuseTop(shownValue(value), position);
        switch (m_levels.back().kind) {
            case Level::Top:
                refuseEntry(shownValue(value), position);
            case Level::Metadata:
                return addMetadata(std::move(value), position);
            case Level::Tensor:
                return addField(value, position);
            case Level::Shape:
                return addDimension(value);
            case Level::Offsets:
                return addOffset(value);
            case Level::Ignored:
                return;
        }
    }

private:
    static constexpr std::size_t kMostKeys = 200'000;
    enum class Level { Top, Metadata, Tensor, Shape, Offsets, Ignored };
    struct Open {
        Level kind;
        Keys keys;
    };

    [[noreturn]] void refuse(Code code, std::string problem, std::string found, std::string allowed = {}) const {
        throw Error({code, m_subject, std::move(problem), std::move(found), std::move(allowed), kAgain});
    }
    static std::string at(const Position& position) {
        return "at byte " + groupedUnsigned(position.byte + kStHeaderBegin);
    }
    [[noreturn]] void refuseTop(const std::string& found, const Position& position) const {
        refuse(Code::Stf06, "the header is not an object", found + " " + at(position), "an object allowed");
    }
    [[noreturn]] void refuseEntry(const std::string& found, const Position& position) const {
        const Code code = m_name == kMetadata ? Code::Stf16 : Code::Stf06;
        refuse(code, fmt::format("the entry of {} is not an object", shownName(m_name)), found + " " + at(position));
    }
    [[noreturn]] void refuseMetadata(const Position& position) const {
        refuse(Code::Stf16, "the metadata is not text by text", fmt::format("\"{}\" {}", escaped(m_key), at(position)),
               "only texts allowed");
    }
    [[noreturn]] void refuseDimension(const std::string& found) const {
        refuse(Code::Stf09, fmt::format("a dimension of {} is not a whole number in range", shownName(m_name)), found,
               "0 to 2^63 - 1 allowed");
    }
    [[noreturn]] void refuseOffsets(const std::string& found) const {
        refuse(Code::Stf10, fmt::format("the offsets of {} are out of range", shownName(m_name)), found,
               "begin and end as whole numbers");
    }
    [[noreturn]] void refuseType(const std::string& found) const {
        refuse(Code::Stf15, fmt::format("the type of {} is not supported", shownName(m_name)), found,
               supportedTypes() + " allowed");
    }

    void push(Level level) { m_levels.push_back({level, {}}); }

    void checkName(const std::string& name) const {
        if (name.size() > m_limits.maxName)
            refuse(Code::Stf19, fmt::format("the name of {} is too long", shownName(name)), bytesText(name.size()),
                   fmt::format("at most {} allowed", groupedUnsigned(m_limits.maxName)));
        if (name != kMetadata && m_entries.size() >= m_limits.maxTensors)
            refuse(Code::Stf17, "too many tensors", "more than " + groupedUnsigned(m_limits.maxTensors),
                   "limit " + groupedUnsigned(m_limits.maxTensors));
    }

    void beginEntry() {
        if (m_name == kMetadata) return push(Level::Metadata);
        m_entries.emplace_back();
        m_entries.back().tensor.name = m_name;
        m_hasType = m_hasShape = m_hasOffsets = false;
        push(Level::Tensor);
    }

    void requireComplete() const {
        if (!m_hasType) refuseType("none");
        if (!m_hasShape) refuseDimension("no shape");
        if (!m_hasOffsets) refuseOffsets("none");
    }

    /// The three known fields are no objects; unknown ones are passed over, as the reference does.
    void requireIgnored(const Position& position) const {
        if (m_key == "dtype") refuseType("an object " + at(position));
        if (m_key == "shape") refuseDimension("an object " + at(position));
        if (m_key == "data_offsets") refuseOffsets("an object " + at(position));
    }

    void requireIgnoredArray(const Position& position) const {
        if (m_levels.back().kind == Level::Shape) refuseDimension("a nested value " + at(position));
        if (m_levels.back().kind == Level::Offsets) refuseOffsets("a nested value " + at(position));
    }

    void beginArray(const Position& position) {
        if (m_key == "dtype") refuseType("an array " + at(position));
        m_hasShape = m_hasShape || m_key == "shape";
        m_hasOffsets = m_hasOffsets || m_key == "data_offsets";
        m_offsets = m_key == "data_offsets" ? 0 : m_offsets;
        push(m_key == "shape" ? Level::Shape : m_key == "data_offsets" ? Level::Offsets : Level::Ignored);
    }

    void addMetadata(nlohmann::json value, const Position& position) {
        if (!value.is_string()) refuseMetadata(position);
        m_metadata[m_key] = value.get<std::string>();
    }

    void addField(const nlohmann::json& value, const Position& position) {
        if (m_key == "shape") refuseDimension(shownValue(value) + " " + at(position));
        if (m_key == "data_offsets") refuseOffsets(shownValue(value) + " " + at(position));
        if (m_key != "dtype") return;
        const std::optional<StType> type =
            value.is_string() ? stType(value.get_ref<const std::string&>()) : std::nullopt;
        if (!type) refuseType(shownValue(value));
        m_entries.back().tensor.type = *type;
        m_hasType = true;
    }

    void addDimension(const nlohmann::json& value) {
        if (!value.is_number_unsigned()) refuseDimension(shownValue(value));
        std::vector<std::uint64_t>& dimensions = m_entries.back().dimensions;
        if (dimensions.size() == m_limits.maxRank)
            refuseDimension(fmt::format("more than {} dimensions", m_limits.maxRank));
        dimensions.push_back(value.get<std::uint64_t>());
    }

    void addOffset(const nlohmann::json& value) {
        if (!value.is_number_unsigned()) refuseOffsets(shownValue(value));
        StTensor& tensor = m_entries.back().tensor;
        (m_offsets == 0 ? tensor.begin : tensor.end) = value.get<std::uint64_t>();
        if (++m_offsets > 2) refuseOffsets("more than 2 numbers");
    }

    std::string m_subject;
    const StLimits& m_limits;
    std::vector<Open> m_levels;
    std::string m_name, m_key;
    bool m_hasType = false, m_hasShape = false, m_hasOffsets = false;
    int m_offsets = 0;
    std::vector<Entry> m_entries;
    std::map<std::string, std::string> m_metadata;
};

/// Holds tensors against the data.
class Checker {
public:
    Checker(const std::string& subject, std::uint64_t dataBytes) : m_subject(subject), m_dataBytes(dataBytes) {}

    /// The order decides: a shape that overflows is named as such although its bytes cannot fit either.
    StTensor checked(HeaderReader::Entry entry) const {
        StTensor tensor = std::move(entry.tensor);
        std::optional<std::uint64_t> elements = 1;
        for (const std::uint64_t extent : entry.dimensions)
            if (elements) elements = product(*elements, extent);
        if (!elements) refuse(Code::Stf08, tensor, "the size of {} overflows", shapeText(entry.dimensions));
        for (const std::uint64_t extent : entry.dimensions) tensor.shape.push_back(checkedExtent(tensor, extent));
        const std::optional<std::uint64_t> bytes = product(*elements, elementSize(tensor.type));
        if (!bytes) refuse(Code::Stf08, tensor, "the size of {} overflows", shapeText(entry.dimensions));
        if (tensor.end < tensor.begin || tensor.end > m_dataBytes)
            refuse(Code::Stf10, tensor, "the offsets of {} are out of range",
                   fmt::format("{} to {}", groupedUnsigned(tensor.begin), groupedUnsigned(tensor.end)),
                   bytesText(m_dataBytes) + " of data present");
        if (*bytes != tensor.bytes())
            refuse(Code::Stf14, tensor, "shape and bytes of {} differ",
                   fmt::format("{} {} needs {}", name(tensor.type), shapeText(entry.dimensions), bytesText(*bytes)),
                   groupedUnsigned(tensor.bytes()) + " between its offsets");
        return tensor;
    }

    /// Data without gaps and overlaps, which leaves no room for hidden content.
    void checkOrder(const std::vector<StTensor>& tensors) const {
        std::uint64_t expected = 0;
        for (const StTensor& tensor : tensors) {
            if (tensor.begin < expected)
                refuse(Code::Stf11, tensor, "{} overlaps the one before it",
                       fmt::format("begins at {}, the other ends at {}", groupedUnsigned(tensor.begin),
                                   groupedUnsigned(expected)));
            if (tensor.begin > expected)
                refuse(Code::Stf12, tensor, "a hole lies before {}", bytesText(tensor.begin - expected));
            expected = tensor.end;
        }
        if (expected < m_dataBytes)
            throw Error(
                {Code::Stf13, m_subject, "data after the last tensor", bytesText(m_dataBytes - expected), "", kAgain});
    }

private:
    std::int64_t checkedExtent(const StTensor& tensor, std::uint64_t extent) const {
        if (extent > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            refuse(Code::Stf09, tensor, "a dimension of {} is not a whole number in range", groupedUnsigned(extent),
                   "0 to 2^63 - 1 allowed");
        return static_cast<std::int64_t>(extent);
    }

    static std::string shapeText(const std::vector<std::uint64_t>& dimensions) {
        return fmt::format("[{}]", fmt::join(dimensions, ", "));
    }

    [[noreturn]] void refuse(Code code, const StTensor& tensor, std::string_view problem, std::string found,
                             std::string allowed = {}) const {
        throw Error({code, m_subject, fmt::format(fmt::runtime(problem), shownName(tensor.name)), std::move(found),
                     std::move(allowed), kAgain});
    }

    const std::string& m_subject;
    std::uint64_t m_dataBytes;
};

json::Options optionsFor(const std::string& subject, const StLimits& limits) {
    json::Options options{subject, {Code::Stf02, Code::Stf05, Code::Stf04, Code::Stf05, Code::Stf07, Code::Stf05}};
    options.maxBytes = limits.maxHeader;
    options.firstByte = kStHeaderBegin;
    options.show = json::Show::ByteOffset;
    options.byteOrderMark = json::ByteOrderMark::Refused;
    return options;
}

}  // namespace

StHeader parseStHeader(std::string_view text, std::uint64_t dataBytes, const std::string& subject,
                       const StLimits& limits) {
    HeaderReader reader(subject, limits);
    json::readEvents(text, optionsFor(subject, limits), reader);
    const Checker checker(subject, dataBytes);
    StHeader header;
    header.tensors.reserve(reader.entries().size());
    for (HeaderReader::Entry& entry : reader.entries()) header.tensors.push_back(checker.checked(std::move(entry)));
    std::stable_sort(header.tensors.begin(), header.tensors.end(), [](const StTensor& a, const StTensor& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
    checker.checkOrder(header.tensors);
    header.metadata = std::move(reader.metadata());
    return header;
}

}  // namespace headroom::formats
