// SPDX-License-Identifier: Apache-2.0
#include "worker/translate.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <cstdio>
#include <new>

namespace headroom::worker {
namespace {

Error outOfMemory() {
    return Error(Failure{Code::Mem01, "training", "out of memory", {}, {},
                         "Choose a smaller train.micro_batch (the effective batch stays), or train in bf16."});
}

Error unexpected(const char* details) {
    fmt::print(stderr, "INT-01 details: {}\n", details);
    return Error(Failure{Code::Int01, "the worker", "something went wrong that should not", {}, {},
                         "The run's log holds the details; the last checkpoint is safe."});
}

}  // namespace

Error translated(std::exception_ptr exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const Error& error) {
        return error;
    } catch (const c10::OutOfMemoryError&) {
        return outOfMemory();
    } catch (const std::bad_alloc&) {
        return outOfMemory();
    } catch (const c10::Error& error) {
        return unexpected(error.what_without_backtrace());
    } catch (const std::exception& error) {
        return unexpected(error.what());
    } catch (...) {
        return unexpected("unknown");
    }
}

}  // namespace headroom::worker
