// SPDX-License-Identifier: Apache-2.0
#include "prover/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <openvino/op/constant.hpp>
#include <optional>
#include <random>

#include "engine/formats/onnx_metadata.h"
#include "prover/latency.h"

namespace headroom::prover {
namespace {

constexpr std::int64_t kLength = 128;
constexpr Bytes kMostBytes = kGiB;  ///< of all inputs of a batch

/// Rows of the table that a lookup by `reader` chooses from; nothing where it is none.
std::optional<std::int64_t> rowsChosen(const ov::Input<ov::Node>& reader) {
    const ov::Node& node = *reader.get_node();
    if (std::string(node.get_type_name()) != "Gather" || reader.get_index() != 1) return std::nullopt;
    const auto* axis = dynamic_cast<const ov::op::v0::Constant*>(node.get_input_node_ptr(2));
    const ov::PartialShape table = node.get_input_partial_shape(0);
    if (!axis || table.rank().is_dynamic()) return std::nullopt;
    const std::int64_t place = axis->cast_vector<std::int64_t>().at(0);
    const auto dim = static_cast<std::size_t>(place < 0 ? place + table.rank().get_length() : place);
    if (dim >= table.size() || table[dim].is_dynamic()) return std::nullopt;
    return table[dim].get_length();
}

/// The least of the tables that such numbers look up, themselves or in another shape or type.
std::optional<std::int64_t> fewestRows(const ov::Output<const ov::Node>& numbers) {
    std::optional<std::int64_t> fewest;
    for (const ov::Input<ov::Node>& reader : numbers.get_target_inputs()) {
        const std::string type = reader.get_node()->get_type_name();
        const bool passes = reader.get_index() == 0 && (type == "Convert" || type == "Reshape" || type == "Unsqueeze" || type == "Squeeze");
        const std::optional<std::int64_t> rows = passes ? fewestRows(reader.get_node()->output(0)) : rowsChosen(reader);
        if (rows) fewest = std::min(*rows, fewest.value_or(*rows));
    }
    return fewest;
}

template <typename T>
void fillReal(ov::Tensor& tensor, std::mt19937_64& random) {
    std::uniform_real_distribution<float> draw(-1, 1);
    std::generate_n(tensor.data<T>(), tensor.get_size(), [&] { return static_cast<T>(draw(random)); });
}

template <typename T>
void fillWhole(ov::Tensor& tensor, std::mt19937_64& random, std::int64_t range) {
    const std::int64_t most = std::min<std::int64_t>(range - 1, std::numeric_limits<T>::max());
    std::uniform_int_distribution<std::int64_t> draw(0, most);
    std::generate_n(tensor.data<T>(), tensor.get_size(), [&] { return static_cast<T>(draw(random)); });
}

bool fill(ov::Tensor& tensor, std::int64_t range) {
    std::mt19937_64 random(1);
    const ov::element::Type type = tensor.get_element_type();
    if (type == ov::element::f32) fillReal<float>(tensor, random);
    else if (type == ov::element::f64) fillReal<double>(tensor, random);
    else if (type == ov::element::f16) fillReal<ov::float16>(tensor, random);
    else if (type == ov::element::bf16) fillReal<ov::bfloat16>(tensor, random);
    else if (type == ov::element::u8) fillWhole<std::uint8_t>(tensor, random, 256);
    else if (type == ov::element::i8) fillWhole<std::int8_t>(tensor, random, 128);
    else if (type == ov::element::i32) fillWhole<std::int32_t>(tensor, random, range);
    else if (type == ov::element::i64) fillWhole<std::int64_t>(tensor, random, range);
    else if (type == ov::element::boolean) std::fill_n(tensor.data<bool>(), tensor.get_size(), true);
    else return false;
    return true;
}

/// One input as the file declares it.
struct Declared {
    std::string name;
    ov::element::Type type;
    ov::PartialShape shape;
    std::int64_t range = 2;
};

class MadeUp {
public:
    MadeUp(const OpenedModel& model, std::int64_t length) : m_request(model.request()), m_length(length) {
        for (const ov::Output<const ov::Node>& input : model.model().inputs()) {
            m_inputs.push_back({input.get_any_name(), input.get_element_type(), input.get_partial_shape(), std::max<std::int64_t>(fewestRows(input).value_or(2), 1)});
            if (m_inputs.back().shape.rank().is_dynamic()) throw refused(m_inputs.back(), "the file does not say how many dimensions it has");
        }
        if (m_inputs.empty()) throw unusable(m_request, Code::Exp03, "the model has no inputs", {});
        if (m_length == 0) m_length = hasFreeLength() ? contextOf(m_request.model) : kLength;
    }

