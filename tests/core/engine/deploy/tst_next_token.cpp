// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/next_token.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>

#include <algorithm>

#include "core/engine/deploy/speaker.h"
#include "engine/deploy/generator.h"
#include "engine/formats/onnx_reader.h"
#include "engine/formats/onnx_writer.h"
#include "engine/tensor/bridge.h"
#include "engine/tensor/memory.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::deploy;
using test::SpeakerForm;

namespace {

using Ids = std::vector<std::int32_t>;

const std::string kLetters = "abcdefghijklmnopqrstu\n";

std::vector<std::string> letters() {
    std::vector<std::string> names;
    for (const char letter : kLetters) names.emplace_back(1, letter);
    return names;
}

/// gpt_mini, a small gpt, and both with a head of its own weights behind the last norm.
TrainedModel decoder(const QString& name, std::int64_t seed = 0, std::int64_t context = 24) {
    SpeakerForm form{.context = context, .seed = seed};
    if (name.startsWith("small")) form.arch = "gpt", form.size = {.width = 32, .layers = 2, .heads = 4};
    TrainedModel trained = test::speaker("characters", letters(), form);
    if (name.endsWith("untied")) {
        form.file = test::graphOf(trained);
        form.head = "new";
        trained = test::speaker("characters", letters(), form);
    }
    test::sharpen(trained);
    return trained;
}

void decoders() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"mini, tied", "mini, untied", "small, tied", "small, untied"}) QTest::newRow(name) << name;
}

/// Letters in an order that does not repeat soon.
std::string textOf(std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += kLetters[(i * i + 3 * i + i / 5) % kLetters.size()];
    return text;
}
Ids idsOf(std::size_t length) {
    Ids ids;
    for (const char letter : textOf(length)) ids.push_back(static_cast<std::int32_t>(kLetters.find(letter)));
    return ids;
}
/// A prompt with the tokens that follow, without a cache.
Ids plainlyGenerated(const TrainedModel& trained, const GenerateOptions& options) {
    NextToken next(trained, NextToken::Cache::None);
    Ids ids = idsOf(options.prompt.size());
    for (std::int64_t made = 0; made < options.tokens; ++made) ids.push_back(sampled(next.logits(ids), options, made));
    return ids;
}
std::string generated(const TrainedModel& trained, const GenerateOptions& options) {
    std::string text = options.prompt;
    generate(trained, options, [&](std::string_view piece) { return text += piece, true; });
    return text;
}
std::string spelt(const Ids& ids) {
    std::string text;
    for (const std::int32_t id : ids) text += kLetters[static_cast<std::size_t>(id)];
    return text;
}

double distance(const at::Tensor& found, const at::Tensor& expected) {
    return (found - expected).abs().max().item<double>() / expected.abs().max().item<double>();
}

Bytes activations() { return tensor::memoryCounts().live[static_cast<std::size_t>(plan::Kind::Activations)]; }

}  // namespace

class NextTokenTest : public QObject {
    Q_OBJECT

    /// Products of one row sum in another order than those of many.
    static constexpr double kRounding = 1e-5;
    int m_threads = 1;

private Q_SLOTS:
    void initTestCase() {
        tensor::installAllocator();
        m_threads = at::get_num_threads();
        at::set_num_threads(1);  // threads that wait for each other take long where other programs hold the cores
    }
    void cleanupTestCase() { at::set_num_threads(m_threads); }

    void theCacheChangesNoToken_data() { decoders(); }
    void theCacheChangesNoToken() {
        QFETCH(QString, name);
        for (const std::uint64_t seed : {1, 2, 3}) {
            const TrainedModel trained = decoder(name, static_cast<std::int64_t>(seed));
            QVERIFY(graph::cachedDecoder(trained.model->plain()));
            for (const std::size_t prompt : {1, 10, 24, 40})  // shorter than the context, as long, longer
                for (const double temperature : {0.0, 1.0}) {
                    const GenerateOptions options{.prompt = textOf(prompt), .tokens = 30, .temperature = temperature, .seed = seed};
                    QCOMPARE(generated(trained, options), spelt(plainlyGenerated(trained, options)));
                }
        }
    }

    void logitsFromTheCacheAreThoseOfTheWholeText_data() { decoders(); }
    void logitsFromTheCacheAreThoseOfTheWholeText() {
        QFETCH(QString, name);
        const TrainedModel trained = decoder(name);
        NextToken cached(trained), plain(trained, NextToken::Cache::None);
        const Ids ids = idsOf(24);
        double worst = 0;
        for (std::size_t length = 3; length <= ids.size(); ++length) {
            const std::span text = std::span(ids).first(length);
            worst = std::max(worst, distance(cached.logits(text), plain.logits(text)));
        }
        QVERIFY2(worst < kRounding, qPrintable(QString::number(worst)));
        QVERIFY(worst > 0);  // it went another way
    }

    void aLongContextIsNoDifference() {
        const TrainedModel trained = decoder("small, tied", 0, 400);  // attention of a whole text has another algorithm from 257 tokens on
        NextToken cached(trained), plain(trained, NextToken::Cache::None);
        const Ids ids = idsOf(400);
        double worst = 0;
        for (const std::size_t length : {250, 251, 256, 257, 258, 300, 301, 399, 400}) {
            const std::span text = std::span(ids).first(length);
            worst = std::max(worst, distance(cached.logits(text), plain.logits(text)));
        }
        QVERIFY2(worst < kRounding, qPrintable(QString::number(worst)));
    }

