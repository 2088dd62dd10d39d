// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "base/config/run_config.h"

/// What a run can do to need less memory, as changes of its configuration: one table, from which "Make it fit", the
/// matrix of what fits and the savings experiment are made.
namespace headroom::plan {

/// A field and the value that it gets, as `--set` takes them.
struct Setting {
    std::string_view path, value;
};

struct Technique {
    std::string_view name;   ///< "bf16": for documents and tests
    std::string_view title;  ///< as shown
    std::string_view help;   ///< a sentence: what it does, what it costs
    std::vector<Setting> settings;

    /// Whether the configuration has all of its values already.
    bool isOn(const config::RunConfig& config) const;
};
/// In the order of the table.
using TechniqueSet = std::vector<const Technique*>;

/// The table, but for techniques whose fields or values the configuration does not know. A smaller micro-batch is none
/// of them: it is the other dimension of everything that asks for them.
const std::vector<Technique>& techniques();

/// Whether they set a field to different values.
bool disagree(const Technique& a, const Technique& b);

/// The configuration with these techniques. Nothing where they do not go together or not with the configuration: two set
/// a field to different values, a field has no effect as the others stand, or a rule between fields (config::faults())
/// is broken that was not before.
std::optional<config::RunConfig> with(const config::RunConfig& config, const TechniqueSet& techniques);

}  // namespace headroom::plan
