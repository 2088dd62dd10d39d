// SPDX-License-Identifier: Apache-2.0
#include "core/engine/formats/foreign_nets.h"

#include <cstdint>
#include <utility>

namespace headroom::test {
namespace {

using Numbers = std::vector<std::int64_t>;

/// As PyTorch writes nn.MultiheadAttention: places first, the heads beside the batch.
void addAttention(Foreign& file) {
    const auto transposed = [&](const std::string& from, const std::string& to, const Numbers& perm) { Foreign::integers(file.node("Transpose", {from}, {to}), "perm", perm); };
    const auto gathered = [&](const std::string& which, const std::string& to) { Foreign::integer(file.node("Gather", {"parts", which}, {to}), "axis", 0); };
    transposed("tokens", "places", {1, 0, 2});
    file.node("MatMul", {"places", "w_in"}, {"wide"});
    file.node("Reshape", {"wide", "apart"}, {"three"});
    file.node("Unsqueeze", {"three", "first"}, {"four"});
    transposed("four", "turned", {3, 1, 2, 0, 4});
    file.node("Squeeze", {"turned", "fourth"}, {"parts"});
    for (const auto& [which, name] : {std::pair("zero", "q"), {"one", "k"}, {"two", "v"}}) {
        const std::string own = name;
        gathered(which, own + "_all");
        file.node("Reshape", {own + "_all", "by_head"}, {own + "_heads"});
        transposed(own + "_heads", own + "_first", {1, 0, 2});
        file.node("Reshape", {own + "_first", "by_sample"}, {own});
    }
    transposed("k", "kt", {0, 1, 3, 2});
    file.node("MatMul", {"q", "kt"}, {"scores"});
    Foreign::integer(file.node("Softmax", {"scores"}, {"weights"}), "axis", -1);
    file.node("MatMul", {"weights", "v"}, {"mixed"});
    transposed("mixed", "mixed_places", {2, 0, 1, 3});
    file.node("Reshape", {"mixed_places", "rows"}, {"flat"});
    file.node("Gemm", {"flat", "w_out"}, {"out_rows"});
    file.node("Reshape", {"out_rows", "as_places"}, {"out_places"});
    transposed("out_places", "seen", {1, 0, 2});
}

}  // namespace

Foreign visionTransformer() {
    Foreign file;
    file.input("x", {"1", "3", "4", "4"});
    file.reals("patch", {6, 3, 2, 2});
    Foreign::integers(file.node("Conv", {"x", "patch"}, {"c"}), "strides", {2, 2});
    file.numbers("flatten", {1, 6, 4});
    file.node("Reshape", {"c", "flatten"}, {"columns"});
    Foreign::integers(file.node("Transpose", {"columns"}, {"patches"}), "perm", {0, 2, 1});
    file.reals("cls", {1, 1, 6});
    file.numbers("once", {1, 1, 6});
    file.node("Expand", {"cls", "once"}, {"token"});
    Foreign::integer(file.node("Concat", {"token", "patches"}, {"with_token"}), "axis", 1);
    file.reals("positions", {1, 5, 6});
    file.node("Add", {"with_token", "positions"}, {"tokens"});
    for (const auto& [name, dims] : {std::pair("w_in", Numbers{6, 18}), {"w_out", {6, 6}}, {"w_head", {6, 3}}}) file.reals(name, dims);
    for (const auto& [name, content] : {std::pair("apart", Numbers{5, 1, 3, 6}), {"first", {0}}, {"fourth", {3}}, {"by_head", {5, 2, 3}}, {"by_sample", {1, 2, 5, 3}},
                                        {"rows", {5, 6}}, {"as_places", {5, 1, 6}}})
        file.numbers(name, content);
    for (const auto& [name, number] : {std::pair("zero", 0), {"one", 1}, {"two", 2}}) file.weight(name, {}, onnx::TensorProto::INT64).add_int64_data(number);
    addAttention(file);
    Foreign::integer(file.node("Gather", {"seen", "zero"}, {"of_token"}), "axis", 1);
    file.node("Gemm", {"of_token", "w_head"}, {"y"});
    file.output("y");
    return file;
}

Foreign lastState(bool withZeros) {
    Foreign file;
    file.input("x", {"1", "5", "4"});
    file.reals("w", {1, 8, 4});
    file.reals("r", {1, 8, 2});
    file.reals("head", {2, 3});
    file.numbers("shape", {1, 1, 2});
    file.numbers("first", {0});
    file.node("ConstantOfShape", {"shape"}, {"zeros"});
    Foreign::integers(file.node("Transpose", {"x"}, {"t"}), "perm", {1, 0, 2});
    const std::string state = withZeros ? "zeros" : "";
    Foreign::integer(file.node("LSTM", {"t", "w", "r", "", "", state, state}, {"all", "last"}), "hidden_size", 2);
    file.node("Squeeze", {"last", "first"}, {"q"});
    file.node("Gemm", {"q", "head"}, {"y"});
    file.output("y");
    return file;
}

Foreign classToken(const std::string& batch) {
    Foreign file;
    file.input("x", {batch, "4", "8"});
    file.reals("cls", {1, 1, 8});
    file.reals("w", {8, 2});
    file.reals("b", {2});
    for (const auto& [name, content] : {std::pair("first", Numbers{0}), {"stays", {-1}}, {"three", {3}}}) file.numbers(name, content);
    file.weight("zero", {}, onnx::TensorProto::INT64).add_int64_data(0);
    file.weight("less", {}, onnx::TensorProto::INT64).add_int64_data(-1);
    file.node("Shape", {"x"}, {"shape"});
    Foreign::integer(file.node("Gather", {"shape", "zero"}, {"count"}), "axis", 0);
    file.node("Unsqueeze", {"count", "first"}, {"counts"});
    Foreign::integer(file.node("Concat", {"counts", "stays", "stays"}, {"asked_parts"}), "axis", 0);
    file.node("Reshape", {"asked_parts", "stays"}, {"asked"});
    onnx::AttributeProto& one = *file.node("ConstantOfShape", {"three"}, {"ones"}).add_attribute();
    one.set_name("value");
    one.set_type(onnx::AttributeProto::TENSOR);
    one.mutable_t()->set_data_type(onnx::TensorProto::INT64);
    one.mutable_t()->add_dims(1);
    one.mutable_t()->add_int64_data(1);
    file.node("Mul", {"ones", "less"}, {"open"});
    file.node("Equal", {"asked", "open"}, {"isOpen"});
    file.node("Where", {"isOpen", "ones", "asked"}, {"target"});
    file.node("Expand", {"cls", "target"}, {"token"});
    Foreign::integer(file.node("Concat", {"token", "x"}, {"all"}), "axis", 1);
    Foreign::integer(file.node("Gather", {"all", "zero"}, {"of_token"}), "axis", 1);
    file.node("Gemm", {"of_token", "w", "b"}, {"y"});
    file.output("y");
    return file;
}

Foreign paddedPicture() {
    Foreign file;
    file.input("x", {"1", "2", "3", "4"});
    for (const auto& [name, content] : {std::pair("own", Numbers{0, 1, 2, 0}), {"more", {4}}, {"pairs", {-1, 2}}, {"first", {0}}, {"last", {-1}}, {"before", {-INT64_MAX}}})
        file.numbers(name, content);
    onnx::AttributeProto& none = *file.node("ConstantOfShape", {"more"}, {"others"}).add_attribute();
    none.set_name("value");
    none.set_type(onnx::AttributeProto::TENSOR);
    none.mutable_t()->set_data_type(onnx::TensorProto::INT64);
    none.mutable_t()->add_dims(1);
    none.mutable_t()->add_int64_data(0);
    Foreign::integer(file.node("Concat", {"own", "others"}, {"all"}), "axis", 0);
    file.node("Reshape", {"all", "pairs"}, {"by_axis"});
    file.node("Slice", {"by_axis", "last", "before", "first", "last"}, {"backwards"});
    Foreign::integers(file.node("Transpose", {"backwards"}, {"turned"}), "perm", {1, 0});
    file.node("Reshape", {"turned", "last"}, {"flat"});
    Foreign::integer(file.node("Cast", {"flat"}, {"pads"}), "to", 7);
    file.node("Pad", {"x", "pads"}, {"y"});
    file.output("y");
    return file;
}

Foreign resizedPicture() {
    Foreign file;
    file.input("x", {"1", "2", "4", "4"});
    file.numbers("sizes", {1, 2, 6, 4});
    Foreign::text(file.node("Resize", {"x", "", "", "sizes"}, {"y"}), "mode", "linear");
    file.output("y");
    return file;
}

Foreign inTraining(int opset) {
    Foreign file(opset);
    file.input("x", {"batch", "3", "4", "4"});
    for (const char* name : {"ones", "zeros"})
        for (int i = 0; i < 3; ++i) (i == 0 ? file.weight(name, {3}) : *file.graph().mutable_initializer(file.graph().initializer_size() - 1)).add_float_data(name[0] == 'o' ? 1 : 0);
    file.reals("variance", {3});
    const auto norm = [&](const std::string& from, const std::string& to, const std::string& mean) {
        const std::vector<std::string> inputs{from, "ones", "zeros", mean, "variance"};
        if (opset >= 14) return Foreign::integer(file.node("BatchNormalization", inputs, {to, to + "_mean", to + "_variance"}), "training_mode", 1);
        file.node("BatchNormalization", inputs, {to, to + "_mean", to + "_variance", to + "_saved_mean", to + "_saved_variance"});
    };
    norm("x", "n", "zeros");
    file.node("Identity", {"ones"}, {"second.scale"});
    norm("n", "m", "zeros");
    if (opset >= 12) {
        file.weight("half", {}).add_float_data(0.5F);
        file.weight("yes", {}, onnx::TensorProto::BOOL).add_int32_data(1);
        file.node("Dropout", {"m", "half", "yes"}, {"y", "dropped"});
    } else {
        file.node("Dropout", {"m"}, {"y", "dropped"});
    }
    file.output("y");
    return file;
}

Foreign statesOfZeros(const std::string& op) {
    const std::int64_t gates = op == "LSTM" ? 4 : op == "GRU" ? 3 : 1;
    Foreign file;
    file.input("x", {"5", "batch", "4"});
    file.reals("w", {1, gates * 2, 4});
    file.reals("r", {1, gates * 2, 2});
    file.reals("head", {2, 3});
    for (const auto& [name, content] : {std::pair("first", Numbers{0}), {"one", {1}}, {"hidden", {2}}}) file.numbers(name, content);
    file.weight("second", {}, onnx::TensorProto::INT64).add_int64_data(1);
    file.node("Shape", {"x"}, {"shape"});
    Foreign::integer(file.node("Gather", {"shape", "second"}, {"count"}), "axis", 0);
    file.node("Unsqueeze", {"count", "first"}, {"counts"});
    Foreign::integer(file.node("Concat", {"one", "counts", "hidden"}, {"target"}), "axis", 0);
    file.node("ConstantOfShape", {"target"}, {"h0"});
    std::vector<std::string> inputs{"x", "w", "r", "", "", "h0"};
    if (op == "LSTM") inputs.push_back("h0");
    Foreign::integer(file.node(op, inputs, {"all", "last"}), "hidden_size", 2);
    file.node("Squeeze", {"last", "first"}, {"q"});
    file.node("Gemm", {"q", "head"}, {"y"});
    file.output("y");
    return file;
}

}  // namespace headroom::test