    void theFirstWindowAndThoseThatMovedAreBitForBitTheSame() {
        const TrainedModel trained = decoder("mini, tied");
        const Ids ids = idsOf(40);
        for (const std::size_t length : {1, 9, 24, 25, 26, 40}) {
            NextToken cached(trained), plain(trained, NextToken::Cache::None);
            QVERIFY(at::equal(cached.logits(std::span(ids).first(length)), plain.logits(std::span(ids).first(length))));
        }
        NextToken cached(trained), plain(trained, NextToken::Cache::None);
        for (std::size_t length = 20; length <= ids.size(); ++length) {
            const at::Tensor found = cached.logits(std::span(ids).first(length));
            if (length > 24) QVERIFY(at::equal(found, plain.logits(std::span(ids).first(length))));
        }
    }

    void anyTextMayFollowAnyOther() {
        const TrainedModel trained = decoder("small, tied");
        NextToken cached(trained), plain(trained, NextToken::Cache::None);
        const Ids ids = idsOf(30);
        const auto agree = [&](const Ids& text) { return distance(cached.logits(text), plain.logits(text)) < kRounding; };
        Ids other(ids.begin(), ids.begin() + 12);
        QVERIFY(agree(other));
        QVERIFY(agree(Ids(ids.begin(), ids.begin() + 17)));  // several tokens more
        QVERIFY(agree(Ids(ids.begin(), ids.begin() + 17)));  // the same again
        other[4] = (other[4] + 1) % 22;
        other.resize(18, 3);
        QVERIFY(agree(other));                                // longer, and another one
        QVERIFY(agree(Ids(ids.begin(), ids.begin() + 5)));    // shorter
        QVERIFY(agree(ids));                                  // beyond the context
        QVERIFY(agree(Ids(ids.begin(), ids.begin() + 6)));
        QVERIFY(agree(Ids(ids.begin(), ids.begin() + 7)));
    }

    void theCacheIsCountedAndGoesWhenTheWindowMoves() {
        const TrainedModel trained = decoder("mini, tied", 0, 200);
        const Ids ids = idsOf(230);
        const auto room = [](Bytes tokens) { return 2 * 4 * tokens * 128 * 4; };  // keys and values, layers, width, fp32
        const Bytes before = activations();
        NextToken next(trained);
        const std::vector<std::pair<std::size_t, Bytes>> expected{{3, 64}, {4, 64}, {64, 64}, {65, 128}, {130, 200}, {200, 200}, {201, 0}, {230, 0}, {3, 64}};
        for (const auto& [length, tokens] : expected) {
            next.logits(std::span(ids).first(length));
            QCOMPARE(activations() - before, room(tokens));
        }
    }

    void aNetThatIsNoDecoderComputesItsWindow() {
        const TrainedModel trained = test::speaker("characters", letters(), {.arch = "lstm", .context = 12});
        QVERIFY(!graph::cachedDecoder(trained.model->plain()));
        NextToken next(trained), plain(trained, NextToken::Cache::None);
        const Ids ids = idsOf(20);
        for (std::size_t length = 1; length <= ids.size(); ++length)
            QVERIFY(at::equal(next.logits(std::span(ids).first(length)), plain.logits(std::span(ids).first(length))));
    }

    void aDecoderOfAnOnnxFileHasACacheToo() {
        const TrainedModel from = decoder("small, tied");
        std::vector<std::vector<std::byte>> bytes;
        std::vector<formats::StView> views;
        for (const train::NamedTensor& named : from.model->named()) {
            bytes.push_back(tensor::toBytes(named.tensor));
            views.push_back({{named.name, formats::StType::F32, named.tensor.sizes().vec()}, bytes.back()});
        }
        const test::TemporaryFolder folder;
        const auto file = folder.path() / "model.onnx";
        formats::writeOnnx(file, from.model->plain(), views, {.opset = 23, .metadata = {}});
        SpeakerForm form{.context = 24};
        form.file = std::make_shared<graph::Graph>(formats::readOnnx(file).graph);
        TrainedModel trained = test::speaker("characters", letters(), form);
        test::sharpen(trained);
        QVERIFY(graph::cachedDecoder(trained.model->plain()));
        const GenerateOptions options{.prompt = textOf(4), .tokens = 40, .temperature = 1};
        QCOMPARE(generated(trained, options), spelt(plainlyGenerated(trained, options)));
    }

    void afterMemoryRanOutTheNextTextIsRight() {
        const TrainedModel trained = decoder("small, tied", 0, 100);
        const Ids ids = idsOf(68);
        NextToken plain(trained, NextToken::Cache::None);
        const at::Tensor expected = plain.logits(ids);
        int struck = 0;
        bool fired = true;
        for (int countdown = 1; fired; ++countdown) {
            NextToken next(trained);
            next.logits(std::span(ids).first(64));  // the room is full: it grows with the next ones
            tensor::injectAllocationFault(countdown, tensor::FaultMode::Once);
            try {
                next.logits(std::span(ids).first(66));
            } catch (const std::exception&) {
                ++struck;
            }
            fired = tensor::allocationFaultFired();
            tensor::injectAllocationFault(0, tensor::FaultMode::Once);
            next.logits(std::span(ids).first(67));
            QVERIFY(distance(next.logits(ids), expected) < kRounding);
        }
        QVERIFY(struck > 10);
    }
};

HEADROOM_TEST(NextTokenTest)
#include "tst_next_token.moc"
