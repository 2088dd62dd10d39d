# SPDX-License-Identifier: Apache-2.0
"""GFLOP/s of a large matrix product on this machine, fp32 and bf16: the ceiling that training is held against."""
import json
import time

import torch


def peak(dtype, n=2048, seconds=2.0):
    a, b = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype)
    torch.mm(a, b)
    best, end = float("inf"), time.time() + seconds
    while time.time() < end:
        begin = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - begin)
    return 2 * n ** 3 / best / 1e9


print(json.dumps({"fp32": peak(torch.float32), "bf16": peak(torch.bfloat16)}))
