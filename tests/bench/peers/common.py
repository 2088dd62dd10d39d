# SPDX-License-Identifier: Apache-2.0
"""What every peer shares: its arguments, its measurements, its one line of JSON at the end."""
import argparse
import json
import time
from pathlib import Path

PADDING = {"fmnist": 2, "cifar": 4, "resnet18": 4, "vit_tiny": 4}


def process_start():
    """Seconds since the epoch at which this process began, from the kernel."""
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - uptime + ticks / 100


def high_water():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["fmnist", "adult", "cifar", "text", "resnet18", "vit_tiny"])
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="bf16")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.002)
    return parser.parse_args()


class Meter:
    """Collects step times; prints the figures that tests/bench/train reads."""

    def __init__(self, batch):
        self.batch, self.begin, self.base = batch, process_start(), high_water()
        self.first, self.last, self.steps = None, None, []

    def step(self):
        now = time.time()
        if self.first is None:
            self.first = now
        else:
            self.steps.append(now - self.last)
        self.last = now

    def pause(self):
        """Evaluation begins: the next step is not timed from the last one."""
        self.last = None

    def resume(self):
        self.last = time.time()

    def report(self, net_parameters, quality):
        steady = sorted(self.steps[len(self.steps) // 10:])
        print(json.dumps({"parameters": net_parameters, "first_step_s": self.first - self.begin,
                          "samples_per_s": self.batch / steady[len(steady) // 2],
                          "wall_s": time.time() - self.begin, "growth_bytes": high_water() - self.base,
                          "quality": quality}))
