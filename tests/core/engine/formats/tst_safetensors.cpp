// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "core/engine/formats/refusal.h"
#include "engine/formats/safetensors.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;

namespace {

/// JSON with its quotes written as apostrophes: Qt's moc loses its way in raw strings.
std::string json(std::string text) {
    std::replace(text.begin(), text.end(), '\'', '"');
    return text;
}

std::string littleEndian(std::uint64_t number) { return {reinterpret_cast<const char*>(&number), 8}; }
std::string whole(const std::string& header, const std::string& data = {}) {
    return littleEndian(header.size()) + header + data;
}

std::string tensor(const std::string& shape, const std::string& offsets, const std::string& type = "F32") {
    return json("{'a':{'dtype':'") + type + json("','shape':") + shape + json(",'data_offsets':") + offsets + "}}";
}
std::string two(const std::string& first, const std::string& second) {
    return json("{'a':{'dtype':'U8','shape':[2],'data_offsets':") + first +
           json("},'b':{'dtype':'U8','shape':[2],'data_offsets':") + second + "}}";
}

template <typename Number>
std::span<const std::byte> bytesOf(const std::vector<Number>& numbers) {
    return std::as_bytes(std::span(numbers));
}

}  // namespace

class TestSafetensors : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;

    std::filesystem::path file(std::string_view bytes) { return m_folder.write("model.safetensors", bytes); }

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
        row("row 59: 7 bytes", "1234567", "STF-01", "8-byte header length missing|7 bytes");
        row("row 60: 2^64 - 1", std::string(8, '\xFF') + "{}", "STF-02",
            "header of 18,446,744,073,709,551,615 bytes|limit 100,000,000");
        row("row 60: 2^63", littleEndian(std::uint64_t{1} << 63) + "{}", "STF-02",
            "header of 9,223,372,036,854,775,808 bytes");
        row("row 60: 100,000,001", littleEndian(100'000'001) + "{}", "STF-02",
            "header of 100,000,001 bytes|limit 100,000,000");
        row("row 61: longer than the file", littleEndian(100) + "{}", "STF-03", "header of 100 bytes|2 present");
        row("row 62: not UTF-8", whole("{\"\xFF\":1}"), "STF-04", "byte 10");
        row("row 62: not JSON", whole("{\"a\":"), "STF-05", "byte 13");
        row("row 62: an array", whole("[1]"), "STF-06", "an array at byte 8");
        row("row 62: a number", whole("12"), "STF-06", "12 at byte 8");
        row("row 62: an entry that is none", whole(json("{'a':[1]}")), "STF-06", "\"a\"|byte 13");
        row("row 62: something behind", whole("{} x"), "STF-05", "byte 11");
        row("row 63: a tensor twice",
            whole(json("{'a':{'dtype':'U8','shape':[0],'data_offsets':[0,0]},'a':{'dtype':'U8','shape':[0],'data_"
                       "offsets':[0,0]}}")),
            "STF-07", "\"a\" is there twice|byte 9 and byte 61");
        row("row 63: a key twice", whole(json("{'a':{'dtype':'U8','dtype':'U8'}}")), "STF-07",
            "\"dtype\"|byte 14 and byte 27");
        row("row 64: the public example", whole(tensor("[4194305,4194305,211106198978564]", "[0,16]"), data), "STF-08",
            "\"a\" overflows");
        row("row 65: product overflows", whole(tensor("[2,18446744073709551614]", "[0,16]"), data), "STF-08",
            "\"a\" overflows");
        for (const char* number : {"1.5", "-1", "1e3", "9223372036854775808", "4.2e52", "\"4\"", "null", "[4]", "{}"})
            row((std::string("row 66: ") + number).c_str(),
                whole(tensor("[" + std::string(number) + "]", "[0,16]"), data), "STF-09",
                "not a whole number in range");
        row("row 67: end before begin", whole(tensor("[4]", "[16,0]"), data), "STF-10", "\"a\"|16 to 0");
        row("row 67: begin beyond data", whole(tensor("[4]", "[100,116]"), data), "STF-10",
            "\"a\"|16 bytes of data present");
        row("row 67: 9.2e18", whole(tensor("[4]", "[0,9.2e18]"), data), "STF-10", "\"a\"");
        row("row 67: 92e17 in full", whole(tensor("[4]", "[0,9200000000000000000]"), data), "STF-10", "\"a\"");
        row("row 67: three offsets", whole(tensor("[4]", "[0,8,16]"), data), "STF-10", "\"a\"");
        row("row 67: one offset", whole(tensor("[4]", "[0]"), data), "STF-10", "1 numbers");
        row("row 68: overlap", whole(two("[0,2]", "[1,3]"), "xyz"), "STF-11", "\"b\" overlaps");
        row("row 68: hole", whole(two("[0,2]", "[3,5]"), "vwxyz"), "STF-12", "\"b\"|1 byte");
        row("row 68: bytes behind", whole(two("[0,2]", "[2,4]"), "wxyz!PK"), "STF-13", "3 bytes");
        row("row 69: shape and bytes", whole(tensor("[3]", "[0,16]"), data), "STF-14", "needs 12 bytes|16 between");
        for (const char* type : {"F4", "F8_E8M0", "PICKLE"})
            row((std::string("row 70: ") + type).c_str(), whole(tensor("[4]", "[0,16]", type), data), "STF-15",
                "BOOL U8 I8 F8_E5M2");
        row("row 71: nested metadata", whole(json("{'__metadata__':{'a':{'b':'c'}}}")), "STF-16", "\"a\"");
        row("row 71: a number in it", whole(json("{'__metadata__':{'a':1}}")), "STF-16", "\"a\"");
        row("row 71: no object", whole(json("{'__metadata__':null}")), "STF-16", "");
        row("row 76: a name of 10 KB",
            whole("{\"" + std::string(10240, 'n') + json("':{'dtype':'U8','shape':[0],'data_offsets':[0,0]}}")),
            "STF-19", "10,240 bytes|at most 1,024");
        row("a missing dtype", whole(json("{'a':{'shape':[1],'data_offsets':[0,1]}}"), "x"), "STF-15", "none");
        row("a missing shape", whole(json("{'a':{'dtype':'U8','data_offsets':[0,1]}}"), "x"), "STF-09", "no shape");
        row("missing offsets", whole(json("{'a':{'dtype':'U8','shape':[1]}}"), "x"), "STF-10", "none");
        row("nested too deep", whole(json("{'a':{'x':") + std::string(40, '[') + std::string(40, ']') + "}}"), "STF-05",
            "too deep");
        row("33 dimensions",
            whole(tensor(
                      "[1" +
                          [] {
                              std::string s;
                              for (int i = 0; i < 32; ++i) s += ",1";
                              return s;
                          }() +
                          "]",
                      "[0,4]"),
                  "abcd"),
            "STF-09", "more than 32 dimensions");
    }
    void badFilesAreRefused() {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, code);
        QFETCH(QByteArray, parts);
        const auto path = file({bytes.data(), static_cast<std::size_t>(bytes.size())});
        EXPECT_REFUSED([&] { SafetensorsFile opened(path); }, code.constData(), parts.constData());
    }

    void row72TooManyTensorsAreRefusedSoon() {
        std::string header = "{";
        for (int i = 0; i < 300'000; ++i)
            header += (i ? "," : "") + ("\"t" + std::to_string(i)) +
                      json("':{'dtype':'U8','shape':[0],'data_offsets':[0,0]}");
        const auto path = file(whole(header + "}"));
        const double before = cpuSeconds();
        EXPECT_REFUSED([&] { SafetensorsFile opened(path); }, "STF-17", "limit 200,000");
        QVERIFY2(cpuSeconds() - before < 2, qPrintable(QString::number(cpuSeconds() - before)));
    }
    void row73OddButGoodFilesAreAccepted() {
        const std::string header =
            " \n " + std::string(json("{'empty':{'dtype':'F32','shape':[0,4],'data_offsets':[0,0]},")) +
            json("'scalar':{'dtype':'F32','shape':[],'data_offsets':[0,4],'unknown':[{'shape':[[1]]}]}}") + " \t ";
        const SafetensorsFile opened(file(whole(header, "abcd")));
        QCOMPARE(opened.tensors().size(), std::size_t(2));
        QCOMPARE(opened.find("scalar")->shape, std::vector<std::int64_t>());
        QCOMPARE(opened.read(*opened.find("empty")).size(), std::size_t(0));
        QCOMPARE(SafetensorsFile(file(whole("{}"))).tensors().size(), std::size_t(0));
        QVERIFY(!opened.find("nothere"));
    }
    void row74NumbersThatAreNotFiniteAreCounted() {
        const float inf = std::numeric_limits<float>::infinity();
        const std::vector<float> floats{1, inf, -inf, std::nanf(""), 0, 3.4e38F};
        const std::vector<std::uint16_t> halves{0x7F80, 0x3F80, 0xFFC0};
        const std::vector<std::uint8_t> bytes{0x7F, 0xFF, 0x7E};
        const auto path = m_folder.path() / "nan.safetensors";
        writeSafetensors(path, {{{"f", StType::F32, {6}}, bytesOf(floats)},
                                {{"h", StType::BF16, {3}}, bytesOf(halves)},
                                {{"e", StType::F8E4M3, {3}}, bytesOf(bytes)},
                                {{"i", StType::U8, {3}}, bytesOf(bytes)}});
        const SafetensorsFile opened(path);
        QCOMPARE(opened.countNonFinite(*opened.find("f")), std::uint64_t(3));
        QCOMPARE(opened.countNonFinite(*opened.find("h")), std::uint64_t(2));
        QCOMPARE(opened.countNonFinite(*opened.find("e")), std::uint64_t(2));
        QCOMPARE(opened.countNonFinite(*opened.find("i")), std::uint64_t(0));
    }
    void row75AFileThatShrinksEndsInAnError() {
        const auto path = file(whole(tensor("[4]", "[0,16]"), std::string(16, 'x')));
        const SafetensorsFile opened(path);
        std::filesystem::resize_file(path, fileSize(path) - 8);
        EXPECT_REFUSED([&] { opened.read(opened.tensors()[0]); }, "STF-18", "changed while it was read");
    }
    void row76NamesAreDataNeverPaths() {
        const std::string name = json("../../x\\n\\u0000");
        const SafetensorsFile opened(
            file(whole("{\"" + name + json("':{'dtype':'U8','shape':[1],'data_offsets':[0,1]}}"), "x")));
        QCOMPARE(opened.tensors()[0].name, std::string("../../x\n\0", 9));
        EXPECT_REFUSED([&] { SafetensorsFile bad(file(whole("{\"" + name + json("':{'dtype':'F4'}}")))); }, "STF-15",
                       "../../x\\x0A\\x00");
    }
    void headersBeyondTheLimitsAreNotRead() {
        StLimits limits;
        limits.maxHeader = 10;
        EXPECT_REFUSED([&] { SafetensorsFile opened(file(whole(std::string(11, ' '))), limits); }, "STF-02",
                       "limit 10");
        limits = {};
        const auto path = file(whole("{\"a\":\"" + std::string(17 << 20, 'x') + "\"}"));
        EXPECT_REFUSED([&] { SafetensorsFile opened(path); }, "STF-02", "a text or number is too long");
    }

    void whatIsWrittenIsReadAgain() {
        const auto path = m_folder.path() / "round.safetensors";
        const std::vector<double> doubles{1.5, -2};
        const std::vector<std::uint8_t> bytes{1, 2, 3};
        writeSafetensors(
            path,
            {{{"b", StType::U8, {3}}, bytesOf(bytes)}, {{"d \"q\" \xC3\xA9", StType::F64, {2, 1}}, bytesOf(doubles)}},
            {{"format", "pt"}, {"note", "a\nb"}});
        const SafetensorsFile opened(path);
        QCOMPARE(opened.metadata().at("note"), std::string("a\nb"));
        QCOMPARE(opened.tensors()[0].name, std::string("d \"q\" \xC3\xA9"));
        QCOMPARE(opened.tensors()[0].shape, (std::vector<std::int64_t>{2, 1}));
        std::vector<double> again(2);
        opened.read(opened.tensors()[0], std::as_writable_bytes(std::span(again)));
        QCOMPARE(again, doubles);
        QCOMPARE(opened.read(*opened.find("b")).size(), std::size_t(3));
    }
    void aFileAppearsOnlyWhenItIsWhole() {
        const auto path = m_folder.path() / "parts.safetensors";
        const std::vector<std::uint8_t> bytes{1, 2, 3, 4};
        {
            SafetensorsWriter writer(path, {{"a", StType::U8, {4}}, {"b", StType::U8, {0}}});
            writer.write("a", bytesOf(bytes).first(2));
            EXPECT_REFUSED([&] { writer.finish(); }, "INT-01", "less data");
            EXPECT_REFUSED([&] { writer.write("a", bytesOf(bytes)); }, "INT-01", "more data");
            EXPECT_REFUSED([&] { writer.write("c", bytesOf(bytes)); }, "INT-01", "not announced");
            QVERIFY(!std::filesystem::exists(path));
        }
        for (const auto& entry : std::filesystem::directory_iterator(m_folder.path()))
            QVERIFY(entry.path().extension() != ".tmp");
        SafetensorsWriter writer(path, {{"a", StType::U8, {4}}});
        writer.write("a", bytesOf(bytes).first(2));
        writer.write("a", bytesOf(bytes).subspan(2));
        writer.finish();
        QCOMPARE(SafetensorsFile(path).read(SafetensorsFile(path).tensors()[0])[3], std::byte{4});
    }
    void aFileThatCannotBeWrittenIsAnErrorOfTheDisk() {
        EXPECT_REFUSED([&] { writeSafetensors(m_folder.path() / "no" / "folder.safetensors", {}); }, "DSK-02",
                       "cannot be created");
        EXPECT_REFUSED([&] { SafetensorsWriter("/dev/full/x", {}); }, "DSK-02", "");
    }

    void theReferenceReadsOursAndWeReadIts() {
        REQUIRE_PYTHON();
        const auto ours = m_folder.path() / "ours.safetensors";
        const auto theirs = m_folder.path() / "theirs.safetensors";
        const std::vector<float> floats{1.5F, -2, 3};
        const std::vector<std::int64_t> longs{7};
        const std::vector<std::uint8_t> flags{1, 0};
        writeSafetensors(ours,
                         {{{"z.flags", StType::Bool, {2}}, bytesOf(flags)},
                          {{"w", StType::F32, {3, 1}}, bytesOf(floats)},
                          {{"n", StType::I64, {}}, bytesOf(longs)}},
                         {{"format", "np"}});
        const QString out = python(
            "import sys\nfrom safetensors import safe_open\nfrom safetensors.numpy import save_file\n"
            "with safe_open(sys.argv[1], 'np') as f:\n"
            "    t = {k: f.get_tensor(k) for k in f.keys()}; print(f.metadata())\n"
            "print([(k, t[k].dtype.name, t[k].shape, t[k].tolist()) for k in sorted(t)])\n"
            "save_file(t, sys.argv[2], metadata={'from': 'reference'})\n",
            {QString::fromStdString(ours.string()), QString::fromStdString(theirs.string())});
        QCOMPARE(out.trimmed(),
                 QString("{'format': 'np'}\n[('n', 'int64', (), 7), ('w', 'float32', (3, 1), [[1.5], [-2.0], [3.0]]), "
                         "('z.flags', 'bool', (2,), [True, False])]"));
        const SafetensorsFile opened(theirs);
        QCOMPARE(opened.metadata().at("from"), std::string("reference"));
        const std::vector<std::byte> w = opened.read(*opened.find("w"));
        QCOMPARE(std::memcmp(w.data(), floats.data(), w.size()), 0);
        QCOMPARE(opened.find("z.flags")->type, StType::Bool);
    }
    void realFilesAreRead() {
        REQUIRE_DATA();
        const SafetensorsFile net(dataFolder() / "safetensors" / "mnist-mlp.safetensors");
        QCOMPARE(net.find("l1.weight")->shape, (std::vector<std::int64_t>{128, 784}));
        QCOMPARE(net.countNonFinite(*net.find("l2.weight")), std::uint64_t(0));
        QCOMPARE(SafetensorsFile(dataFolder() / "safetensors" / "gpt2-lora.safetensors").tensors().size(),
                 std::size_t(25));
        QCOMPARE(SafetensorsFile(dataFolder() / "safetensors" / "encodec-jfk-codes.safetensors").tensors()[0].type,
                 StType::I64);
    }
};

HEADROOM_TEST(TestSafetensors)
#include "tst_safetensors.moc"
