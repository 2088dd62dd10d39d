// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/graph/host_tensor.h"
#include "engine/formats/onnx_reader.h"

namespace headroom::test {

/// A node test of the ONNX project: a folder with model.onnx and test_data_set_0/{input,output}_*.pb.
struct NodeCase {
    formats::OnnxModel model;
    std::map<std::string, at::Tensor> inputs;
    std::vector<graph::HostTensor> expected;
};
/// Inputs that a node has to know are constants of the graph. Throws what readOnnx and readOnnxTensor throw.
NodeCase readNodeCase(const std::filesystem::path& folder);

/// The ONNX project's own for these tests (onnx/backend/test/runner); the one of bfloat16 came with onnx 1.23: two units in the last place.
struct Tolerance {
    double relative = 1e-3, absolute = 1e-7, relativeF16 = relative, relativeBf16 = relative;
};
constexpr Tolerance kOfNewerCases{.relativeBf16 = 1.0 / 64};
/// Of an operator in several, each of which rounds: two units in the last place.
constexpr Tolerance kOfSteps{.relativeF16 = 1.0 / 512, .relativeBf16 = 1.0 / 64};

/// What differs by more, or nothing.
std::string difference(const std::vector<at::Tensor>& found, const std::vector<graph::HostTensor>& expected, const Tolerance& tolerance);

struct Outcome {
    enum class Kind { Passed, Failed, NotCovered } kind;
    std::string reason;
};
/// What differs of a case that was written for another opset, to `path`, and read again; or why it could not be.
std::string differenceWrittenAgain(const std::filesystem::path& folder, const std::filesystem::path& path, int opset, const Tolerance& tolerance);

Outcome runNodeCase(const std::filesystem::path& folder, const Tolerance& tolerance = {});

}  // namespace headroom::test
