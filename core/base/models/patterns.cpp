// SPDX-License-Identifier: Apache-2.0
#include "base/models/patterns.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

namespace headroom::models {
namespace {

constexpr std::string_view kBetween = ", \t\n", kPartEnds = "./", kSpecial = "*?[]\\!, \t\n";

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> all;
    std::string word;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i == text.size() || kBetween.find(text[i]) != std::string_view::npos) {
            if (!word.empty()) all.push_back(std::exchange(word, {}));
            continue;
        }
        word += text[i];
        if (text[i] == '\\' && i + 1 < text.size()) word += text[++i];
    }
    return all;
}

/// The text as a pattern that fits it alone.
std::string literal(std::string_view text) {
    std::string pattern;
    for (const char each : text) {
        if (kSpecial.find(each) != std::string_view::npos) pattern += '\\';
        pattern += each;
    }
    return pattern;
}

/// What a name is when a branch around it has been chosen: as it would be otherwise, out, or in.
enum Around { Otherwise, Out, In, kArounds };

/// A name, or all names that begin alike.
struct Branch {
    std::string pattern;
    std::vector<Branch> inside;             ///< empty: a name
    std::array<std::size_t, kArounds> cost{};  ///< patterns that it takes
    std::array<std::size_t, kArounds> within{};  ///< without one of its own
};

using Names = std::vector<const Choice*>;

Branch leafOf(const Choice& name) {
    const std::size_t otherwise = name.otherwise != name.wanted, out = name.wanted, in = !name.wanted;
    return {literal(name.name), {}, {otherwise, out, in}, {}};
}

/// Where the part of the name that begins at `from` ends, behind its . or /; nothing where it is the last.
std::optional<std::size_t> endOfPart(const std::string& name, std::size_t from) {
    const std::size_t end = name.find_first_of(kPartEnds, from);
    return end == std::string::npos ? std::nullopt : std::optional(end + 1);
}

/// Behind the parts that all names share.
std::size_t endOfShared(const Names& names, std::size_t from) {
    while (const auto end = endOfPart(names.front()->name, from)) {
        const std::string_view part = std::string_view(names.front()->name).substr(from, *end - from);
        if (!std::ranges::all_of(names, [&](const Choice* each) { return each->name.compare(from, part.size(), part) == 0; })) break;
        from = *end;
    }
    return from;
}

/// One pattern for the whole branch, where that takes fewer than one for each of what is inside, or as many and nothing else.
std::optional<Around> ownChoice(const Branch& branch, Around around) {
    for (const Around own : {In, Out})
        if (branch.within[own] + 1 < branch.within[around] || (branch.within[own] == 0 && branch.within[around] == 1))
            if (branch.within[own] <= branch.within[own == In ? Out : In]) return own;
    return std::nullopt;
}

Branch branchOf(std::string_view prefix, const Names& names) {
    Branch branch{literal(prefix) + "*", {}, {}, {}};
    const std::size_t from = endOfShared(names, prefix.size());
    std::vector<std::pair<std::string_view, Names>> parts;  // in the order of their first names
    std::map<std::string_view, std::size_t> known;
    for (const Choice* each : names) {
        const auto end = endOfPart(each->name, from);
        const std::string_view part = std::string_view(each->name).substr(0, end.value_or(0));
        const auto [at, isNew] = end ? known.try_emplace(part, parts.size()) : std::pair(known.end(), true);
        if (isNew) parts.push_back({part, {}});
        parts[end ? at->second : parts.size() - 1].second.push_back(each);
    }
    for (const auto& [part, inside] : parts) branch.inside.push_back(part.empty() ? leafOf(*inside.front()) : branchOf(part, inside));
    for (const Branch& each : branch.inside)
        for (std::size_t around = 0; around < kArounds; ++around) branch.within[around] += each.cost[around];
    for (const Around around : {Otherwise, Out, In}) {
        const auto own = ownChoice(branch, around);
        branch.cost[around] = own ? branch.within[*own] + 1 : branch.within[around];
    }
    return branch;
}

void write(const Branch& branch, Around around, std::vector<Pattern>& into) {
    if (branch.cost[around] == 0) return;
    if (branch.inside.empty()) return into.push_back({branch.pattern, branch.cost[Out] == 0});
    if (const auto own = ownChoice(branch, around)) {
        into.push_back({branch.pattern, *own == Out});
        around = *own;
    }
    for (const Branch& each : branch.inside) write(each, around, into);
}

