// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/prover.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "base/errors/error.h"
#include "base/process/descriptor.h"
#include "base/process/launch.h"
#include "engine/formats/safetensors.h"
#include "engine/tensor/bridge.h"

extern char** environ;

namespace headroom::deploy {
namespace {

namespace fs = std::filesystem;

Error noProof(const fs::path& model, std::string found) {
    return Error(Failure{Code::Exp03, escaped(model.filename().string()), "the exported file cannot be run", std::move(found),
                         {}, "The file is kept. Look at the prover's message, then export again."});
}

/// Starts a program with its standard output in a pipe. Returns the pipe's reading end.
process::Descriptor start(const fs::path& program, const std::vector<std::string>& arguments, pid_t& child) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw noProof(program, "no pipe can be made");
    process::Descriptor reading(ends[0]), writing(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, writing.value(), STDOUT_FILENO);
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const int failed = ::posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw noProof(program, "the prover cannot be started");
    return reading;
}

std::string readAll(const process::Descriptor& pipe) {
    std::string text;
    std::array<char, 4096> block;
    for (ssize_t count; (count = ::read(pipe.value(), block.data(), block.size())) > 0;)
        text.append(block.data(), static_cast<std::size_t>(count));
    return text;
}

/// Runs to the end; the JSON document on its standard output.
nlohmann::json ask(const fs::path& model, const std::vector<std::string>& arguments) {
    pid_t child = 0;
    const std::string text = readAll(start(process::sibling("headroom-prover"), arguments, child));
    int status = 0;
    ::waitpid(child, &status, 0);
    const nlohmann::json answer = nlohmann::json::parse(text, nullptr, false);
    if (answer.is_object() && answer.contains("error")) throw noProof(model, answer["error"].value("message", ""));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !answer.is_object())
        throw noProof(model, "the prover stopped without an answer");
    return answer;
}

at::Tensor readFirstOutput(const fs::path& file) {
    const formats::SafetensorsFile outputs(file);
    const formats::StTensor& first = outputs.tensors().at(0);
    return tensor::fromBytes(graph::DType::F32, first.shape, outputs.read(first));
}

}  // namespace

void writeSamples(const fs::path& file, const std::string& inputName, const at::Tensor& input) {
    const std::vector<std::byte> bytes = tensor::toBytes(input);
    const formats::StType type = input.scalar_type() == at::kLong ? formats::StType::I64 : formats::StType::F32;
    formats::writeSafetensors(file, {{{inputName, type, input.sizes().vec()}, bytes}});
}

Proof prove(const fs::path& model, const fs::path& samples, const fs::path& folder, const std::string& precision) {
    const fs::path outputs = folder / ("outputs-" + precision + ".safetensors");
    Proof proof;
    proof.report = ask(model, {"headroom-prover", "verify", "--model", model.string(), "--samples", samples.string(), "--out",
                               outputs.string(), "--precision", precision});
    proof.outputs = readFirstOutput(outputs);
    return proof;
}

}  // namespace headroom::deploy
