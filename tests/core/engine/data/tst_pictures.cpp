// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <set>

#include "engine/data/augment.h"
#include "engine/data/base64.h"
#include "engine/data/learning.h"
#include "engine/data/normalise.h"
#include "engine/data/split.h"
#include "support/refusal.h"
#include "support/registry.h"

using namespace headroom::data;

class PicturesTest : public QObject {
    Q_OBJECT

    static std::vector<std::uint8_t> counting(const PictureSize& size) {
        std::vector<std::uint8_t> bytes(std::size_t(size.bytes()));
        std::iota(bytes.begin(), bytes.end(), std::uint8_t(1));
        return bytes;
    }
    static std::vector<std::uint8_t> augmented(const PictureSize& size, const AugmentChoice& choice) {
        const auto from = counting(size);
        std::vector<std::uint8_t> to(from.size(), 255);
        augment(size, choice, from, to);
        return to;
    }
    static headroom::formats::Pictures threeChannels() { return {1, 1, 3, {0, 51, 0}, {0}}; }
    static Preparation stated(const QString& kind, const QString& mean, const QString& deviation) {
        Preparation preparation;
        preparation.data.normalise = kind.toStdString();
        preparation.data.mean = mean.toStdString();
        preparation.data.deviation = deviation.toStdString();
        return preparation;
    }

private Q_SLOTS:
    void noChangeCopies() {
        const PictureSize size{3, 4, 3};
        QCOMPARE(augmented(size, {}), counting(size));
    }
    void aCropMovesAndFillsWithBlack() {
        // 1 2 3 / 4 5 6 / 7 8 9, seen one further down and one further left
        QCOMPARE(augmented({3, 3, 1}, {.down = 1, .right = -1}), (std::vector<std::uint8_t>{0, 4, 5, 0, 7, 8, 0, 0, 0}));
        QCOMPARE(augmented({3, 3, 1}, {.down = -1, .right = 1}), (std::vector<std::uint8_t>{0, 0, 0, 2, 3, 0, 5, 6, 0}));
    }
    void aCropBeyondThePictureIsBlack() {
        QCOMPARE(augmented({2, 2, 1}, {.down = 5, .right = 0}), std::vector<std::uint8_t>(4, 0));
        QCOMPARE(augmented({2, 2, 1}, {.down = 0, .right = -7}), std::vector<std::uint8_t>(4, 0));
    }
    void aFlipMirrorsPixelsNotChannels() {
        QCOMPARE(augmented({1, 3, 1}, {.flip = true}), (std::vector<std::uint8_t>{3, 2, 1}));
        QCOMPARE(augmented({1, 3, 2}, {.flip = true}), (std::vector<std::uint8_t>{5, 6, 3, 4, 1, 2}));
    }
    void theChoiceIsAFunctionOfSeedEpochAndSample() {
        const AugmentOptions options{.crop = 4, .flip = true};
        const auto key = [&](std::uint64_t seed, std::int64_t epoch, std::int64_t sample) {
            const AugmentChoice c = augmentChoice(options, seed, epoch, sample);
            return std::tuple(c.down, c.right, c.flip);
        };
        QCOMPARE(key(1, 2, 3), key(1, 2, 3));
        int same = 0;
        for (int i = 0; i < 100; ++i) same += (key(1, 2, i) == key(1, 3, i)) + (key(1, 2, i) == key(2, 2, i));
        QVERIFY(same < 20);  // 1 in 162 by chance
    }
    void allCropsAndBothFlipsComeEquallyOften() {
        std::map<std::int64_t, int> down;
        int flips = 0;
        for (int i = 0; i < 9000; ++i) {
            const AugmentChoice choice = augmentChoice({.crop = 4, .flip = true}, 5, 0, i);
            ++down[choice.down];
            flips += choice.flip;
        }
        QCOMPARE(down.size(), std::size_t(9));
        QCOMPARE(down.begin()->first, -4);
        for (const auto& [value, count] : down) QVERIFY(std::abs(count - 1000) < 150);  // five standard deviations
        QVERIFY(std::abs(flips - 4500) < 240);
    }
    void withoutOptionsNothingChanges() {
        const AugmentChoice choice = augmentChoice({}, 1, 2, 3);
        QVERIFY(choice.down == 0 && choice.right == 0 && !choice.flip);
    }

