// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "base/errors/error.h"
#include "worker/commands.h"
#include "worker/questions.h"
#include "worker/translate.h"

namespace headroom::worker {
namespace {

using nlohmann::json;

/// With the question's `id`; {"error":{"code","message"}} where it cannot be answered.
json answerWithId(const std::string& line) {
    json id;
    try {
        const json question = parsedQuestion(line);
        id = question.value("id", json());
        json found = answerTo(question);
        found["id"] = id;
        return found;
    } catch (...) {
        const Error error = translated(std::current_exception());
        return {{"id", id}, {"error", {{"code", info(error.code()).text}, {"message", error.what()}}}};
    }
}

}  // namespace

int serveCommand(const Arguments&) {
    for (std::string line; std::getline(std::cin, line);) {
        if (line.empty()) continue;
        // Names come from foreign files: what is not UTF-8 in them is replaced.
        const std::string text = answerWithId(line).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
        malloc_trim(0);  // between questions the process is idle and should be small
    }
    return 0;
}

}  // namespace headroom::worker
