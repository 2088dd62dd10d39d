// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/errors/error.h"
#include "base/process/oom.h"
#include "worker/commands.h"
#include "worker/translate.h"

namespace headroom::worker {
namespace {

struct Command {
    const char* name;
    const char* usage;
    int (*run)(const Arguments&);
};

constexpr Command kCommands[] = {
    {"run", "run --home HOME --device DEVICE    runs the device's queue", runCommand},
    {"export", "export --run FOLDER ...            writes a run's model and proves it", exportCommand},
    {"verify", "verify --model FILE --data PATH    runs a file in another runtime", verifyCommand},
    {"predict", "predict --run FOLDER -- INPUT ...   what a net makes of inputs", predictCommand},
    {"generate", "generate --run FOLDER ...          goes on with a text", generateCommand},
    {"ask", "ask QUESTION                       answers one question, a JSON object", askCommand},
    {"serve", "serve                              answers questions, a JSON object a line", serveCommand},
};

int usage() {
    std::fputs("usage: headroom-worker COMMAND ...   (started by headroom and by the studio)\n", stderr);
    for (const Command& command : kCommands) fmt::print(stderr, "  {}\n", command.usage);
    return static_cast<int>(Exit::Usage);
}

}  // namespace

std::string option(const Arguments& arguments, const std::string& name) {
    const auto found = std::ranges::find(arguments, name);
    return found == arguments.end() || found + 1 == arguments.end() ? std::string() : *(found + 1);
}

std::string requiredOption(const Arguments& arguments, const std::string& name) {
    std::string value = option(arguments, name);
    if (value.empty()) throw Error(Failure{Code::Cli01, "headroom-worker", "an option is missing", name, {}, {}});
    return value;
}

int run(int argc, char** argv) {
    if (argc < 2) return usage();
    const std::string name = argv[1];
    if (name == "--version") {
        fmt::print("headroom-worker {}\n", HEADROOM_VERSION);
        return 0;
    }
    process::raiseOomScore();
    for (const Command& command : kCommands)
        if (name == command.name) return command.run(Arguments(argv + 2, argv + argc));
    return usage();
}

}  // namespace headroom::worker

int main(int argc, char** argv) {
    using namespace headroom;
    try {
        return worker::run(argc, argv);
    } catch (...) {
        const Error error = worker::translated(std::current_exception());
        fmt::print(stderr, "{}: {}\n", info(error.code()).text, error.what());
        return static_cast<int>(info(error.code()).exit);
    }
}
