// SPDX-License-Identifier: Apache-2.0
#include "engine/data/tokens.h"

#include "engine/formats/characters.h"

namespace headroom::data {

std::unique_ptr<formats::Tokenizer> tokenizerOf(const config::RunConfig::Data& data, const std::vector<std::string>& names) {
    if (data.tokenizer == "bytes") return formats::byteTokenizer();
    if (data.tokenizer == "byte_pairs") return formats::bytePairTokenizer(data.tokenizerFolder);
    std::vector<char32_t> characters;
    for (const std::string& name : names) characters.push_back(formats::decoded(name));
    return formats::characterTokenizer(std::move(characters));
}

}  // namespace headroom::data
