// SPDX-License-Identifier: Apache-2.0
#include "core/engine/formats/refusal.h"
#include "engine/formats/characters.h"
#include "engine/formats/dataset.h"
#include "engine/formats/tokenizer.h"
#include "support/data.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::formats;
using namespace headroom::test;

class TestText : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;

private Q_SLOTS:
    void charactersBecomeNumbersInTheOrderOfTheirCodePoints() {
        const Text text = readText(m_folder.write("t.txt",
                                                  "\xEF\xBB\xBF"
                                                  "b\xC3\xA9\xF0\x9F\x98\x80"
                                                  "a b\n"));
        QCOMPARE(text.tokens, (std::vector<std::string>{"\n", " ", "a", "b", "\xC3\xA9", "\xF0\x9F\x98\x80"}));
        QCOMPARE(text.ids, (std::vector<std::int32_t>{3, 4, 5, 2, 1, 3, 0}));
        QCOMPARE(toUtf8(0x1F600), std::string("\xF0\x9F\x98\x80"));
        QCOMPARE(toUtf8(0xE9) + toUtf8('a') + toUtf8(0x20AC), std::string("\xC3\xA9"
                                                                          "a\xE2\x82\xAC"));
    }
    void charactersThatLieAcrossBlocksAreWhole() {
        std::string bytes((1 << 20) - 1, 'x');
        bytes += "\xE2\x82\xAC";
        const Text text = readText(m_folder.write("long.txt", bytes));
        QCOMPARE(text.ids.size(), std::size_t(1 << 20));
        QCOMPARE(text.tokens.back(), std::string("\xE2\x82\xAC"));
    }
    void otherTokenizersKeepAllTheirTokens() {
        const auto file = m_folder.write("bytes.txt", "\xEF\xBB\xBF" "b\xC3\xA9");
        DataOptions options;
        options.tokens = Tokens::Bytes;
        const Text text = readDataset(file, options).text;
        QCOMPARE(text.ids, (std::vector<std::int32_t>{'b', 0xC3, 0xA9}));
        QCOMPARE(text.tokens.size(), std::size_t(256));
        QCOMPARE(text.tokens[0xC3], std::string("\xC3"));
        EXPECT_REFUSED([&] { readText(m_folder.write("bad.txt", "ab\xC3("), *byteTokenizer()); }, "TXT-02", "byte 0xC3 at offset 2");
        EXPECT_REFUSED([&] { readText(m_folder.write("empty.txt", ""), *byteTokenizer()); }, "TXT-01", "empty");
    }
    void badTextsAreRefused() {
        EXPECT_REFUSED([&] { readText(m_folder.write("bad.txt", "ab\xC3(")); }, "TXT-02", "byte 0xC3 at offset 2");
        EXPECT_REFUSED([&] { readText(m_folder.write("cut.txt", "ab\xE2\x82")); }, "TXT-02", "offset 2");
        EXPECT_REFUSED([&] { readText(m_folder.write("empty.txt", "")); }, "TXT-01", "empty");
        TextLimits limits;
        limits.maxVocabulary = 2;
        EXPECT_REFUSED([&] { readText(m_folder.write("abc.txt", "abc"), limits); }, "TXT-03", "3|at most 2");
    }
    void realTextIsReadWhole() {
        REQUIRE_DATA();
        const RawDataset data = readDataset(dataFolder() / "text" / "tinyshakespeare.txt");
        QCOMPARE(data.kind, Kind::Text);
        QCOMPARE(data.text.ids.size(), std::size_t(1115394));
        QCOMPARE(data.text.tokens.size(), std::size_t(65));
    }
};

HEADROOM_TEST(TestText)
#include "tst_text.moc"
