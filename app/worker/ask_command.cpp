// SPDX-License-Identifier: Apache-2.0
// ask QUESTION: one question of serve, answered by a process of its own
#include "base/errors/error.h"
#include "worker/answer.h"
#include "worker/commands.h"
#include "worker/questions.h"

namespace headroom::worker {

int askCommand(const Arguments& arguments) {
    return answer([&arguments] {
        if (arguments.empty()) throw Error(Failure{Code::Cli01, "headroom-worker ask", "a question is missing", {}, {}, {}});
        return answerTo(parsedQuestion(arguments.front()));
    });
}

}  // namespace headroom::worker
