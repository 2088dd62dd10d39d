// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/opset.h"

#include <fmt/format.h>

#include "base/errors/error.h"
#include "engine/formats/onnx_lowering.h"

namespace headroom::deploy {
namespace {

constexpr int kFirst = 17, kLast = 23;  // formats::OnnxOptions

}  // namespace

int leastOpset(const graph::Graph& net) {
    for (int opset = kFirst;; ++opset) {
        try {
            formats::lowerToOpset(net, opset);
            return opset;
        } catch (const Error& error) {
            if (error.code() != Code::Exp01) throw;
            if (opset < kLast) continue;
            Failure failure = error.failures().front();
            failure.remedy = fmt::format("Opsets {} to {} cannot say it. Export as safetensors, or train a net without it.", kFirst, kLast);
            throw Error(failure);
        }
    }
}

}  // namespace headroom::deploy