    /// What can be measured.
    std::vector<std::int64_t> batches() const {
        const auto free = [](const Declared& input) { return input.shape.size() > 0 && input.shape[0].is_dynamic(); };
        const ov::PartialShape& first = m_inputs.front().shape;
        if (std::ranges::none_of(m_inputs, free)) return {first.size() > 0 ? first[0].get_length() : 1};
        if (m_request.batch == 1) return {1};
        return {1, m_request.batch};
    }

    void feed(ov::InferRequest& inference, std::int64_t batch) {
        for (const Declared& input : m_inputs) inference.set_tensor(input.name, tensorOf(input, batch));
    }

private:
    Error refused(const Declared& input, std::string found) const {
        return unusable(m_request, Code::Exp03, fmt::format("no samples can be made for the input '{}'", escaped(input.name)), std::move(found));
    }

    bool hasFreeLength() const {
        return std::ranges::any_of(m_inputs, [](const Declared& input) {
            for (std::size_t dim = 1; dim < input.shape.size(); ++dim)
                if (input.shape[dim].is_dynamic()) return true;
            return false;
        });
    }

    /// Of the text that a file of ours was trained on.
    static std::int64_t contextOf(const std::filesystem::path& file) {
        const auto metadata = formats::readOnnxMetadata(file);
        const auto found = metadata.find("headroom.reference");
        const nlohmann::json reference = nlohmann::json::parse(found == metadata.end() ? "" : found->second, nullptr, false);
        const auto context = reference.is_object() ? reference.find("context") : reference.end();
        return reference.is_object() && context != reference.end() && context->is_number_integer() && *context > 0 ? context->get<std::int64_t>() : kLength;
    }

    /// Its bytes count for the batch before memory is taken.
    ov::Shape shapeOf(const Declared& input, std::int64_t batch) {
        ov::Shape shape;
        auto bytes = static_cast<Bytes>(input.type.size());
        bool fits = true;
        for (std::size_t dim = 0; dim < input.shape.size(); ++dim) {
            const std::int64_t extent = input.shape[dim].is_static() ? input.shape[dim].get_length() : dim == 0 ? batch : m_length;
            fits = fits && !__builtin_mul_overflow(bytes, extent, &bytes);
            shape.push_back(static_cast<std::size_t>(extent));
        }
        Bytes& taken = m_bytes[batch];
        if (!fits || bytes > kMostBytes - taken)
            throw refused(input, fmt::format("a batch of {} takes more than {} of samples", batch, readableBytes(kMostBytes)));
        taken += bytes;
        return shape;
    }

    ov::Tensor tensorOf(const Declared& input, std::int64_t batch) {
        ov::Tensor& kept = m_tensors[{input.name, batch}];
        if (kept) return kept;
        const bool made = input.type.is_static() && input.type != ov::element::string;
        if (made) kept = ov::Tensor(input.type, shapeOf(input, batch));
        if (!made || !fill(kept, input.range)) throw refused(input, "of type " + input.type.get_type_name());
        return kept;
    }

    const Request& m_request;
    std::int64_t m_length;
    std::vector<Declared> m_inputs;
    std::map<std::pair<std::string, std::int64_t>, ov::Tensor> m_tensors;
    std::map<std::int64_t, Bytes> m_bytes;  ///< of the samples of a batch
};

}  // namespace

Report bench(const Request& request, std::int64_t length) {
    OpenedModel model(request);
    MadeUp inputs(model, length);
    for (const std::int64_t batch : inputs.batches()) {
        ov::InferRequest inference = model.compiled().create_infer_request();
        inputs.feed(inference, batch);
        inference.infer();
        requireAnswer(inference);
    }
    Report report = model.report();  // memory of runs on all threads, as in verify
    report.latencies = measureLatencies(model, inputs.batches(), [&](ov::InferRequest& each, std::int64_t, std::int64_t batch) { inputs.feed(each, batch); });
    if (!request.cache.empty()) report.cache = model.measureCache();
    return report;
}

}  // namespace headroom::prover
