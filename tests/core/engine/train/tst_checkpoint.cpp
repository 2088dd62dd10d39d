// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <iterator>

#include "base/errors/error.h"
#include "base/process/high_water.h"
#include "base/process/liveness.h"
#include "engine/train/checkpoints.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::train;
namespace fs = std::filesystem;

namespace {

CheckpointContent content(std::int64_t step) {
    const at::Tensor kernel = at::arange(24, at::kFloat).reshape({2, 3, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
    return {{{"step", step}, {"note", "\"quoted\" and ümläut"}},
            {{"model.kernel", kernel}, {"model.half", at::arange(3, at::kFloat).to(at::kBFloat16)},
             {"optimizer.step", at::arange(1, at::kFloat).reshape({})}, {"empty", at::arange(0, at::kLong)}}};
}

std::string bytesOf(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), std::streamsize(bytes.size()));
}

/// The code that reading throws, or nothing where the file is accepted.
std::optional<Code> refusal(const fs::path& path) {
    try {
        CheckpointFile{path};
    } catch (const Error& error) {
        return error.code();
    }
    return std::nullopt;
}

}  // namespace

class CheckpointTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsWrittenComesBack() {
        const test::TemporaryFolder folder;
        writeCheckpoint(folder.path() / "c", content(7));
        const CheckpointFile read(folder.path() / "c");
        const CheckpointContent wanted = content(7);
        QCOMPARE(read.state(), wanted.state);
        QCOMPARE(read.entries().size(), wanted.tensors.size());
        for (const NamedTensor& named : wanted.tensors) {
            const at::Tensor found = read.read(named.name);
            QVERIFY2(found.defined(), named.name.c_str());
            QCOMPARE(found.scalar_type(), named.tensor.scalar_type());
            QVERIFY(at::equal(found, named.tensor));
        }
        QVERIFY(!read.read("model.other").defined());
    }
    void onlyTheTensorThatIsReadComesIntoMemory() {
        const test::TemporaryFolder folder;
        constexpr std::int64_t kElements = 1 << 22;
        CheckpointContent large{{{"step", 1}}, {}};
        for (const char* name : {"a", "b", "c", "d"}) large.tensors.push_back({name, at::arange(kElements, at::kFloat)});
        writeCheckpoint(folder.path() / "c", large);
        const at::Tensor wanted = std::exchange(large, {}).tensors.front().tensor;
        const process::MemoryGrowth growth;
        const CheckpointFile read(folder.path() / "c");
        for (const char* name : {"a", "b", "c", "d"}) QVERIFY(at::equal(read.read(name), wanted));
        QVERIFY2(growth.most() < 4 * kElements * 3 / 2, qPrintable(QString::number(growth.most())));  // of four times as much
    }
    void row96_aFileCutAnywhereIsIncomplete() {
        const test::TemporaryFolder folder;
        const fs::path path = folder.path() / "c";
        writeCheckpoint(path, content(7));
        const std::string whole = bytesOf(path);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            write(path, std::string_view(whole).substr(0, length));
            QVERIFY2(refusal(path) == Code::Ckp01, qPrintable(QString::number(length)));
        }
        write(path, whole);
        QVERIFY(!refusal(path));
    }
    void row97_aFlippedBitAnywhereIsFound() {
        const test::TemporaryFolder folder;
        const fs::path path = folder.path() / "c";
        writeCheckpoint(path, content(7));
        const std::string whole = bytesOf(path);
        for (std::size_t i = 0; i < whole.size(); ++i)
            for (const int bit : {0, 4, 7}) {
                std::string flipped = whole;
                flipped[i] = char(flipped[i] ^ (1 << bit));
                write(path, flipped);
                const std::optional<Code> code = refusal(path);
                // A larger number in the field of the size is told as a file that is too short.
                QVERIFY2(code == Code::Ckp02 || code == Code::Ckp01, qPrintable(QString("byte %1 bit %2").arg(i).arg(bit)));
            }
    }
    void bytesAfterTheEndAreFound() {
        const test::TemporaryFolder folder;
        const fs::path path = folder.path() / "c";
        writeCheckpoint(path, content(7));
        write(path, bytesOf(path) + "x");
        QVERIFY(refusal(path) == Code::Ckp02);
    }
    void twoCheckpointsAreKept() {
        const test::TemporaryFolder folder;
        const Checkpoints checkpoints(folder.path() / "checkpoints");
        for (const std::int64_t step : {5, 10, 15, 20}) checkpoints.save(step, content(step));
        QCOMPARE(checkpoints.files().size(), std::size_t(2));
        QCOMPARE(checkpoints.newest()->content.state()["step"].get<int>(), 20);
        checkpoints.saveBest(content(10));
        QCOMPARE(checkpoints.files().size(), std::size_t(2));
        QCOMPARE(CheckpointFile(checkpoints.best()).state()["step"].get<int>(), 10);
    }
    void aDamagedCheckpointFallsBackToTheOneBefore_data() {
        QTest::addColumn<bool>("cut");
        QTest::newRow("cut") << true;
        QTest::newRow("flipped") << false;
    }
    void aDamagedCheckpointFallsBackToTheOneBefore() {
        QFETCH(bool, cut);
        const test::TemporaryFolder folder;
        const Checkpoints checkpoints(folder.path());
        checkpoints.save(5, content(5));
        const fs::path newest = checkpoints.save(10, content(10));
        std::string bytes = bytesOf(newest);
        if (cut)
            bytes.resize(bytes.size() / 2);
        else
            bytes[bytes.size() - 3] ^= 1;
        write(newest, bytes);
        const auto found = checkpoints.newest();
        QCOMPARE(found->content.state()["step"].get<int>(), 5);
        QCOMPARE(found->notices.size(), std::size_t(1));
        QVERIFY(found->notices[0].find("step-000000000010") != std::string::npos);
        // Going on from the older one, the damaged newer one goes.
        checkpoints.save(7, content(7));
        QCOMPARE(checkpoints.newest()->content.state()["step"].get<int>(), 7);
        QCOMPARE(checkpoints.files().size(), std::size_t(2));
    }
    void onlyDamagedCheckpointsAreRefused() {
        const test::TemporaryFolder folder;
        const Checkpoints checkpoints(folder.path());
        for (const std::int64_t step : {5, 10}) write(checkpoints.save(step, content(step)), "gone");
        try {
            checkpoints.newest();
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::Ckp08);
        }
    }
    void withoutAnyFileThereIsNoCheckpoint() {
        const test::TemporaryFolder folder;
        QVERIFY(!Checkpoints(folder.path()).newest());
    }
    void row98_whatAKilledWriterLeftIsRemoved() {
        const test::TemporaryFolder folder;
        const auto alive = process::find(getppid());
        QVERIFY(alive);
        const fs::path dead = folder.write("step-000000000005.safetensors.tmp-999999-1", "x");
        const fs::path living = folder.write(fmt::format("step-000000000006.safetensors.tmp-{}-{}", alive->pid, alive->startTime), "x");
        const Checkpoints checkpoints(folder.path());
        QVERIFY(!fs::exists(dead));
        QVERIFY(fs::exists(living));
        QVERIFY(!checkpoints.newest());
    }
    void row104_aFolderThatVanishedIsTold() {
        const test::TemporaryFolder folder;
        const Checkpoints checkpoints(folder.path() / "stick");
        fs::remove_all(folder.path() / "stick");
        try {
            checkpoints.save(5, content(5));
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::Ckp06);
        }
    }
    void row104_aFolderThatCannotBeMadeIsTold() {
        const test::TemporaryFolder folder;
        const fs::path file = folder.write("file", "");
        QVERIFY_EXCEPTION_THROWN(Checkpoints(file / "checkpoints"), Error);
    }
    void row104_aFullDiskLeavesTheOldCheckpointAndNoRest() {
        const test::TemporaryFolder folder;
        const Checkpoints checkpoints(folder.path());
        checkpoints.save(5, content(5));
        // As on a full disk, the kernel takes 300 bytes and no more.
        signal(SIGXFSZ, SIG_IGN);
        rlimit before{};
        getrlimit(RLIMIT_FSIZE, &before);
        rlimit small = before;
        small.rlim_cur = 300;
        setrlimit(RLIMIT_FSIZE, &small);
        std::optional<Code> code;
        try {
            checkpoints.save(10, content(10));
        } catch (const Error& error) {
            code = error.code();
        }
        setrlimit(RLIMIT_FSIZE, &before);
        QVERIFY(code == Code::Ckp06);
        QCOMPARE(checkpoints.newest()->content.state()["step"].get<int>(), 5);
        QCOMPARE(std::distance(fs::directory_iterator(folder.path()), {}), 1);
    }
    void otherReadersOpenACheckpoint() {
        const QByteArray python = qgetenv("HEADROOM_PYTHON");
        if (python.isEmpty()) QSKIP("no Python in the environment");
        const test::TemporaryFolder folder;
        const fs::path path = folder.path() / "c.safetensors";
        writeCheckpoint(path, content(7));
        QProcess process;
        process.start(QString::fromUtf8(python),
                      {"-c", "import sys, numpy\n"
                             "from safetensors import safe_open\n"
                             "with safe_open(sys.argv[1], 'numpy') as f:\n"
                             "  assert f.metadata()['format'] == 'headroom-checkpoint'\n"
                             "  k = f.get_tensor('model.kernel')\n"
                             "  assert k.shape == (2, 3, 2, 2) and (k.ravel() == numpy.arange(24)).all()\n",
                       QString::fromStdString(path.string())});
        QVERIFY(process.waitForFinished(60000));
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError());
    }
};

HEADROOM_TEST(CheckpointTest)
#include "tst_checkpoint.moc"
