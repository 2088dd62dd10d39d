// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/config/document.h"
#include "base/config/fields.h"

namespace headroom::config {
namespace {

constexpr std::string_view kIntroduction = R"(<!-- Made by "headroom config --reference" from the table of fields. Do not edit: a test compares it. -->
# Configuration reference

A run is defined by one JSON document: at most 1 MiB, UTF-8, no comments, every key at most once. A key that is not
listed here is refused. What is missing has its default. Any field can be given on the command line as well:
`headroom train digits.json --set train.epochs=3 --set train.optimizer.lr=3e-4`; an override changes the document, so
a relative `data.path` counts from the configuration's folder there, too. `headroom config FILE` prints the whole
configuration as it will run.

A complete document:

```json
{
  "name": "fmnist",
  "data": { "path": "fashion-mnist", "limit": 0, "augment": { "crop": 2, "flip": true } },
  "model": { "arch": "cnn" },
  "train": {
    "epochs": 1, "max_steps": 0, "batch_size": 128, "precision": "bf16",
    "optimizer": { "name": "adamw", "lr": 0.002 },
    "schedule": { "name": "cosine", "warmup": 0.05 },
    "seed": 1
  },
  "device": "auto"
}
```
)";

std::string headingOf(std::string_view section) { return section.empty() ? "General" : fmt::format("`{}`", section); }

std::string defaultText(const Field& field) {
    if (field.required) return "none: needed";
    const Value value = field.defaultValue();
    const std::string words = text(value);
    const bool isZero = words.empty() || words == "0";
    if (isZero && !field.zero.empty()) return words.empty() ? fmt::format("empty: {}", field.zero) : fmt::format("`0`: {}", field.zero);
    return words.empty() ? "empty" : fmt::format("`{}`", words);
}

std::string allowedText(const Field& field) {
    std::string text = field.allowed();
    if (text.ends_with(',')) text.pop_back();
    if (!field.unit.empty()) text += fmt::format(", in {}", field.unit);
    const std::string standard = defaultText(field);
    if (!field.zero.empty() && standard.find(field.zero) == std::string::npos) text += fmt::format("; 0: {}", field.zero);
    return text;
}

std::string row(const Field& field) {
    return fmt::format("| `{}` | {} | {} | {}: {} |\n", field.path, allowedText(field), defaultText(field), field.title,
                       field.help);
}

}  // namespace

std::string referencePage() {
    std::string page(kIntroduction);
    std::string_view section = "none yet";
    for (const Field& field : fields()) {
        if (field.section() != section && field.path != "device") {
            section = field.section();
            page += fmt::format("\n## {}\n\n| field | allowed | default | meaning |\n| --- | --- | --- | --- |\n",
                                headingOf(section));
        } else if (field.path == "device") {
            page += "\n## Device\n\n| field | allowed | default | meaning |\n| --- | --- | --- | --- |\n";
        }
        page += row(field);
    }
    return page;
}

}  // namespace headroom::config
