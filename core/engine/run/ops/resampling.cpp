// SPDX-License-Identifier: Apache-2.0
#include "base/graph/ops/resampling.h"

#include <ATen/ops/affine_grid_generator.h>
#include <ATen/ops/col2im.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/matmul.h>

#include <algorithm>
#include <cmath>

#include "engine/run/ops/families.h"

namespace headroom::run {
namespace {

using C = const KernelContext&;
using T = const at::Tensor&;
using Numbers = std::vector<std::int64_t>;

/// How ONNX's Resize interpolates one dimension (its page of operators): each output element as weights of input elements.
class Interpolation {
public:
    Interpolation(const graph::Node& node, const graph::ResizedDim& dim)
        : m_dim(dim), m_mode(node.text("mode", "nearest")), m_nearest(node.text("nearest_mode", "round_prefer_floor")),
          m_transform(node.text("coordinate_transformation_mode", "half_pixel")), m_cubic(node.real("cubic_coeff_a", -0.75)),
          m_antialias(node.integer("antialias", 0) != 0), m_excludes(node.integer("exclude_outside", 0) != 0) {}

    /// [to, from]; a row of zeros where the place lies outside of a cropped region.
    at::Tensor matrix() const {
        at::Tensor weights = at::empty({m_dim.to, m_dim.from}, at::TensorOptions().dtype(at::kDouble)).zero_();
        double* row = weights.mutable_data_ptr<double>();
        for (std::int64_t x = 0; x < m_dim.to; ++x, row += m_dim.from) fill(row, place(static_cast<double>(x)));
        return weights;
    }

private:
    double place(double x) const {
        const double from = static_cast<double>(m_dim.from), to = m_dim.scale * from, whole = static_cast<double>(m_dim.to);
        if (m_transform == "align_corners") return to == 1 ? 0 : x * (from - 1) / (to - 1);
        if (m_transform == "asymmetric") return x / m_dim.scale;
        if (m_transform == "tf_crop_and_resize") {
            const double width = (m_dim.roiEnd - m_dim.roiStart) * (from - 1);
            return m_dim.roiStart * (from - 1) + (to == 1 ? width / 2 : x * width / (to - 1));
        }
        if (m_transform == "pytorch_half_pixel" && m_dim.to == 1) return -0.5;
        const double offset = m_transform == "half_pixel_symmetric" ? from / 2 * (1 - whole / to) : 0;
        return offset + (x + 0.5) / m_dim.scale - 0.5;
    }

    double cubic(double x) const {
        x = std::abs(x);
        if (x <= 1) return ((m_cubic + 2) * x - (m_cubic + 3)) * x * x + 1;
        return x < 2 ? ((m_cubic * x - 5 * m_cubic) * x + 8 * m_cubic) * x - 4 * m_cubic : 0;
    }

    /// Weights of the elements from `first` on, counted from the element left of the place; `ratio` in (0, 1] beyond it.
    std::vector<double> coefficients(double ratio, std::int64_t& first) const {
        if (m_mode == "nearest") {
            first = 0;
            const bool right = ratio == 1 || m_nearest == "ceil" || (m_nearest == "round_prefer_floor" && ratio > 0.5) ||
                               (m_nearest == "round_prefer_ceil" && ratio >= 0.5);
            return right ? std::vector<double>{0, 1} : std::vector<double>{1, 0};
        }
        const double scale = m_antialias ? std::min(m_dim.scale, 1.0) : 1, reach = m_mode == "cubic" ? 2 : 1;
        first = static_cast<std::int64_t>(std::floor(-reach / scale)) + 1;
        std::vector<double> weights;
        double sum = 0;
        for (std::int64_t i = first; i < 2 - first; ++i) {
            const double at = scale * (static_cast<double>(i) - ratio);
            weights.push_back(m_mode == "cubic" ? cubic(at) : std::max(0.0, 1 - std::abs(at)));
            sum += weights.back();
        }
        if (m_antialias)
            for (double& weight : weights) weight /= sum;
        return weights;
    }

