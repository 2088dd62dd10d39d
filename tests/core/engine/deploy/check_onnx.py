# SPDX-License-Identifier: Apache-2.0
"""Holds model.onnx against logits.safetensors: the checker with shape inference, then ONNX Runtime on samples.safetensors."""
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

folder = Path(sys.argv[1])
model = onnx.load(folder / "model.onnx")
onnx.checker.check_model(model, full_check=True)
assert model.producer_name == "Headroom" and model.producer_version, "the producer is named"
batch = model.graph.input[0].type.tensor_type.shape.dim[0]
assert batch.dim_param == "batch", f"the batch axis is free: {batch}"
session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
logits = session.run(None, load_file(folder / "samples.safetensors"))[0]
wanted = load_file(folder / "logits.safetensors")["logits"]
scale = np.abs(wanted).max()
difference = np.abs(logits - wanted).max()
assert difference <= 1e-4 * scale, f"largest difference {difference} of {scale}"
classes = 1 if wanted.ndim == 4 else -1
best = np.sort(wanted, classes)
clear = best.take(-1, classes) - best.take(-2, classes) > 2e-4 * scale
assert (logits.argmax(classes) == wanted.argmax(classes))[clear].all(), "predictions differ"
print(f"largest difference {difference:.2e} of {scale:.3g}")
