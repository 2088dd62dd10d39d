// SPDX-License-Identifier: Apache-2.0
#include "base/store/open_options.h"

#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace headroom::store {
namespace {

/// statfs(2) and linux/magic.h: file systems whose locks or shared mappings do not reach every process that sees them.
constexpr std::array<std::uint32_t, 10> kNetworkKinds{
    0x6969,      // NFS
    0xFF534D42,  // CIFS
    0xFE534D42,  // SMB2
    0x517B,      // SMB
    0x65735546,  // FUSE
    0x01021997,  // 9P
    0x00C36400,  // Ceph
    0x5346414F,  // AFS
    0x0BD00BD0,  // Lustre
    0x01161970,  // GFS2
};

}  // namespace

FileSystem fileSystemOf(const std::filesystem::path& path) {
    struct statfs info {};
    if (::statfs(path.c_str(), &info) != 0) return FileSystem::Local;
    const auto kind = static_cast<std::uint32_t>(info.f_type);
    return std::ranges::find(kNetworkKinds, kind) == kNetworkKinds.end() ? FileSystem::Local : FileSystem::Network;
}

}  // namespace headroom::store
