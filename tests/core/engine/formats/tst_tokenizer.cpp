// SPDX-License-Identifier: Apache-2.0
#include "engine/formats/tokenizer.h"

#include <QProcess>
#include <chrono>
#include <cstring>

#include "core/engine/formats/refusal.h"
#include "engine/formats/byte_pairs.h"
#include "engine/formats/characters.h"
#include "engine/formats/safetensors.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;

namespace {

std::vector<std::string> pieces(std::string_view text) {
    std::vector<std::string> all;
    for (const std::string_view piece : piecesOf(text)) all.emplace_back(piece);
    return all;
}

/// A table of single bytes and then some tokens, as JSON.
std::string tableOf(const std::vector<std::string>& further, int bytes = 256) {
    std::string json = "{";
    char32_t other = 0x100;
    for (int byte = 0; byte < bytes; ++byte) {
        const bool isSeen = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
        const std::string character = toUtf8(isSeen ? static_cast<char32_t>(byte) : other++);
        json += (byte > 0 ? ",\"" : "\"") + std::string(character == "\"" || character == "\\" ? "\\" : "") + character + "\":" + std::to_string(byte);
    }
    for (std::size_t i = 0; i < further.size(); ++i) json += ",\"" + further[i] + "\":" + std::to_string(256 + i);
    return json + "}";
}

std::vector<std::int64_t> numbersOf(const SafetensorsFile& file, std::string_view name) {
    const std::vector<std::byte> bytes = file.read(*file.find(name));
    std::vector<std::int64_t> numbers(bytes.size() / sizeof(std::int64_t));
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
}

class Folder {
public:
    Folder(const std::string& tokens, const std::string& merges) {
        m_folder.write("vocab.json", tokens);
        m_folder.write("merges.txt", merges);
    }
    std::unique_ptr<Tokenizer> read() const { return bytePairTokenizer(m_folder.path()); }

private:
    TemporaryFolder m_folder;
};

}  // namespace

class TestTokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void bytesAreTheirOwnNumbers() {
        const auto tokenizer = byteTokenizer();
        const std::string text = "a\xC3\xA9\n";
        const std::vector<std::int32_t> ids = tokenizer->encode(text);
        QCOMPARE(ids, (std::vector<std::int32_t>{'a', 0xC3, 0xA9, '\n'}));
        QCOMPARE(tokenizer->decode(ids), text);
        QCOMPARE(tokenizer->decode(std::vector<std::int32_t>{'a', 0xC3, 300, -1}), std::string("a\xEF\xBF\xBD"));
    }
    void charactersAreTheirPlaces() {
        const auto tokenizer = characterTokenizer({U'a', U'\u00E9', U'\U0001F600'});
        QCOMPARE(tokenizer->encode("\xF0\x9F\x98\x80" "a\xC3\xA9"), (std::vector<std::int32_t>{2, 0, 1}));
        QCOMPARE(tokenizer->decode(std::vector<std::int32_t>{2, 0, 1}), std::string("\xF0\x9F\x98\x80" "a\xC3\xA9"));
        EXPECT_REFUSED([&] { (void)tokenizer->encode("ab"); }, "TXT-04", "b");
    }
    void textThatIsNoTextIsRefused() {
        EXPECT_REFUSED([] { (void)byteTokenizer()->encode("a\xFF"); }, "TXT-02", "offset 1");
        EXPECT_REFUSED([] { (void)characterTokenizer({U'a'})->encode("a\xC3"); }, "TXT-02", "offset 1");
    }
    void textIsCutAsGpt2DoesIt() {
        using Strings = std::vector<std::string>;
        QCOMPARE(pieces("Hello world"), (Strings{"Hello", " world"}));
        QCOMPARE(pieces("we've I'll it's 'S x'sy"), (Strings{"we", "'ve", " I", "'ll", " it", "'s", " '", "S", " x", "'s", "y"}));
        QCOMPARE(pieces("a   b"), (Strings{"a", "  ", " b"}));
        QCOMPARE(pieces("a\n\nb\n"), (Strings{"a", "\n", "\n", "b", "\n"}));
        QCOMPARE(pieces("end  "), (Strings{"end", "  "}));
        QCOMPARE(pieces(" "), (Strings{" "}));
        QCOMPARE(pieces("12ab!? 3"), (Strings{"12", "ab", "!?", " 3"}));
        QCOMPARE(pieces("\xC3\xA4\xC3\xB6 \xC2\xBD\xE2\x82\xAC"), (Strings{"\xC3\xA4\xC3\xB6", " \xC2\xBD", "\xE2\x82\xAC"}));
        QCOMPARE(pieces("\xE3\x80\x80\xE3\x80\x80" "a"), (Strings{"\xE3\x80\x80", "\xE3\x80\x80", "a"}));
        QVERIFY(pieces("").empty());
    }
    void theEarliestMergeComesFirst() {
        // "abcd": bc is merged before ab and cd, which then have nothing left to merge with.
        const Folder folder(tableOf({"bc", "ab", "cd", "bcd"}), "#version: 0.2\nb c\na b\nc d\nbc d\n");
        const auto tokenizer = folder.read();
        QCOMPARE(tokenizer->encode("abcd"), (std::vector<std::int32_t>{'a', 259}));
        QCOMPARE(tokenizer->encode("ab"), (std::vector<std::int32_t>{257}));
        QCOMPARE(tokenizer->decode(tokenizer->encode("x abcd\xC3\xA9")), std::string("x abcd\xC3\xA9"));
    }
    void aPieceOfAMillionLettersTakesNoTimeSquared() {
        const Folder folder(tableOf({"aa", "aaaa"}), "a a\naa aa\n");
        const auto tokenizer = folder.read();
        const auto begin = std::chrono::steady_clock::now();
        QCOMPARE(tokenizer->encode(std::string(1 << 20, 'a')).size(), std::size_t(1 << 18));
        QVERIFY(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
    }
    void damagedTablesAreRefused() {
        EXPECT_REFUSED([] { Folder("[]", "").read(); }, "TOK-01", "vocab.json");
        EXPECT_REFUSED([] { Folder("{\"a\": -1}", "").read(); }, "TOK-01", "line 1");
        EXPECT_REFUSED([] { Folder("{\"a\": {}}", "").read(); }, "TOK-01", "line 1");
        EXPECT_REFUSED([] { Folder("{\"a\": 99999999}", "").read(); }, "TOK-01", "line 1");
        EXPECT_REFUSED([] { Folder("{\"a\": 0, \"b\": 0}", "").read(); }, "TOK-01", "line 1");
        EXPECT_REFUSED([] { Folder("{\"a\": 1}", "").read(); }, "TOK-01", "no token has a number: 0");
        EXPECT_REFUSED([] { Folder(tableOf({}, 255), "").read(); }, "TOK-01", "0xFF");
        EXPECT_REFUSED([] { Folder(tableOf({"ab"}), "a b\nab").read(); }, "TOK-02", "line 2");
        EXPECT_REFUSED([] { Folder(tableOf({"ab"}), "a c\n").read(); }, "TOK-02", "line 1");
        const TemporaryFolder empty;
        EXPECT_REFUSED([&] { bytePairTokenizer(empty.path()); }, "DAT-04", "vocab.json");
    }
    void gpt2sTablesGiveItsNumbers() {
        REQUIRE_DATA();
        const auto tokenizer = bytePairTokenizer(dataFolder() / "gpt2-bpe");
        QCOMPARE(tokenizer->size(), 50257);
        QCOMPARE(tokenizer->encode("Hello world"), (std::vector<std::int32_t>{15496, 995}));
        QCOMPARE(tokenizer->encode("<|endoftext|>").size(), std::size_t(7));
        QCOMPARE(tokenizer->bytesOf(50256), std::string("<|endoftext|>"));
    }
    /// Tiny Shakespeare and 10,000 random strings.
    void everyNumberIsThatOfThePackageTokenizers() {
        REQUIRE_DATA();
        if (!hasPython()) QSKIP("HEADROOM_PYTHON is not set");
        const TemporaryFolder folder;
        const QString out = QString::fromStdString((folder.path() / "reference.safetensors").string());
        QProcess python;
        python.start(qEnvironmentVariable("HEADROOM_PYTHON"),
                     {HEADROOM_REFERENCE_TOKENS, QString::fromStdString((dataFolder() / "gpt2-bpe").string()),
                      QString::fromStdString((dataFolder() / "text" / "tinyshakespeare.txt").string()), out});
        QVERIFY(python.waitForFinished(120000));
        QVERIFY2(python.exitCode() == 0, python.readAllStandardError());
        const SafetensorsFile file(out.toStdString());
        const std::vector<std::int64_t> lengths = numbersOf(file, "lengths"), ids = numbersOf(file, "ids"), counts = numbersOf(file, "counts");
        const std::vector<std::byte> bytes = file.read(*file.find("bytes"));
        QCOMPARE(lengths.size(), std::size_t(10'001));
        const auto tokenizer = bytePairTokenizer(dataFolder() / "gpt2-bpe");
        const char* text = reinterpret_cast<const char*>(bytes.data());
        auto wanted = ids.begin();
        for (std::size_t i = 0; i < lengths.size(); text += lengths[i], wanted += counts[i], ++i) {
            const std::string_view string(text, static_cast<std::size_t>(lengths[i]));
            const std::vector<std::int32_t> found = tokenizer->encode(string);
            QVERIFY2(std::equal(found.begin(), found.end(), wanted, wanted + counts[i]), qPrintable(QString("%1: %2").arg(i).arg(QByteArray(string.data(), qsizetype(string.size())).toHex())));
            QVERIFY(tokenizer->decode(found) == string);
        }
    }
};

HEADROOM_TEST(TestTokenizer)
#include "tst_tokenizer.moc"
