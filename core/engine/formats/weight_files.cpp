// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/weight_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/errors/error.h"
#include "base/json/strict_json.h"

namespace headroom::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestIndex = 64 * 1024 * 1024;

std::string indexText(const File& file) {
    if (file.size() > kLargestIndex)
        throw Error(Failure{Code::Stf02, file.name(), "the index is too long", fmt::format("{} bytes", file.size()), fmt::format("at most {}", kLargestIndex), {}});
    std::string text(file.size(), '\0');
    file.readExactly(0, std::as_writable_bytes(std::span(text)), Code::Stf18);
    return text;
}

/// Tensor to file, as the index says.
std::map<std::string, std::string> weightMap(const fs::path& path) {
    const File file(path);
    json::Options options{.subject = file.name(), .codes = {Code::Stf02, Code::Stf05, Code::Stf04, Code::Stf05, Code::Stf07, Code::Stf05}};
    options.maxBytes = kLargestIndex;
    const nlohmann::json document = json::parseStrict(indexText(file), options).value;
    const auto map = document.is_object() ? document.find("weight_map") : document.end();
    const auto refuse = [&](std::string problem, std::string found) {
        throw Error(Failure{Code::Stf06, file.name(), std::move(problem), std::move(found), "{\"weight_map\": {tensor: file}} needed", {}});
    };
    if (!document.is_object() || map == document.end() || !map->is_object()) refuse("the index has no weight_map", {});
    std::map<std::string, std::string> files;
    for (const auto& [tensor, shard] : map->items()) {
        if (!shard.is_string()) refuse("a shard is no file's name", escaped(tensor));
        const auto name = shard.get<std::string>();
        // Names are names: a path could lead anywhere.
        if (name.empty() || name.find_first_of("/\\") != std::string::npos || name == ".." || name == "." || name.find('\0') != std::string::npos)
            refuse("a shard is no file's name", escaped(name));
        files.emplace(tensor, name);
    }
    return files;
}

/// IEEE 754 binary16, exactly.
float fromHalf(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
    if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
    if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
    return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}
/// The upper half of a float.
float fromBfloat(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

template <typename Stored, typename Convert>
std::vector<std::byte> widened(const std::vector<std::byte>& bytes, const Convert& convert) {
    const std::size_t count = bytes.size() / sizeof(Stored);
    std::vector<std::byte> out(count * sizeof(float));
    for (std::size_t i = 0; i < count; ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        const float number = convert(stored);
        std::memcpy(out.data() + i * sizeof(float), &number, sizeof(float));
    }
    return out;
}

}  // namespace

WeightFiles::WeightFiles(const fs::path& path) {
    if (path.extension() == ".json") {
        openShards(path);
    } else {
        m_shards.push_back(std::make_unique<SafetensorsFile>(path));
        for (const StTensor& tensor : m_shards.front()->tensors()) m_shardOf.emplace(tensor.name, m_shards.front().get());
    }
    for (const auto& [name, shard] : m_shardOf) m_tensors.push_back(*shard->find(name));
}

void WeightFiles::openShards(const fs::path& index) {
    std::map<std::string, const SafetensorsFile*> opened;
    for (const auto& [tensor, file] : weightMap(index)) {
        const SafetensorsFile*& shard = opened[file];
        if (!shard) shard = m_shards.emplace_back(std::make_unique<SafetensorsFile>(index.parent_path() / file)).get();
        if (!shard->find(tensor))
            throw Error(Failure{Code::Stf10, escaped(file), "the shard lacks a tensor of the index", escaped(tensor), {}, "Download the files again."});
        m_shardOf.emplace(tensor, shard);
    }
}

graph::HostTensor WeightFiles::readFloats(std::string_view name) const {
    const SafetensorsFile& file = *m_shardOf.find(name)->second;
    const StTensor& tensor = *file.find(name);
    graph::HostTensor out{tensor.name, graph::DType::F32, tensor.shape, file.read(tensor)};
    switch (tensor.type) {
        case StType::F32: return out;
        case StType::F16: out.data = widened<std::uint16_t>(out.data, fromHalf); return out;
        case StType::BF16: out.data = widened<std::uint16_t>(out.data, fromBfloat); return out;
        case StType::F64: out.data = widened<double>(out.data, [](double number) { return static_cast<float>(number); }); return out;
        default:
            throw Error(Failure{Code::Stf15, escaped(name), "weights are no floating numbers", std::string(formats::name(tensor.type)), "F16, BF16, F32 and F64 allowed", {}});
    }
}

}  // namespace headroom::formats
