# SPDX-License-Identifier: Apache-2.0
"""Writes a model of one node for each form that an operator had in an older opset, with inputs and what ONNX Runtime makes of them, as the
ONNX project's node tests lie: a folder each with model.onnx and test_data_set_0/{input,output}_*.pb. generate_older_forms.py FOLDER"""
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(7)
F32, I64 = np.float32, np.int64


def reals(*shape):
    return random.standard_normal(shape).astype(F32)


def whole(*numbers):
    return np.array(numbers, I64)


def floats(*numbers):
    return np.array(numbers, F32)


PICTURE, MAP = reals(2, 3, 6, 5), reals(2, 4, 5, 4)
POSITIVE = np.abs(reals(2, 3, 4)) + F32(0.5)
IMAGE = reals(1, 2, 4, 5)


def recurrent(gates, opset=7, **attributes):
    inputs = [reals(5, 2, 3), reals(1, gates * 4, 3), reals(1, gates * 4, 4), reals(1, 2 * gates * 4)]
    return opset, inputs, {"hidden_size": 4, **attributes}


# op: (opset, inputs, attributes[, outputs]). The first input is the sample, the others are constants of the file.
FORMS = {
    "Pad": [(7, [PICTURE], {"pads": [0, 0, 1, 2, 0, 0, 2, 1], "mode": mode}) for mode in ("constant", "reflect", "edge")]
    + [(10, [PICTURE], {"pads": [0, 0, 1, 0, 0, 0, 0, 1], "value": 2.5}), (11, [PICTURE, whole(0, 0, 1, 2, 0, 0, 2, 1), floats(0.5)], {})],
    "Slice": [(9, [PICTURE], {"starts": [1, -3], "ends": [3, 2 ** 40], "axes": [1, 2]}), (9, [PICTURE], {"starts": [0, 1], "ends": [1, 3]}),
              (10, [PICTURE, whole(4, 0), whole(0, 4), whole(2, 3), whole(-2, 1)], {})],
    "TopK": [(9, [POSITIVE], {"k": 2, "axis": 1}, 2), (10, [POSITIVE, whole(2)], {"axis": -1}, 2), (11, [POSITIVE, whole(2)], {"largest": 0}, 2)],
    "Split": [(10, [PICTURE], {"split": [2, 4], "axis": 2}, 2), (10, [PICTURE], {"axis": 2}, 3), (13, [PICTURE, whole(1, 5)], {"axis": 2}, 2),
              (13, [PICTURE], {"axis": 2}, 2), (18, [PICTURE], {"axis": 3, "num_outputs": 2}, 2)],
    "Clip": [(10, [PICTURE], {"min": -0.5, "max": 0.25}), (10, [PICTURE], {"max": 0.25}), (11, [PICTURE, np.array(-0.5, F32)], {})],
    "Upsample": [(8, [IMAGE], {"scales": [1.0, 1.0, 2.0, 3.0], "mode": mode}) for mode in ("nearest", "linear")] + [(9, [IMAGE, floats(1, 1, 2, 2)], {"mode": "nearest"})],
    "Resize": [(10, [IMAGE, floats(1, 1, 2, 1.5)], {"mode": mode}) for mode in ("nearest", "linear")]
    + [(11, [IMAGE, floats(), floats(), whole(1, 2, 7, 9)], {"mode": "linear", "coordinate_transformation_mode": way})
       for way in ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel")]
    + [(11, [IMAGE, floats(), floats(1, 1, 2, 2)], {"mode": "cubic", "cubic_coeff_a": -0.5}),
       (11, [IMAGE, floats(), floats(1, 1, 1.5, 2)], {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
       (13, [IMAGE, floats(), floats(1, 1, 0.5, 0.6)], {"mode": "linear"})],
    "BatchNormalization": [(opset, [PICTURE, reals(3), reals(3), reals(3), np.abs(reals(3)) + F32(0.1)], {"epsilon": 1e-3}) for opset in (7, 9, 14)],
    "InstanceNormalization": [(7, [PICTURE, reals(3), reals(3)], {"epsilon": 1e-3})],
    "GroupNormalization": [(18, [MAP, reals(2), reals(2)], {"num_groups": 2})],
    "LayerNormalization": [(17, [PICTURE, reals(6, 5), reals(6, 5)], {"axis": 2}), (17, [POSITIVE, reals(4)], {})],
    "MeanVarianceNormalization": [(9, [PICTURE], {}), (9, [PICTURE], {"axes": [0, 2]})],
    "LpNormalization": [(7, [POSITIVE], {"p": 1, "axis": 1})],
    "LRN": [(7, [MAP], {"size": 3, "alpha": 0.01, "beta": 0.6, "bias": 1.5})],
    "Dropout": [(7, [PICTURE], {"ratio": 0.3}), (10, [PICTURE], {}), (12, [PICTURE, np.array(0.4, F32)], {}), (13, [PICTURE, np.array(0.4, F32), np.array(False)], {})],
    **{op: [(11, [POSITIVE], {"axis": axis}) for axis in (0, 1, 2, -2)] + [(12, [POSITIVE], {}), (13, [POSITIVE], {"axis": 1})] for op in ("Softmax", "LogSoftmax", "Hardmax")},
    **{op: [(11, [POSITIVE], {"axes": [0, 2], "keepdims": 0}), (11, [POSITIVE], {"axes": [-1]}), (11, [POSITIVE], {})]
       for op in ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare", "ReduceSum")},
    "Squeeze": [(11, [reals(2, 1, 3, 1)], {"axes": [1, -1]}), (11, [reals(2, 1, 3, 1)], {}), (13, [reals(2, 1, 3, 1), whole(1)], {})],
    "Unsqueeze": [(11, [POSITIVE], {"axes": [0, -1]}), (13, [POSITIVE, whole(1, 3)], {})],
    "Conv": [(7, [PICTURE, reals(4, 3, 3, 2)], {"auto_pad": way, "strides": [2, 2]}) for way in ("SAME_UPPER", "SAME_LOWER", "VALID")],
    "ConvTranspose": [(7, [MAP, reals(4, 2, 3, 3)], {"strides": [2, 2], "output_shape": [11, 9]}), (7, [MAP, reals(4, 2, 3, 3)], {"strides": [2, 2], "pads": [1, 0, 1, 1], "output_padding": [1, 0]}),
                      (11, [MAP, reals(4, 2, 3, 3)], {"strides": [2, 2], "auto_pad": "SAME_UPPER"})],
    "MaxPool": [(7, [PICTURE], {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}), (10, [PICTURE], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1, "dilations": [2, 1]}),
                (8, [PICTURE], {"kernel_shape": [2, 2]}, 2)],
    "AveragePool": [(7, [PICTURE], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": include}) for include in (0, 1)]
    + [(10, [PICTURE], {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1})],
    "LpPool": [(11, [PICTURE], {"kernel_shape": [2, 2], "p": 2})],
    "Gemm": [(7, [reals(3, 4), reals(5, 4), reals(5)], {"transB": 1, "alpha": 0.5, "beta": 2.0}), (9, [reals(4, 3), reals(4, 5), reals(3, 1)], {"transA": 1}), (11, [reals(3, 4), reals(4, 5)], {})],
    "Flatten": [(7, [PICTURE], {"axis": 2}), (11, [PICTURE], {"axis": -1})],
    "ArgMax": [(7, [POSITIVE], {"axis": 1}), (11, [POSITIVE], {"axis": -1, "keepdims": 0}), (12, [np.array([[1, 2, 2], [3, 3, 1]], F32)], {"axis": 1, "select_last_index": 1})],
    "Scatter": [(9, [reals(4, 3), np.array([[1, 0, 2]], I64), reals(1, 3)], {})],
    "ScatterElements": [(11, [reals(4, 3), np.array([[1, 0, -1]], I64), reals(1, 3)], {"axis": 0})],
    "ScatterND": [(11, [reals(4, 3), np.array([[1], [3]], I64), reals(2, 3)], {})],
    "Gather": [(7, [PICTURE, whole(2, 0)], {"axis": 1}), (11, [PICTURE, whole(-1, 0)], {"axis": 2})],
    "GatherElements": [(11, [reals(3, 3), np.array([[1, 2, 0], [2, 0, -1]], I64)], {"axis": 0})],
    "Cast": [(7, [PICTURE], {"to": TensorProto.INT32}), (9, [PICTURE], {"to": TensorProto.BOOL})],
    "PRelu": [(7, [PICTURE, np.abs(reals(3, 1, 1))], {}), (9, [PICTURE, np.abs(reals(3, 6, 5))], {})],
    "Sum": [(8, [PICTURE, reals(3, 1, 1), reals(1)], {})],
    "Max": [(8, [PICTURE, reals(3, 1, 1)], {})],
    "Mean": [(8, [PICTURE, reals(3, 1, 1)], {})],
    "Mod": [(10, [PICTURE, np.full((1,), 0.7, F32)], {"fmod": 1})],
    "Expand": [(8, [reals(3, 1), whole(2, 3, 4)], {})],
    "Tile": [(7, [reals(2, 3), whole(2, 2)], {})],
    "Reshape": [(7, [PICTURE, whole(0, -1, 5)], {})],
    "OneHot": [(9, [whole(1, 0, 3), np.array(4, I64), floats(0, 1)], {})],
    "Equal": [(7, [whole(1, 2, 3), whole(1, 0, 3)], {}), (11, [reals(3), reals(3)], {})],
    "Greater": [(7, [reals(3), reals(3)], {}), (9, [reals(3), reals(3)], {})],
    "CumSum": [(11, [POSITIVE, np.array(1, np.int32)], {"reverse": 1, "exclusive": 1})],
    "Einsum": [(12, [reals(3, 4), reals(4, 5)], {"equation": "ij,jk->ki"})],
    "DepthToSpace": [(7, [MAP], {"blocksize": 2}), (11, [MAP], {"blocksize": 2, "mode": "CRD"})],
    "SpaceToDepth": [(7, [reals(1, 2, 4, 6)], {"blocksize": 2})],
    "GridSample": [(16, [IMAGE, np.clip(reals(1, 3, 4, 2), -1, 1)], {"mode": mode, "padding_mode": "border"}) for mode in ("bilinear", "nearest", "bicubic")],
    "LSTM": [(*recurrent(4), 3), (*recurrent(4, 14, layout=0), 3)],
    "GRU": [(*recurrent(3), 2), (*recurrent(3, 7, linear_before_reset=1), 2)],
    "RNN": [(*recurrent(1), 2)],
    "Shape": [(7, [PICTURE], {}), (15, [PICTURE], {"start": 1, "end": -1})],
    "Selu": [(7, [PICTURE], {})],
    "HardSigmoid": [(7, [PICTURE], {"alpha": 0.3})],
    "ThresholdedRelu": [(10, [PICTURE], {"alpha": 0.4})],
    "Celu": [(12, [PICTURE], {"alpha": 0.7})],
    "Where": [(9, [PICTURE > 0, PICTURE, reals(1)], {})],
}


def value(array, name):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def write(folder, op, opset, inputs, attributes, outputs=1):
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    names = [f"x{k}" for k in range(len(inputs))]
    made = [f"y{k}" for k in range(outputs)]
    node = helper.make_node(op, names, made, **attributes)
    constants = [numpy_helper.from_array(array, name) for name, array in zip(names[1:], inputs[1:])]
    # What comes out is asked of the runtime: no shape has to be said.
    graph = helper.make_graph([node], "older", [value(inputs[0], "x0")], [helper.make_empty_tensor_value_info(name) for name in made], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    results = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x0": inputs[0]})
    del graph.output[:]
    graph.output.extend(value(result, name) for result, name in zip(results, made))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (data / "input_0.pb").write_bytes(numpy_helper.from_array(inputs[0], "x0").SerializeToString())
    for k, (result, name) in enumerate(zip(results, made)):
        (data / f"output_{k}.pb").write_bytes(numpy_helper.from_array(np.asarray(result), name).SerializeToString())


root = Path(sys.argv[1])
for op, forms in FORMS.items():
    for number, form in enumerate(forms):
        write(root / f"{op}-{form[0]}-{number}", op, *form)
