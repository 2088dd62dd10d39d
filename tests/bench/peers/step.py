# SPDX-License-Identifier: Apache-2.0
"""Whole optimizer steps in PyTorch on made-up data, eager or with torch.utils.checkpoint around every block: growth of the
process over the same one warmed by a small step (VmHWM after clear_refs), and the median step. One line of JSON."""
import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

import common
import nets

SHAPES = {"resnet20": (3, 32, 32), "gpt_mini": (128,), "gpt12": (128,)}
VOCABULARY = 65


class Checkpointed(torch.nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block

    def forward(self, x):
        return checkpoint(self.block, x, use_reentrant=False)


def build(name, checkpointed):
    if name == "resnet20":
        net = nets.resnet20(10).to(memory_format=torch.channels_last)
        blocks, kind = net, nets.BasicBlock
    else:
        net = nets.Gpt(VOCABULARY) if name == "gpt_mini" else nets.Gpt(VOCABULARY, width=384, layers=12, heads=6)
        blocks, kind = net.blocks, nets.Block
    if checkpointed:
        for k, block in enumerate(blocks):
            if isinstance(block, kind):
                blocks[k] = Checkpointed(block)
    return net


def made_up(name, batch):
    if name == "resnet20":
        return torch.randn(batch, *SHAPES[name]).to(memory_format=torch.channels_last), torch.randint(10, (batch,))
    return torch.randint(VOCABULARY, (batch, *SHAPES[name])), torch.randint(VOCABULARY, (batch, *SHAPES[name]))


def train(options, batch, steps):
    net = build(options.net, options.checkpoint)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.001, fused=True)
    seconds = []
    for _ in range(steps):
        x, y = made_up(options.net, batch)
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(x).flatten(0, -2), y.flatten()).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - begin)
    return sorted(seconds[1:])[len(seconds[1:]) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("net", choices=SHAPES)
    parser.add_argument("batch", type=int)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--checkpoint", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(1)
    train(options, 1, 2)
    Path("/proc/self/clear_refs").write_text("5")
    base = common.high_water()
    seconds = train(options, options.batch, options.steps)
    print(json.dumps({"process": common.high_water() - base, "step_s": seconds}))


main()
