// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/image.h"

#include <png.h>
#include <turbojpeg.h>
#include <zlib.h>

#include <algorithm>
#include <functional>

#include "core/engine/formats/made_pictures.h"
#include "core/engine/formats/refusal.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;

namespace {

/// A soft slope in every channel, different ones.
Pixels slope(int width, int height, int channels) {
    Pixels pixels;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < channels; ++c) pixels.push_back(static_cast<std::uint8_t>(40 + 3 * x + 5 * y * (c + 1) % 120));
    return pixels;
}

std::string chunk(const std::string& name, const std::string& content) {
    const std::string body = name + content;
    const auto sum = static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
    return bigEndian(static_cast<std::uint32_t>(content.size())) + body + bigEndian(sum);
}

constexpr std::string_view kSignature("\x89PNG\r\n\x1A\n", 8);

/// A JPEG that says another size (T.81, B.2.2: the frame header's lines and samples a line).
std::string withSize(std::string bytes, std::uint16_t width, std::uint16_t height) {
    const std::size_t frame = bytes.find("\xFF\xC0");
    const std::string sizes = bigEndian(static_cast<std::uint32_t>(height) << 16 | width);
    return bytes.replace(frame + 5, sizes.size(), sizes);
}

/// Header alone: bits of a sample, kind of colour.
std::string pngHeader(std::uint32_t width, std::uint32_t height, char bits, char colour) {
    return std::string(kSignature) + chunk("IHDR", bigEndian(width) + bigEndian(height) + bits + colour + std::string(3, '\0'));
}

std::string pngOf(std::uint32_t width, std::uint32_t height, char bits, char colour, const std::string& rows, const std::string& between = {}) {
    uLongf size = compressBound(static_cast<uLong>(rows.size()));
    std::string packed(size, '\0');
    compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), static_cast<uLong>(rows.size()));
    return pngHeader(width, height, bits, colour) + between + chunk("IDAT", packed.substr(0, size)) + chunk("IEND", "");
}

/// With an orientation after the first marker, in the order of bytes of Intel or Motorola.
std::string withOrientation(const std::string& bytes, char orientation, bool intel) {
    const std::string folder = intel ? std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18) + orientation + std::string(7, '\0')
                                     : std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19) + orientation + std::string(6, '\0');
    const std::string content = std::string("Exif\0\0", 6) + folder;
    const auto length = static_cast<std::uint32_t>(content.size() + 2);
    return bytes.substr(0, 2) + "\xFF\xE1" + static_cast<char>(length >> 8) + static_cast<char>(length) + content + bytes.substr(2);
}

int largestDifference(const Pixels& a, const Pixels& b) {
    int largest = a.size() == b.size() ? 0 : 999;
    for (std::size_t k = 0; k < a.size() && largest < 999; ++k) largest = std::max(largest, std::abs(a[k] - b[k]));
    return largest;
}

}  // namespace

class TestImage : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;
    Image read(const std::string& bytes) { return readImage(m_folder.write("a.bin", bytes)); }

