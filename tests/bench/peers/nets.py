# SPDX-License-Identifier: Apache-2.0
"""The nets of the benchmarks in PyTorch, the same in structure and parameter count as base/models."""
import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn


def conv_block(cin, cout, stride=1):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


def cnn(channels, side, classes):
    flat = 64 * (side // 4) ** 2
    return nn.Sequential(conv_block(channels, 32), conv_block(32, 32), nn.MaxPool2d(2),
                         conv_block(32, 64), conv_block(64, 64), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(flat, 128), nn.ReLU(inplace=True), nn.Linear(128, classes))


def mlp(features, classes):
    layers = []
    for width_in in (features, 256, 256):
        layers += [nn.Linear(width_in, 256), nn.BatchNorm1d(256), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear(256, classes))


class BasicBlock(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.short = nn.Identity()
        if stride != 1 or cin != cout:
            self.short = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)) + self.short(x), inplace=True)


def resnet20(classes):
    blocks = [conv_block(3, 16)]
    cin = 16
    for cout, stride in ((16, 1), (32, 2), (64, 2)):
        for k in range(3):
            blocks.append(BasicBlock(cin, cout, stride if k == 0 else 1))
            cin = cout
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (z.view(b, t, self.heads, c // self.heads).transpose(1, 2) for z in self.qkv(self.ln1(x)).split(c, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, c)
        x = x + self.proj(y)
        return x + self.down(F.gelu(self.up(self.ln2(x))))


class Gpt(nn.Module):
    def __init__(self, vocabulary, width=128, layers=4, heads=4, context=128):
        super().__init__()
        self.token, self.position = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, 0, 0.02)
        for block in self.blocks:
            nn.init.normal_(block.proj.weight, 0, 0.02 / math.sqrt(2 * layers))
            nn.init.normal_(block.down.weight, 0, 0.02 / math.sqrt(2 * layers))

    def forward(self, ids):
        x = self.token(ids) + self.position.weight[: ids.shape[1]]
        return F.linear(self.norm(self.blocks(x)), self.token.weight)


def published(task, shape, classes):
    """torchvision's net or what it lacks, as the conformance tests build them; without torchvision nothing else needs it."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "conformance"))
    import reference_nets

    return reference_nets.BUILDERS[task]({"channels": shape[0], "side": shape[1], "outputs": classes})


def build(task, shape, classes):
    if task in ("resnet18", "vit_tiny"):
        return published(task, shape, classes)
    if task == "fmnist":
        return cnn(shape[0], shape[1], classes)
    if task == "cifar":
        return resnet20(classes)
    if task == "adult":
        return mlp(shape[0], classes)
    return Gpt(classes)


def parameter_count(net):
    return sum(p.numel() for p in net.parameters())
