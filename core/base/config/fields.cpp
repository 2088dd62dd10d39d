// SPDX-License-Identifier: Apache-2.0
#include "base/config/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/config/document.h"
#include "base/config/table.h"
#include "base/errors/suggestion.h"
#include "base/units/units.h"

namespace headroom::config {
namespace {

/// "cuda:12" as 12; nothing where it is not of this form.
std::optional<int> cudaNumber(std::string_view device) {
    constexpr std::string_view kPrefix = "cuda:";
    if (!device.starts_with(kPrefix)) return std::nullopt;
    device.remove_prefix(kPrefix.size());
    int number = 0;
    const auto [end, error] = std::from_chars(device.data(), device.data() + device.size(), number);
    const bool whole = error == std::errc{} && end == device.data() + device.size();
    return whole && number >= 0 ? std::optional(number) : std::nullopt;
}

std::string limitText(double limit, Type type) {
    if (type == Type::Integer) return grouped(static_cast<std::int64_t>(limit));
    return fmt::format("{}", limit);
}

std::string rangeText(const Field& field) {
    const std::string kind = field.type == Type::Integer ? "a whole number" : "a number";
    const bool low = field.min > -Field::kNone;
    const bool high = field.max < Field::kNone;
    if (low && high && field.min == field.max) return limitText(field.min, field.type);
    if (low && high && !field.minExcluded)
        return fmt::format("{} from {} to {}", kind, limitText(field.min, field.type), limitText(field.max, field.type));
    std::string text = kind;
    if (low) text += fmt::format(" {} {}", field.minExcluded ? "above" : "of at least", limitText(field.min, field.type));
    if (high) text += fmt::format("{} at most {}", low ? " and" : " of", limitText(field.max, field.type));
    return text;
}

std::string choicesText(const std::vector<Choice>& choices) {
    std::string text;
    for (std::size_t i = 0; i < choices.size(); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ", choices[i].name);
    return text;
}

std::optional<Failure> failure(const Field& field, Code code, std::string problem, const Value& found) {
    const bool quoted = std::holds_alternative<std::string>(found);
    return Failure{code, std::string(field.path), std::move(problem),
                   quoted ? fmt::format("\"{}\"", escaped(text(found))) : text(found),
                   field.allowed() + " allowed", {}};
}

std::optional<Failure> checkNumber(const Field& field, double number, const Value& found) {
    if (!std::isfinite(number)) return failure(field, Code::Cfg05, "not a finite number", found);
    const bool low = field.minExcluded ? number <= field.min : number < field.min;
    if (low || number > field.max) return failure(field, field.outOfRange, "out of range", found);
    return std::nullopt;
}

std::optional<Failure> checkText(const Field& field, const std::string& value) {
    if (value.empty() && field.required)
        return Failure{Code::Cfg04, std::string(field.path), "missing", {}, field.allowed() + " needed", {}};
    constexpr std::size_t kLongest = 4096;
    if (value.size() > kLongest)
        return Failure{Code::Cfg04, std::string(field.path), "too long", grouped(static_cast<std::int64_t>(value.size())) + " bytes",
                       "at most 4,096 allowed", {}};
    if (value.find('\0') != std::string::npos) return failure(field, Code::Cfg04, "holds a NUL character", value);
    if (field.type == Type::Choice &&
        std::none_of(field.choices.begin(), field.choices.end(), [&](const Choice& c) { return c.name == value; }))
        return failure(field, Code::Cfg04, "unknown", value);
    if (field.type == Type::Device && value != "auto" && value != "cpu" && !cudaNumber(value))
        return failure(field, Code::Cfg04, "unknown", value);
    if (field.type == Type::Size && !value.empty() && !bytesFromText(value))
        return failure(field, Code::Cfg04, "not a size", value);
    return std::nullopt;
}

template <class Number>
std::optional<Number> whole(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

Failure notOfType(const Field& field, std::string_view found) {
    return *failure(field, Code::Cfg04, "not " + std::string(word(field.type)), std::string(found));
}

std::optional<bool> boolean(std::string_view text) {
    if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
    if (text == "false" || text == "no" || text == "off" || text == "0") return false;
    return std::nullopt;
}

/// Text as the field's alternative; nothing where it does not read as one.
std::optional<Value> converted(const Field& field, std::string_view text) {
    switch (field.type) {
        case Type::Boolean:
            if (const auto value = boolean(text)) return *value;
            return std::nullopt;
        case Type::Integer:
            if (const auto value = whole<std::int64_t>(text)) return *value;
            return std::nullopt;
        case Type::Number:
            if (const auto value = whole<double>(text)) return *value;
            return std::nullopt;
        default:
            return std::string(text);
    }
}

std::string_view lastPart(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

}  // namespace

std::string_view word(Type type) {
    switch (type) {
        case Type::Integer: return "a whole number";
        case Type::Number: return "a number";
        case Type::Boolean: return "true or false";
        case Type::Text: return "a text";
        case Type::Choice: return "one of the choices";
        case Type::Path: return "a path";
        case Type::Column: return "a column's name or number";
        case Type::Size: return "a size in bytes";
        case Type::Device: return "a device";
    }
    return {};
}

std::string_view Field::section() const {
    const std::size_t dot = path.find('.');
    return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

std::string_view Field::name() const { return lastPart(path); }

Value Field::read(const RunConfig& config) const {
    // The slot is only read through: the table has one accessor for both ways.
    return std::visit([](auto* member) -> Value { return *member; }, at(const_cast<RunConfig&>(config)));
}

void Field::write(RunConfig& config, const Value& value) const {
    const Slot slot = at(config);
    if (auto* const* number = std::get_if<double*>(&slot); number && std::holds_alternative<std::int64_t>(value)) {
        **number = static_cast<double>(std::get<std::int64_t>(value));
        return;
    }
    std::visit([&](auto* member) { *member = std::get<std::remove_pointer_t<decltype(member)>>(value); }, slot);
}

std::string Field::allowed() const {
    switch (type) {
        case Type::Integer:
        case Type::Number: return rangeText(*this);
        case Type::Choice: return choicesText(choices);
        case Type::Size: return "bytes, or a number with KiB, MiB, GiB or TiB,";
        case Type::Device: return "auto, cpu or cuda:N";
        default: return std::string(word(type));
    }
}

std::optional<Failure> Field::check(const Value& value) const {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return checkNumber(*this, static_cast<double>(*number), value);
    if (const auto* number = std::get_if<double>(&value)) return checkNumber(*this, *number, value);
    if (const auto* words = std::get_if<std::string>(&value)) return checkText(*this, *words);
    return std::nullopt;
}

std::span<const Field> fields() {
    static const std::vector<Field> table = makeTable();
    return table;
}

const Field* find(std::string_view path) {
    const auto all = fields();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Field& field) { return field.path == path; });
    return found == all.end() ? nullptr : &*found;
}

const Field* nearest(std::string_view path) {
    const Field* best = nullptr;
    std::size_t least = 3;  // more edits than two are another word
    for (const Field& field : fields()) {
        // A right name in the wrong place ("train.lr") is as near as one edit.
        const std::size_t edits =
            std::min(editDistance(path, field.path), 1 + editDistance(lastPart(path), field.name()));
        if (edits < least) {
            least = edits;
            best = &field;
        }
    }
    return best;
}

std::string text(const Value& value) {
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    return std::get<std::string>(value);
}

Value valueFromText(const Field& field, std::string_view text) {
    const auto value = converted(field, text);
    if (!value) throw Error(notOfType(field, text));
    if (auto fault = field.check(*value)) throw Error(std::move(*fault));
    return *value;
}

void set(RunConfig& config, std::string_view path, std::string_view text) {
    const Field* field = find(path);
    if (field) return field->write(config, valueFromText(*field, text));
    const Field* meant = nearest(path);
    throw Error(Failure{Code::Cfg07, escaped(path), "no such field", {}, {},
                        meant ? didYouMean({meant->path}) : "See the configuration reference."});
}

std::vector<std::string_view> differences(const RunConfig& a, const RunConfig& b) {
    std::vector<std::string_view> paths;
    for (const Field& field : fields())
        if (field.read(a) != field.read(b)) paths.push_back(field.path);
    return paths;
}

}  // namespace headroom::config
