# SPDX-License-Identifier: Apache-2.0
"""Writes decoders of one layer whose length is free, each with another way to hide what comes later, with tokens and what ONNX Runtime
makes of them, as the ONNX project's node tests lie. What a folder's name begins with is what is expected of the attention: "causal" an
Attention without a mask, "masked" one with a mask, "apart" none. generate_decoders.py FOLDER"""
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

VOCABULARY, WIDTH, HEADS, CONTEXT = 11, 8, 2, 16
INFINITY = float("inf")


class Decoder:
    """Nodes of a file, one after the other; what they make is named by number."""

    def __init__(self):
        self.random = np.random.default_rng(5)
        self.nodes, self.weights = [], []

    def put(self, op, *inputs, outputs=1, **attributes):
        names = [f"{op.lower()}_{len(self.nodes)}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def hold(self, array):
        self.weights.append(numpy_helper.from_array(np.asarray(array), f"held_{len(self.weights)}"))
        return self.weights[-1].name

    def numbers(self, *numbers):
        return self.hold(np.array(numbers, np.int64))

    def number(self, number):
        return self.hold(np.array(number, np.int64))

    def real(self, number):
        return self.hold(np.array(number, np.float32))

    def matrix(self, *shape):
        return self.hold((self.random.standard_normal(shape) * 0.3).astype(np.float32))

    def extent(self, value, axis):
        """As PyTorch computes a dimension: Shape, Gather."""
        return self.put("Gather", self.put("Shape", value), self.number(axis), axis=0)

    def shape(self, *parts):
        """Of extents and numbers."""
        parts = [self.put("Unsqueeze", part, self.numbers(0)) if isinstance(part, str) else self.numbers(part) for part in parts]
        return self.put("Concat", *parts, axis=0)

    def square(self):
        return self.shape(self.time, self.time)

    def places(self):
        return self.put("Range", self.number(0), self.time, self.number(1))

    def cut(self, table):
        """table[:, :, :t, :t]"""
        for axis in (2, 3):
            end = self.put("Unsqueeze", self.time, self.numbers(0))
            table = self.put("Slice", table, self.numbers(0), end, self.numbers(axis), self.numbers(1))
        return table

    def distance(self):
        """Places of queries less those of keys."""
        rows = self.put("Unsqueeze", self.places(), self.numbers(1))
        return self.put("Sub", rows, self.put("Unsqueeze", self.places(), self.numbers(0)))

    def later(self):
        keys, queries = self.put("Unsqueeze", self.places(), self.numbers(0)), self.put("Unsqueeze", self.places(), self.numbers(1))
        return self.put("Greater", keys, queries)

    def by_head(self, value, heads=HEADS):
        apart = self.put("Reshape", value, self.shape(self.batch, self.time, heads, WIDTH // HEADS))
        return self.put("Transpose", apart, perm=[0, 2, 1, 3])

    def for_each_query(self, value):
        """One head of keys or values for all heads of queries, as PyTorch writes expand()."""
        shape = self.put("Reshape", self.shape(self.batch, 1, HEADS, self.time, WIDTH // HEADS), self.numbers(-1))
        ones = self.put("ConstantOfShape", self.put("Shape", shape), value=helper.make_tensor("one", TensorProto.INT64, [1], [1]))
        left = self.put("Equal", shape, self.put("Mul", ones, self.number(-1)))
        repeated = self.put("Expand", self.put("Unsqueeze", value, self.numbers(2)), self.put("Where", left, ones, shape))
        return self.put("Reshape", repeated, self.shape(self.batch, HEADS, self.time, WIDTH // HEADS))

    def normed(self, x):
        """By its root mean square."""
        mean = self.put("ReduceMean", self.put("Pow", x, self.real(2)), axes=[-1])
        inverse = self.put("Div", self.real(1), self.put("Sqrt", self.put("Add", mean, self.real(1e-6))))
        return self.put("Mul", self.matrix(WIDTH), self.put("Mul", x, inverse))

    def write(self, hide, scale=None, grouped=False):
        self.batch, self.time = self.extent("tokens", 0), self.extent("tokens", 1)
        rows = self.put("Gather", self.matrix(CONTEXT, WIDTH), self.places())
        x = self.put("Add", self.put("Gather", self.matrix(VOCABULARY, WIDTH), "tokens"), rows)
        if grouped:
            seen, width = self.normed(x), WIDTH // HEADS
            query = self.by_head(self.put("MatMul", seen, self.matrix(WIDTH, WIDTH)))
            key, value = (self.for_each_query(self.by_head(self.put("MatMul", seen, self.matrix(WIDTH, width)), 1)) for _ in range(2))
        else:
            parts = self.put("Split", self.put("MatMul", x, self.matrix(WIDTH, 3 * WIDTH)), self.numbers(WIDTH, WIDTH, WIDTH), outputs=3, axis=2)
            query, key, value = (self.by_head(part) for part in parts)
        turned = self.put("Transpose", key, perm=[0, 1, 3, 2])
        if scale:
            query, turned = self.put("Mul", query, self.real(scale)), self.put("Mul", turned, self.real(scale))
        scores = self.put("MatMul", query, turned)
        if not scale:
            scores = self.put("Mul", scores, self.real((WIDTH // HEADS) ** -0.5))
        mixed = self.put("MatMul", hide(self, scores), value)
        joined = self.put("Reshape", self.put("Transpose", mixed, perm=[0, 2, 1, 3]), self.shape(self.batch, self.time, WIDTH))
        x = self.put("Add", x, self.put("MatMul", joined, self.matrix(WIDTH, WIDTH)))
        self.nodes.append(helper.make_node("MatMul", [x, self.matrix(WIDTH, VOCABULARY)], ["logits"]))
        inputs = [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", "time"])]
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "time", VOCABULARY])]
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def softmax(file, scores):
    return file.put("Softmax", scores, axis=-1)


def where(condition, hides, number):
    """Scores where the condition lets see, or unless it hides."""
    def hide(file, scores):
        found, filling = condition(file), file.real(number)
        return softmax(file, file.put("Where", found, filling, scores) if hides else file.put("Where", found, scores, filling))
    return hide


def added(mask):
    return lambda file, scores: softmax(file, file.put("Add", scores, mask(file)))


def lower(dtype):
    return np.tril(np.ones((1, 1, CONTEXT, CONTEXT), dtype))


def triangle(file, filled, **attributes):
    shift = [file.number(attributes.pop("k"))] if "k" in attributes else []
    return file.put("Trilu", filled, *shift, **attributes)


def ones(file):
    return file.put("ConstantOfShape", file.square(), value=helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]))


def is_zero(file, value):
    return file.put("Equal", value, file.real(0))


def scaled_dot_product(file, scores):
    """As PyTorch's exporter writes it, with what later versions do about rows that are no numbers."""
    seen = triangle(file, file.put("Expand", file.real(1), file.square()), upper=0)
    mask = file.put("Where", is_zero(file, seen), file.real(-INFINITY), file.real(0))
    weights = softmax(file, file.put("Add", scores, mask))
    return file.put("Where", file.put("IsNaN", weights), file.real(0), weights)


def in_window(file):
    distance = file.distance()
    return file.put("Or", file.put("Less", distance, file.number(0)), file.put("GreaterOrEqual", distance, file.number(4)))


def sloped(file, scores):
    slopes = file.hold(np.array([0.5, 0.25], np.float32).reshape(1, HEADS, 1, 1))
    nearness = file.put("Mul", file.put("Cast", file.put("Neg", file.distance()), to=TensorProto.FLOAT), slopes)
    return softmax(file, file.put("Where", file.later(), file.real(-INFINITY), file.put("Add", scores, nearness)))


def without_softmax(file, scores):
    return file.put("Relu", file.put("Where", file.later(), file.real(0), scores))


FORMS = {
    "causal-table-of-ones": where(lambda f: is_zero(f, f.cut(f.hold(lower(np.float32)))), True, -INFINITY),
    "causal-table-of-truth": where(lambda f: f.cut(f.hold(lower(bool))), False, float(np.finfo(np.float32).min)),
    "causal-table-that-hides": where(lambda f: f.cut(f.hold(~lower(bool))), True, -1e9),
    "causal-table-added": added(lambda f: f.cut(f.put("Constant", value=numpy_helper.from_array(np.where(lower(bool), 0, -INFINITY).astype(np.float32))))),
    "causal-triangle": where(lambda f: is_zero(f, triangle(f, ones(f), upper=0)), True, -INFINITY),
    "causal-triangle-above": where(lambda f: f.put("Cast", triangle(f, ones(f), upper=1, k=1), to=TensorProto.BOOL), True, -1e4),
    "causal-triangle-added": added(lambda f: triangle(f, f.put("Expand", f.real(-INFINITY), f.square()), upper=1, k=1)),
    "causal-places": where(lambda f: f.later(), True, -INFINITY),
    "causal-places-not": where(lambda f: f.put("Not", f.later()), False, -INFINITY),
    "causal-places-apart": where(lambda f: f.put("GreaterOrEqual", f.distance(), f.number(0)), False, -1e30),
    "causal-ones-less": added(lambda f: f.put("Mul", f.put("Sub", f.real(1), triangle(f, ones(f), upper=0)), f.real(-10000))),
    "causal-scaled-dot-product": scaled_dot_product,
    "causal-grouped": added(lambda f: triangle(f, f.put("Expand", f.real(float(np.finfo(np.float32).min)), f.square()), upper=1, k=1)),
    "masked-window": where(in_window, True, -INFINITY),
    "masked-slopes": sloped,
    "apart-without-softmax": without_softmax,
    "apart-finite-window": where(in_window, True, -1e4),
}


def main(root):
    for name, hide in FORMS.items():
        model = Decoder().write(hide, scale=(WIDTH // HEADS) ** -0.25 if hide is scaled_dot_product else None, grouped=name.endswith("grouped"))
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        for length in (1, 7, CONTEXT):
            data = root / f"{name}-{length}" / "test_data_set_0"
            data.mkdir(parents=True)
            tokens = np.random.default_rng(length).integers(0, VOCABULARY, (3, length))
            (data.parent / "model.onnx").write_bytes(model.SerializeToString())
            (data / "input_0.pb").write_bytes(numpy_helper.from_array(tokens, "tokens").SerializeToString())
            (data / "output_0.pb").write_bytes(numpy_helper.from_array(session.run(None, {"tokens": tokens})[0], "logits").SerializeToString())


main(Path(sys.argv[1]))
