// SPDX-License-Identifier: Apache-2.0
// Inside the readers of folders of pictures only.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace headroom::formats {

/// Runs `work(k)` for all k below `count` in so many threads, in any order, until one throws: that is thrown here. `before` is called
/// again and again meanwhile, in this thread alone.
template <typename Before, typename Work>
void forAll(std::size_t count, std::int64_t threads, Before before, Work work) {
    std::atomic<std::size_t> next = 0;
    std::exception_ptr failure;
    std::mutex mutex;
    threads = std::min<std::int64_t>(threads, std::thread::hardware_concurrency());  // each may hold a whole picture
    const auto run = [&](bool isCaller) {
        try {
            for (std::size_t k = next++; k < count; k = next++) {
                if (isCaller) before();
                work(k);
            }
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!failure) failure = std::current_exception();
            next = count;
        }
    };
    {
        std::vector<std::jthread> others;
        for (std::int64_t k = 1; k < threads; ++k) others.emplace_back(run, false);
        run(true);
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace headroom::formats
