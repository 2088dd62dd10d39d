// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/offload_store.h"

#include <ATen/ops/empty.h>
#include <c10/core/Allocator.h>
#include <fmt/format.h>

#include <utility>

#include "base/errors/error.h"
#include "base/process/available_memory.h"
#include "engine/tensor/scratch_file.h"

namespace headroom::tensor {
namespace {

Bytes bytesOf(const at::Storage& storage) { return static_cast<Bytes>(storage.nbytes()); }

class FileStore : public OffloadStore {
public:
    explicit FileStore(const std::filesystem::path& folder) : m_file(folder, "set memory.offload to off") {}
    void reserve(Bytes bytes) override { m_file.reserve(bytes); }

protected:
    void write(Bytes place, const at::Storage& storage) override { m_file.write(place, storage.data(), bytesOf(storage)); }
    void read(Bytes place, const at::Storage& storage) override { m_file.read(place, storage.mutable_data(), bytesOf(storage)); }

private:
    ScratchFile m_file;
};

/// Copies run on the stream of the kernels, in their order, so that nobody has to wait for them.
class PinnedStore : public OffloadStore {
public:
    void reserve(Bytes bytes) override {
        const Bytes present = m_memory.defined() ? m_memory.numel() : 0;
        if (bytes <= present) return;
        const Bytes available = process::availableMemory();
        if (bytes - present > available)
            throw Error(Failure{Code::Mem03, "memory", "the machine has no room for what is to wait outside of the GPU",
                                fmt::format("{} needed", readableBytes(bytes)), fmt::format("{} free", readableBytes(available)),
                                "Use a smaller micro-batch, or set memory.offload to off."});
        m_memory.reset();
        m_memory = at::empty({bytes}, at::TensorOptions().dtype(at::kByte).pinned_memory(true));
    }

protected:
    void write(Bytes place, const at::Storage& storage) override { part(place, storage).copy_(bytes(storage), /*non_blocking=*/true); }
    void read(Bytes place, const at::Storage& storage) override { bytes(storage).copy_(part(place, storage), /*non_blocking=*/true); }

private:
    at::Tensor part(Bytes place, const at::Storage& storage) const { return m_memory.narrow(0, place, bytesOf(storage)); }
    static at::Tensor bytes(const at::Storage& storage) {
        return at::empty({0}, at::TensorOptions().dtype(at::kByte).device(storage.device())).set_(storage, 0, {bytesOf(storage)}, {1});
    }

    at::Tensor m_memory;
};

}  // namespace

void OffloadStore::store(Bytes place, const at::Tensor& tensor) {
    const at::Storage& storage = tensor.storage();
    write(place, storage);
    storage.set_data_ptr_noswap(at::DataPtr(nullptr, storage.device()));
}

void OffloadStore::fetch(Bytes place, const at::Tensor& tensor) {
    const at::Storage& storage = tensor.storage();
    storage.set_data_ptr_noswap(c10::GetAllocator(storage.device_type())->allocate(storage.nbytes()));
    read(place, storage);
}

std::unique_ptr<OffloadStore> makeOffloadStore(at::Device device, const std::filesystem::path& folder) {
    if (!device.is_cpu()) return std::make_unique<PinnedStore>();
    std::error_code ignored;  // the file says what is wrong
    std::filesystem::create_directories(folder, ignored);
    return std::make_unique<FileStore>(folder);
}

}  // namespace headroom::tensor
