// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/offload_store.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <c10/util/Exception.h>

#include <algorithm>

#include "base/errors/error.h"
#include "engine/tensor/memory.h"
#include "engine/tensor/scratch_file.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::tensor;

namespace {

template <class Action>
std::optional<Error> refusal(Action action) {
    try {
        action();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

}  // namespace

class OffloadStores : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { installAllocator(); }

    void whatIsWrittenIsReadBack() {
        const test::TemporaryFolder folder;
        ScratchFile file(folder.path(), "do without");
        file.reserve(3 << 20);
        std::vector<char> bytes(1 << 20);
        for (char filling : {1, 2, 3}) {
            std::ranges::fill(bytes, filling);
            file.write((filling - 1) << 20, bytes.data(), 1 << 20);
        }
        for (char filling : {3, 1, 2}) {
            file.read((filling - 1) << 20, bytes.data(), 1 << 20);
            QVERIFY(std::ranges::all_of(bytes, [&](char byte) { return byte == filling; }));
        }
    }

    void theFileHasNoNameThatACrashWouldLeaveBehind() {
        const test::TemporaryFolder folder;
        ScratchFile file(folder.path(), "do without");
        file.reserve(1 << 20);
        QVERIFY(std::filesystem::is_empty(folder.path()));
    }

    void roomThatIsNotThereIsRefusedWithASentence() {
        const test::TemporaryFolder folder;
        ScratchFile file(folder.path(), "do without");
        file.reserve(1 << 20);
        const auto error = refusal([&] { file.reserve(Bytes{1} << 50); });
        QVERIFY(error && error->code() == Code::Mem03);
        QVERIFY(QString(error->what()).contains("the disk has no room for what is to wait outside of memory"));
        QCOMPARE(file.size(), Bytes{1 << 20});
        const char one = 1;
        file.write((1 << 20) - 1, &one, 1);  // what there was goes on
    }

    void aFolderThatTakesNoFileIsRefused() {
        const test::TemporaryFolder folder;
        const std::filesystem::path noFolder = folder.write("file", "content");
        const auto error = refusal([&] { makeOffloadStore(at::kCPU, noFolder / "below"); });
        QVERIFY(error && error->code() == Code::Mem03);
    }

    void readingBeyondWhatIsThereFails() {
        const test::TemporaryFolder folder;
        ScratchFile file(folder.path(), "do without");
        char byte = 0;
        const auto error = refusal([&] { file.read(0, &byte, 1); });
        QVERIFY(error && error->code() == Code::Dsk02);
    }

    void aTensorOutsideTakesNoMemoryAndComesBackWithItsViews() {
        const test::TemporaryFolder folder;
        const auto store = makeOffloadStore(at::kCPU, folder.path());
        store->reserve(1 << 20);
        const at::Tensor tensor = at::arange(4096, at::kFloat).view({64, 64});
        const at::Tensor view = tensor.narrow(1, 8, 16).t(), expected = view.clone();
        const Bytes inMemory = memoryCounts().liveTotal;
        store->store(4096, tensor);
        QCOMPARE(memoryCounts().liveTotal, inMemory - 4096 * 4);
        store->fetch(4096, tensor);
        QCOMPARE(memoryCounts().liveTotal, inMemory);
        QVERIFY(at::equal(view, expected) && at::equal(tensor, at::arange(4096, at::kFloat).view({64, 64})));
    }

    void whereMemoryRunsOutOnTheWayBackTheTensorCanStillGo() {
        const test::TemporaryFolder folder;
        const auto store = makeOffloadStore(at::kCPU, folder.path());
        store->reserve(1 << 20);
        const Bytes before = memoryCounts().liveTotal;
        {
            const at::Tensor tensor = at::arange(4096, at::kFloat);
            store->store(0, tensor);
            injectAllocationFault(1, FaultMode::Once);
            bool refused = false;
            try {
                store->fetch(0, tensor);
            } catch (const c10::OutOfMemoryError&) {
                refused = true;
            }
            QVERIFY(refused && allocationFaultFired());
            injectAllocationFault(0, FaultMode::Once);
        }
        QCOMPARE(memoryCounts().liveTotal, before);
    }
};

HEADROOM_TEST(OffloadStores)
#include "tst_offload_store.moc"
