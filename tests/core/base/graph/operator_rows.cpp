// SPDX-License-Identifier: Apache-2.0
#include "core/base/graph/operator_rows.h"

#include <sstream>

namespace headroom::test {
namespace {

using graph::Attribute;
using graph::Attributes;
using Numbers = std::vector<std::int64_t>;

Attributes one(const char* name, Attribute value) { return {{name, std::move(value)}}; }
std::int64_t yes() { return 1; }
Attributes window(Numbers kernel, Numbers strides, Numbers pads) {
    return {{"kernel_shape", std::move(kernel)}, {"strides", std::move(strides)}, {"pads", std::move(pads)}};
}

std::vector<OperatorRow> curves() {
    std::vector<OperatorRow> rows;
    for (const char* op : {"Abs", "Acos", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "HardSigmoid",
                           "HardSwish", "LeakyRelu", "Mish", "Neg", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign",
                           "Tan", "Tanh", "ThresholdedRelu", "IsInf", "IsNaN", "Identity", "Softmax", "LogSoftmax", "Hardmax", "Sum", "Mean", "Max", "Min", "Clip"})
        rows.push_back({op, {"2,3,4"}, {}, "[2, 3, 4]"});
    for (const char* op : {"Acosh", "Log", "Reciprocal", "Sqrt"}) rows.push_back({op, {"p:2,3,4"}, {}, "[2, 3, 4]"});
    for (const char* op : {"Sub", "Mul", "Max", "Min", "Sum", "Mean", "PRelu"}) rows.push_back({op, {"2,3,4", "4"}, {}, "[2, 3, 4]"});
    for (const char* op : {"Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"}) rows.push_back({op, {"2,3,4", "3,1"}, {}, "[2, 3, 4]"});
    for (const char* op : {"And", "Or", "Xor"}) rows.push_back({op, {"b:2,3", "b:3"}, {}, "[2, 3]"});
    for (const char* op : {"BitwiseAnd", "BitwiseOr", "BitwiseXor"}) rows.push_back({op, {"u:2,3", "u:3"}, {}, "[2, 3]"});
    for (const char* op : {"ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"})
        rows.push_back({op, {"2,3,4", "=0,-1"}, {}, "[1, 3, 1]"});
    for (const char* op : {"HannWindow", "HammingWindow", "BlackmanWindow"}) rows.push_back({op, {"#7"}, {}, "[7]"});
    for (const char* op : {"ArgMax", "ArgMin"}) rows.push_back({op, {"2,3,4"}, one("axis", std::int64_t{1}), "[2, 1, 4]"});
    return rows;
}

std::vector<OperatorRow> arithmetic() {
    return {{"Div", {"2,3,4", "p:4"}, {}, "[2, 3, 4]"},
            {"Pow", {"p:2,3,4", "3,1"}, {}, "[2, 3, 4]"},
            {"Mod", {"2,3,4", "p:4"}, one("fmod", yes()), "[2, 3, 4]"},
            {"Where", {"b:3,1", "2,3,4", "p:4"}, {}, "[2, 3, 4]"},
            {"Clip", {"2,3,4", "p:", ""}, {}, "[2, 3, 4]"},
            {"Sub", {"batch,8", "sequence,8"}, {}, ""},
            {"BitShift", {"u:2,3", "u:3"}, one("direction", std::string("LEFT")), "[2, 3]"},
            {"BitShift", {"u:2,3", "u:3"}, one("direction", std::string("UP")), ""},
            {"Not", {"b:2,3"}, {}, "[2, 3]"},
            {"BitwiseNot", {"u:2,3"}, {}, "[2, 3]"},
            {"ReduceLogSum", {"p:2,3,4", "=1"}, one("keepdims", std::int64_t{0}), "[2, 4]"},
            {"ReduceSum", {"2,3,4"}, one("noop_with_empty_axes", yes()), "[2, 3, 4]"},
            {"ReduceSum", {"2,3,4", "=3"}, {}, ""},
            {"CumSum", {"2,3,4", "=1"}, {{"reverse", yes()}, {"exclusive", yes()}}, "[2, 3, 4]"},
            {"Einsum", {"2,3,4", "2,4,5"}, one("equation", std::string("bij, bjk -> bik")), "[2, 3, 5]"},
            {"Einsum", {"2,3,4", "2,4,5"}, one("equation", std::string("bij, bjk -> biz")), ""},
            {"RotaryEmbedding", {"2,3,5,6", "7,3", "7,3", "i:2,5"}, {}, "[2, 3, 5, 6]"},
            {"RotaryEmbedding", {"2,5,12", "2,5,2", "2,5,2"}, {{"num_heads", std::int64_t{2}}, {"interleaved", yes()}, {"rotary_embedding_dim", std::int64_t{4}}}, "[2, 5, 12]"}};
}

/// Forms of attention beyond the plain one, which has a kernel of its own.
std::vector<OperatorRow> attentions() {
    const auto heads = [](std::int64_t queries, std::int64_t keys, Attributes more = {}) {
        more.emplace("q_num_heads", queries);
        more.emplace("kv_num_heads", keys);
        return more;
    };
    return {{"Attention", {"2,4,5,3", "2,2,7,3", "2,2,7,4", "5,7"}, one("is_causal", yes()), "[2, 4, 5, 4]"},
            {"Attention", {"2,5,12", "2,7,6", "2,7,8", "b:2,1,5,7"}, heads(4, 2, one("softcap", 2.0)), "[2, 5, 16]"},
            {"Attention", {"2,2,6", "2,2,6", "2,2,8", "", "2,2,4,3", "2,2,4,4"}, heads(2, 2, one("is_causal", yes())), "[2, 2, 8]", 3},
            {"Attention", {"2,1,6", "2,1,6", "2,1,6", "", "2,2,4,3", "2,2,4,3"}, heads(2, 2, one("is_causal", yes())), "[2, 1, 6]"},
            {"Attention", {"2,3,6", "2,3,6", "2,3,6", "", "2,2,4,3", "2,2,4,3"}, heads(2, 2, one("is_causal", yes())), "[2, 3, 6]"},
            {"Attention", {"2,2,6", "2,3,6", "2,3,6", "", "2,2,4,3", "2,2,4,3"}, heads(2, 2, one("scale", 0.3)), "[2, 2, 6]"},
            {"Attention", {"2,2,5,3", "2,2,7,3", "2,2,7,3"}, {{"scale", 0.3}, {"softmax_precision", std::int64_t{11}}}, "[2, 2, 5, 3]", 4},
            {"Attention", {"2,2,5,3", "2,2,7,3", "2,2,7,3", "1,1,5,7"}, {{"qk_matmul_output_mode", std::int64_t{3}}}, "[2, 2, 5, 3]", 4},
            {"Attention", {"2,2,5,3", "2,2,7,3", "2,2,7,3"}, {{"qk_matmul_output_mode", yes()}, {"softcap", 0.5}}, "[2, 2, 5, 3]", 4},
            {"Attention", {"2,2,5,3", "2,2,7,3", "2,2,7,3", "2,1,5,7"}, {{"qk_matmul_output_mode", std::int64_t{2}}}, "[2, 2, 5, 3]", 4},
            {"Attention", {"2,2,5,3", "2,2,7,3", "2,2,7,3"}, {{"qk_matmul_output_mode", std::int64_t{4}}}, ""},
            {"Attention", {"2,4,5,3", "2,3,7,3", "2,3,7,3"}, {}, ""},
            {"Attention", {"2,4,5,3", "2,4,7,3", "2,4,6,3"}, {}, ""},
            {"Attention", {"2,4,5,3", "2,4,7,3", "2,4,7,3", "6,7"}, {}, ""},
            {"Attention", {"2,4,5,3", "2,4,7,3", "2,4,7,3", "i:5,7"}, {}, ""},
            {"Attention", {"2,4,5,3", "2,4,7,3", "2,4,7,3", "", "2,4,2,3"}, {}, ""},
            {"Attention", {"2,4,5,3", "2,4,7,3", "2,4,7,3", "", "2,4,2,3", "2,4,1,3"}, {}, ""},
            {"Attention", {"2,4,5,3", "2,4,7,3", "2,4,7,3"}, one("softcap", -1.0), ""},
            {"Attention", {"2,4,5,3", "2,4,7,3", "2,4,7,3"}, one("softmax_precision", std::int64_t{7}), ""},
            {"Attention", {"2,5,12", "2,7,12", "2,7,12"}, {}, ""}};
}

std::vector<OperatorRow> movement() {
    return {{"Concat", {"2,3,4", "2,5,4"}, one("axis", std::int64_t{1}), "[2, 8, 4]"},
            {"Concat", {"2,3,4", "2,3,5"}, one("axis", std::int64_t{1}), ""},
            {"Slice", {"4,6,5", "=1,-1", "=3,-7", "=0,1", "=1,-2"}, {}, "[2, 3, 5]"},
            {"Slice", {"batch,6", "=0", "=1", "=0"}, {}, ""},
            {"Pad", {"2,3,4", "=0,1,0,0,2,-1"}, {}, "[2, 6, 3]"},
            {"Pad", {"2,3,4", "=2,1", "", "=-1"}, one("mode", std::string("reflect")), "[2, 3, 7]"},
            {"Pad", {"2,3,4", "=2,4", "", "=-1"}, one("mode", std::string("reflect")), ""},
            {"Pad", {"2,3,4", "=2,1", "", "=1"}, one("mode", std::string("edge")), "[2, 6, 4]"},
            {"Pad", {"2,3,4", "=2,1", "", "=1"}, one("mode", std::string("wrap")), "[2, 6, 4]"},
            {"Tile", {"2,3", "=2,1"}, {}, "[4, 3]"},
            {"Expand", {"2,1,4", "=3,1"}, {}, "[2, 3, 4]"},
            {"Squeeze", {"2,1,4,1", "=1,-1"}, {}, "[2, 4]"},
            {"Squeeze", {"2,1,4", "=0"}, {}, ""},
            {"Unsqueeze", {"2,4", "=0,-1"}, {}, "[1, 2, 4, 1]"},
            {"DepthToSpace", {"2,8,3,2"}, one("blocksize", std::int64_t{2}), "[2, 2, 6, 4]"},
            {"DepthToSpace", {"2,8,3,2"}, {{"blocksize", std::int64_t{2}}, {"mode", std::string("CRD")}}, "[2, 2, 6, 4]"},
            {"SpaceToDepth", {"2,2,6,4"}, one("blocksize", std::int64_t{2}), "[2, 8, 3, 2]"},
            {"Trilu", {"3,4,5", "=1"}, one("upper", std::int64_t{0}), "[3, 4, 5]"},
            {"ReverseSequence", {"3,2,4", "i:2"}, {}, "[3, 2, 4]"},
            {"Cast", {"2,3"}, one("to", std::int64_t{11}), "[2, 3]"},
            {"Cast", {"2,3"}, one("to", std::int64_t{8}), ""},
            {"Shape", {"2,3,4"}, one("start", yes()), "[2]"},
            {"Places", {"2,3,4"}, one("axis", yes()), "[3]"},
            {"Places", {"2,3,4"}, one("axis", std::int64_t{3}), ""},
            {"Size", {"2,3,4"}, {}, "[]"},
            {"EyeLike", {"3,4"}, one("k", yes()), "[3, 4]"},
            {"ConstantOfShape", {"=3,4"}, one("value", 2.5), "[3, 4]"},
            {"OneHot", {"i:2,3", "=5", "2"}, {}, "[2, 3, 5]"},
            {"Range", {"~0", "~2", "~0.5"}, {}, "[4]"},
            {"GatherElements", {"3,4", "i:2,4"}, {}, "[2, 4]"},
            {"GatherND", {"2,3,4", "i:2,1"}, one("batch_dims", yes()), "[2, 4]"},
            {"ScatterElements", {"3,4", "i:1,4", "p:1,4"}, one("reduction", std::string("add")), "[3, 4]"},
            {"ScatterElements", {"3,4", "i:1,4", "p:1,4"}, one("reduction", std::string("least")), ""},
            {"ScatterND", {"3,4", "i:1,1", "p:1,4"}, {}, "[3, 4]"},
            {"TopK", {"3,5", "=2"}, {}, "[3, 2]"},
            {"TopK", {"3,5", "=6"}, {}, ""}};
}

std::vector<OperatorRow> layers() {
    const Attributes hidden = one("hidden_size", std::int64_t{3});
    return {{"InstanceNormalization", {"2,3,4,5", "3", "3"}, {}, "[2, 3, 4, 5]"},
            {"GroupNormalization", {"2,6,4", "6", "6"}, one("num_groups", std::int64_t{2}), "[2, 6, 4]"},
            {"GroupNormalization", {"2,6,4", "6", "6"}, one("num_groups", std::int64_t{4}), ""},
            {"LRN", {"2,5,3,3"}, one("size", std::int64_t{3}), "[2, 5, 3, 3]"},
            {"LpNormalization", {"2,5"}, {}, "[2, 5]"},
            {"MeanVarianceNormalization", {"2,3,4,5"}, {}, "[2, 3, 4, 5]"},
            {"RMSNormalization", {"2,3,5", "5"}, {}, "[2, 3, 5]"},
            {"ConvTranspose", {"2,3,4,5", "3,2,3,3", "2"}, {{"strides", Numbers{2, 2}}, {"pads", Numbers{1, 0, 1, 1}}}, "[2, 2, 7, 10]"},
            {"ConvTranspose", {"2,3,4", "3,2,3"}, {{"strides", Numbers{2}}, {"output_padding", Numbers{1}}}, "[2, 2, 10]"},
            {"LpPool", {"2,3,6,6"}, window({2, 2}, {2, 2}, {0, 0, 0, 0}), "[2, 3, 3, 3]"},
            {"GlobalMaxPool", {"2,3,4,5"}, {}, "[2, 3, 1, 1]"},
            {"Resize", {"2,3,4,4", "", "~1,1,2,1.5"}, one("mode", std::string("linear")), "[2, 3, 8, 6]"},
            {"Resize", {"2,3,4,4", "", "", "=3,7"}, {{"mode", std::string("cubic")}, {"axes", Numbers{2, 3}}, {"antialias", yes()}}, "[2, 3, 3, 7]"},
            {"Resize", {"2,3,4,4", "", "~1,1,2,2"}, {}, "[2, 3, 8, 8]"},
            {"Resize", {"2,3,4,4", "", "~1,1,2,2"}, one("mode", std::string("quadratic")), ""},
            {"GridSample", {"2,3,4,5", "2,6,7,2"}, {}, "[2, 3, 6, 7]"},
            {"AffineGrid", {"2,2,3", "=2,3,4,5"}, {}, "[2, 4, 5, 2]"},
            {"Col2Im", {"2,12,6", "=3,4", "=2,2"}, {}, "[2, 3, 3, 4]"},
            {"RNN", {"4,2,5", "1,3,5", "1,3,3", "1,6"}, hidden, "[4, 1, 2, 3]"},
            {"GRU", {"4,2,5", "1,9,5", "1,9,3", "1,18"}, hidden, "[4, 1, 2, 3]"},
            {"LSTM", {"4,2,5", "2,12,5", "2,12,3", "2,24", "", "2,2,3", "2,2,3", "2,9"}, {{"hidden_size", std::int64_t{3}}, {"direction", std::string("bidirectional")}}, "[4, 2, 2, 3]"},
            {"LSTM", {"4,2,5", "1,12,5", "1,9,3"}, hidden, ""},
            {"NegativeLogLikelihoodLoss", {"2,5,3", "i:2,3", "p:5"}, {}, "[]"},
            {"SoftmaxCrossEntropyLoss", {"2,5,3", "i:2,3", "p:5"}, one("ignore_index", std::int64_t{1}), "[]"},
            {"QuantizeLinear", {"2,3", "p:"}, {}, "[2, 3]"},
            {"DequantizeLinear", {"u:2,3", "p:3", "u:3"}, {}, "[2, 3]"},
            {"DynamicQuantizeLinear", {"2,3"}, {}, "[2, 3]"},
            {"MatMulInteger", {"u:2,3", "u:3,4"}, {}, "[2, 4]"},
            {"ConvInteger", {"u:2,3,5,5", "u:4,3,3,3"}, {}, "[2, 4, 3, 3]"},
            {"QLinearMatMul", {"u:2,3", "p:", "u:", "u:3,4", "p:", "u:", "p:", "u:"}, {}, "[2, 4]"},
            {"QLinearConv", {"u:2,3,5,5", "p:", "u:", "u:4,3,3,3", "p:", "u:", "p:", "u:"}, {}, "[2, 4, 3, 3]"},
            // General forms of operators that have kernels of their own for the usual ones.
            {"MatMul", {"2,3,4", "2,4,5"}, {}, "[2, 3, 5]"},
            {"MatMul", {"4", "2,4,5"}, {}, "[2, 5]"},
            {"Gather", {"2,3,4", "i:2"}, one("axis", yes()), "[2, 2, 4]"},
            {"Gemm", {"2,3", "3,4", "2,1"}, {}, "[2, 4]"},
            {"Conv", {"2,3,8", "4,3,3", "4"}, {{"pads", Numbers{1, 2}}, {"strides", Numbers{2}}}, "[2, 4, 5]"},
            {"Conv", {"1,2,3,4,5", "3,2,2,2,2"}, {}, "[1, 3, 2, 3, 4]"},
            {"MaxPool", {"2,3,8"}, window({3}, {2}, {1, 1}), "[2, 3, 4]"},
            {"MaxPool", {"1,2,4,4,4"}, window({2, 2, 2}, {2, 2, 2}, {0, 0, 0, 0, 0, 0}), "[1, 2, 2, 2, 2]"},
            {"AveragePool", {"2,3,8"}, window({3}, {2}, {1, 1}), "[2, 3, 4]"},
            {"AveragePool", {"2,3,8,8"}, {{"kernel_shape", Numbers{2, 2}}, {"dilations", Numbers{2, 2}}}, "[2, 3, 6, 6]"},
            {"GlobalAveragePool", {"2,3,4"}, {}, "[2, 3, 1]"},
            {"Split", {"2,10"}, {{"axis", yes()}, {"num_outputs", std::int64_t{3}}}, "[2, 4]"},
            {"Split", {"2,10", "=3,7"}, one("axis", yes()), "[2, 3]"}};
}

}  // namespace

std::vector<std::int64_t> wholeNumbers(const std::string& text) {
    Numbers numbers;
    for (std::size_t from = 0; from < text.size();) {
        std::size_t used = 0;
        numbers.push_back(std::stoll(text.substr(from), &used));
        from += used + 1;
    }
    return numbers;
}

std::vector<double> realNumbers(const std::string& text) {
    std::vector<double> numbers;
    for (std::size_t from = 0; from < text.size();) {
        std::size_t used = 0;
        numbers.push_back(std::stod(text.substr(from), &used));
        from += used + 1;
    }
    return numbers;
}

const graph::OpEntry* entryOf(const OperatorRow& row) {
    const graph::OpEntry* entry = graph::findOp(row.op);
    return entry ? entry : graph::findOp(row.op, "headroom");
}

graph::ValueId addRowInput(graph::Graph& graph, const std::string& text, std::size_t index) {
    using graph::DType;
    const std::string name = "in" + std::to_string(index);
    if (text.empty()) return graph::kNone;
    if (text.starts_with("=")) return graph.addConstant(name, wholeNumbers(text.substr(1)));
    if (text.starts_with("#")) return graph.addConstant(name, {DType::I64, {}}, wholeNumbers(text.substr(1)), {});
    if (text.starts_with("~")) {
        const std::vector<double> reals = realNumbers(text.substr(1));
        return graph.addConstant(name, {DType::F32, reals.size() == 1 ? graph::Shape{} : graph::fixedShape({std::ssize(reals)})}, {}, reals);
    }
    const bool typed = text.size() > 1 && text[1] == ':';
    const DType type = !typed ? DType::F32 : text[0] == 'i' ? DType::I64 : text[0] == 'u' ? DType::U8 : text[0] == 'b' ? DType::Bool : DType::F32;
    graph::Shape shape;
    std::istringstream parts(typed ? text.substr(2) : text);
    for (std::string part; std::getline(parts, part, ',');)
        shape.push_back(part.find_first_not_of("0123456789") == std::string::npos ? graph::Dim::fixed(std::stoll(part)) : graph::Dim::named(part));
    return graph.addInput(name, {type, shape});
}

const std::vector<OperatorRow>& operatorRows() {
    static const std::vector<OperatorRow> all = [] {
        std::vector<OperatorRow> rows = curves();
        for (const auto& part : {arithmetic(), attentions(), movement(), layers()}) rows.insert(rows.end(), part.begin(), part.end());
        return rows;
    }();
    return all;
}

}  // namespace headroom::test
