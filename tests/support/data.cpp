// SPDX-License-Identifier: Apache-2.0
#include "support/data.h"

#include <QProcess>

#include <cstdlib>

namespace headroom::test {

std::filesystem::path dataFolder() {
    const char* folder = std::getenv("HEADROOM_DATA");
    return folder ? std::filesystem::path(folder) : std::filesystem::path();
}

std::filesystem::path unpackedCifar(const std::filesystem::path& into) {
    const std::filesystem::path source = dataFolder() / "cifar10", folder = into / "cifar10";
    std::filesystem::create_directories(folder);
    std::filesystem::copy(source / "batches.meta.txt", folder);
    for (const char* name : {"train_a1.bin", "train_a2.bin"}) {
        QProcess unpack;
        unpack.setStandardOutputFile(QString::fromStdString((folder / name).string()));
        unpack.start("xz", {"-dc", QString::fromStdString((source / name).string() + ".xz")});
        if (!unpack.waitForFinished(300'000) || unpack.exitCode() != 0) return {};
    }
    return folder;
}

}  // namespace headroom::test
