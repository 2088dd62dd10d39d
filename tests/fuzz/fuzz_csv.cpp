// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/csv.h"
#include "memory_file.h"

using namespace headroom;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const fuzz::MemoryFile file(bytes, size);
    fuzz::expectResultOrError([&] {
        formats::CsvOptions options;
        options.limits = {256, 1024, 16, 8, 64, 1 << 20};  // low, so that the fuzzer meets them
        const formats::Table table = formats::readCsv(file.path(), options);
        for (const formats::Column& column : table.columns) {
            const std::size_t cells = column.numbers.size() + column.codes.size() + column.texts.size();
            fuzz::promise(cells == static_cast<std::size_t>(table.rows) && !column.name.empty());
            for (const std::int32_t code : column.codes)
                fuzz::promise(code >= -1 && code < static_cast<std::int32_t>(column.categories.size()));
        }
    });
    return 0;
}
