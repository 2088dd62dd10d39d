// SPDX-License-Identifier: Apache-2.0
#include "core/engine/formats/refusal.h"

#include <time.h>
#include <zlib.h>
#include <QProcess>

#include <fstream>

namespace headroom::test {

std::string gzipped(std::string_view bytes) {
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string bigEndian(std::uint32_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
    return bytes;
}

std::string idx(std::uint8_t type, const std::vector<std::uint32_t>& dimensions, std::string_view data) {
    std::string bytes{'\0', '\0', static_cast<char>(type), static_cast<char>(dimensions.size())};
    for (const std::uint32_t extent : dimensions) bytes += bigEndian(extent);
    return bytes + std::string(data);
}

void makeSparse(const std::filesystem::path& path, std::uint64_t bytes) {
    if (!std::filesystem::exists(path)) std::ofstream(path, std::ios::binary);
    std::filesystem::resize_file(path, bytes);
}

std::uint64_t fileSize(const std::filesystem::path& path) { return std::filesystem::file_size(path); }

double cpuSeconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

bool hasPython() { return !qEnvironmentVariableIsEmpty("HEADROOM_PYTHON"); }

QString python(const QString& program, const QStringList& arguments) {
    constexpr int kTimeoutMs = 120'000;
    QProcess process;
    process.start(qEnvironmentVariable("HEADROOM_PYTHON"), QStringList{"-c", program} + arguments);
    if (!process.waitForFinished(kTimeoutMs) || process.exitCode() != 0)
        return "failed: " + QString::fromUtf8(process.readAllStandardError());
    return QString::fromUtf8(process.readAllStandardOutput());
}

}  // namespace headroom::test
