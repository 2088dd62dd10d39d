// SPDX-License-Identifier: Apache-2.0
#include "engine/train/features.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "base/models/cut.h"
#include "base/plan/kept_features.h"
#include "base/plan/training_step.h"
#include "base/process/available_memory.h"
#include "engine/run/executor.h"
#include "engine/tensor/bridge.h"
#include "engine/train/model.h"

namespace headroom::train {
namespace {

constexpr std::int64_t kBatch = 128;

/// Rows of features beside the targets of the samples that they were made of.
class FeatureSource : public data::Source {
public:
    FeatureSource(at::Tensor features, const data::Source& source) : m_features(std::move(features)), m_source(source) {}

    std::int64_t size() const override { return m_source.size(); }
    std::int64_t termsPerSample() const override { return m_source.termsPerSample(); }
    std::int64_t terms(std::span<const std::int64_t> samples, const data::Draw& draw) const override { return m_source.terms(samples, still(draw)); }
    data::Samples assemble(std::span<const std::int64_t> samples, const data::Draw& draw, const data::Placement& placement) const override {
        const at::Tensor rows = tensor::fromBytes(graph::DType::I64, std::vector{static_cast<std::int64_t>(samples.size())}, std::as_bytes(samples));
        std::vector<std::int64_t> shape = m_features.sizes().vec();
        shape.front() = std::ssize(samples);
        at::Tensor input = data::batchTensor(shape, placement.input, placement);
        input.copy_(m_features.index_select(0, rows));
        return {tensor::inLayout(input), m_source.assemble(samples, still(draw), placement).target};
    }

private:
    static data::Draw still(data::Draw draw) {
        draw.augment = false;
        return draw;
    }

    const at::Tensor m_features;  ///< [samples, ...]
    const data::Source& m_source;
};

/// The frozen part with its weights, ready to run.
class FrozenPart {
public:
    FrozenPart(const config::RunConfig& config, const models::Basis& basis, at::Device device, const FirstWeights& first)
        : m_graph(models::cutFrozen(plan::netOf(config, basis)).before), m_precision(plan::precisionOf(config)), m_device(device),
          m_context(basis.shape.context), m_executor(m_graph) {
        config::RunConfig whole = config;
        whole.train.cacheFeatures = false;
        const Model model(whole, basis, device, first);
        m_tensors.values.resize(m_graph.values().size());
        for (const NamedTensor& each : model.named())
            if (const graph::ValueId id = m_graph.find(each.name); id != graph::kNone) m_tensors.values[static_cast<std::size_t>(id)] = each.tensor;
    }

    at::Tensor features(const data::Source& source, const GoesOn& goesOn) {
        at::Tensor all;
        for (std::int64_t first = 0; first < source.size(); first += kBatch) {
            requireGoesOn(goesOn);
            const std::int64_t count = std::min(kBatch, source.size() - first);
            const at::Tensor made = run(source, first, count).cpu();
            if (!all.defined()) {
                std::vector<std::int64_t> shape = made.sizes().vec();
                shape.front() = source.size();
                all = at::empty(shape, made.options());
                tensor::label(all, plan::Kind::Batches);
            }
            all.narrow(0, first, count).copy_(made);
        }
        return all;
    }

private:
    /// Batches but the last of a part are of one size.
    const plan::Program& programOf(std::int64_t count) {
        if (m_program && m_count == count) return *m_program;
        plan::LowerOptions options;
        options.mode = plan::Mode::Inference;
        options.precision = m_precision;
        options.device = kindOf(m_device);
        options.extents = {{"batch", count}, {"sequence", m_context}};
        m_count = count;
        return m_program.emplace(plan::lower(m_graph, options));
    }

    at::Tensor run(const data::Source& source, std::int64_t first, std::int64_t count) {
        std::vector<std::int64_t> samples(static_cast<std::size_t>(count));
        std::iota(samples.begin(), samples.end(), first);
        const plan::Program& program = programOf(count);
        const graph::ValueId input = m_graph.inputs().front();
        const at::ScalarType type = tensor::scalarType(program.slots[static_cast<std::size_t>(program.valueSlots[static_cast<std::size_t>(input)])].tensor.dtype);
        const data::Samples batch = source.assemble(samples, {}, {type, false});
        return m_executor.run(program, m_tensors, {batch.input.to(m_device)}, {}, 1).front();
    }

    const graph::Graph m_graph;
    plan::Precision m_precision;
    at::Device m_device;
    std::int64_t m_context;
    run::Executor m_executor;
    run::TensorSet m_tensors;
    std::optional<plan::Program> m_program;  ///< of batches of m_count
    std::int64_t m_count = 0;
};

std::int64_t samplesOf(const data::Dataset& dataset) { return dataset.training->size() + (dataset.validation ? dataset.validation->size() : 0); }

/// Before the first sample goes through: what all of them make must fit, on the CPU beside single samples of a step.
void requireRoom(const config::RunConfig& config, const data::Dataset& dataset, const graph::Graph& net, graph::DeviceKind device) {
    const bool onCpu = device == graph::DeviceKind::Cpu;
    const Bytes kept = plan::keptFeatures(config, net, dataset.shape, samplesOf(dataset)), available = process::availableMemory();
    const Bytes allowed = onCpu ? plan::budgetFor(config, available) : plan::automaticBudget(available);
    plan::requireFeaturesFit(kept, allowed);
    if (!onCpu) return;
    const config::RunConfig beside = plan::besideFeatures(config, kept);
    const graph::Graph step = plan::lossOnly(plan::trainingGraph(plan::trainedPart(net, config), dataset.shape.task, config.train.labelSmoothing), config);
    plan::microBatchFor(beside, step, plan::stepOptions(beside, dataset.shape, device), available - kept);
}

/// A dataset over features; `of` gives them for a part of the data.
template <class Of>
data::Dataset over(const data::Dataset& dataset, const Of& of) {
    data::Dataset made;
    made.shape = dataset.shape;
    made.format = dataset.format;
    made.classes = dataset.classes;
    made.reference = dataset.reference;
    made.fingerprint = dataset.fingerprint;
    made.earlier = dataset.earlier;
    made.notes = dataset.notes;
    made.training = std::make_unique<FeatureSource>(of(*dataset.training), *dataset.training);
    if (dataset.validation) made.validation = std::make_unique<FeatureSource>(of(*dataset.validation), *dataset.validation);
    return made;
}

}  // namespace

data::Dataset featuresOf(const config::RunConfig& config, const data::Dataset& dataset, ModelFile file, at::Device device, const GoesOn& goesOn) {
    const models::Basis basis(dataset.shape, file.graph);
    requireRoom(config, dataset, plan::netOf(config, basis), kindOf(device));
    FrozenPart part(config, basis, device, file.weights);
    return over(dataset, [&](const data::Source& source) { return part.features(source, goesOn); });
}

data::Dataset blankFeatures(const config::RunConfig& config, const data::Dataset& dataset, const ModelFile& file) {
    const graph::Graph behind = models::cutFrozen(plan::netOf(config, {dataset.shape, file.graph})).behind;
    std::vector<std::int64_t> shape = graph::resolved(behind.value(behind.inputs().front()).type.shape, {{"batch", 1}, {"sequence", dataset.shape.context}});
    return over(dataset, [&](const data::Source& source) {
        shape.front() = source.size();
        return at::zeros({1}).expand(shape);
    });
}

}  // namespace headroom::train
