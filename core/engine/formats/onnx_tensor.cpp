// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <onnx/onnx.pb.h>

#include <bit>
#include <cstring>

#include "base/graph/onnx_types.h"
#include "engine/formats/checked.h"
#include "engine/formats/file.h"
#include "engine/formats/onnx_file.h"

namespace headroom::formats {
namespace {

using onnx::TensorProto;

class TensorReading {
public:
    TensorReading(const TensorProto& proto, const std::string& file, const OnnxLimits& limits) : m_proto(proto), m_file(file), m_limits(limits) {}

    graph::HostTensor read() {
        if (m_proto.has_data_location() && m_proto.data_location() == TensorProto::EXTERNAL) refuse(Code::Onx03, "it keeps weights outside the file; not supported");
        if (m_proto.external_data_size() > 0) refuse(Code::Onx03, "it keeps weights outside the file; not supported");
        const auto type = graph::typeOfOnnx(m_proto.data_type());
        if (!type || m_proto.has_segment()) refuse(Code::Onx13, "its encoding is not supported", typeName());
        m_tensor = {m_proto.name(), *type, {}, {}};
        countElements();
        m_proto.has_raw_data() ? takeRaw() : takeTyped();
        return std::move(m_tensor);
    }

private:
    [[noreturn]] void refuse(Code code, std::string problem, std::string found = {}, std::string allowed = {}) const {
        throw Error(Failure{code, fmt::format("{}: tensor {}", m_file, escaped(m_proto.name())), std::move(problem), std::move(found), std::move(allowed), {}});
    }
    std::string typeName() const { return fmt::format("element type {}", m_proto.data_type()); }

    void countElements() {
        if (static_cast<std::size_t>(m_proto.dims_size()) > m_limits.maxRank)
            refuse(Code::Onx06, "too many dimensions", fmt::format("{}", m_proto.dims_size()), fmt::format("at most {}", m_limits.maxRank));
        std::optional<std::uint64_t> bytes = static_cast<std::uint64_t>(graph::byteSize(m_tensor.dtype));
        bool isEmpty = false;
        for (const std::int64_t extent : m_proto.dims()) {
            if (extent < 0) refuse(Code::Onx06, "a dimension is negative", fmt::format("{}", extent));
            isEmpty = isEmpty || extent == 0;
            if (extent > 0 && bytes) bytes = product(*bytes, static_cast<std::uint64_t>(extent));
            m_tensor.shape.push_back(extent);
        }
        if (!bytes) refuse(Code::Onx04, "its size overflows", graph::toString(shapeForText()));
        m_bytes = isEmpty ? 0 : *bytes;
        if (m_bytes > m_limits.maxBytes) refuse(Code::Onx05, "its data and shape differ", fmt::format("{} declared", bytesText(m_bytes)));
    }
    graph::Shape shapeForText() const {
        graph::Shape shape;
        for (const std::int64_t extent : m_proto.dims()) shape.push_back(graph::Dim::fixed(extent));
        return shape;
    }

    void requireBytes(std::uint64_t present) const {
        if (present != m_bytes) refuse(Code::Onx05, "its data and shape differ", fmt::format("{} declared, {} present", bytesText(m_bytes), bytesText(present)));
    }

    void takeRaw() {
        const std::string& raw = m_proto.raw_data();
        requireBytes(raw.size());
        const auto* begin = reinterpret_cast<const std::byte*>(raw.data());
        m_tensor.data.assign(begin, begin + raw.size());
        if (m_tensor.dtype != graph::DType::Bool) return;
        for (std::byte& each : m_tensor.data) each = each == std::byte{0} ? each : std::byte{1};
    }

