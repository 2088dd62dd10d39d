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
            have, want = found[name].astype(np.float64), wanted.astype(np.float64)
            # ONNX Runtime hides scores with the lowest finite number.
            have, want = np.where(have < -1e30, -np.inf, have), np.where(want < -1e30, -np.inf, want)
            scale = np.abs(want[np.isfinite(want)]).max(initial=1e-3)
            # Where a byte is made by rounding, a tie that is computed in another order may fall to the other side.
            most = 1 if wanted.dtype in (np.uint8, np.int8) else (2e-3 if wanted.dtype == np.float16 else 2e-5) * scale
            if found[name].dtype != wanted.dtype or have.shape != want.shape or not np.allclose(have, want, rtol=0, atol=most):
                wrong.append(f"{folder.name}: {name} differs")
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:
        print(f"{folder.name}: ONNX Runtime has no kernel for it")
    except Exception as error:  # every folder is reported, not only the first that fails
        wrong.append(f"{folder.name}: {str(error)[:300]}")
print("\n".join(wrong), file=sys.stderr)
sys.exit(1 if wrong else 0)
