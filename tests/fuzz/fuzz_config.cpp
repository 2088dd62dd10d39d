// SPDX-License-Identifier: Apache-2.0
#include "base/config/document.h"
#include "memory_file.h"

using namespace headroom;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::expectResultOrError([&] {
        const config::RunConfig read = config::parse({reinterpret_cast<const char*>(bytes), size}, "fuzz.json");
        const std::string written = config::toJson(read);
        fuzz::promise(config::toJson(config::parse(written, "again.json")) == written);
    });
    return 0;
}
