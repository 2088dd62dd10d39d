// SPDX-License-Identifier: Apache-2.0
#include <png.h>
#include <turbojpeg.h>
#include <zlib.h>

#include <algorithm>
#include <set>

#include "base/errors/error.h"
#include "core/engine/formats/made_masks.h"
#include "core/engine/formats/refusal.h"
#include "engine/formats/dataset.h"
#include "engine/formats/detect.h"
#include "engine/formats/mask_image.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;
namespace fs = std::filesystem;

namespace {

DataOptions sized(std::int64_t side) {
    DataOptions options;
    options.folder.wanted = {0, side, side};
    return options;
}

bool isSaid(const std::vector<std::string>& notes, const std::string& part) {
    return std::ranges::any_of(notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

std::set<int> valuesIn(const std::vector<std::uint8_t>& masks) { return {masks.begin(), masks.end()}; }

/// A PNG of brightness in 1, 2 or 4 bits a pixel, each row in whole bytes.
std::string smallGreyPng(int width, int height, int bits, const Pixels& values) {
    std::string rows;
    for (int y = 0; y < height; ++y) {
        rows += '\0';  // no filter
        int filled = 8;
        for (int x = 0; x < width; ++x, filled += bits) {
            if (filled == 8) rows += '\0', filled = 0;
            rows.back() = static_cast<char>(rows.back() | values[static_cast<std::size_t>(y * width + x)] << (8 - bits - filled));
        }
    }
    uLongf size = compressBound(rows.size());
    std::string packed(size, '\0');
    compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
    packed.resize(size);
    const auto chunk = [](const std::string& name, const std::string& content) {
        const std::string whole = name + content;
        return bigEndian(static_cast<std::uint32_t>(content.size())) + whole +
               bigEndian(static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(whole.data()), static_cast<uInt>(whole.size()))));
    };
    const std::string header = bigEndian(static_cast<std::uint32_t>(width)) + bigEndian(static_cast<std::uint32_t>(height)) + static_cast<char>(bits) + std::string(4, '\0');
    return std::string("\x89PNG\r\n\x1A\n", 8) + chunk("IHDR", header) + chunk("IDAT", packed) + chunk("IEND", "");
}

}  // namespace

/// Pictures and masks: which belong together, what a mask says, what is refused.
class TestMasks : public QObject {
    Q_OBJECT

    std::optional<TemporaryFolder> m_folder;

    fs::path path(const std::string& name = "data") const { return m_folder->path() / name; }
    void picture(const std::string& name, int width = 12, int height = 12) const { m_folder->write("data/" + name, greyPng(width, height, 90)); }
    /// Its values in turn from pixel to pixel.
    void mask(const std::string& name, const Pixels& values, int width = 12, int height = 12) const {
        Pixels pixels(static_cast<std::size_t>(width * height));
        for (std::size_t k = 0; k < pixels.size(); ++k) pixels[k] = values[k % values.size()];
        m_folder->write("data/" + name, png(width, height, PNG_FORMAT_GRAY, pixels.data()));
    }
    void pair(const std::string& name, const Pixels& values, const std::string& part = {}) const { picture(part + "images/" + name + ".png"), mask(part + "masks/" + name + ".png", values); }
    void refused(const char* code, const char* parts, DataOptions options = sized(8)) const {
        EXPECT_REFUSED([&] { readDataset(path(), options); }, code, parts);
    }

private Q_SLOTS:
    void init() { m_folder.emplace(); }

