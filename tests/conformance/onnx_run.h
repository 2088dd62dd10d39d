// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "engine/formats/onnx_reader.h"

namespace headroom::test {

at::Tensor tensorOf(const graph::HostTensor& tensor);

/// The outputs of a read model in inference, for inputs by name; `batch` is put in for a named batch.
std::vector<at::Tensor> outputsOf(const formats::OnnxModel& model, const std::map<std::string, at::Tensor>& inputs, std::int64_t batch = 1);

}  // namespace headroom::test
