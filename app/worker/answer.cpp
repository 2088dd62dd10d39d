// SPDX-License-Identifier: Apache-2.0
#include "worker/answer.h"

#include <fmt/format.h>

#include <exception>

#include "base/errors/error.h"
#include "worker/translate.h"

namespace headroom::worker {
namespace {

/// Names of files and texts of bytes may be no UTF-8.
std::string line(const nlohmann::json& document) { return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"; }

}  // namespace

int answer(const std::function<nlohmann::json()>& work) {
    try {
        fmt::print("{}", line(work()));
        return 0;
    } catch (...) {
        const Error error = translated(std::current_exception());
        const CodeInfo& code = info(error.code());
        fmt::print("{}", line(nlohmann::json{{"error", {{"code", code.text}, {"message", error.what()}}}}));
        return static_cast<int>(code.exit);
    }
}

}  // namespace headroom::worker
