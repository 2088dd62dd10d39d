# SPDX-License-Identifier: Apache-2.0
"""PyTorch as an expert writes it: uint8 tensors in memory, batched augmentation, channels-last, fused AdamW, autocast."""
import common

options = common.arguments()
import torch
import torch.nn.functional as F

import data
import nets

torch.manual_seed(1)
meter = common.Meter(options.batch)
(x, y), (tx, ty), shape, classes = data.load(options.task)
scale = data.normalisation(x)
net = nets.build(options.task, shape, classes)
if scale:
    net = net.to(memory_format=torch.channels_last)
optimizer = torch.optim.AdamW(net.parameters(), lr=options.lr, fused=True)
autocast = lambda: torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16")


def prepare(part, train):
    if not scale:
        return part
    mean, std = (s.view(1, -1, 1, 1) for s in scale)
    part = part.float().div_(255).sub_(mean).div_(std)
    if train:
        pad = common.PADDING[options.task]
        side = part.shape[2]
        part = F.pad(part, (pad, pad, pad, pad))
        dy, dx = torch.randint(0, 2 * pad + 1, (2, len(part), 1, 1))
        rows, columns = torch.arange(side).view(1, -1, 1) + dy, torch.arange(side).view(1, 1, -1) + dx
        part = part[torch.arange(len(part)).view(-1, 1, 1), :, rows, columns].permute(0, 3, 1, 2)
        flip = torch.rand(len(part)) < 0.5
        part[flip] = part[flip].flip(3)
    return part.contiguous(memory_format=torch.channels_last)


def loss_of(batch, target):
    with autocast():
        out = net(batch)
        return F.cross_entropy(out.flatten(0, -2), target.flatten())


@torch.no_grad()
def evaluate():
    net.eval()
    right = total = 0
    for at in range(0, len(tx), 512):
        with autocast():
            out = net(prepare(tx[at: at + 512], False))
        right += (out.argmax(-1) == ty[at: at + 512]).sum().item()
        total += ty[at: at + 512].numel()
    net.train()
    return right / total


done = 0
quality = 0
for epoch in range(options.epochs):
    order = torch.randperm(len(x))
    for at in range(0, len(x) - options.batch + 1, options.batch):
        pick = order[at: at + options.batch]
        optimizer.zero_grad(set_to_none=True)
        loss_of(prepare(x[pick], True), y[pick]).backward()
        optimizer.step()
        meter.step()
        done += 1
        if options.steps and done == options.steps:
            break
    meter.pause()
    quality = evaluate()
    meter.resume()
    if options.steps and done == options.steps:
        break
meter.report(nets.parameter_count(net), quality)