std::vector<Pattern> chosen(const std::vector<Choice>& names) {
    Names all;
    for (const Choice& each : names) all.push_back(&each);
    std::vector<Pattern> patterns;
    if (!all.empty()) write(branchOf({}, all), Otherwise, patterns);
    return patterns;
}

/// For each name the patterns that fit it, in their order.
std::vector<std::vector<std::size_t>> fitting(const std::vector<Choice>& names, const std::vector<Pattern>& patterns) {
    std::vector<std::vector<std::size_t>> all(names.size());
    for (std::size_t i = 0; i < names.size(); ++i)
        for (std::size_t k = 0; k < patterns.size(); ++k)
            if (patterns[k].fits(names[i].name)) all[i].push_back(k);
    return all;
}

/// Without the patterns that make no difference, older ones first.
std::vector<Pattern> deciding(const std::vector<Choice>& names, const std::vector<Pattern>& patterns) {
    auto fits = fitting(names, patterns);
    std::vector<std::vector<std::size_t>> decided(patterns.size());  // names, by the last pattern that fits them
    for (std::size_t i = 0; i < names.size(); ++i)
        if (!fits[i].empty()) decided[fits[i].back()].push_back(i);
    std::vector<bool> isLeft(patterns.size(), true);
    std::vector<Pattern> left;
    for (std::size_t k = 0; k < patterns.size(); ++k) {
        const auto before = [&](std::size_t name) {
            std::erase_if(fits[name], [&](std::size_t each) { return !isLeft[each]; });
            return fits[name].size() > 1 ? !patterns[*(fits[name].rbegin() + 1)].takesOut : names[name].otherwise;
        };
        isLeft[k] = std::ranges::any_of(decided[k], [&](std::size_t name) { return before(name) == patterns[k].takesOut; });
        if (isLeft[k]) left.push_back(patterns[k]);
    }
    return left;
}

}  // namespace

Pattern::Pattern(std::string pattern, bool isOut) : text(std::move(pattern)), takesOut(isOut), plain(std::min(text.find_first_of("*?[\\"), text.size())) {}

/// Most names differ from a pattern before its first special character.
bool Pattern::fits(const std::string& name) const {
    if (plain == text.size()) return name == text;
    return name.size() >= plain && std::memcmp(name.data(), text.data(), plain) == 0 && ::fnmatch(text.c_str(), name.c_str(), 0) == 0;
}

std::vector<Pattern> patternsOf(std::string_view text) {
    std::vector<Pattern> all;
    for (const std::string& word : words(text)) all.push_back({word.substr(word.front() == '!' ? 1 : 0), word.front() == '!'});
    return all;
}

std::string textOf(const std::vector<Pattern>& patterns) {
    std::string text;
    for (const Pattern& each : patterns) text += (text.empty() ? "" : ", ") + std::string(each.takesOut ? "!" : "") + each.text;
    return text;
}

bool fitsPatterns(const std::string& name, const std::vector<Pattern>& patterns, bool otherwise) {
    const auto last = std::find_if(patterns.rbegin(), patterns.rend(), [&](const Pattern& each) { return each.fits(name); });
    return last == patterns.rend() ? otherwise : !last->takesOut;
}

bool fitsPatterns(const std::string& name, std::string_view patterns, bool otherwise) { return fitsPatterns(name, patternsOf(patterns), otherwise); }

std::string patternsFor(const std::vector<Choice>& names, std::string_view kept) {
    std::vector<Pattern> longer = patternsOf(kept);
    std::vector<Choice> left = names;
    for (Choice& each : left) each.otherwise = fitsPatterns(each.name, longer, each.otherwise);
    const auto isThere = [&](const Pattern& pattern) { return std::ranges::any_of(names, [&](const Choice& each) { return pattern.fits(each.name); }); };
    const bool isDone = std::ranges::all_of(left, [](const Choice& each) { return each.otherwise == each.wanted; });
    if (isDone && std::ranges::all_of(longer, isThere)) return std::string(kept);
    std::ranges::move(chosen(left), std::back_inserter(longer));
    longer = deciding(names, longer);
    const std::vector<Pattern> anew = chosen(names);
    return textOf(anew.size() < longer.size() ? anew : longer);
}

}  // namespace headroom::models
