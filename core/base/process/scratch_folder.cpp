// SPDX-License-Identifier: Apache-2.0
#include "base/process/scratch_folder.h"

#include <stdlib.h>

#include <string>

#include "base/errors/error.h"

namespace headroom::process {

ScratchFolder::ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "headroom-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
        throw Error(Failure{Code::Dsk02, pattern, "no temporary folder can be made", {}, {}, "Check TMPDIR and the room on the disk."});
    m_path = pattern;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

}  // namespace headroom::process
