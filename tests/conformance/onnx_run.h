// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/formats/onnx_reader.h"

namespace headroom::test {

at::Tensor tensorOf(const graph::HostTensor& tensor);

/// The outputs of a read model in inference, for inputs by name, which tell what named dimensions are; `batch`: where none tells it.
std::vector<at::Tensor> outputsOf(const formats::OnnxModel& model, const std::map<std::string, at::Tensor>& inputs, std::int64_t batch = 1);

struct Named {
    std::string name;
    at::Tensor tensor;
};
void writeTensors(const std::filesystem::path& path, const std::vector<Named>& tensors);

struct Comparison {
    bool agrees;
    std::string report;
};
/// Every folder's model.onnx in ONNX Runtime, with inputs.safetensors against outputs.safetensors (compare_operators.py). Tells what
/// ONNX Runtime has no kernel for.
Comparison compareInOnnxRuntime(const std::filesystem::path& folder);

}  // namespace headroom::test
