# SPDX-License-Identifier: Apache-2.0
"""Writes the ONNX project's node tests whose models import the standard domain at one opset, as the installed package makes them:
a folder each with model.onnx and test_data_set_0/{input,output}_*.pb. generate_node_tests.py FOLDER OPSET"""
import sys
from pathlib import Path

from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases


def write(tensors, names, folder, kind):
    for k, (tensor, name) in enumerate(zip(tensors, names, strict=True)):
        proto = tensor if isinstance(tensor, TensorProto) else numpy_helper.from_array(tensor, name)
        (folder / f"{kind}_{k}.pb").write_bytes(proto.SerializeToString())


root, opset = Path(sys.argv[1]), int(sys.argv[2])
for case in collect_testcases():
    if [(each.domain, each.version) for each in case.model.opset_import] != [("", opset)]:
        continue
    data = root / case.name / "test_data_set_0"
    data.mkdir(parents=True)
    (root / case.name / "model.onnx").write_bytes(case.model.SerializeToString())
    inputs, outputs = case.data_sets[0]
    write(inputs, [each.name for each in case.model.graph.input], data, "input")
    write(outputs, [each.name for each in case.model.graph.output], data, "output")
