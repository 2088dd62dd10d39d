// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/ones.h>
#include <sys/wait.h>

#include <QProcess>
#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>

#include "base/graph/op_entry.h"
#include "base/process/available_memory.h"
#include "core/engine/deploy/foreign.h"
#include "core/engine/formats/refusal.h"
#include "engine/deploy/proof.h"
#include "engine/deploy/prover.h"
#include "engine/tensor/memory.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::test;
using deploy::Prover;
namespace fs = std::filesystem;

namespace {

struct Ended {
    int status = -1;
    QByteArray output;
};

/// headroom-prover bench, with at most so many KiB of address space; 0 = any.
Ended bench(const fs::path& file, const QStringList& options, qint64 addressKiB = 0) {
    QProcess process;
    const QString limit = addressKiB > 0 ? QString("ulimit -v %1; ").arg(addressKiB) : QString();
    process.start("bash", QStringList{"-c", limit + "exec \"$0\" \"$@\"", qEnvironmentVariable("HEADROOM_BIN") + "/headroom-prover", "bench", "--model",
                                      QString::fromStdString(file.string())} + options);
    if (!process.waitForFinished(240'000) || process.exitStatus() != QProcess::NormalExit) return {};
    return {process.exitCode(), process.readAllStandardOutput()};
}

}  // namespace

/// Files that nothing of ours would write, in the prover.
class TestProver : public QObject {
    Q_OBJECT

    TemporaryFolder m_folder;
    const graph::Attributes m_turned{{"perm", std::vector<std::int64_t>{1, 0}}};
    fs::path file(const char* op, const graph::Attributes& attributes = {}) { return writeForeign(m_folder.path() / "model.onnx", op, attributes); }

private Q_SLOTS:
    void initTestCase() { tensor::installAllocator(); }

    void anAnswerWithOtherRowsThanTheSamplesIsRefused() {
        Prover turned(file("Transpose", m_turned));
        const std::vector<data::RawInput> samples{{"input", at::ones({4, 3})}};
        EXPECT_REFUSED([&] { turned.run(samples, 4, 3); }, "EXP-03", "model.onnx|[3, 4]|[4, 3] wanted");
        Prover same(file("Relu"));
        QCOMPARE(same.run(samples, 4, 3).sizes().vec(), (std::vector<std::int64_t>{4, 3}));
        EXPECT_REFUSED([&] { same.run(samples, 4, 2); }, "EXP-03", "[4, 2] wanted");
    }
    void anAnswerWithoutRowsIsRefused() {
        Prover prover(file("ReduceSum", {{"keepdims", std::int64_t{0}}}));
        EXPECT_REFUSED([&] { prover.run(at::ones({4, 3})); }, "EXP-03", "the output has no rows");
    }
    void anAnswerWhoseRowsDifferFromBatchToBatchIsRefused() {
        Prover prover(file("Transpose", m_turned), {.batch = 2});
        EXPECT_REFUSED([&] { prover.run(at::ones({5, 3})); }, "EXP-03", "differ from batch to batch");
    }
    void aFileThatKeepsWeightsOutsideIsRefusedBeforeTheRuntimeSeesIt() {
        const fs::path outside = withOutsideWeight(file("Relu"), "../../x");
        EXPECT_REFUSED([&] { Prover prover(outside); }, "ONX-03", "model.onnx|outside the file");
        const Ended ended = bench(outside, {});
        QCOMPARE(ended.status, 3);
        QVERIFY2(ended.output.contains("ONX-03"), ended.output.constData());
    }
    void aProverThatRefusesAtOnceIsWaitedFor() {
        EXPECT_REFUSED([&] { Prover prover(m_folder.write("broken.onnx", "no model at all")); }, "ONX-01", "broken.onnx");
        const bool isNoneLeft = ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
        QVERIFY(isNoneLeft);
    }
    void latencyIsThatOfOneAndOfTheBatch() {
        Prover prover(file("Relu"), {.batch = 4});
        prover.run(at::ones({6, 3}));
        std::set<int> batches;
        const nlohmann::json report = prover.report();
        for (const nlohmann::json& latency : report.at("latency")) batches.insert(latency.at("batch").get<int>());
        QCOMPARE(batches, (std::set<int>{1, 4}));
    }
    void latencyOfSamplesWithLargeAnswersIsThatOfFew() {
        const models::DataShape text{.kind = models::DataKind::Text, .task = models::Task::NextToken, .vocabulary = 50257, .context = 256};
        QCOMPARE(deploy::latencyBatch(text), 1);
        QCOMPARE(deploy::latencyBatch({.kind = models::DataKind::Table, .features = 100, .outputs = 2}), 32);
    }
    void memoryThatRunsOutIsSaidSo() {
        const Ended ended = bench(file("Relu"), {"--batch", "80000000", "--threads", "1"}, 1'200'000);  // 0.96 GB, in and out
        QCOMPARE(ended.status, 5);
        QVERIFY2(ended.output.contains("MEM-01") && !ended.output.contains("std::"), ended.output.constData());
    }
    /// A file of a few bytes that asks for more than there is does not push others out of memory.
    void theProverHoldsItselfToWhatIsAvailable() {
        QProcess process;
        process.start(qEnvironmentVariable("HEADROOM_BIN") + "/headroom-prover", {"verify", "--model", QString::fromStdString(file("Relu").string())});
        QVERIFY(process.waitForReadyRead(120'000));  // the precision: the file is open
        std::ifstream limits("/proc/" + std::to_string(process.processId()) + "/limits");
        std::string line;
        while (std::getline(limits, line) && !line.starts_with("Max data size")) {
        }
        std::istringstream words(line.substr(std::min(line.size(), std::size_t{13})));
        Bytes most = 0;
        QVERIFY2(words >> most, line.c_str());
        QVERIFY(most > 0 && most < process::totalMemory());
        process.closeWriteChannel();
        QVERIFY(process.waitForFinished(120'000) && process.exitCode() == 0);
    }
    void samplesOfABatchThatTakeMoreThanAGibibyteAreNotMade() {
        const Ended ended = bench(file("Relu"), {"--batch", "100000000"});
        QCOMPARE(ended.status, 7);
        for (const char* part : {"EXP-03", "a batch of 100000000 takes more than 1.00 GiB"}) QVERIFY2(ended.output.contains(part), ended.output.constData());
    }
};

HEADROOM_TEST(TestProver)
#include "tst_prover.moc"
