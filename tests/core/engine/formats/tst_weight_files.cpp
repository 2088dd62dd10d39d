// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>

#include "core/engine/formats/refusal.h"
#include "engine/formats/weight_files.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;

namespace {

std::vector<float> floatsOf(const graph::HostTensor& tensor) {
    std::vector<float> numbers(tensor.data.size() / sizeof(float));
    std::memcpy(numbers.data(), tensor.data.data(), tensor.data.size());
    return numbers;
}

template <typename T>
void writeOne(const std::filesystem::path& path, const std::string& name, StType type, const std::vector<T>& numbers) {
    writeSafetensors(path, {{{name, type, {static_cast<std::int64_t>(numbers.size())}}, std::as_bytes(std::span(numbers))}});
}

}  // namespace

class TestWeightFiles : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyFloatingTypeBecomesFp32() {
        const TemporaryFolder folder;
        const auto path = folder.path() / "a.safetensors";
        // 1, -2, the least subnormal, the largest, infinity, not a number.
        writeOne<std::uint16_t>(path, "half", StType::F16, {0x3C00, 0xC000, 0x0001, 0x7BFF, 0x7C00, 0x7E00});
        const auto half = floatsOf(WeightFiles(path).readFloats("half"));
        QCOMPARE((std::vector<float>(half.begin(), half.begin() + 4)), (std::vector<float>{1, -2, 0x1p-24F, 65504}));
        QVERIFY(std::isinf(half[4]) && std::isnan(half[5]));
        writeOne<std::uint16_t>(path, "bfloat", StType::BF16, {0x3F80, 0xC000, 0x4049});
        QCOMPARE(floatsOf(WeightFiles(path).readFloats("bfloat")), (std::vector<float>{1, -2, 3.140625F}));
        writeOne<double>(path, "double", StType::F64, {0.1, -3});
        QCOMPARE(floatsOf(WeightFiles(path).readFloats("double")), (std::vector<float>{0.1F, -3}));
        writeOne<float>(path, "float", StType::F32, {0.1F});
        QCOMPARE(floatsOf(WeightFiles(path).readFloats("float")), std::vector<float>{0.1F});
    }

    void wholeNumbersAreNoWeights() {
        const TemporaryFolder folder;
        writeOne<std::int64_t>(folder.path() / "a.safetensors", "count", StType::I64, {7});
        EXPECT_REFUSED([&] { WeightFiles(folder.path() / "a.safetensors").readFloats("count"); }, "STF-15", "I64");
    }

    void shardsAreOneSetOfTensors() {
        const TemporaryFolder folder;
        writeOne<float>(folder.path() / "one.safetensors", "a", StType::F32, {1});
        writeOne<float>(folder.path() / "two.safetensors", "b", StType::F32, {2, 3});
        const auto index = folder.write("model.safetensors.index.json",
                                        R"({"metadata": {"total_size": 12}, "weight_map": {"b": "two.safetensors", "a": "one.safetensors"}})");
        const WeightFiles files(index);
        QCOMPARE(files.tensors().size(), std::size_t{2});
        QCOMPARE(files.tensors()[0].name, std::string("a"));
        QVERIFY(files.has("b") && !files.has("c"));
        QCOMPARE(floatsOf(files.readFloats("b")), (std::vector<float>{2, 3}));
    }

    void aBadIndexIsRefused_data() {
        QTest::addColumn<QByteArray>("index");
        QTest::addColumn<QByteArray>("code");
        QTest::newRow("no JSON") << QByteArray("weights") << QByteArray("STF-05");
        QTest::newRow("no object") << QByteArray("[1]") << QByteArray("STF-06");
        QTest::newRow("no map") << QByteArray(R"({"weights": {}})") << QByteArray("STF-06");
        QTest::newRow("a number in place of a file") << QByteArray(R"({"weight_map": {"a": 3}})") << QByteArray("STF-06");
        QTest::newRow("a path up") << QByteArray(R"({"weight_map": {"a": "../one.safetensors"}})") << QByteArray("STF-06");
        QTest::newRow("an absolute path") << QByteArray(R"({"weight_map": {"a": "/etc/passwd"}})") << QByteArray("STF-06");
        QTest::newRow("the folder") << QByteArray(R"({"weight_map": {"a": ".."}})") << QByteArray("STF-06");
        QTest::newRow("a tensor twice") << QByteArray(R"({"weight_map": {"a": "one.safetensors", "a": "one.safetensors"}})") << QByteArray("STF-07");
        QTest::newRow("a shard that is not there") << QByteArray(R"({"weight_map": {"a": "none.safetensors"}})") << QByteArray("DAT-04");
        QTest::newRow("a tensor that its shard lacks") << QByteArray(R"({"weight_map": {"z": "one.safetensors"}})") << QByteArray("STF-10");
    }
    void aBadIndexIsRefused() {
        QFETCH(QByteArray, index);
        QFETCH(QByteArray, code);
        const TemporaryFolder folder;
        writeOne<float>(folder.path() / "one.safetensors", "a", StType::F32, {1});
        const auto path = folder.write("model.safetensors.index.json", index.toStdString());
        EXPECT_REFUSED([&] { WeightFiles files(path); }, code.constData(), "");
    }
};

HEADROOM_TEST(TestWeightFiles)
#include "tst_weight_files.moc"
