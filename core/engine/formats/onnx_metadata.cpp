// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/onnx_metadata.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>
#include <onnx/onnx.pb.h>

#include <algorithm>

#include "base/errors/error.h"
#include "engine/formats/checked.h"
#include "engine/formats/file.h"

namespace headroom::formats {
namespace {

using google::protobuf::internal::WireFormatLite;
constexpr std::uint64_t kLargestFile = 0x7FFFFFFF;
constexpr std::uint32_t kLargestEntry = 16u << 20;

[[noreturn]] void refuse(const std::filesystem::path& path, Code code, std::string problem, std::string found) {
    throw Error(Failure{code, escaped(path.filename().string()), std::move(problem), std::move(found), {},
                        "Choose an ONNX file, written whole."});
}

/// The file for protobuf, read with pread; what is passed over is not read.
class Bytes : public google::protobuf::io::CopyingInputStream {
public:
    explicit Bytes(const File& file) : m_file(file) {}
    int Read(void* buffer, int size) override {
        const std::size_t count = m_file.readAt(m_at, {static_cast<std::byte*>(buffer), static_cast<std::size_t>(size)});
        m_at += count;
        return static_cast<int>(count);
    }
    int Skip(int count) override {
        const auto skipped = std::min<std::uint64_t>(static_cast<std::uint64_t>(count), m_file.size() - std::min(m_at, m_file.size()));
        m_at += skipped;
        return static_cast<int>(skipped);
    }

private:
    const File& m_file;
    std::uint64_t m_at = 0;
};

/// One length-delimited entry. False where it is cut off or no entry.
bool readEntry(google::protobuf::io::CodedInputStream& stream, std::map<std::string, std::string>& entries) {
    std::uint32_t length = 0;
    std::string bytes;
    onnx::StringStringEntryProto entry;
    if (!stream.ReadVarint32(&length) || length > kLargestEntry || !stream.ReadString(&bytes, static_cast<int>(length)) ||
        !entry.ParseFromString(bytes))
        return false;
    entries[entry.key()] = entry.value();
    return true;
}

}  // namespace

std::map<std::string, std::string> readOnnxMetadata(const std::filesystem::path& path) {
    const File file(path);
    if (file.size() > kLargestFile)
        refuse(path, Code::Onx02, "the file is larger than ONNX allows", bytesText(file.size()));
    Bytes bytes(file);
    google::protobuf::io::CopyingInputStreamAdaptor buffered(&bytes);
    google::protobuf::io::CodedInputStream stream(&buffered);
    std::map<std::string, std::string> entries;
    bool sawGraph = false;
    while (const std::uint32_t tag = stream.ReadTag()) {
        const int field = WireFormatLite::GetTagFieldNumber(tag);
        sawGraph = sawGraph || field == onnx::ModelProto::kGraphFieldNumber;
        const bool good = field == onnx::ModelProto::kMetadataPropsFieldNumber ? readEntry(stream, entries)
                                                                               : WireFormatLite::SkipField(&stream, tag);
        if (!good) refuse(path, Code::Onx01, "not an ONNX file", "its parts do not fit together");
    }
    if (!sawGraph || !stream.ConsumedEntireMessage()) refuse(path, Code::Onx01, "not an ONNX file", "it holds no graph");
    return entries;
}

}  // namespace headroom::formats
