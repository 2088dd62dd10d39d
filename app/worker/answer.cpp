// SPDX-License-Identifier: Apache-2.0
#include "worker/answer.h"

#include <fmt/format.h>

#include <exception>

#include "base/errors/error.h"
#include "worker/translate.h"

namespace headroom::worker {

int answer(const std::function<nlohmann::json()>& work) {
    try {
        fmt::print("{}\n", work().dump());
        return 0;
    } catch (...) {
        const Error error = translated(std::current_exception());
        const CodeInfo& code = info(error.code());
        fmt::print("{}\n", nlohmann::json{{"error", {{"code", code.text}, {"message", error.what()}}}}.dump());
        return static_cast<int>(code.exit);
    }
}

}  // namespace headroom::worker
