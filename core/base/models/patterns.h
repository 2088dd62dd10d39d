// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

// Lists of names as train.freeze and model.lora.targets have them: shell patterns (* ? [ ]) with commas or blanks between them. Each
// with "!" before it takes out again what it fits; the last one that fits decides. A character behind \ stands for itself.
namespace headroom::models {

struct Pattern {
    Pattern(std::string pattern, bool isOut);

    std::string text;
    bool takesOut = false;
    std::size_t plain = 0;  ///< length of the part before the first special character

    bool fits(const std::string& name) const;
};
std::vector<Pattern> patternsOf(std::string_view text);
std::string textOf(const std::vector<Pattern>& patterns);

/// Whether the last of `patterns` that fits the name is one without "!"; `otherwise` where none fits.
bool fitsPatterns(const std::string& name, const std::vector<Pattern>& patterns, bool otherwise = false);
bool fitsPatterns(const std::string& name, std::string_view patterns, bool otherwise = false);

/// A name as a list is to choose it.
struct Choice {
    std::string name;
    bool otherwise = false;  ///< what it is without a pattern
    bool wanted = false;
};
/// A list of few patterns that chooses all of these names as it is wanted: whole branches ("layer1.*", parts end with . or /) before
/// single names. What already stands in `kept` stays, in its order: all of it where it chooses like that already and every pattern fits
/// a name, else as far as it still decides about one. Where a list without it is shorter, that.
std::string patternsFor(const std::vector<Choice>& names, std::string_view kept = {});

}  // namespace headroom::models
