// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "core/engine/formats/refusal.h"
#include "engine/formats/dataset.h"
#include "engine/formats/idx.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;

class TestIdx : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;

    std::filesystem::path file(std::string_view name, std::string_view bytes) { return m_folder.write(name, bytes); }
    /// A set of 4 training and 2 test pictures of 2x2.
    std::filesystem::path set(const std::string& name, std::string_view trainLabels, std::string_view testLabels) {
        file(name + "/train-images-idx3-ubyte", idx(8, {4, 2, 2}, "aaaabbbbccccdddd"));
        file(name + "/train-labels-idx1-ubyte", idx(8, {static_cast<std::uint32_t>(trainLabels.size())}, trainLabels));
        file(name + "/t10k-images-idx3-ubyte.gz", gzipped(idx(8, {2, 2, 2}, "eeeeffff")));
        file(name + "/t10k-labels-idx1-ubyte.gz",
             gzipped(idx(8, {static_cast<std::uint32_t>(testLabels.size())}, testLabels)));
        return m_folder.path() / name;
    }

private Q_SLOTS:
    void badFilesAreRefused_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("code");
        QTest::addColumn<QByteArray>("parts");
        const auto row = [](const char* name, const std::string& bytes, const char* code, const char* parts) {
            QTest::newRow(name) << QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())) << QByteArray(code)
                                << QByteArray(parts);
        };
        const std::string data(16, 'x');
        row("row 1: empty file", "", "IDX-01", "file is empty|0 bytes|at least 8 needed");
        row("row 2: cut header", std::string("\0\0\x08", 3), "IDX-02", "header is cut off after 3 bytes");
        row("row 2: cut dimensions", idx(8, {4, 4}, "").substr(0, 9), "IDX-02", "header is cut off after 9 bytes");
        row("row 3: gzip of less", gzipped(idx(8, {4, 4}, data.substr(1))), "IDX-03",
            "16 bytes declared|15 bytes present");
        row("row 3: gzip of more", gzipped(idx(8, {4, 4}, data + "yz")), "IDX-03",
            "16 bytes declared|18 bytes present");
        row("row 3: cut gzip", gzipped(idx(8, {4, 4}, data)).substr(0, 30), "IDX-03", "ends early");
        row(
            "row 3: damaged gzip",
            [&] {
                std::string s = gzipped(idx(8, {4, 4}, data));
                s[s.size() - 8] ^= 1;
                return s;
            }(),
            "IDX-03", "damaged");
        row("row 4: other magic", "\x89PNG1234", "IDX-04", "not an IDX file (magic 0x8950)");
        row("row 5: element type", idx(0x0A, {4, 4}, data), "IDX-05",
            "unknown element type 0x0A|allowed 08 09 0B 0C 0D 0E");
        row("row 6: no dimensions", std::string("\0\0\x08\0", 4) + data, "IDX-06", "0 dimensions|1 to 8 allowed");
        row("row 6: 255 dimensions", std::string("\0\0\x08\xFF", 4) + data, "IDX-06", "255 dimensions|1 to 8 allowed");
        row("row 7: size overflows", idx(8, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, data), "IDX-07", "size overflows");
        row("row 8: data missing", idx(8, {60000, 28, 28}, std::string(100, 'x')), "IDX-08",
            "47,040,000 bytes declared|100 present");
        row("row 9: data after the end", idx(8, {4, 4}, data + "y"), "IDX-09", "1 byte after the data");
        row("row 12: a dimension of 0", idx(8, {0, 28, 28}, ""), "IDX-12", "no samples");
    }
    void badFilesAreRefused() {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, code);
        QFETCH(QByteArray, parts);
        const auto path = file("bad-idx3-ubyte", {bytes.data(), static_cast<std::size_t>(bytes.size())});
        EXPECT_REFUSED([&] { readIdx(path); }, code.constData(), parts.constData());
        QCOMPARE(fileSize(path), static_cast<std::uint64_t>(bytes.size()));
    }

    void everyElementTypeComesInTheMachinesByteOrder() {
        const IdxArray shorts = readIdx(file("i16", idx(0x0B, {2}, std::string_view("\x01\x02\xFF\xFE", 4))));
        std::int16_t numbers[2];
        std::memcpy(numbers, shorts.bytes.data(), sizeof numbers);
        QCOMPARE(numbers[0], std::int16_t(0x0102));
        QCOMPARE(numbers[1], std::int16_t(-2));
        const IdxArray doubles = readIdx(file("f64", idx(0x0E, {1}, std::string_view("\x3F\xF8\0\0\0\0\0\0", 8))));
        double number = 0;
        std::memcpy(&number, doubles.bytes.data(), sizeof number);
        QCOMPARE(number, 1.5);
        QCOMPARE(readIdx(file("f32", idx(0x0D, {1, 1}, std::string_view("\x40\x20\0\0", 4)))).dimensions.size(),
                 std::size_t(2));
    }

    void gzipIsRecognisedByContentNotByName() {
        const IdxArray array = readIdx(file("plain-name", gzipped(idx(8, {2, 3}, "abcdef"))));
        QCOMPARE(array.dimensions, (std::vector<std::int64_t>{2, 3}));
        QCOMPARE(std::string(array.bytes.begin(), array.bytes.end()), std::string("abcdef"));
    }

    void largeCompressedFilesAreMeasuredBeforeMemoryIsTaken() {
        IdxOptions options;
        options.limits.trustedBytes = 8;
        const auto good = file("good.gz", gzipped(idx(8, {4, 4}, std::string(16, 'x'))));
        QCOMPARE(readIdx(good, options).bytes.size(), std::size_t(16));
        const auto bomb = file("bomb.gz", gzipped(idx(8, {200, 1000, 1000}, "x")));
        EXPECT_REFUSED([&] { readIdx(bomb, options); }, "IDX-03", "200,000,000 bytes declared");
        options.limits.maxBytes = 10;
        EXPECT_REFUSED([&] { readIdx(good, options); }, "IDX-07", "at most 10 bytes");
    }

    void firstSamplesAreKeptAndAllAreChecked() {
        IdxOptions options;
        options.firstSamples = 2;
        for (const bool compressed : {false, true}) {
            const std::string bytes = idx(8, {4, 2}, "aabbccdd");
            const IdxArray array = readIdx(file("four", compressed ? gzipped(bytes) : bytes), options);
            QCOMPARE(array.dimensions, (std::vector<std::int64_t>{2, 2}));
            QCOMPARE(std::string(array.bytes.begin(), array.bytes.end()), std::string("aabb"));
            QCOMPARE(array.declared, std::int64_t(4));
        }
        const auto cut = file("cut.gz", gzipped(idx(8, {4, 2}, "aabbccd")));
        EXPECT_REFUSED([&] { readIdx(cut, options); }, "IDX-03", "7 bytes present");
    }

    void aSetOfFourFilesBecomesPicturesAndATestPart() {
        const RawDataset data = readDataset(set("good", std::string_view("\0\1\2\1", 4), std::string_view("\2\0", 2)));
        QCOMPARE(data.kind, Kind::Pictures);
        QCOMPARE(data.classes, (std::vector<std::string>{"0", "1", "2"}));
        QCOMPARE(data.pictures.labels, (std::vector<std::int32_t>{0, 1, 2, 1}));
        QCOMPARE(data.testPictures->labels, (std::vector<std::int32_t>{2, 0}));
        QCOMPARE(data.testPictures->pixels.front(), std::uint8_t('e'));
        QCOMPARE(data.pictures.channels, std::int64_t(1));
    }

    void theLimitKeepsTheFirstTrainingPicturesAndAllOfTheTestPart() {
        DataOptions options;
        options.limit = 3;
        const RawDataset data =
            readDataset(set("limited", std::string_view("\0\1\2\1", 4), std::string_view("\2\0", 2)), options);
        QCOMPARE(data.pictures.count(), std::int64_t(3));
        QCOMPARE(data.pictures.pixels.size(), std::size_t(12));
        QCOMPARE(data.testPictures->count(), std::int64_t(2));
        QCOMPARE(data.classes.size(), std::size_t(3));
    }

    void row10LabelsAndPicturesOfDifferentNumber() {
        const auto folder = m_folder.path() / "row10";
        file("row10/train-images-idx3-ubyte.gz", gzipped(idx(8, {10000, 1, 1}, std::string(10000, 'x'))));
        file("row10/train-labels-idx1-ubyte", idx(8, {9999}, std::string(9999, '\1')));
        EXPECT_REFUSED([&] { readDataset(folder); }, "IDX-10", "10,000 images but 9,999 labels");
    }

    void row11LabelsOutsideTheClassesAreNamedByTheirFirstIndex() {
        DataOptions ten;
        ten.classes = 10;
        const auto folder = set("row11", std::string_view("\0\x09\x0A\x0A", 4), std::string_view("\x09\0", 2));
        EXPECT_REFUSED([&] { readDataset(folder, ten); }, "IDX-11", "train-labels|label 10 at index 2|0 to 9 allowed");
        const auto stray = set("stray", std::string_view("\0\1\1\xC8", 4), std::string_view("\0\1", 2));
        EXPECT_REFUSED([&] { readDataset(stray); }, "IDX-11", "label 200 at index 3|0 to 1 allowed");
        const auto test = set("strayTest", std::string_view("\0\1\1\0", 4), std::string_view("\0\2", 2));
        EXPECT_REFUSED([&] { readDataset(test); }, "IDX-11", "t10k-labels|label 2 at index 1");
    }

    void aFileOfASetStandsForTheSet() {
        const auto folder = set("single", std::string_view("\0\1\0\1", 4), std::string_view("\1\0", 2));
        QCOMPARE(readDataset(folder / "train-images-idx3-ubyte").pictures.count(), std::int64_t(4));
        std::filesystem::remove(folder / "train-labels-idx1-ubyte");
        EXPECT_REFUSED([&] { readDataset(folder); }, "DAT-04", "partner is missing");
    }

    void fashionMnistIsReadWhole() {
        REQUIRE_DATA();
        const RawDataset data = readDataset(dataFolder() / "fashion-mnist");
        QCOMPARE(data.pictures.count(), std::int64_t(60000));
        QCOMPARE(data.testPictures->count(), std::int64_t(10000));
        QCOMPARE(data.pictures.bytesPerPicture(), std::int64_t(28 * 28));
        QCOMPARE(data.classes.size(), std::size_t(10));
        const std::vector<std::int32_t> first(data.pictures.labels.begin(), data.pictures.labels.begin() + 8);
        QCOMPARE(first, (std::vector<std::int32_t>{9, 0, 0, 3, 0, 2, 7, 2}));
        QCOMPARE(data.testPictures->labels.front(), 9);
        std::vector<int> counts(10);
        for (const std::int32_t label : data.pictures.labels) ++counts[static_cast<std::size_t>(label)];
        QCOMPARE(counts, std::vector<int>(10, 6000));
    }
};

HEADROOM_TEST(TestIdx)
#include "tst_idx.moc"
