// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace headroom::models {

/// Our name of another program's tensor; where that has several in place of one, which of them it is.
struct OurName {
    std::string name;
    int part = 0, parts = 1;
};

/// How a program names the tensors of nets that we have, too.
struct Naming {
    std::string_view title;
    /// Of a name without prefixes; nothing where it is none of these.
    std::optional<OurName> (*translate)(const std::string& theirs);
};

/// Our own first.
std::span<const Naming> knownNamings();

/// The naming (knownNamings()) that a built-in architecture's parameters follow: that of the programs which have the same net. Empty where
/// none has.
std::string_view namingOf(std::string_view architecture);

/// The name without the prefixes that wrappers put before it, one after the other.
std::string withoutPrefixes(std::string name);

}  // namespace headroom::models
