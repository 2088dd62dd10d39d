// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor/outside_memory.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <map>

#include "base/errors/error.h"
#include "base/process/available_memory.h"
#include "engine/tensor/scratch_file.h"

namespace headroom::tensor {
namespace {

constexpr Bytes kPage = 4096;

Bytes wholePages(Bytes bytes) { return (bytes + kPage - 1) / kPage * kPage; }

Bytes bytesLike(const at::Tensor& like, at::ScalarType type) {
    return like.numel() * static_cast<Bytes>(c10::elementSize(type));
}

class MappedMemory : public OutsideMemory {
public:
    explicit MappedMemory(const std::filesystem::path& folder) : m_file(folder, "set memory.offload_optimizer to false") {}

    at::Tensor zerosLike(const at::Tensor& like, at::ScalarType type) override {
        const Bytes bytes = bytesLike(like, type), place = m_file.size();
        m_file.reserve(place + wholePages(bytes));  // new bytes of a file are zeros
        void* const memory = m_file.map(place, bytes);
        m_places[memory] = place;
        const auto giveBack = [bytes](void* mapped) { munmap(mapped, static_cast<std::size_t>(bytes)); };
        return at::from_blob(memory, like.sizes(), like.strides(), giveBack, at::TensorOptions().dtype(type));
    }

    void expect(const at::Tensor& tensor, std::int64_t first, std::int64_t count) override {
        const Range range = rangeOf(tensor, first, count);
        if (range.bytes > 0) m_file.expect(range.place, range.bytes);
    }

    void letGo(const at::Tensor& tensor, std::int64_t first, std::int64_t count) override {
        const Range range = rangeOf(tensor, first, count);
        if (range.bytes == 0) return;
        // The system remembers which pages were written; the process does without them until they are touched again.
        madvise(range.memory, static_cast<std::size_t>(range.bytes), MADV_DONTNEED);
        m_file.send(range.place, range.bytes);
    }

private:
    struct Range {
        char* memory;
        Bytes place, bytes;  ///< in the file
    };
    /// All pages that these elements touch.
    Range rangeOf(const at::Tensor& tensor, std::int64_t first, std::int64_t count) const {
        auto* const memory = static_cast<char*>(tensor.data_ptr());
        const Bytes size = tensor.element_size(), begin = first * size / kPage * kPage;
        const Bytes end = std::min(wholePages((first + count) * size), wholePages(tensor.numel() * size));
        return {memory + begin, m_places.at(memory) + begin, std::max<Bytes>(end - begin, 0)};
    }

    ScratchFile m_file;
    std::map<const void*, Bytes> m_places;  ///< in the file, by the tensors' memory
};

class PinnedMemory : public OutsideMemory {
public:
    at::Tensor zerosLike(const at::Tensor& like, at::ScalarType type) override {
        const Bytes bytes = bytesLike(like, type), available = process::availableMemory();
        if (bytes > available)
            throw Error(Failure{Code::Mem03, "memory", "the machine has no room for the optimizer's state",
                                fmt::format("{} needed", readableBytes(bytes)), fmt::format("{} free", readableBytes(available)),
                                "Set memory.offload_optimizer to false."});
        auto* const pinned = new at::Tensor(at::zeros({bytes}, at::TensorOptions().dtype(at::kByte).pinned_memory(true)));
        at::DataPtr memory(pinned->mutable_data_ptr(), pinned, [](void* held) { delete static_cast<at::Tensor*>(held); }, like.device());
        const c10::Storage storage(c10::Storage::use_byte_size_t(), static_cast<std::size_t>(bytes), std::move(memory));
        return at::empty({0}, like.options().dtype(type)).set_(storage, 0, like.sizes(), like.strides());
    }
    void expect(const at::Tensor&, std::int64_t, std::int64_t) override {}
    void letGo(const at::Tensor&, std::int64_t, std::int64_t) override {}
};

}  // namespace

std::unique_ptr<OutsideMemory> makeOutsideMemory(at::Device device, const std::filesystem::path& folder) {
    if (!device.is_cpu()) return std::make_unique<PinnedMemory>();
    std::error_code ignored;  // the file says what is wrong
    std::filesystem::create_directories(folder, ignored);
    return std::make_unique<MappedMemory>(folder);
}

}  // namespace headroom::tensor
