// SPDX-License-Identifier: Apache-2.0

#include "core/engine/formats/refusal.h"
#include "engine/formats/dataset.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;

namespace {

std::string record(int label) {
    return static_cast<char>(label) + std::string(1024, 'r') + std::string(1024, 'g') + std::string(1024, 'b');
}
std::string record100(int coarse, int fine) { return static_cast<char>(coarse) + record(fine); }

std::string names(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "name" + std::to_string(i) + "\n";
    return text + "\n";
}

}  // namespace

class TestCifar : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;

    std::filesystem::path with(const std::string& folder, const std::string& name, const std::string& bytes) {
        m_folder.write(folder + "/" + name, bytes);
        return m_folder.path() / folder;
    }

private Q_SLOTS:
    void recordsBecomePixelsAndLabels() {
        with("good", "test.bin", record(3));
        with("good", "batches.meta.txt", names(10));
        const RawDataset data = readDataset(with("good", "train_a.bin", record(7) + record(0)));
        QCOMPARE(QString::fromStdString(data.format), QString("CIFAR-10"));
        QCOMPARE(data.pictures.labels, (std::vector<std::int32_t>{7, 0}));
        QCOMPARE(data.testPictures->labels, (std::vector<std::int32_t>{3}));
        QCOMPARE(std::string(data.pictures.pixels.begin(), data.pictures.pixels.begin() + 6), std::string("rgbrgb"));
        QCOMPARE(QString::fromStdString(data.classes[9]), QString("name9"));
    }

    void cifar100HasTwoLabelsOfWhichTheFineOneCounts() {
        with("hundred", "test.bin", record100(1, 5));
        const RawDataset data = readDataset(with("hundred", "train.bin", record100(19, 99)));
        QCOMPARE(QString::fromStdString(data.format), QString("CIFAR-100"));
        QCOMPARE(data.pictures.labels.front(), 99);
        QCOMPARE(data.classes.size(), std::size_t(100));
    }

    void theLimitIsForTrainingPicturesOfASetWithATestPart() {
        DataOptions options;
        options.limit = 1;
        const auto folder = with("limit", "a.bin", record(1) + record(2));
        QCOMPARE(readDataset(folder, options).pictures.count(), std::int64_t(2));
        with("limit", "test.bin", record(0) + record(0));
        const RawDataset data = readDataset(folder, options);
        QCOMPARE(data.pictures.count(), std::int64_t(1));
        QCOMPARE(data.testPictures->count(), std::int64_t(2));
    }

    void row13SizesThatAreNoWholeNumberOfRecords() {
        std::string bytes;
        for (int i = 0; i < 10; ++i) bytes += record(i);
        bytes.resize(30729);
        const auto folder = with("row13", "a.bin", bytes);
        EXPECT_REFUSED([&] { readDataset(folder); }, "CIF-01", "30,729 bytes is 9 records and 3,072 bytes");
        with("row13c", "fine_label_names.txt", names(100));
        const auto hundred = with("row13c", "train.bin", record(1));
        EXPECT_REFUSED([&] { readDataset(hundred); }, "CIF-01", "3,073 bytes is 0 records|records of 3,074 bytes");
    }
    void row14LabelsOutsideTheClasses() {
        const auto ten = with("row14", "a.bin", record(9) + record(10));
        EXPECT_REFUSED([&] { readDataset(ten); }, "CIF-02", "label 10 in record 1|0 to 9 allowed");
        const auto hundred = with("row14c", "train.bin", record100(0, 200));
        EXPECT_REFUSED([&] { readDataset(hundred); }, "CIF-02", "label 200 in record 0|0 to 99 allowed");
    }
    void row15EmptyFiles() {
        const auto folder = with("row15", "a.bin", "");
        EXPECT_REFUSED([&] { readDataset(folder); }, "CIF-03", "0 bytes");
    }
    void row16MissingBatchesAreAskedFor() {
        std::filesystem::path folder;
        for (const int k : {1, 2, 4, 5}) folder = with("row16", "data_batch_" + std::to_string(k) + ".bin", record(k));
        EXPECT_REFUSED([&] { readDataset(folder); }, "CIF-06",
                       "batch 3 missing of 1 to 5|data.accept_missing_batches=true");
        DataOptions accepting;
        accepting.acceptMissingBatches = true;
        const RawDataset data = readDataset(folder, accepting);
        QCOMPARE(data.pictures.labels, (std::vector<std::int32_t>{1, 2, 4, 5}));
        QVERIFY(data.notes.at(0).find("batch 3") != std::string::npos);
    }
    void row17ThePythonVersion() {
        const auto inside = with("row17", "data_batch_1.bin", "\x80\x02}q\x01");
        EXPECT_REFUSED([&] { readDataset(inside); }, "CIF-04", "Python pickle");
        EXPECT_REFUSED([&] { readDataset(inside / "data_batch_1.bin"); }, "CIF-04", "Python pickle");
        const auto other = with("row17b", "train.bin", "\x80\x02}q\x01");
        EXPECT_REFUSED([&] { readDataset(other); }, "CIF-04", "Python pickle|Download the binary version");
        with("row17c", "batches.meta", "\x80\x02}q\x01");
        const auto folder = with("row17c", "data_batch_1", "\x80\x02}q\x01");
        EXPECT_REFUSED([&] { readDataset(folder); }, "CIF-04", "Download the binary version");
        EXPECT_REFUSED([&] { readDataset(folder / "data_batch_1"); }, "CIF-04", "Download the binary version");
    }
    void row18NamesThatDoNotMatchTheClasses() {
        with("row18", "batches.meta.txt", names(9));
        const auto folder = with("row18", "a.bin", record(1));
        EXPECT_REFUSED([&] { readDataset(folder); }, "CIF-05", "9 names|10 needed");
    }

    void onlyATestPartIsNoTrainingData() {
        const auto folder = with("onlytest", "test_batch.bin", record(1));
        EXPECT_REFUSED([&] { readDataset(folder); }, "CIF-06", "only a test part");
    }

    void realPicturesAreReadWhole() {
        REQUIRE_DATA();
        const RawDataset data = readDataset(unpackedCifar(m_folder.path()));
        QCOMPARE(data.pictures.count(), std::int64_t(20000));
        QVERIFY(!data.testPictures);
        QCOMPARE(QString::fromStdString(data.classes[0]), QString("airplane"));
        QCOMPARE(data.pictures.pixels.size(), std::size_t(20000) * 3072);
    }
};

HEADROOM_TEST(TestCifar)
#include "tst_cifar.moc"
