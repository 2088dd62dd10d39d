// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <set>

#include "base/config/document.h"
#include "base/config/fields.h"
#include "base/errors/suggestion.h"
#include "base/json/strict_json.h"

namespace headroom::config {
namespace {

using Json = nlohmann::json;

constexpr json::Codes kCodes{.tooLarge = Code::Cfg02, .tooDeep = Code::Cfg01, .notUtf8 = Code::Cfg03,
                             .syntax = Code::Cfg03, .duplicate = Code::Cfg06, .nonFinite = Code::Cfg05};
constexpr std::size_t kMostBytes = 1024 * 1024;

/// Every path that has fields below it: "train", "train.optimizer" ...
const std::set<std::string, std::less<>>& sections() {
    static const auto all = [] {
        std::set<std::string, std::less<>> paths;
        for (const Field& field : fields())
            for (std::size_t dot = field.path.find('.'); dot != std::string_view::npos; dot = field.path.find('.', dot + 1))
                paths.emplace(field.path.substr(0, dot));
        return paths;
    }();
    return all;
}

/// As in a message: `"64"`, `null`, `{...}`.
std::string shown(const Json& value) {
    if (value.is_object()) return "an object";
    if (value.is_array()) return "a list";
    constexpr std::size_t kLongest = 60;
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() <= kLongest ? escaped(text) : escaped(text.substr(0, kLongest)) + "...";
}

/// The JSON value as the field's alternative; nothing where it is of another type.
std::optional<Value> converted(const Field& field, const Json& value) {
    switch (field.type) {
        case Type::Boolean:
            if (value.is_boolean()) return value.get<bool>();
            return std::nullopt;
        case Type::Number:
            if (value.is_number()) return value.get<double>();
            return std::nullopt;
        case Type::Integer: {
            if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
            if (value.is_number_integer()) return value.get<std::int64_t>();
            constexpr double kExact = 9007199254740992.0;
            if (!value.is_number()) return std::nullopt;
            const double number = value.get<double>();
            if (std::trunc(number) != number || std::abs(number) > kExact) return std::nullopt;
            return static_cast<std::int64_t>(number);
        }
        case Type::Column:
        case Type::Size:
            if (value.is_number_unsigned()) return value.dump();
            [[fallthrough]];
        default:
            if (value.is_string()) return value.get<std::string>();
            return std::nullopt;
    }
}

/// Fills a configuration from a document and gathers what is wrong with it.
class Reader {
public:
    Reader(const json::Document& document, std::string_view origin) : m_document(document), m_origin(origin) {}

    RunConfig read(std::vector<Failure>& failures) {
        if (checkVersion()) object(m_document.value, "", "");
        failures.insert(failures.end(), m_failures.begin(), m_failures.end());
        return m_config;
    }

private:
    /// False where nothing else in the document can be judged.
    bool checkVersion() {
        const Json& root = m_document.value;
        if (!root.is_object()) return true;
        const auto version = root.find("version");
        if (version == root.end() || !version->is_number_integer()) return true;
        if (version->get<double>() <= RunConfig::kVersion) return true;
        m_failures.push_back({Code::Cfg08, subject("version", "/version"), "made by a newer version",
                              "form " + version->dump(), fmt::format("this program reads up to form {}", RunConfig::kVersion),
                              "Update Headroom, or write the configuration again with this version."});
        return false;
    }

    void object(const Json& value, const std::string& path, const std::string& pointer) {
        if (!value.is_object()) {
            m_failures.push_back({Code::Cfg04, subject(path.empty() ? "configuration" : path, pointer), "not an object",
                                  shown(value), "an object with fields allowed", {}});
            return;
        }
        for (const auto& [key, member] : value.items()) {
            const std::string name = path.empty() ? key : path + "." + key;
            const std::string at = pointer + "/" + pointerPart(key);
            const Field* field = key.find('.') == std::string::npos ? find(name) : nullptr;
            if (field)
                take(*field, member, at);
            else if (key.find('.') == std::string::npos && sections().contains(name))
                object(member, name, at);
            else
                refuseUnknown(name, key, path, at);
        }
    }

