// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include "core/engine/formats/foreign.h"
#include "core/engine/formats/refusal.h"
#include "base/graph/onnx_types.h"
#include "engine/formats/onnx_content.h"
#include "support/registry.h"

using namespace headroom;
using formats::Content;
using graph::DType;
using test::Foreign, test::shapeOf;

namespace {

using Numbers = std::vector<std::int64_t>;
using Reals = std::vector<double>;

Content whole(DType type, Numbers shape, const Numbers& numbers) {
    Content content{type, std::move(shape), {}, {}};
    for (const std::int64_t each : numbers) content.numbers.push_back({each, {}});
    return content;
}
Content real(Numbers shape, Reals reals) { return {DType::F32, std::move(shape), {}, std::move(reals)}; }

std::optional<Content> made(const std::string& op, const std::vector<Content>& inputs, graph::Attributes attributes = {}) {
    std::vector<const Content*> all;
    for (const Content& each : inputs) all.push_back(&each);
    return formats::folded({op, "node", {}, {}, std::move(attributes)}, all);
}
std::optional<Content> cast(DType to, const Content& content) { return made("Cast", {content}, {{"to", std::int64_t{graph::onnxType(to)}}}); }

}  // namespace

class OnnxContents : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aNumberThatIsMadeATruthIsZeroOrOne() {
        const auto truth = cast(DType::Bool, whole(DType::I64, {3}, {5, 0, -2}));
        QVERIFY(truth && truth->dtype == DType::Bool);
        QCOMPARE(cast(DType::I64, *truth)->fixedNumbers(), (Numbers{1, 0, 1}));
        QCOMPARE(cast(DType::Bool, real({2}, {0.25, 0}))->fixedNumbers(), (Numbers{1, 0}));
    }

    void aTypeOfFewerBitsWrapsAround() {
        const Content numbers = whole(DType::I64, {4}, {300, -1, 40'000, 5'000'000'000});
        QCOMPARE(cast(DType::U8, numbers)->fixedNumbers(), (Numbers{44, 255, 64, 0}));
        QCOMPARE(cast(DType::I8, numbers)->fixedNumbers(), (Numbers{44, -1, 64, 0}));
        QCOMPARE(cast(DType::I16, numbers)->fixedNumbers(), (Numbers{300, -1, -25'536, -3'584}));
        QCOMPARE(cast(DType::I32, numbers)->fixedNumbers(), (Numbers{300, -1, 40'000, 705'032'704}));
        const Content large = whole(DType::I32, {1}, {2'147'483'647}), one = whole(DType::I32, {1}, {1});
        QCOMPARE(made("Add", {large, one})->fixedNumbers(), Numbers{-2'147'483'648});
        QCOMPARE(cast(DType::F32, whole(DType::I64, {1}, {16'777'217}))->reals, Reals{16'777'216});
    }

    void aRealOutOfATypesRangeIsNotComputed() {
        QVERIFY(!cast(DType::U8, real({1}, {300})));
        QVERIFY(!cast(DType::I64, real({1}, {1e30})));
        QVERIFY(!cast(DType::U16, whole(DType::I64, {1}, {1})));
    }

    void operandsBroadcastBothWays() {
        const auto product = made("Mul", {real({1, 1}, {2}), real({3}, {1, 2, 3})});
        QVERIFY(product);
        QCOMPARE(product->shape, (Numbers{1, 3}));
        QCOMPARE(product->reals, (Reals{2, 4, 6}));
        QCOMPARE(made("Mul", {real({3}, {1, 2, 3}), real({1, 1}, {2})})->shape, (Numbers{1, 3}));
        const auto sum = made("Add", {whole(DType::I64, {2, 1}, {10, 20}), whole(DType::I64, {3}, {1, 2, 3})});
        QCOMPARE(sum->shape, (Numbers{2, 3}));
        QCOMPARE(sum->fixedNumbers(), (Numbers{11, 12, 13, 21, 22, 23}));
        QCOMPARE(made("Where", {whole(DType::Bool, {2, 1}, {1, 0}), whole(DType::I64, {}, {7}), whole(DType::I64, {2}, {8, 9})})->fixedNumbers(), (Numbers{7, 7, 8, 9}));
        QVERIFY(!made("Add", {real({2}, {1, 2}), real({3}, {1, 2, 3})}));
    }

    void aTableIsArrangedAsATensorWouldBe() {
        const Content pairs = *made("Reshape", {whole(DType::I64, {6}, {1, 2, 3, 4, 5, 6}), whole(DType::I64, {2}, {-1, 2})});
        QCOMPARE(pairs.shape, (Numbers{3, 2}));
        QCOMPARE(made("Reshape", {pairs, whole(DType::I64, {2}, {0, 2})})->shape, (Numbers{3, 2}));
        QVERIFY(!made("Reshape", {pairs, whole(DType::I64, {2}, {-1, 4})}));
        QVERIFY(!made("Reshape", {pairs, whole(DType::I64, {2}, {-1, -1})}));
        const Content columns = *made("Transpose", {pairs}, {{"perm", Numbers{1, 0}}});
        QCOMPARE(columns.shape, (Numbers{2, 3}));
        QCOMPARE(columns.fixedNumbers(), (Numbers{1, 3, 5, 2, 4, 6}));
        const auto slice = [&](std::int64_t begin, std::int64_t end, std::int64_t axis, std::int64_t step) {
            const auto one = [](std::int64_t number) { return whole(DType::I64, {1}, {number}); };
            return made("Slice", {pairs, one(begin), one(end), one(axis), one(step)})->fixedNumbers();
        };
        QCOMPARE(slice(-1, INT64_MIN, 0, -1), (Numbers{5, 6, 3, 4, 1, 2}));
        QCOMPARE(slice(1, INT64_MAX, -1, 1), (Numbers{2, 4, 6}));
        QCOMPARE(slice(0, 3, 0, 2), (Numbers{1, 2, 5, 6}));
        QCOMPARE(slice(-1, 0, 0, -5), (Numbers{5, 6}));
        QCOMPARE(slice(2, 1, 0, 1), Numbers{});
    }

    void aNumberIsRepeatedToASmallShape() {
        QCOMPARE(made("Expand", {real({1}, {0.5}), whole(DType::I64, {1}, {3})})->reals, (Reals{0.5, 0.5, 0.5}));
        QCOMPARE(made("Expand", {whole(DType::I64, {2, 1}, {1, 2}), whole(DType::I64, {2}, {1, 2})})->fixedNumbers(), (Numbers{1, 1, 2, 2}));
        QVERIFY(!made("Expand", {real({1}, {0.5}), whole(DType::I64, {2}, {1'000'000, 1'000'000})}));
        QVERIFY(!made("Expand", {real({2}, {1, 2}), whole(DType::I64, {1}, {3})}));
    }

    void aMultipleOfANamedExtentIsDivided() {
        Content windows = whole(DType::I64, {1}, {0});
        windows.numbers[0] = graph::product({graph::Dim::fixed(4), graph::Dim::named("batch")});
        QVERIFY(made("Div", {windows, whole(DType::I64, {1}, {4})})->numbers[0] == graph::Dim::named("batch"));
        QVERIFY(made("Div", {windows, whole(DType::I64, {1}, {2})})->numbers[0] == graph::Dim::named("2*batch"));
        QVERIFY(!made("Div", {windows, whole(DType::I64, {1}, {3})}));
        QVERIFY(!made("Div", {windows, whole(DType::I64, {1}, {0})}));
    }

    void aLengthLessItselfIsNothingWhateverItIs() {
        const Content length{DType::I64, {1}, {graph::Dim::named("time")}, {}};
        QCOMPARE(made("Sub", {length, length})->fixedNumbers(), Numbers{0});
        QCOMPARE(made("Equal", {length, length})->fixedNumbers(), Numbers{1});
        QVERIFY(made("Max", {length, length})->numbers == length.numbers);
        QVERIFY(!made("Sub", {length, {DType::I64, {1}, {graph::Dim::named("batch")}, {}}}));
    }

    void rootsAndPowersOfRealsAreComputed() {
        QCOMPARE(made("Sqrt", {real({2}, {4, 9})})->reals, (Reals{2, 3}));
        QCOMPARE(made("Pow", {real({1}, {16}), real({}, {0.5})})->reals, Reals{4});
        QVERIFY(!made("Sqrt", {whole(DType::I64, {1}, {4})}) && !made("Pow", {whole(DType::I64, {1}, {4}), whole(DType::I64, {1}, {2})}));
    }

    void noElementsMakeNoElements() {
        for (const char* op : {"Add", "Sub", "Mul", "Div", "Max", "Equal"}) {
            const auto result = made(op, {whole(DType::I64, {0}, {}), whole(DType::I64, {1}, {1})});
            QVERIFY2(result, op);
            QCOMPARE(result->shape, Numbers{0});
            QCOMPARE(result->count(), std::size_t{0});
        }
        QCOMPARE(made("Add", {real({1}, {1}), real({0}, {})})->count(), std::size_t{0});
        QCOMPARE(made("Concat", {whole(DType::I64, {0}, {}), whole(DType::I64, {1}, {1})})->fixedNumbers(), Numbers{1});
    }

    void whatWouldBeTooManyElementsIsNotComputed() {
        const Content many = whole(DType::I64, {4096}, Numbers(4096, 1));
        QVERIFY(!made("Concat", {many, many}));
        QVERIFY(!made("Add", {many, whole(DType::I64, {2, 1}, {1, 2})}));
        QVERIFY(!made("Range", {whole(DType::I64, {}, {0}), whole(DType::I64, {}, {4097}), whole(DType::I64, {}, {1})}));
        QVERIFY(made("Range", {whole(DType::I64, {}, {5}), whole(DType::I64, {}, {INT64_MIN}), whole(DType::I64, {}, {1})})->numbers.empty());
    }

    /// Each node twice as long as the one before: 2^30 elements.
    void aFileThatDoublesAConstantTakesNoMemory() {
        Foreign file;
        file.input("x", {"n", "4"});
        file.numbers("k0", Numbers(64, 0));
        for (int i = 0; i < 24; ++i)
            Foreign::integer(file.node("Concat", {"k" + std::to_string(i), "k" + std::to_string(i)}, {"k" + std::to_string(i + 1)}), "axis", 0);
        file.node("Relu", {"x"}, {"y"});
        file.output("y");
        const double before = test::cpuSeconds();
        QCOMPARE(shapeOf(file.read()), std::string("[batch, 4]"));
        QVERIFY(test::cpuSeconds() - before < 1);
    }

    void manyNodesOfConstantsAreBoundedTogether() {
        Foreign file;
        file.input("x", {"n", "4"});
        file.numbers("k0", Numbers(4096, 1));
        for (int i = 0; i < 2000; ++i) file.node("Add", {"k" + std::to_string(i), "k0"}, {"k" + std::to_string(i + 1)});
        file.node("Relu", {"x"}, {"y"});
        file.output("y");
        QVERIFY(file.read().graph.nodes().size() > 1000);  // no content from some node on, but values
    }
};

HEADROOM_TEST(OnnxContents)
#include "tst_onnx_content.moc"
