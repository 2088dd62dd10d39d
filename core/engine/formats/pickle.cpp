// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "base/errors/error.h"
#include "engine/formats/detect.h"

namespace headroom::formats {
namespace {

constexpr std::size_t kLooked = 64 * 1024;

bool contains(std::string_view bytes, std::string_view part) { return bytes.find(part) != std::string_view::npos; }

/// Names of a ZIP's entries stand as they are in its local headers and in its directory at the end.
bool namesCode(std::string_view bytes) {
    constexpr std::array<std::string_view, 3> kNames{"data.pkl", "constants.pkl", ".pickle"};
    return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) { return contains(bytes, name); });
}

/// A numpy array of Python objects: its data is a pickle (numpy.lib.format, the header's "descr").
bool holdsObjects(std::string_view bytes) {
    const std::size_t array = bytes.find("\x93NUMPY");
    return array != std::string_view::npos && contains(bytes.substr(array, 256), "'|O'");
}

std::string tail(const File& file) {
    std::string bytes(std::min<std::uint64_t>(kLooked, file.size()), '\0');
    bytes.resize(file.readAt(file.size() - bytes.size(), std::as_writable_bytes(std::span(bytes))));
    return bytes;
}

}  // namespace

bool looksLikePickle(std::string_view bytes) {
    constexpr char kHighestProtocol = 5;
    return bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= kHighestProtocol &&
           (bytes.size() == 2 || bytes[2] != 0);  // no opcode: a safetensors header of 640 bytes begins the same
}

void refusePickle(const File& file) {
    const std::string bytes = head(file, kLooked);
    const bool zip = bytes.starts_with("PK\x03\x04");
    const bool code =
        looksLikePickle(bytes) || holdsObjects(bytes) || (zip && (namesCode(bytes) || namesCode(tail(file))));
    if (!code) return;
    throw Error({Code::Pkl01, file.name(), "contains Python pickle/TorchScript program code", "",
                 "never opened, because opening it would run that code",
                 "Convert with: python -c \"import torch, safetensors.torch as s; "
                 "s.save_file(torch.load('FILE', weights_only=True), 'model.safetensors')\"."});
}

}  // namespace headroom::formats