    void fill(double* row, double x) const {
        if (m_transform == "tf_crop_and_resize" && (x < 0 || x > static_cast<double>(m_dim.from - 1))) return;
        const double left = std::ceil(x) - 1;  // the element left of the place, also where the place is one itself
        std::int64_t first = 0;
        std::vector<double> weights = coefficients(x - left, first);
        const std::int64_t begin = static_cast<std::int64_t>(left) + first;
        double sum = 1;
        if (m_excludes) {
            sum = 0;
            for (std::size_t k = 0; k < weights.size(); ++k) {
                const std::int64_t at = begin + static_cast<std::int64_t>(k);
                if (at < 0 || at >= m_dim.from) weights[k] = 0;
                sum += weights[k];
            }
        }
        for (std::size_t k = 0; k < weights.size(); ++k)
            row[std::clamp(begin + static_cast<std::int64_t>(k), std::int64_t{0}, m_dim.from - 1)] += weights[k] / sum;
    }

    const graph::ResizedDim& m_dim;
    std::string m_mode, m_nearest, m_transform;
    double m_cubic;
    bool m_antialias, m_excludes;
};

/// Dimension by dimension, a matrix product each: differentiable in every mode.
at::Tensor resized(C context) {
    const at::ScalarType type = at::isFloatingType(context.inputs[0].scalar_type()) ? wideType(context.inputs[0].scalar_type()) : at::kDouble;
    const bool crops = context.node.text("coordinate_transformation_mode", "") == "tf_crop_and_resize";
    const double outside = crops ? context.node.real("extrapolation_value", 0) : 0;
    at::Tensor x = as(context.inputs[0], type);
    if (crops) x = x - outside;  // rows of zeros then give the value outside
    for (const graph::ResizedDim& dim : graph::resizedDims(viewOf(context), context.inputTypes[0]->shape)) {
        if (dim.to == dim.from && dim.scale == 1 && !crops) continue;
        const at::Tensor weights = Interpolation(context.node, dim).matrix().to(x.device(), type);
        const auto axis = static_cast<std::int64_t>(dim.axis);
        x = at::matmul(x.transpose(axis, -1), weights.t()).transpose(axis, -1);
    }
    return crops ? x + outside : x;
}

at::Tensor gridSampled(C context) {
    const std::string mode = context.node.text("mode", "linear"), padding = context.node.text("padding_mode", "zeros");
    const at::Tensor x = wide(context.inputs[0]);
    return at::grid_sampler(x, as(context.inputs[1], x.scalar_type()), mode == "linear" ? 0 : mode == "nearest" ? 1 : 2,
                            padding == "zeros" ? 0 : padding == "border" ? 1 : 2, context.node.integer("align_corners", 0) != 0);
}

at::Tensor affineGrid(C context) {
    const Numbers size = graph::numbersOf(viewOf(context), 1);
    Numbers whole = size;
    whole[0] = context.inputs[0].size(0);
    return at::affine_grid_generator(wide(context.inputs[0]), whole, context.node.integer("align_corners", 0) != 0);
}

/// LibTorch pads both sides alike: uneven padding is cut off a picture put together without.
at::Tensor putTogether(C context) {
    const graph::NodeView view = viewOf(context);
    const Numbers &image = graph::numbersOf(view, 1), &block = graph::numbersOf(view, 2);
    const Numbers pads = context.node.integers("pads", {0, 0, 0, 0});
    const Numbers whole{image[0] + pads[0] + pads[2], image[1] + pads[1] + pads[3]};
    const at::Tensor picture = at::col2im(wide(context.inputs[0]), whole, block, context.node.integers("dilations", {1, 1}), Numbers{0, 0},
                                          context.node.integers("strides", {1, 1}));
    return at::constant_pad_nd(picture, {-pads[1], -pads[3], -pads[0], -pads[2]}, 0);
}

}  // namespace

std::vector<Kernel> resamplingKernels() {
    return {{operatorNamed("Resize"), made<resized>, nullptr},
            {operatorNamed("GridSample"), made<gridSampled>, nullptr},
            {operatorNamed("AffineGrid"), made<affineGrid>, nullptr},
            {operatorNamed("Col2Im"), made<putTogether>, nullptr}};
}

}  // namespace headroom::run
