// SPDX-License-Identifier: Apache-2.0
// Lists of patterns that choose exactly what is wanted, and settings that train exactly that.
#include <QtTest>

#include <random>

#include "base/models/patterns.h"
#include "base/models/trained.h"
#include "core/base/graph/nets.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::models;
using graph::Graph;

namespace {

std::vector<Choice> choicesOf(std::initializer_list<const char*> names, std::initializer_list<const char*> wanted) {
    std::vector<Choice> choices;
    for (const char* name : names) choices.push_back({name, false, std::ranges::find(wanted, std::string_view(name)) != wanted.end()});
    return choices;
}

bool isExact(const std::vector<Choice>& names, std::string_view patterns) {
    return std::ranges::all_of(names, [&](const Choice& each) { return fitsPatterns(each.name, patterns, each.otherwise) == each.wanted; });
}

std::size_t count(std::string_view patterns) { return patternsOf(patterns).size(); }

ParameterNames namesOf(const Graph& net) {
    ParameterNames names;
    for (const graph::ValueId id : net.parameters()) names.insert(net.value(id).name);
    return names;
}

ParameterNames startingWith(const Graph& net, std::string_view prefix) {
    ParameterNames names = namesOf(net);
    std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
    return names;
}

/// Whole blocks, single names, or both at random.
ParameterNames randomSet(const Graph& net, std::mt19937& random) {
    const ParameterNames all = namesOf(net);
    ParameterNames chosen;
    for (const std::string& name : all) {
        const std::size_t cut = name.find_first_of("./", random() % name.size());
        const std::string prefix = cut == std::string::npos ? name : name.substr(0, cut + 1);
        if (random() % 6 != 0) continue;
        for (const std::string& other : all)
            if (other.starts_with(prefix)) random() % 40 == 0 ? chosen.erase(other) : chosen.insert(other).second;
    }
    return chosen;
}

Graph resnet() { return build("resnet20", test::pictures(3, 16)); }
Graph gpt() { return build("gpt_mini", test::text()); }

}  // namespace

