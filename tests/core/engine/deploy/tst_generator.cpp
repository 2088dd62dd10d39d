// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/generator.h"

#include <ATen/ops/tensor.h>

#include <map>

#include "base/errors/error.h"
#include "base/json/utf8.h"
#include "core/engine/deploy/speaker.h"
#include "core/engine/formats/refusal.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::deploy;
using headroom::test::speaker;

namespace {

std::string spoken(const TrainedModel& trained, const GenerateOptions& options) {
    std::string text;
    generate(trained, options, [&](std::string_view piece) { return text += piece, true; });
    return text;
}

}  // namespace

class GeneratorTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void tokensAreDrawnInProportionToTheirProbability() {
        const at::Tensor logits = at::tensor({0.0F, std::log(2.0F), std::log(5.0F)});
        const auto counts = [&](const GenerateOptions& options) {
            std::map<std::int32_t, int> found;
            for (int k = 0; k < 8000; ++k) ++found[sampled(logits, options, k)];
            return found;
        };
        auto all = counts({.temperature = 1});
        QVERIFY(std::abs(all[0] - 1000) < 120 && std::abs(all[1] - 2000) < 160 && std::abs(all[2] - 5000) < 180);
        auto two = counts({.temperature = 1, .topK = 2});
        QVERIFY(two[0] == 0 && std::abs(two[1] - 8000 * 2 / 7) < 170);
        QCOMPARE(counts({.temperature = 0}).size(), std::size_t(1));
        QVERIFY(counts({.temperature = 0.1})[2] > 7990);
    }
    void theSameSeedWritesTheSameText() {
        const TrainedModel trained = speaker("characters", {"a", "b", "\xC3\xA9", "\n"});
        const GenerateOptions options{.prompt = "ab", .tokens = 30, .temperature = 1, .seed = 3};
        const std::string text = spoken(trained, options);
        QCOMPARE(text, spoken(trained, options));
        GenerateOptions other = options;
        other.seed = 4;
        QVERIFY(text != spoken(trained, other));
    }
    void whatIsToldIsWholeCharacters() {
        std::vector<std::string> names(256, "x");
        const TrainedModel trained = speaker("bytes", names);
        std::int64_t calls = 0;
        const auto piece = [&](std::string_view text) {
            ++calls;
            return !findInvalidUtf8(text).has_value();
        };
        QCOMPARE(generate(trained, {.tokens = 200, .temperature = 1}, piece), 200);
        QCOMPARE(calls, 200);
    }
    void whoeverListensCanEndIt() {
        const TrainedModel trained = speaker("characters", {"a", "b", "\n"});
        QCOMPARE(generate(trained, {.tokens = 200}, [](std::string_view) { return false; }), 1);
    }
    void aPromptThatCannotBeReadIsRefused() {
        const TrainedModel trained = speaker("characters", {"a", "b"});
        EXPECT_REFUSED([&] { spoken(trained, {.prompt = ""}); }, "TXT-01", "prompt");
        EXPECT_REFUSED([&] { spoken(trained, {.prompt = "ac"}); }, "TXT-04", "c");
        TrainedModel pictures = speaker("characters", {"a"});
        pictures.dataset.shape.kind = models::DataKind::Pictures;
        EXPECT_REFUSED([&] { spoken(pictures, {}); }, "DAT-05", "does not write text");
    }
};

HEADROOM_TEST(GeneratorTest)
#include "tst_generator.moc"