    /// As the schema says which field holds which type.
    void takeTyped() {
        using enum graph::DType;
        switch (m_tensor.dtype) {
            case F32: return pack<float>(m_proto.float_data());
            case F64: return pack<double>(m_proto.double_data());
            case I64: return pack<std::int64_t>(m_proto.int64_data());
            case I32: return pack<std::int32_t>(m_proto.int32_data());
            case I16: return pack<std::int16_t>(m_proto.int32_data());
            case I8: return pack<std::int8_t>(m_proto.int32_data());
            case U8: return pack<std::uint8_t>(m_proto.int32_data());
            case U16:
            case F16:
            case BF16: return pack<std::uint16_t>(m_proto.int32_data());
            case Bool: return packTruth();
            case U32: return pack<std::uint32_t>(m_proto.uint64_data());
            case U64: return pack<std::uint64_t>(m_proto.uint64_data());
        }
    }

    template <class T, class Field>
    void pack(const Field& field) {
        requireTyped(static_cast<std::uint64_t>(field.size()), sizeof(T));
        m_tensor.data.resize(m_bytes);
        std::byte* to = m_tensor.data.data();
        for (const auto& each : field) {
            const T number = static_cast<T>(each);
            std::memcpy(to, &number, sizeof(T));
            to += sizeof(T);
        }
    }
    void packTruth() {
        requireTyped(static_cast<std::uint64_t>(m_proto.int32_data_size()), 1);
        for (const std::int32_t each : m_proto.int32_data()) m_tensor.data.push_back(each != 0 ? std::byte{1} : std::byte{0});
    }
    /// The other fields hold what does not belong to the type.
    void requireTyped(std::uint64_t count, std::uint64_t size) const {
        const int all = m_proto.float_data_size() + m_proto.double_data_size() + m_proto.int64_data_size() + m_proto.int32_data_size() +
                        m_proto.uint64_data_size() + m_proto.string_data_size();
        if (static_cast<std::uint64_t>(all) != count) refuse(Code::Onx13, "its data lies in a field of another type", typeName());
        requireBytes(count * size);
    }

    const TensorProto& m_proto;
    const std::string& m_file;
    const OnnxLimits& m_limits;
    graph::HostTensor m_tensor;
    std::uint64_t m_bytes = 0;
};

/// The bits of an fp32 number that is this fp16 one (IEEE 754: 5 bits of exponent, 10 of fraction).
std::uint32_t wideBits(std::uint16_t half) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16, exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
    if (exponent == 0x1F) return sign | 0x7F800000 | fraction << 13;
    if (exponent != 0) return sign | (exponent + 112) << 23 | fraction << 13;
    const float subnormal = static_cast<float>(fraction) * 0x1p-24F;
    return sign | std::bit_cast<std::uint32_t>(subnormal);
}

}  // namespace

graph::HostTensor widened(graph::HostTensor tensor) {
    const bool isHalf = tensor.dtype == graph::DType::F16;
    if (!isHalf && tensor.dtype != graph::DType::BF16) return tensor;
    graph::HostTensor wide{std::move(tensor.name), graph::DType::F32, std::move(tensor.shape), std::vector<std::byte>(tensor.data.size() * 2)};
    for (std::size_t i = 0; i < tensor.data.size() / 2; ++i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, tensor.data.data() + 2 * i, 2);
        const std::uint32_t all = isHalf ? wideBits(bits) : static_cast<std::uint32_t>(bits) << 16;
        std::memcpy(wide.data.data() + 4 * i, &all, 4);
    }
    return wide;
}

graph::HostTensor tensorFrom(const TensorProto& proto, const std::string& file, const OnnxLimits& limits) {
    return TensorReading(proto, file, limits).read();
}

graph::HostTensor readOnnxTensor(const std::filesystem::path& path) {
    const File file(path);
    const OnnxLimits limits;
    if (file.size() > limits.maxBytes) throw Error(Failure{Code::Onx02, file.name(), "the file is larger than the format allows", bytesText(file.size()), {}, {}});
    std::string bytes(file.size(), '\0');
    file.readExactly(0, std::as_writable_bytes(std::span(bytes)), Code::Onx01);
    TensorProto proto;
    if (!proto.ParseFromString(bytes)) throw Error(Failure{Code::Onx01, file.name(), "not an ONNX tensor", {}, {}, {}});
    return tensorFrom(proto, file.name(), limits);
}

}  // namespace headroom::formats