class PatternRules : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theLastPatternThatFitsDecides() {
        QVERIFY(fitsPatterns("head.weight", "head.*"));
        QVERIFY(!fitsPatterns("head.weight", "*, !head.*"));
        QVERIFY(fitsPatterns("head.weight", "*,!head.*  head.weight"));
        QVERIFY(fitsPatterns("other", "", true) && !fitsPatterns("other", "!oth*", true));
    }

    void aCharacterBehindABackslashStandsForItself() {
        QVERIFY(fitsPatterns("a, b*", "a\\,\\ b\\*"));
        QVERIFY(!fitsPatterns("a, bc", "a\\,\\ b\\*"));
        QVERIFY(fitsPatterns("!x", "\\!x"));
        QCOMPARE(patternsOf("a\\,b c").size(), std::size_t{2});
    }

    void aWholeBranchIsOnePattern_data() {
        QTest::addColumn<QStringList>("wanted");
        QTest::addColumn<QString>("kept");
        QTest::addColumn<QString>("patterns");
        QTest::newRow("nothing") << QStringList{} << "" << "";
        QTest::newRow("a layer") << QStringList{"conv.weight"} << "" << "conv.*";
        QTest::newRow("a block") << QStringList{"layer1.0.w", "layer1.0.b", "layer1.1.w"} << "" << "layer1.*";
        QTest::newRow("a block within") << QStringList{"layer1.0.w", "layer1.0.b"} << "" << "layer1.0.*";
        QTest::newRow("one name of two") << QStringList{"layer1.0.b"} << "" << "layer1.0.b";
        QTest::newRow("all but the head") << QStringList{"conv.weight", "layer1.0.w", "layer1.0.b", "layer1.1.w", "layer2.w", "layer2.b"} << "" << "*, !head.*";
        QTest::newRow("everything") << QStringList{"conv.weight", "layer1.0.w", "layer1.0.b", "layer1.1.w", "layer2.w", "layer2.b", "head.w", "head.b"} << "" << "*";
        QTest::newRow("a block but one of it") << QStringList{"layer1.0.w", "layer1.0.b", "layer2.w"} << "" << "layer1.0.*, layer2.w";
        QTest::newRow("behind what stands") << QStringList{"conv.weight", "layer2.w", "layer2.b"} << "conv.weight" << "conv.weight, layer2.*";
        QTest::newRow("as it stands") << QStringList{"layer2.w", "layer2.b"} << "layer2.b , layer2.w" << "layer2.b , layer2.w";
        QTest::newRow("taken out of what stands") << QStringList{"layer1.0.w", "layer1.0.b", "layer1.1.w", "layer2.w", "conv.weight"} << "*, !head.*" << "*, !head.*, !layer2.b";
        QTest::newRow("and in again") << QStringList{"layer2.w", "layer2.b"} << "layer2.*, !layer2.w" << "layer2.*";
        QTest::newRow("without what fits nothing") << QStringList{"layer2.w", "layer2.b"} << "layer9.*, layer2.*" << "layer2.*";
        QTest::newRow("shorter without") << QStringList{"layer1.0.w", "layer1.0.b", "layer1.1.w"} << "layer1.0.w, layer1.0.b" << "layer1.*";
    }
    void aWholeBranchIsOnePattern() {
        QFETCH(QStringList, wanted);
        QFETCH(QString, kept);
        QFETCH(QString, patterns);
        std::vector<Choice> choices = choicesOf({"conv.weight", "layer1.0.w", "layer1.0.b", "layer1.1.w", "layer2.w", "layer2.b", "head.w", "head.b"}, {});
        for (Choice& each : choices) each.wanted = wanted.contains(QString::fromStdString(each.name));
        QCOMPARE(QString::fromStdString(patternsFor(choices, kept.toStdString())), patterns);
    }

    void anyNamesAreToldApart() {
        const auto names = {"a,b", "a b", "a*", "ab", "a?", "a[b]", "!a", "a\\b", "a.b", "a.b.", "a./b", "/a", "onnx::Conv_1", "onnx::Conv_12", "layer1.1.w", "layer1.10.w", "layer1"};
        for (const char* name : names) {
            const auto one = choicesOf(names, {name});
            QVERIFY2(isExact(one, patternsFor(one)), patternsFor(one).c_str());
            auto others = one;
            for (Choice& each : others) each.wanted = !each.wanted;
            QVERIFY2(isExact(others, patternsFor(others)), patternsFor(others).c_str());
        }
    }

    void anySetOfARealNetIsFrozenExactly_data() {
        QTest::addColumn<QString>("arch");
        for (const auto& net : test::everyNet()) QTest::newRow(net.name.c_str()) << QString::fromStdString(net.name);
    }
    void anySetOfARealNetIsFrozenExactly() {
        QFETCH(QString, arch);
        const auto all = test::everyNet();
        const auto& found = *std::ranges::find(all, arch.toStdString(), &test::NetCase::name);
        const Graph net = build(found.name, found.data, found.options);
        std::mt19937 random(7);
        std::string kept;
        for (int round = 0; round < 40; ++round) {
            ParameterNames wanted = randomSet(net, random);
            if (wanted.size() == net.parameters().size()) wanted.erase(wanted.begin());
            const std::string patterns = freezingPatterns(net, wanted, kept), anew = freezingPatterns(net, wanted);
            Graph frozen = net;
            freeze(frozen, patterns);
            QVERIFY2(frozenOf(frozen) == wanted, patterns.c_str());
            QVERIFY2(count(patterns) <= count(anew) || patterns == kept, patterns.c_str());
            QVERIFY(count(anew) <= wanted.size());
            kept = random() % 4 == 0 ? std::string() : patterns;
        }
    }

    /// Names without branches, as exporters number them: a pattern for each. The bound leaves a machine ten times as slow its time.
    void thousandsOfPatternsAreWrittenInAMoment() {
        std::vector<Choice> choices;
        for (int i = 0; i < 5000; ++i) choices.push_back({"onnx::Conv_" + std::to_string(i), false, i % 2 == 0});
        QElapsedTimer clock;
        clock.start();
        const std::string patterns = patternsFor(choices);
        choices.front().wanted = false;
        const std::string next = patternsFor(choices, patterns);
        qInfo("%lld ms", static_cast<long long>(clock.elapsed()));
        QCOMPARE(count(next), std::size_t{2499});
        QVERIFY(clock.elapsed() < 10000);
    }

    void anySetOfANetWithUpdatesIsFrozenExactly() {
        const Graph net = withLora(gpt(), {.rank = 2, .targets = "*.c_attn.*"});
        std::mt19937 random(11);
        for (int round = 0; round < 60; ++round) {
            ParameterNames wanted = randomSet(net, random);
            if (wanted.size() == net.parameters().size()) wanted.erase(wanted.begin());
            Graph frozen = net;
            freeze(frozen, freezingPatterns(net, wanted));
            QVERIFY(frozenOf(frozen) == wanted);
        }
    }

    void freezingABlockAndTrainingItAgainLeavesTheSettingsAsTheyWere() {
        const Graph net = resnet();
        const ParameterNames block = startingWith(net, "layer1.");
        const Trained frozen = freezing(net, {}, block);
        QCOMPARE(frozen.freeze, std::string("layer1.*"));
        QCOMPARE(frozenOf(trainedNet(net, frozen)), block);
        QCOMPARE(thawing(net, frozen, block).freeze, std::string());
        QCOMPARE(thawing(net, frozen, startingWith(net, "layer1.2.")).freeze, std::string("layer1.*, !layer1.2.*"));
    }

    void trainingOnePartAloneFreezesTheRest() {
        const Graph net = resnet();
        const Trained alone = trainingAlone(net, {.lora = {}, .freeze = "layer1.0.conv1.*"}, startingWith(net, "logits."));
        QCOMPARE(alone.freeze, std::string("*, !logits.*"));
    }

    void theFirstUpdateIsOfItsWeightAlone() {
        const Graph net = gpt();
        const Trained one = updating(net, {}, {"h.0.attn.c_attn.weight"});
        QCOMPARE(one.lora.rank, kUsualRank);
        QCOMPARE(one.lora.targets, std::string("h.0.attn.c_attn.*"));
        QCOMPARE(one.freeze, std::string());
        QCOMPARE(loraPairs(net, one.lora).size(), std::size_t{1});
        QCOMPARE(trainedNet(net, one).trained().size(), std::size_t{2});
    }

    void updatesAreAddedAndTakenAway() {
        const Graph net = gpt();
        Trained now = updating(net, {}, {"h.0.attn.c_attn.weight"});
        now.lora.rank = 4;
        now = updating(net, now, {"h.2.attn.c_attn.weight"});
        QCOMPARE(now.lora.rank, std::int64_t{4});
        QCOMPARE(now.lora.targets, std::string("h.0.attn.c_attn.*, h.2.attn.c_attn.*"));
        now = notUpdating(net, now, {"h.0.attn.c_attn.weight"});
        QCOMPARE(now.lora.targets, std::string("h.2.attn.c_attn.*"));
        now = notUpdating(net, now, {"h.2.attn.c_attn.weight"});
        QCOMPARE(now.lora.rank, std::int64_t{0});
        QCOMPARE(now.lora.targets, std::string("*"));
        QCOMPARE(trainedNet(net, now).trained().size(), net.parameters().size());
    }

    void allButOneWeightIsWrittenSo() {
        const Graph net = gpt();
        const Trained some = notUpdating(net, {.lora = {.rank = 8}, .freeze = {}}, {"h.1.mlp.c_fc.weight"});
        QCOMPARE(some.lora.targets, std::string("*, !h.1.mlp.c_fc.*"));
        QCOMPARE(loraPairs(net, some.lora).size(), possibleLoraPairs(net).size() - 1);
    }

    void anySetOfWeightsIsTargetedExactly() {
        const Graph net = gpt();
        std::mt19937 random(3);
        Trained now;
        for (int round = 0; round < 60; ++round) {
            ParameterNames weights;
            for (const LoraPair& each : possibleLoraPairs(net))
                if (random() % 3 == 0) weights.insert(each.weight);
            const ParameterNames before = updatedBy(net, now.lora, namesOf(net));
            now = round % 2 ? updating(net, now, weights) : notUpdating(net, now, weights);
            ParameterNames wanted = before;
            for (const std::string& each : weights) round % 2 ? wanted.insert(each).second : wanted.erase(each);
            QCOMPARE(updatedBy(net, now.lora, namesOf(net)), wanted);
            QCOMPARE(now.lora.rank > 0, !wanted.empty());
        }
    }

    /// "*, !wte.*" would freeze the update too: with it that list is needed no more, or takes it out.
    void anUpdateIsTrainedWhateverWasFrozen() {
        const Graph net = gpt();
        const Trained frozen = trainingAlone(net, {}, startingWith(net, "ln_f."));
        const Trained now = updating(net, frozen, {"h.0.attn.c_attn.weight"});
        const Graph made = trainedNet(net, now);
        ParameterNames trained = namesOf(made);
        for (const std::string& each : frozenOf(made)) trained.erase(each);
        QCOMPARE(trained, (ParameterNames{"h.0.attn.c_attn.lora_A", "h.0.attn.c_attn.lora_B", "ln_f.weight", "ln_f.bias"}));
    }

    /// A pattern of an update's own matrices fits nothing once it is gone: the configuration would refuse it.
    void whatSpokeOfAnUpdateGoesWithIt() {
        const Graph net = gpt();
        Trained now = updating(net, {}, {"h.0.attn.c_attn.weight", "h.1.attn.c_attn.weight"});
        now = freezing(net, now, {"h.0.attn.c_attn.lora_A"});
        QCOMPARE(now.freeze, std::string("h.0.attn.c_attn.lora_A"));
        now = notUpdating(net, now, {"h.0.attn.c_attn.weight"});
        QCOMPARE(now.freeze, std::string());
    }

    void whatSpeaksOfAnotherNetIsLeftOut() {
        const Graph net = gpt();
        const Trained both = fittingTo(net, {.lora = {.rank = 4, .targets = "fc1.*, h.0.*"}, .freeze = "layer1.*, *.bias"});
        QCOMPARE(both.lora.targets, std::string("h.0.*"));
        QCOMPARE(both.freeze, std::string("*.bias"));
        const Trained none = fittingTo(net, {.lora = {.rank = 4, .targets = "fc1.*"}, .freeze = "*, !head.*"});
        QCOMPARE(none.lora.targets, std::string("*"));
        QCOMPARE(none.freeze, std::string());
    }
};

HEADROOM_TEST(PatternRules)
#include "tst_patterns.moc"