    void statisticsAreThoseOfTheChosenPictures() {
        // two pictures of one pixel and two channels, and a third one that is not chosen
        const headroom::formats::Pictures pictures{1, 1, 2, {10, 200, 30, 100, 255, 255}, {0, 0, 0}};
        const std::vector<std::int64_t> chosen{0, 1};
        const PixelStatistics s = pixelStatistics(pictures, chosen);
        QCOMPARE(s.mean[0] * 255, 20.0);
        QCOMPARE(s.mean[1] * 255, 150.0);
        QCOMPARE(s.deviation[0] * 255, 10.0);
        QCOMPARE(s.deviation[1] * 255, 50.0);
    }
    void picturesAreNormalisedAsStated_data() {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<QString>("mean");
        QTest::addColumn<QString>("deviation");
        QTest::addColumn<double>("seen");  // of the byte 51 in the second channel
        QTest::newRow("raw") << "raw" << "" << "" << 51.0;
        QTest::newRow("unit") << "unit" << "" << "" << 0.2;
        QTest::newRow("imagenet") << "imagenet" << "" << "" << (0.2 - 0.456) / 0.224;
        QTest::newRow("a number a channel") << "stated" << "0.5, 0.25,0" << "1,0.1 , 2" << (0.2 - 0.25) / 0.1;
        QTest::newRow("one for all") << "stated" << "0.1" << "" << 0.1;
    }
    void picturesAreNormalisedAsStated() {
        QFETCH(QString, kind);
        QFETCH(QString, mean);
        QFETCH(QString, deviation);
        QFETCH(double, seen);
        const PixelStatistics s = pixelsFor(threeChannels(), {}, stated(kind, mean, deviation));
        QVERIFY(std::abs((51 / 255.0 - s.mean[1]) / s.deviation[1] - seen) < 1e-12);
        QCOMPARE(s.mean.size(), std::size_t(3));
    }
    void statedNumbersThatAreNoneAreRefused() {
        EXPECT_REFUSED([] { (void)pixelsFor(threeChannels(), {}, stated("stated", "0.5,x", "")); }, "CFG-04", "data.mean|0.5,x");
        EXPECT_REFUSED([] { (void)pixelsFor(threeChannels(), {}, stated("stated", "0.5,0.5", "")); }, "CFG-04", "3 numbers needed");
        EXPECT_REFUSED([] { (void)pixelsFor(threeChannels(), {}, stated("stated", "", "0")); }, "CFG-04", "data.deviation|above 0");
        EXPECT_REFUSED([] { (void)pixelsFor(threeChannels(), {}, stated("stated", "nan", "")); }, "CFG-04", "data.mean");
    }
    void sumsDoNotOverflowOnLargePictures() {
        const headroom::formats::Pictures white{1'000, 3'000, 1, std::vector<std::uint8_t>(3'000'000, 255), {0}};
        const PixelStatistics s = pixelStatistics(white, std::vector<std::int64_t>{0});
        QCOMPARE(s.mean[0], 1.0);
        QCOMPARE(s.deviation[0], 1.0);  // a channel that never varies
    }
    void normalisingIsTheFormula() {
        const PixelStatistics statistics{{0.5, 0.25}, {0.2, 0.1}};
        const Normaliser normaliser(statistics, 514);
        std::vector<std::uint8_t> picture(514);
        for (std::size_t i = 0; i < picture.size(); ++i) picture[i] = std::uint8_t(i / 2);
        std::vector<float> out(picture.size());
        normaliser.toFloat(picture.data(), out.data());
        for (std::size_t i = 0; i < picture.size(); ++i) {
            const double wanted = (picture[i] / 255.0 - statistics.mean[i % 2]) / statistics.deviation[i % 2];
            QVERIFY(std::abs(out[i] - wanted) < 2e-6 * std::max(1.0, std::abs(wanted)));  // a few roundings of float
        }
        std::vector<std::uint16_t> half(picture.size());
        normaliser.toBFloat16(picture.data(), half.data());
        for (std::size_t i = 0; i < picture.size(); ++i) QCOMPARE(half[i], bfloat16Bits(out[i]));
    }
    void bfloat16RoundsToNearestEven() {
        QCOMPARE(bfloat16Bits(1.0F), std::uint16_t(0x3F80));
        QCOMPARE(bfloat16Bits(std::bit_cast<float>(0x3F808000U)), std::uint16_t(0x3F80));  // a tie goes to even
        QCOMPARE(bfloat16Bits(std::bit_cast<float>(0x3F818000U)), std::uint16_t(0x3F82));
        QCOMPARE(bfloat16Bits(std::bit_cast<float>(0x3F808001U)), std::uint16_t(0x3F81));
        QCOMPARE(bfloat16Bits(-2.5F), std::uint16_t(0xC020));
    }
    void base64IsThatOfTheStandard_data() {
        QTest::addColumn<QByteArray>("bytes");
        for (const char* text : {"", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\xfe\xfd"})
            QTest::addRow("%d bytes %s", int(qstrlen(text)), text) << QByteArray(text);
    }
    void base64IsThatOfTheStandard() {
        QFETCH(QByteArray, bytes);
        const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.constData());
        QCOMPARE(QByteArray::fromStdString(base64({data, std::size_t(bytes.size())})), bytes.toBase64());
    }
};

HEADROOM_TEST(PicturesTest)
#include "tst_pictures.moc"
