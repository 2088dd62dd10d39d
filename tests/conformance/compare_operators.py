# SPDX-License-Identifier: Apache-2.0
"""Runs every folder's model.onnx in ONNX Runtime on inputs.safetensors and holds the result against outputs.safetensors."""
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
wrong = []
for folder in sorted(Path(sys.argv[1]).iterdir()):
    try:
        onnx.checker.check_model(onnx.load(folder / "model.onnx"), full_check=True)
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        inputs = load_file(folder / "inputs.safetensors")
        used = {i.name for i in session.get_inputs()}
        names = [o.name for o in session.get_outputs()]
        found = dict(zip(names, session.run(names, {k: v for k, v in inputs.items() if k in used})))
        for name, wanted in load_file(folder / "outputs.safetensors").items():
            # fp32 sums in another order; ONNX Runtime's error function and tanh are good to 1e-6.
            scale = max(1e-3, np.abs(wanted).max())
            if found[name].shape != wanted.shape or np.abs(found[name] - wanted).max() > 2e-5 * scale:
                wrong.append(f"{folder.name}: {name} differs")
    except Exception as error:  # every folder is reported, not only the first that fails
        wrong.append(f"{folder.name}: {str(error)[:300]}")
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
