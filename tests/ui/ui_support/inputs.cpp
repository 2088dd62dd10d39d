// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui_support/inputs.h"

#include <QCoreApplication>
#include <QFile>
#include <QImage>

namespace headroom::test {

QStringList digitPictures(const TemporaryFolder& folder, int count) {
    constexpr int kSide = 8, kHead = 16;
    QFile file(QCoreApplication::applicationDirPath() + "/../share/headroom/sample/digits/train-images-idx3-ubyte");
    if (!file.open(QIODevice::ReadOnly) || !file.seek(kHead)) return {};
    QStringList paths;
    for (int number = 0; number < count; ++number) {
        const QByteArray pixels = file.read(kSide * kSide);
        if (pixels.size() < kSide * kSide) break;
        const QImage digit(reinterpret_cast<const uchar*>(pixels.constData()), kSide, kSide, kSide, QImage::Format_Grayscale8);
        paths << QString::fromStdString((folder.path() / ("digit-" + std::to_string(number) + ".png")).string());
        digit.save(paths.last());
    }
    return paths;
}

QString writeTable(const TemporaryFolder& folder) {
    std::string rows = "size,colour,large\n";
    for (int k = 0; k < 200; ++k) rows += std::to_string(k % 10) + (k % 3 ? ",red," : ",blue,") + (k % 10 > 4 ? "yes\n" : "no\n");
    return QString::fromStdString(folder.write("things.csv", rows).string());
}

QString writePrices(const TemporaryFolder& folder) {
    std::string rows = "size,colour,price\n";
    for (int k = 0; k < 300; ++k) {
        const double size = k % 25 + 0.5;
        rows += std::to_string(size) + (k % 3 ? ",red," : ",blue,") + std::to_string(3 * size + (k % 3 ? 0 : 10) + 0.01 * k) + "\n";
    }
    return QString::fromStdString(folder.write("prices.csv", rows).string());
}

QString writeText(const TemporaryFolder& folder) {
    std::string text;
    for (int k = 0; k < 200; ++k) text += k % 2 ? "the cat sat on the mat.\n" : "the dog lay on the rug.\n";
    return QString::fromStdString(folder.write("words.txt", text).string());
}

}  // namespace headroom::test