    void aMaskIsReadAsItsBytesStandInTheFile_data() {
        QTest::addColumn<int>("colours");
        for (const int colours : {2, 4, 16, 256}) QTest::addRow("palette of %d", colours) << colours;
        QTest::newRow("brightness") << 0;
    }
    void aMaskIsReadAsItsBytesStandInTheFile() {
        QFETCH(int, colours);
        Pixels pixels;
        for (int k = 0; k < 9 * 5; ++k) pixels.push_back(static_cast<std::uint8_t>((7 * k + 3) % (colours > 0 ? colours : 256)));
        const fs::path file = m_folder->write("mask.png", colours > 0 ? palettePng(9, 5, pixels, colours) : png(9, 5, PNG_FORMAT_GRAY, pixels.data()));
        const Image read = readMask(file);
        QVERIFY(read.width == 9 && read.height == 5 && read.channels == 1);
        QCOMPARE(read.pixels, pixels);
    }
    void fewBitsOfBrightnessAreClassNumbersToo() {
        for (const int bits : {1, 2, 4}) {
            Pixels values;
            for (int k = 0; k < 11 * 3; ++k) values.push_back(static_cast<std::uint8_t>(k % (1 << bits)));
            QCOMPARE(readMask(m_folder->write("mask.png", smallGreyPng(11, 3, bits, values))).pixels, values);
        }
    }
    void whatHoldsNoClassNumbersIsRefused() {
        const Pixels bytes(12 * 12 * 8, 1);
        const auto written = [&](const std::string& content) { return m_folder->write("m.png", content); };
        EXPECT_REFUSED([&] { readMask(written(colourPng(12, 12, 1, 2, 3))); }, "IMG-15", "m.png|a picture in colours|class numbers");
        EXPECT_REFUSED([&] { readMask(written(png(12, 12, PNG_FORMAT_RGBA, bytes.data()))); }, "IMG-15", "a picture in colours");
        EXPECT_REFUSED([&] { readMask(written(png(12, 12, PNG_FORMAT_GA, bytes.data()))); }, "IMG-15", "transparency");
        EXPECT_REFUSED([&] { readMask(written(png(12, 12, PNG_FORMAT_LINEAR_Y, bytes.data()))); }, "IMG-15", "16 bits");
        EXPECT_REFUSED([&] { readMask(written(jpeg(12, 12, TJPF_GRAY, Pixels(144, 1), TJSAMP_GRAY))); }, "IMG-15", "JPEG");
        EXPECT_REFUSED([&] { readMask(written("GIF89a")); }, "IMG-03", "GIF");
        EXPECT_REFUSED([&] { readMask(written(greyPng(12, 12, 1).substr(0, 50))); }, "DAT-02", "m.png");
    }
    void everyPlaceOfACutMaskIsRefusedOrWhole() {
        const std::string whole = palettePng(6, 6, Pixels(36, 3));
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const fs::path file = m_folder->write("cut.png", whole.substr(0, length));
            try {
                QCOMPARE(readMask(file).pixels, Pixels(36, 3));  // but for the last checksum and the end
                QVERIFY(length + 16 >= whole.size());
            } catch (const Error& error) {
                QVERIFY(error.code() == Code::Dat02 || error.code() == Code::Img03);
            }
        }
    }
    void aMaskIsCutAndScaledAsItsPicture() {
        Image wide{4, 8, 1, {}};
        for (int k = 0; k < 32; ++k) wide.pixels.push_back(static_cast<std::uint8_t>(k % 8));
        QCOMPARE(fittedMask(wide, 4, 4).pixels, (Pixels{2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5}));
        QCOMPARE(fittedMask(wide, 2, 2).pixels, (Pixels{3, 5, 3, 5}));
        QCOMPARE(fittedMask(wide, 4, 8).pixels, wide.pixels);
        for (const auto& [height, width] : {std::pair(30, 50), std::pair(50, 30), std::pair(7, 7)}) {  // no value that was not there
            Pixels halves;
            for (int k = 0; k < height * width; ++k) halves.push_back(k % width < width / 2 ? 4 : 9);
            const Image made = fittedMask({height, width, 1, halves}, 8, 8);
            QCOMPARE(valuesIn(made.pixels), (std::set<int>{4, 9}));
            QVERIFY(made.pixels[3 * 8] == 4 && made.pixels[3 * 8 + 7] == 9);
        }
    }
    void aMaskGoesBackOverItsPicture() {
        const Image small{2, 2, 1, {1, 2, 3, 4}};
        QCOMPARE(unfittedMask(small, 4, 8).pixels, (Pixels{255, 255, 1, 1, 2, 2, 255, 255, 255, 255, 1, 1, 2, 2, 255, 255, 255, 255, 3, 3, 4, 4, 255, 255, 255, 255, 3, 3, 4, 4, 255, 255}));
        QCOMPARE(fittedMask(unfittedMask(small, 31, 17), 2, 2).pixels, small.pixels);
        const fs::path file = m_folder->write("again.png", maskPng(small));
        QCOMPARE(readMask(file).pixels, small.pixels);
    }
    void classesHaveTheFieldsColours() {
        QCOMPARE(classColour(0), (std::array<std::uint8_t, 3>{0, 0, 0}));
        QCOMPARE(classColour(1), (std::array<std::uint8_t, 3>{128, 0, 0}));
        QCOMPARE(classColour(15), (std::array<std::uint8_t, 3>{192, 128, 128}));
        QCOMPARE(classColour(255), (std::array<std::uint8_t, 3>{224, 224, 192}));
    }

    void picturesAndMasksBelongTogetherByName() {
        pair("b", {2}), pair("a", {1, 255});
        m_folder->write("data/images/deep/c.JPG", jpeg(12, 12, TJPF_RGB, Pixels(432, 90), TJSAMP_444)), mask("masks/deep/c.png", {0});
        QVERIFY(detect(path()).format == Format::MaskFolder);
        const RawDataset data = readDataset(path(), sized(12));
        QVERIFY(data.kind == Kind::Masks && data.resized && !data.testPictures && !data.masks.twoValued);
        QCOMPARE(data.classes, (std::vector<std::string>{"0", "1", "2"}));
        QVERIFY(data.pictures.count() == 3 && data.pictures.channels == 3);
        QCOMPARE(data.masks.train.size(), std::size_t(3 * 144));
        QVERIFY(data.masks.train[0] == 1 && data.masks.train[1] == 255 && data.masks.train[144] == 2 && data.masks.train[288] == 0);
    }
    void partsAreFound_data() {
        QTest::addColumn<QString>("images");
        QTest::addColumn<QString>("masks");
        QTest::newRow("parts outside") << "%1/images/" << "%1/masks/";
        QTest::newRow("parts inside") << "images/%1/" << "masks/%1/";
    }
    void partsAreFound() {
        QFETCH(QString, images);
        QFETCH(QString, masks);
        const auto put = [&](const char* part, const std::string& name, const Pixels& values) {
            picture(images.arg(part).toStdString() + name + ".png"), mask(masks.arg(part).toStdString() + name + ".png", values);
        };
        put("train", "a", {0, 1}), put("train", "b", {1}), put("val", "c", {1, 255});
        DataOptions options = sized(8);
        const RawDataset data = readDataset(path(), options);
        QVERIFY(data.pictures.count() == 2 && data.testPictures->count() == 1);
        QCOMPARE(data.masks.test.size(), std::size_t(64));
        options.limit = 1;
        QCOMPARE(readDataset(path(), options).masks.train.size(), std::size_t(64));
        put("val", "d", {2});
        refused("DAT-01", "d.png|class 2|validation part");
        QCOMPARE(readDataset(path(), options).classes.size(), std::size_t(3));  // of a limited training part: all that there are
        m_folder->write("data/classes.txt", "ground\ndisc\r\nbox\n\n");
        QCOMPARE(readDataset(path(), sized(8)).classes, (std::vector<std::string>{"ground", "disc", "box"}));
    }
    void zeroAnd255AloneAreTwoClasses() {
        pair("a", {0, 255}), pair("b", {0});
        const RawDataset two = readDataset(path(), sized(12));
        QVERIFY(two.masks.twoValued && isSaid(two.notes, "0 and 255 alone"));
        QCOMPARE(two.classes, (std::vector<std::string>{"0", "255"}));
        QCOMPARE(valuesIn(two.masks.train), (std::set<int>{0, 1}));
        pair("c", {0, 1});
        const RawDataset ignored = readDataset(path(), sized(12));
        QVERIFY(!ignored.masks.twoValued);
        QCOMPARE(ignored.classes, (std::vector<std::string>{"0", "1"}));
        QCOMPARE(valuesIn(ignored.masks.train), (std::set<int>{0, 1, 255}));
    }
    void aClassThatNoPixelHasIsSaid() {
        pair("a", {0, 2});
        const RawDataset data = readDataset(path(), sized(8));
        QCOMPARE(data.classes.size(), std::size_t(3));
        QVERIFY(isSaid(data.notes, "No pixel of the training part is of: 1"));
    }

    void aMaskOfAnotherSizeIsRefused() {
        pair("a", {0, 1}), picture("images/b.png", 20, 10), mask("masks/b.png", {1}, 10, 20);
        refused("IMG-11", "b.png|10 × 20|20 × 10 needed");
    }
    void picturesWithoutMasksAreRefused() {
        pair("a", {0, 1}), picture("images/b.png"), picture("images/c.png");
        refused("IMG-12", "images|2 of 3: b.png, c.png");
        fs::remove(path("data/images/b.png")), fs::remove(path("data/images/c.png")), m_folder->write("data/images/a.jpg", jpeg(12, 12, TJPF_RGB, Pixels(432, 90), TJSAMP_444));
        refused("IMG-12", "two pictures have one mask");
        fs::remove_all(path()), pair("a", {0, 1}, "train/"), picture("val/images/b.png");
        refused("IMG-12", "val|no folder 'masks'");
    }
    void masksWithoutPicturesAreRefused() {
        pair("a", {0, 1}), mask("masks/b.png", {1});
        refused("IMG-13", "masks|1 of 2: b.png");
        fs::remove(path("data/masks/b.png")), m_folder->write("data/masks/a.jpeg", "x");
        refused("IMG-13", "two masks for one picture");
    }
    void classNumbersThatAreTooLargeAreRefused() {
        pair("a", {0, 1}), pair("soft", {0, 63, 64});
        refused("IMG-14", "soft.png|64|0 to 63 without names|classes.txt");
        m_folder->write("data/classes.txt", "ground\nroad\n");
        refused("IMG-14", "soft.png|64|0 to 1");
        DataOptions known = sized(8);
        known.masks = {{"x", "y", "z"}, true, 64};  // of a model
        refused("IMG-14", "soft.png|64|0 to 2", known);
        fs::remove_all(path()), pair("two", {0, 255}), m_folder->write("data/classes.txt", "ground\n");
        refused("IMG-14", "two.png|255|0 to 0");
    }
    void aMaskThatVanishedIsRefused() {
        pair("a", {0, 1});
        const MaskFolder listed = listMasks(path());
        fs::remove(path("data/masks/a.png"));
        EXPECT_REFUSED([&] { readMasks(listed, sized(8).folder); }, "IMG-08", "a.png");
    }
    void masksInColoursAreRefused() {
        pair("a", {0, 1}), picture("images/b.png"), m_folder->write("data/masks/b.png", colourPng(12, 12, 128, 0, 0));
        refused("IMG-15", "b.png|a picture in colours");
    }
    void masksOfOneClassAreRefused() {
        pair("a", {0});
        refused("IMG-07", "there is only one class");
        pair("a", {255});
        refused("IMG-07", "no pixel has a class");
        DataOptions known = sized(8);
        known.masks.classes = {"x", "y"};
        QCOMPARE(readDataset(path(), known).classes.size(), std::size_t(2));
    }
    void unusableListsOfClassesAreRefused() {
        pair("a", {0, 1});
        for (const char* list : {"", "\n\n", "a\n\nb\n", "a\na\n"}) {
            m_folder->write("data/classes.txt", list);
            refused("DAT-04", "classes.txt");
        }
    }
    void foldersAreWalkedAsThoseOfClasses() {
        pair("a", {0, 1});
        m_folder->write("data/notes.txt", "x"), m_folder->write("data/depth/x.png", "x"), m_folder->write("data/images/.hidden", "x");
        const RawDataset data = readDataset(path(), sized(8));
        for (const char* part : {"notes.txt", "beside the parts: depth", ".hidden"}) QVERIFY2(isSaid(data.notes, part), part);
        fs::create_symlink("/etc/passwd", path("data/masks/b.png"));
        refused("IMG-04", "b.png");
        DataOptions few = sized(8);
        few.folder.limits.maxEntries = 3;
        fs::remove(path("data/masks/b.png"));
        refused("IMG-09", "too many files", few);
        DataOptions small = sized(8);
        small.folder.limits.room = 255;
        refused("IMG-09", "1 pictures of 8 x 8 pixels take 256 bytes", small);
        fs::remove_all(path("data/images")), fs::create_directories(path("data/images"));
        refused("IMG-10", "images|there are no pictures");
    }
    void anyNumberOfThreadsReadsTheSame() {
        writeScenes(path(), 20, 12);
        DataOptions one = sized(16), four = one;
        four.folder.threads = 4;
        const RawDataset a = readDataset(path(), one), b = readDataset(path(), four);
        QVERIFY(a.masks.train == b.masks.train && a.pictures.pixels == b.pictures.pixels && a.classes == b.classes);
        QCOMPARE(a.classes.size(), std::size_t(3));
    }
};

HEADROOM_TEST(TestMasks)
#include "tst_masks.moc"