private Q_SLOTS:
    void aPngComesBackAsItWas() {
        for (const auto& [format, channels] : {std::pair<std::uint32_t, int>(PNG_FORMAT_RGB, 3), std::pair<std::uint32_t, int>(PNG_FORMAT_GRAY, 1)}) {
            const Pixels pixels = slope(13, 7, channels);
            const Image image = read(png(13, 7, format, pixels.data()));
            QVERIFY(image.height == 7 && image.width == 13 && image.channels == channels);
            QCOMPARE(image.pixels, pixels);
        }
    }
    void aJpegComesBackAlmostAsItWas() {
        const Pixels colour = slope(32, 24, 3), grey = slope(32, 24, 1);
        const Image image = read(jpeg(32, 24, TJPF_RGB, colour, TJSAMP_444)), dim = read(jpeg(32, 24, TJPF_GRAY, grey, TJSAMP_GRAY));
        QVERIFY(image.channels == 3 && image.width == 32 && dim.channels == 1 && dim.height == 24);
        QVERIFY(largestDifference(image.pixels, colour) <= 12);  // quality 98
        QVERIFY(largestDifference(dim.pixels, grey) <= 6);
    }
    void otherKindsOfPicturesAreConvertedByTheirRule() {
        const Pixels clear{255, 0, 0, 0, 0, 0, 255, 255};  // red that nobody sees, blue
        QCOMPARE(read(png(2, 1, PNG_FORMAT_RGBA, clear.data())).pixels, (Pixels{255, 255, 255, 0, 0, 255}));
        const Image deep = read(pngOf(2, 1, 16, 0, std::string("\0\x12\x34\xAB\xCD", 5)));
        QVERIFY(deep.channels == 1);
        QVERIFY(largestDifference(deep.pixels, {0x12, 0xAB}) <= 1);
        const Image palette = read(pngOf(2, 1, 8, 3, std::string("\0\1\0", 3), chunk("PLTE", std::string("\1\2\3\x40\x50\x60", 6))));
        QCOMPARE(palette.pixels, (Pixels{0x40, 0x50, 0x60, 1, 2, 3}));
        QCOMPARE(read(pngOf(9, 1, 1, 0, std::string("\0\xAA\x80", 3))).pixels, (Pixels{255, 0, 255, 0, 255, 0, 255, 0, 255}));
        const Pixels inks{255, 128, 0, 255, 255, 128, 0, 128};  // inverted: 255 is no ink
        Pixels sheet;
        for (int k = 0; k < 64; ++k) sheet.insert(sheet.end(), inks.begin() + (k % 8 < 4 ? 0 : 4), inks.begin() + (k % 8 < 4 ? 4 : 8));
        const Image printed = read(jpeg(8, 8, TJPF_CMYK, sheet, TJSAMP_444));
        QVERIFY(printed.channels == 3);
        QVERIFY(std::abs(printed.pixels[1] - 128) <= 6 && std::abs(printed.pixels[3 * 7 + 1] - 64) <= 8);
    }
    void theOrientationOfExifIsApplied_data() {
        QTest::addColumn<int>("orientation");
        QTest::addColumn<QByteArray>("corners");  // which corner of the file comes first, in its row, in its column
        QTest::newRow("1") << 1 << QByteArray("AB|CD");
        QTest::newRow("2") << 2 << QByteArray("BA|DC");
        QTest::newRow("3") << 3 << QByteArray("DC|BA");
        QTest::newRow("4") << 4 << QByteArray("CD|AB");
        QTest::newRow("5") << 5 << QByteArray("AC|BD");
        QTest::newRow("6") << 6 << QByteArray("CA|DB");
        QTest::newRow("7") << 7 << QByteArray("DB|CA");
        QTest::newRow("8") << 8 << QByteArray("BD|AC");
        QTest::newRow("unknown") << 9 << QByteArray("AB|CD");
    }
    void theOrientationOfExifIsApplied() {
        QFETCH(int, orientation);
        QFETCH(QByteArray, corners);
        Pixels pixels;  // four blocks of 16 x 8: A 40, B 90, C 140, D 190
        for (int y = 0; y < 16; ++y)
            for (int x = 0; x < 32; ++x) pixels.push_back(static_cast<std::uint8_t>(40 + (x < 16 ? 0 : 50) + (y < 8 ? 0 : 100)));
        const std::string bytes = jpeg(32, 16, TJPF_GRAY, pixels, TJSAMP_GRAY);
        for (const bool intel : {true, false}) {
            const Image image = read(withOrientation(bytes, static_cast<char>(orientation), intel));
            const bool turned = orientation >= 5 && orientation <= 8;
            QVERIFY(image.width == (turned ? 16 : 32) && image.height == (turned ? 32 : 16));
            const auto corner = [&](std::int64_t y, std::int64_t x) {
                return static_cast<char>('A' + (image.pixels[static_cast<std::size_t>(y * image.width + x)] - 15) / 50);
            };
            const std::int64_t bottom = image.height - 1, right = image.width - 1;
            const std::string found{corner(0, 0), corner(0, right), '|', corner(bottom, 0), corner(bottom, right)};
            QCOMPARE(QByteArray(found.c_str()), corners);
        }
    }
    void badFilesAreRefused_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("code");
        QTest::addColumn<QByteArray>("parts");
        const auto row = [](const char* name, const std::string& bytes, const char* code, const char* parts) {
            QTest::newRow(name) << QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())) << QByteArray(code) << QByteArray(parts);
        };
        const Pixels colour = slope(32, 24, 3);
        const std::string whole = jpeg(32, 24, TJPF_RGB, colour, TJSAMP_420), square = png(32, 24, PNG_FORMAT_RGB, colour.data());
        row("row 31: a side too long", pngHeader(1'000'000, 1'000'000, 8, 2), "IMG-01", "1,000,000 × 1,000,000|limit 16,384 a side");
        row("row 32: too large decoded", pngOf(16'000, 16'000, 1, 0, ""), "IMG-02", "decoded|134,217,728");
        const std::string before = chunk("abCd", bigEndian(4) + bigEndian(4));  // where a header would say 4 x 4
        row("a chunk before the header", std::string(kSignature) + before + pngHeader(1'000'000, 1'400, 8, 2).substr(8), "DAT-02", "header does not come first");
        row("too many pixels", withSize(jpeg(8, 8, TJPF_GRAY, slope(8, 8, 1), TJSAMP_GRAY), 9'000, 9'000), "IMG-02", "too many pixels|9,000 × 9,000|limit 67,108,864 pixels");
        row("row 33: cut JPEG", whole.substr(0, whole.size() / 2), "DAT-02", "damaged");
        row("cut PNG", square.substr(0, square.size() / 2), "DAT-02", "damaged");
        row("PNG cut in its header", square.substr(0, 20), "DAT-02", "within its header");
        std::string changed = square;
        changed[60] = static_cast<char>(changed[60] ^ 0x10);
        row("PNG with a wrong checksum", changed, "DAT-02", "damaged");
        row("row 34: SVG", "<?xml version=\"1.0\"?><svg width=\"4\"/>", "IMG-03", "content is SVG");
        row("row 34: HTML", "<!DOCTYPE html><html></html>", "IMG-03", "content is HTML");
        row("GIF", "GIF89a........", "IMG-03", "content is GIF");
        row("nothing", "", "IMG-03", "empty");
        row("JPEG that ends at once", "\xFF\xD8\xFF", "DAT-02", "damaged");
        row("no pixels", pngHeader(0, 5, 8, 2), "DAT-02", "0 × 5");
    }
    void badFilesAreRefused() {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, code);
        QFETCH(QByteArray, parts);
        EXPECT_REFUSED([&] { read(bytes.toStdString()); }, code.constData(), parts.constData());
    }
    void aFileLargerThanAllowedIsNotRead() {
        const std::string bytes = png(13, 7, PNG_FORMAT_RGB, slope(13, 7, 3).data());
        EXPECT_REFUSED([&] { readImage(m_folder.write("a.png", bytes), {.maxFile = 50}); }, "IMG-02", "the file is too large");
    }
    void theSameSizeChangesNothing() {
        const Image image{7, 13, 3, slope(13, 7, 3)};
        QCOMPARE(resized(image, 7, 13).pixels, image.pixels);
    }
    void halvingIsTheWeightedMeanOfWhatAPixelCovers() {
        // A triangle of reach 2: 1/8, 3/8, 3/8, 1/8; at the edges 3/7, 3/7, 1/7, because one place lies outside.
        const Image image{1, 8, 1, {0, 80, 160, 240, 240, 160, 80, 0}};
        QCOMPARE(resized(image, 1, 4).pixels, (Pixels{57, 190, 190, 57}));
        QCOMPARE(resized({8, 1, 1, image.pixels}, 4, 1).pixels, (Pixels{57, 190, 190, 57}));
    }
    void whatIsEvenStaysEvenAtEverySize() {
        const Image image{5, 9, 3, Pixels(135, 77)};
        for (const auto& [height, width] : {std::pair(3, 4), std::pair(11, 20), std::pair(1, 1), std::pair(5, 30)}) {
            const Image made = resized(image, height, width);
            QVERIFY(made.height == height && made.width == width);
            QVERIFY(std::ranges::all_of(made.pixels, [](std::uint8_t value) { return value == 77; }));
        }
    }
    void whatLiesBesideTheMiddleIsCutOff() {
        const Image wide{2, 5, 1, {9, 1, 2, 9, 9, 9, 3, 4, 9, 9}}, tall{4, 2, 1, {9, 9, 1, 2, 3, 4, 9, 9}};
        QCOMPARE(fitted(wide, 2, 2, 1).pixels, (Pixels{1, 2, 3, 4}));
        QCOMPARE(fitted(tall, 2, 2, 1).pixels, (Pixels{1, 2, 3, 4}));
        QCOMPARE(fitted(tall, 1, 2, 1).pixels, (Pixels{1, 2}));  // as wide for its height as is wanted
        QCOMPARE(fitted({1, 1, 1, {5}}, 1, 40, 3).pixels, Pixels(120, 5));
    }
    void aPictureOfTheWantedShapeIsOnlyResized() {
        const Image image{24, 32, 3, slope(32, 24, 3)};
        QCOMPARE(fitted(image, 6, 8, 3).pixels, resized(image, 6, 8).pixels);
        QCOMPARE(fitted(image, 6, 8, 1).pixels, resized(withChannels(image, 1), 6, 8).pixels);
        QCOMPARE(fitted({24, 32, 1, slope(32, 24, 1)}, 6, 8, 3).channels, 3);
    }
    void sizeAndChannelsAreKnownBeforeAnythingIsDecoded() {
        const auto declared = [&](const std::string& bytes) { return declaredImage(m_folder.write("a.bin", bytes)); };
        const auto side = [&](const std::string& bytes) {
            const auto found = declared(bytes);
            return found ? std::optional(std::min(found->height, found->width)) : std::nullopt;
        };
        const std::string photo = jpeg(32, 24, TJPF_RGB, slope(32, 24, 3), TJSAMP_420);
        QCOMPARE(side(photo), std::optional<std::int64_t>(24));
        QCOMPARE(side(withOrientation(photo, 6, true)), std::optional<std::int64_t>(24));
        QCOMPARE(side(photo.substr(0, photo.size() / 2)), std::optional<std::int64_t>(24));
        QCOMPARE(side(pngHeader(500, 70'000, 8, 2)), std::optional<std::int64_t>(500));
        for (const std::string& none : {std::string("GIF89a"), std::string(), std::string("\xFF\xD8\xFF\xD9"), photo.substr(0, 40), std::string("\xFF\xD8\xFF") + std::string(100, '\xFF'), pngHeader(0, 5, 8, 2)})
            QVERIFY(!side(none));
        const std::string bright = jpeg(32, 24, TJPF_GRAY, slope(32, 24, 1), TJSAMP_GRAY);
        for (const std::string& bytes : {photo, bright, greyPng(9, 7, 3), colourPng(9, 7, 1, 2, 3)}) QCOMPARE(declared(bytes)->channels, read(bytes).channels);
        QCOMPARE(declared(photo)->decodingBytes, photo.size() + std::uint64_t{3 * 32 * 24 * 3});
    }
    void channelsBecomeBrightnessAndBack() {
        const Image colour{1, 2, 3, {255, 0, 0, 10, 200, 60}};
        QCOMPARE(withChannels(colour, 1).pixels, (Pixels{76, 127}));
        QCOMPARE(withChannels({1, 2, 1, {5, 9}}, 3).pixels, (Pixels{5, 5, 5, 9, 9, 9}));
        QCOMPARE(withChannels(colour, 3).pixels, colour.pixels);
    }
};

HEADROOM_TEST(TestImage)
#include "tst_image.moc"
