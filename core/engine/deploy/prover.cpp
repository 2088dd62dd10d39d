// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/prover.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/errors/error.h"
#include "base/process/launch.h"
#include "engine/deploy/agreement.h"
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

/// What the prover said: of a file that is refused unread under its own code.
Error refused(const fs::path& model, const nlohmann::json& error) {
    const std::string code = error.value("code", ""), message = error.value("message", "");
    for (const CodeInfo& each : allCodes())
        if (each.text == code && code.starts_with("ONX-")) return Error(Failure{each.code, {}, message, {}, {}, {}});
    return noProof(model, message);
}

/// Ours first; the other end becomes a descriptor of the child.
struct Ends {
    process::Descriptor ours, theirs;
};

/// A socket, so that writing to a prover that died is an error and no signal.
Ends ordersTo(const fs::path& model) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw noProof(model, "no socket can be made");
    return {process::Descriptor(ends[0]), process::Descriptor(ends[1])};
}

Ends answersFrom(const fs::path& model) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw noProof(model, "no pipe can be made");
    return {process::Descriptor(ends[0]), process::Descriptor(ends[1])};
}

pid_t start(const fs::path& model, const std::vector<std::string>& arguments, int input, int output) {
    const fs::path program = process::sibling("headroom-prover");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_t child = 0;
    const int failed = ::posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw noProof(model, "the prover cannot be started");
    return child;
}

at::Tensor readFirstOutput(const fs::path& model, const fs::path& file) {
    const formats::SafetensorsFile outputs(file);
    if (outputs.tensors().empty()) throw noProof(model, "it has no outputs");
    const formats::StTensor& first = outputs.tensors().at(0);
    return tensor::fromBytes(graph::DType::F32, first.shape, outputs.read(first));
}

formats::StType typeOf(at::ScalarType type) {
    if (type == at::kLong) return formats::StType::I64;
    return type == at::kByte ? formats::StType::U8 : formats::StType::F32;
}

void send(const process::Descriptor& socket, std::string_view text, const fs::path& model) {
    while (!text.empty()) {
        const ssize_t count = ::send(socket.value(), text.data(), text.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw noProof(model, "the prover stopped without an answer");
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

}  // namespace

Prover::Prover(const fs::path& model, const Options& options) : m_model(model) {
    std::vector<std::string> arguments{"headroom-prover", "verify", "--model", model.string(), "--precision", options.precision, "--batch", std::to_string(options.batch)};
    if (options.measureCache) {
        const fs::path cache = m_scratch.path() / "cache";
        fs::create_directory(cache);
        arguments.insert(arguments.end(), {"--cache", cache.string()});
    }
    Ends orders = ordersTo(model), answers = answersFrom(model);
    m_child.own(start(model, arguments, orders.theirs.value(), answers.theirs.value()));
    m_orders = std::move(orders.ours);
    m_answers = std::move(answers.ours);
    orders.theirs.close();
    answers.theirs.close();
    m_precision = nextLine().value("precision", "");
}

Prover::Child::~Child() {
    if (m_process == 0) return;
    ::kill(m_process, SIGKILL);
    wait();
}

void Prover::Child::wait() {
    while (::waitpid(m_process, nullptr, 0) < 0 && errno == EINTR) {
    }
    m_process = 0;
}

nlohmann::json Prover::nextLine() {
    std::size_t end = 0;
    std::array<char, 4096> block;
    while ((end = m_unread.find('\n')) == std::string::npos) {
        const ssize_t count = ::read(m_answers.value(), block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw noProof(m_model, "the prover stopped without an answer");
        m_unread.append(block.data(), static_cast<std::size_t>(count));
    }
    nlohmann::json answer = nlohmann::json::parse(m_unread.substr(0, end), nullptr, false);
    m_unread.erase(0, end + 1);
    if (!answer.is_object()) throw noProof(m_model, "the prover's answer is not understood");
    if (answer.contains("error")) throw refused(m_model, answer["error"]);
    return answer;
}

at::Tensor Prover::run(const std::vector<data::RawInput>& inputs) {
    const fs::path samples = m_scratch.path() / "samples.safetensors", outputs = m_scratch.path() / "outputs.safetensors";
    writeSamples(samples, inputs);
    send(m_orders, nlohmann::json{{"samples", samples.string()}, {"out", outputs.string()}}.dump() + "\n", m_model);
    nextLine();
    return readFirstOutput(m_model, outputs);
}

at::Tensor Prover::run(const std::vector<data::RawInput>& inputs, std::int64_t rows, std::int64_t outputs) {
    at::Tensor answers = answerRows(run(inputs));
    if (answers.dim() != 2 || answers.size(0) != rows || answers.size(1) != outputs)
        throw noProof(m_model, fmt::format("it answers with [{}], [{}, {}] wanted", fmt::join(answers.sizes().vec(), ", "), rows, outputs));
    return answers;
}

nlohmann::json Prover::report() {
    m_orders.close();
    nlohmann::json report = nextLine();
    m_child.wait();
    return report;
}

void writeSamples(const fs::path& file, const std::vector<data::RawInput>& inputs) {
    std::vector<std::vector<std::byte>> bytes;
    std::vector<formats::StView> views;
    for (const auto& [name, input] : inputs) {
        bytes.push_back(tensor::toBytes(input));
        views.push_back({{name, typeOf(input.scalar_type()), input.sizes().vec()}, {}});
    }
    for (std::size_t k = 0; k < views.size(); ++k) views[k].bytes = bytes[k];
    formats::writeSafetensors(file, views);
}

}  // namespace headroom::deploy
