// SPDX-License-Identifier: Apache-2.0
#include "gpu/checks.h"

#include <ATen/Context.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/errors/error.h"
#include "core/engine/run/nets.h"
#include "core/engine/run/node_run.h"
#include "core/engine/run/reference.h"
#include "engine/run/device.h"
#include "engine/tensor/bridge.h"
#include "engine/train/optimizer.h"

namespace headroom::gpu {
namespace {

using plan::Precision;
using test::NodeRun;
using test::OperatorCase;
using test::Plain;

const at::Device kCuda(at::kCUDA, 0);

double distance(const Plain& a, const Plain& b) {
    double largest = 1e-3, difference = a.shape == b.shape ? 0 : INFINITY;
    for (std::size_t i = 0; i < std::min(a.data.size(), b.data.size()); ++i) {
        largest = std::max(largest, std::abs(b.data[i]));
        difference = std::max(difference, std::isfinite(a.data[i]) ? std::abs(a.data[i] - b.data[i]) : INFINITY);
    }
    return difference / largest;
}

std::string compared(const std::vector<Plain>& found, const std::vector<Plain>& expected, double tolerance, const char* what) {
    for (std::size_t k = 0; k < expected.size(); ++k)
        if (const double d = distance(found[k], expected[k]); !(d <= tolerance))
            return fmt::format("{} {} differs by {:.2g}, {:.2g} allowed", what, k, d, tolerance);
    return {};
}

/// Outputs and gradients of one operator against double precision on the CPU. fp32 sums in another order; bf16 keeps 8
/// bits, and its products are rounded once more where the device splits a sum.
std::string operatorAgrees(const OperatorCase& one, at::ScalarType type) {
    const bool low = type == at::kBFloat16;
    NodeRun device(one, type, kCuda), wide(one, at::kDouble);
    const std::vector<Plain> found = device.forward(one.inputs), expected = wide.forward(one.inputs);
    if (!device.extrasAreAsPromised()) return "what forward saves differs from the operator's entry";
    if (const std::string wrong = compared(found, expected, low ? 0.02 : 2e-5, "output"); !wrong.empty()) return wrong;
    std::vector<Plain> weights;
    for (std::size_t k = 0; k < expected.size(); ++k) weights.push_back(test::numbers(expected[k].shape, 40 + k));
    return compared(device.backward(weights), wide.backward(weights), low ? 0.05 : 1e-4, "gradient");
}

run::TensorSet onDevice(const run::TensorSet& tensors) {
    run::TensorSet moved;
    for (const at::Tensor& value : tensors.values) moved.values.push_back(value.defined() ? value.to(kCuda) : value);
    moved.gradients.resize(moved.values.size());
    return moved;
}

/// Losses of a few steps of plain gradient descent.
std::vector<double> losses(const test::Net& net, Precision precision, at::Device device, int steps, std::vector<at::Tensor>* weights = nullptr) {
    plan::LowerOptions options;
    options.precision = precision;
    options.extents = net.extents;
    options.device = device.is_cuda() ? graph::DeviceKind::Cuda : graph::DeviceKind::Cpu;
    const plan::Program program = plan::lower(net.graph, options);
    std::vector<at::Tensor> inputs = test::madeUpInputs(net, net.graph, program);
    run::TensorSet tensors = test::initialised(net.graph);
    if (device.is_cuda()) tensors = onDevice(tensors);
    for (at::Tensor& input : inputs) input = input.to(device);
    run::Executor executor(net.graph);
    const double scale = 1.0 / static_cast<double>(net.extents.at("batch"));
    std::vector<double> results;
    for (int step = 0; step < steps; ++step) {
        results.push_back(executor.run(program, tensors, inputs, {1, step, {}}, scale)[0].item<double>() * scale);
        for (const graph::ValueId id : net.graph.parameters())
            tensors.values[static_cast<std::size_t>(id)].sub_(tensors.gradients[static_cast<std::size_t>(id)], 0.01);
    }
    if (weights)
        for (const graph::ValueId id : net.graph.parameters()) weights->push_back(tensors.values[static_cast<std::size_t>(id)].cpu());
    return results;
}

/// fp32 differs by the order of sums (1e-4 of the loss after five steps); bf16 by its roundings (3 %).
std::string netAgrees(const std::string& name, Precision precision) {
    const test::Net net = test::makeNet(name, 16, true, 0.1);
    const std::vector<double> cpu = losses(net, precision, at::kCPU, 5), cuda = losses(net, precision, kCuda, 5);
    const double tolerance = precision == Precision::Bf16 ? 3e-2 : 1e-3;
    for (std::size_t i = 0; i < cpu.size(); ++i)
        if (!(std::abs(cpu[i] - cuda[i]) <= tolerance * std::abs(cpu[i])))
            return fmt::format("step {}: loss {:.6f} on the CPU, {:.6f} on the GPU", i, cpu[i], cuda[i]);
    return {};
}

std::string repeatsExactly(const std::string& name) {
    const test::Net net = test::makeNet(name, 16, true, 0.1);
    std::vector<at::Tensor> first, second;
    losses(net, Precision::Bf16, kCuda, 3, &first);
    losses(net, Precision::Bf16, kCuda, 3, &second);
    for (std::size_t i = 0; i < first.size(); ++i)
        if (!first[i].equal(second[i])) return fmt::format("weights of parameter {} differ between two equal runs", i);
    return {};
}

std::string dropoutMasksAgree() {
    OperatorCase one{"Dropout", nullptr, {}, {}, {}, {}, {}, {}};
    for (const OperatorCase& known : test::operatorCases())
        if (known.name == "Dropout of nothing") one = known;
    one.attributes = {{"ratio", 0.4}};
    one.inputs = {test::numbers({3, 1000}, 1)};
    NodeRun cpu(one, at::kFloat), cuda(one, at::kFloat, kCuda);
    return compared(cuda.forward(one.inputs), cpu.forward(one.inputs), 1e-6, "mask");
}

at::Tensor made(const std::vector<std::int64_t>& shape, std::uint64_t seed) {
    const Plain plain = test::numbers(shape, seed);
    return tensor::fromBytes(graph::DType::F64, plain.shape, std::as_bytes(std::span(plain.data)));
}

/// Three updates of one parameter on both devices. Sums and roots round alike; the CPU fuses some products with sums, so a
/// number may take the neighbouring level or the neighbouring bf16 number.
std::string updatesAgree(const config::RunConfig::Optimizer& options, at::ScalarType weights) {
    const auto trained = [&](at::Device device) {
        const at::Tensor value = made({40, 70}, 1).to(weights).to(device);
        const auto optimizer = train::makeOptimizer(options, {{"w", value, true}}, 5);
        for (std::uint64_t step = 0; step < 3; ++step)
            optimizer->step({made({40, 70}, 2 + step).to(weights).to(device)}, options.lr);
        Plain plain{{40, 70}, std::vector<double>(2800)};
        std::ranges::copy(tensor::toBytes(value.to(at::kDouble)), std::as_writable_bytes(std::span(plain.data)).begin());
        return plain;
    };
    const double tolerance = weights == at::kBFloat16 ? 1e-2 : 2e-3;
    return compared({trained(kCuda)}, {trained(at::kCPU)}, tolerance, "weights");
}

std::string memoryIsCounted() {
    const cuda::MemoryFigures before = run::deviceMemory(kCuda);
    const at::Tensor held = tensor::emptyInLayout({1 << 20}, at::kFloat, kCuda);
    const cuda::MemoryFigures with = run::deviceMemory(kCuda);
    if (before.total <= 0 || before.free <= 0) return "the device's memory is not readable";
    if (with.allocated - before.allocated != 4 << 20) return fmt::format("{} bytes counted for 4 MiB", with.allocated - before.allocated);
    return {};
}

std::string aLimitIsHeldAndLeavesNothingBehind() {
    const test::Net net = test::makeNet("resnet20", 512, false);
    run::emptyDeviceCache();
    const std::int64_t before = run::deviceMemory(kCuda).allocated;
    run::limitDeviceMemory(kCuda, 0.2e9 / static_cast<double>(run::deviceMemory(kCuda).total));
    bool refused = false;
    try {
        losses(net, Precision::Fp32, kCuda, 1);
    } catch (const Error& error) {
        refused = error.code() == Code::Mem01;
    }
    run::limitDeviceMemory(kCuda, 1);
    if (!refused) return "a net of a gigabyte trained in 0.2";
    return run::deviceMemory(kCuda).allocated == before ? "" : "memory is held after the failure";
}

}  // namespace

std::vector<Check> checks() {
    std::vector<Check> all;
    for (const OperatorCase& one : test::operatorCases())
        for (const at::ScalarType type : {at::kFloat, at::kBFloat16})
            all.push_back({fmt::format("{} in {} agrees with the CPU", one.name, type == at::kFloat ? "fp32" : "bf16"),
                           [one, type] { return operatorAgrees(one, type); }});
    for (const char* name : {"mlp", "cnn", "resnet20", "gpt_mini"}) {
        for (const Precision precision : {Precision::Fp32, Precision::Bf16})
            all.push_back({fmt::format("losses of {} in {} are those of the CPU", name, precision == Precision::Fp32 ? "fp32" : "bf16"),
                           [name, precision] { return netAgrees(name, precision); }});
        all.push_back({fmt::format("{} repeats bit by bit in deterministic mode", name), [name] { return repeatsExactly(name); }});
    }
    all.push_back({"dropout masks are those of the CPU", dropoutMasksAgree});
    for (const char* optimizer : {"adamw", "sgd"})
        for (const char* state : {"fp32", "bf16", "8bit"})
            for (const at::ScalarType weights : {at::kFloat, at::kBFloat16})
                all.push_back({fmt::format("{} with {} state updates {} weights as the CPU does", optimizer, state, weights == at::kFloat ? "fp32" : "bf16"),
                               [=] { return updatesAgree({.name = optimizer, .lr = 0.01, .state = state}, weights); }});
    all.push_back({"memory of the device is counted", memoryIsCounted});
    all.push_back({"a memory limit is held and leaves nothing behind", aLimitIsHeldAndLeavesNothingBehind});
    return all;
}

}  // namespace headroom::gpu