    void take(const Field& field, const Json& found, const std::string& pointer) {
        const auto value = converted(field, found);
        if (!value) {
            m_failures.push_back({Code::Cfg04, subject(field.path, pointer), "not " + std::string(word(field.type)),
                                  shown(found), field.allowed() + " allowed", {}});
            return;
        }
        // What is empty may still be filled by an override; faults() asks for it.
        const auto* words = std::get_if<std::string>(&*value);
        auto fault = words && words->empty() ? std::nullopt : field.check(*value);
        if (fault) {
            fault->subject = subject(field.path, pointer);
            m_failures.push_back(std::move(*fault));
        } else {
            field.write(m_config, *value);
        }
    }

    void refuseUnknown(const std::string& name, const std::string& key, const std::string& path, const std::string& pointer) {
        const Field* meant = nearest(name);
        std::string remedy = "Remove it; the configuration reference lists all keys.";
        if (meant) {
            const bool beside = meant->path == (path.empty() ? "" : path + ".") + std::string(meant->name());
            remedy = didYouMean({beside ? meant->name() : meant->path});
        }
        m_failures.push_back({Code::Cfg07, subject(escaped(name), pointer), "unknown key", "\"" + escaped(key) + "\"", {},
                              std::move(remedy)});
    }

    std::string subject(std::string_view path, const std::string& pointer) const {
        const auto position = m_document.keyPositionOf(pointer);
        if (!position) return fmt::format("{}: {}", m_origin, path);
        return fmt::format("{}: {}: {}", m_origin, json::readable(*position, json::Show::LineAndColumn), path);
    }

    static std::string pointerPart(const std::string& key) {
        std::string part;
        for (const char c : key) part += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
        return part;
    }

    const json::Document& m_document;
    std::string m_origin;
    RunConfig m_config;
    std::vector<Failure> m_failures;
};

RunConfig readDocument(std::string_view text, std::string_view origin, std::vector<Failure>& failures) {
    const json::Options options{.subject = std::string(origin), .codes = kCodes, .maxBytes = kMostBytes};
    return Reader(json::parseStrict(text, options), origin).read(failures);
}

void throwIfAny(std::vector<Failure> failures) {
    if (!failures.empty()) throw Error(std::move(failures));
}

void append(std::vector<Failure>& failures, std::vector<Failure> more) {
    failures.insert(failures.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Failure missing(const std::filesystem::path& file, std::string problem) {
    return {Code::Dat04, escaped(file.filename().string()), std::move(problem), escaped(file.string()), {},
            "Name a configuration file."};
}

std::string contentOf(const std::filesystem::path& file) {
    std::error_code ignored;
    const auto status = std::filesystem::status(file, ignored);
    if (!std::filesystem::exists(status)) throw Error(missing(file, "no such file"));
    if (!std::filesystem::is_regular_file(status)) throw Error(missing(file, "not a regular file"));
    std::ifstream stream(file, std::ios::binary);
    // One byte more than allowed is enough to refuse a document of any size.
    std::string text(kMostBytes + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!stream.is_open() || stream.bad()) throw Error(missing(file, "cannot be read"));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

void applyOverride(RunConfig& config, const std::string& assignment, std::vector<Failure>& failures) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
        throw Error(Failure{Code::Cli01, "--set", "not of the form path=value", escaped(assignment), {}, {}});
    try {
        set(config, assignment.substr(0, equals), assignment.substr(equals + 1));
    } catch (const Error& error) {
        for (Failure failure : error.failures()) {
            failure.subject = "--set " + failure.subject;
            failures.push_back(std::move(failure));
        }
    }
}

}  // namespace

RunConfig parse(std::string_view text, std::string_view origin) {
    std::vector<Failure> failures;
    RunConfig config = readDocument(text, origin, failures);
    if (failures.empty()) append(failures, faults(config));
    throwIfAny(std::move(failures));
    return config;
}

RunConfig load(const std::filesystem::path& file, std::span<const std::string> overrides) {
    std::vector<Failure> failures;
    RunConfig config = readDocument(contentOf(file), escaped(file.filename().string()), failures);
    for (const std::string& assignment : overrides) applyOverride(config, assignment, failures);
    if (failures.empty()) append(failures, faults(config));
    throwIfAny(std::move(failures));
    makePathsAbsolute(config, std::filesystem::absolute(file).parent_path());
    return config;
}

}  // namespace headroom::config
