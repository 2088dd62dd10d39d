// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/config/run_config.h"
#include "base/errors/error.h"

/// The one table of the configuration's fields. Validation, defaults, `--set`, the studio's widgets and the reference
/// page are made from it; a field that is not in it does not exist.
namespace headroom::config {

enum class Type {
    Integer,
    Number,
    Boolean,
    Text,
    Choice,
    Path,    ///< of a file or folder
    Column,  ///< a name, or the 0-based number of a column, as text; JSON may hold the number as a number
    Size,    ///< bytes, as text with or without KiB, MiB, GiB, TiB; JSON may hold a number
    Device,  ///< auto, cpu, cuda:N
};
std::string_view word(Type type);

/// Whether beginners meet the field in the studio, or only those who ask for everything.
enum class Level { Simple, Advanced };

using Value = std::variant<bool, std::int64_t, double, std::string>;
/// Where a field's value lies in a RunConfig.
using Slot = std::variant<bool*, std::int64_t*, double*, std::string*>;

struct Choice {
    std::string_view name;   ///< as in the document
    std::string_view title;  ///< as shown
};

struct Field {
    static constexpr double kNone = std::numeric_limits<double>::infinity();

    std::string_view path;   ///< "train.optimizer.lr"
    std::string_view title;  ///< "Learning rate"
    std::string_view help;   ///< a sentence or two
    Type type = Type::Text;
    Slot (*at)(RunConfig&) = nullptr;

    Level level = Level::Advanced;
    std::string_view unit = {};   ///< "samples", "s"; empty where there is none
    double min = -kNone, max = kNone;  ///< Integer and Number; both belong to the range
    bool minExcluded = false;
    std::vector<Choice> choices = {};  ///< Choice only
    Code outOfRange = Code::Cfg04;     ///< what a value outside of the range is refused with
    double askAbove = kNone;           ///< larger values are allowed but unusual: questions() names them
    std::string_view zero = {};        ///< what 0 (or empty text) means where it is special: "automatic", "no limit"
    bool required = false;             ///< must not be left empty
    bool (*applies)(const RunConfig&) = nullptr;  ///< false: without effect as the others stand; null = always

    std::string_view section() const;  ///< the document's first level, "train"; empty for name and device
    std::string_view name() const;     ///< last part of the path, "lr"
    Value read(const RunConfig& config) const;
    /// The value must have the field's own alternative (a whole Number may come as std::int64_t).
    void write(RunConfig& config, const Value& value) const;
    Value defaultValue() const { return read(RunConfig{}); }
    bool isRelevant(const RunConfig& config) const { return !applies || applies(config); }
    /// "whole number from 1 to 1,048,576", "fp32 or bf16".
    std::string allowed() const;
    /// What is wrong with the value, or nothing. Looks at this field alone.
    std::optional<Failure> check(const Value& value) const;
};

/// All fields in the order of the document.
std::span<const Field> fields();
/// Nothing where there is no such field.
const Field* find(std::string_view path);
/// The field that somebody who wrote `path` most likely meant: "train.batchsize" -> "train.batch_size". Nothing where no
/// name is near.
const Field* nearest(std::string_view path);

/// As in `--set` and on the screen: 0.002, true, cnn.
std::string text(const Value& value);
/// The field's value from text. Throws Error (CFG-04, CFG-05 or the field's own code) where it is not one or not allowed.
Value valueFromText(const Field& field, std::string_view text);
/// One `--set path=value`. Throws Error as valueFromText(), CFG-07 for an unknown path.
void set(RunConfig& config, std::string_view path, std::string_view text);

/// Paths of the fields in which two configurations differ, in document order.
std::vector<std::string_view> differences(const RunConfig& a, const RunConfig& b);

}  // namespace headroom::config
