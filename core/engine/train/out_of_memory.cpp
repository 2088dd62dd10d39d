// SPDX-License-Identifier: Apache-2.0
#include "engine/train/out_of_memory.h"

#include <c10/util/Exception.h>

#include <new>

namespace headroom::train {

std::optional<Failure> outOfMemory(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const Error& error) {
        if (error.code() == Code::Mem01) return error.failures().front();
    } catch (const c10::OutOfMemoryError&) {
        return Failure{Code::Mem01, "step", "out of memory", {}, {}, {}};
    } catch (const std::bad_alloc&) {
        return Failure{Code::Mem01, "step", "out of memory", {}, {}, {}};
    } catch (...) {
        // Something else: the caller lets it pass on.
    }
    return std::nullopt;
}

}  // namespace headroom::train
