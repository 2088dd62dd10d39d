# SPDX-License-Identifier: Apache-2.0
"""Holds a step of every net against PyTorch: same weights, same batch, forward and gradients in fp32.

Usage: reference_nets.py FOLDER
A folder a net: net.json, weights, inputs and results as safetensors. Prints a line a net; fails where a number differs by more than 1e-4
of the largest of its tensor, or where the names of the weights are not those of torchvision's net.
"""
import copy
import json
import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision.models as tv
from safetensors.torch import load_file
from torch import nn

TOLERANCE = 1e-4
# A gradient that is zero but for rounding (of a bias in front of a norm) is held against the largest of the net.
FLOOR = 1e-3
ROUNDING = 3  # see compared()


def mlp(net):
    names, width = {}, net["features"]
    for k in (1, 2, 3):
        names |= {f"fc{k}": nn.Linear(width, 256), f"bn{k}": nn.BatchNorm1d(256), f"relu{k}": nn.ReLU()}
        width = 256
    return sequence(names | {"logits": nn.Linear(256, net["outputs"])})


def sequence(modules):
    net = nn.Sequential()
    for name, module in modules.items():
        net.add_module(name, module)
    return net


def cnn(net):
    names, channels = {}, net["channels"]
    for k, maps in enumerate((32, 32, 64, 64), 1):
        names |= {f"conv{k}": nn.Conv2d(channels, maps, 3, 1, 1, bias=False), f"bn{k}": nn.BatchNorm2d(maps), f"relu{k}": nn.ReLU()}
        if k % 2 == 0:
            names[f"pool{k}"] = nn.MaxPool2d(2)
        channels = maps
    flat = 64 * (net["side"] // 4) ** 2
    return sequence(names | {"flatten": nn.Flatten(), "fc1": nn.Linear(flat, 128), "relu5": nn.ReLU(), "logits": nn.Linear(128, net["outputs"])})


class SmallBlock(nn.Module):
    def __init__(self, before, maps, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(before, maps, 3, stride, 1, bias=False), nn.BatchNorm2d(maps)
        self.conv2, self.bn2 = nn.Conv2d(maps, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps)
        if stride != 1 or before != maps:
            self.short, self.short_bn = nn.Conv2d(before, maps, 1, stride, bias=False), nn.BatchNorm2d(maps)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.short_bn(self.short(x)) if hasattr(self, "short") else x))


def resnet20(net):
    names, before = {"conv1": nn.Conv2d(net["channels"], 16, 3, 1, 1, bias=False), "bn1": nn.BatchNorm2d(16), "relu1": nn.ReLU()}, 16
    for stage, maps in enumerate((16, 32, 64), 1):
        blocks = []
        for k in range(3):
            blocks.append(SmallBlock(before, maps, 2 if stage > 1 and k == 0 else 1))
            before = maps
        names[f"layer{stage}"] = nn.Sequential(*blocks)
    return sequence(names | {"pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "logits": nn.Linear(64, net["outputs"])})


def tabular_resnet(net):
    class Block(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    blocks = nn.Sequential()
    for k in range(2):
        block = Block()
        for name, module in {"normalization": nn.BatchNorm1d(192), "linear1": nn.Linear(192, 384), "activation": nn.ReLU(), "linear2": nn.Linear(384, 192)}.items():
            block.add_module(name, module)
        blocks.append(block)
    output = sequence({"normalization": nn.BatchNorm1d(192), "activation": nn.ReLU(), "linear": nn.Linear(192, net["outputs"])})
    return sequence({"input_projection": nn.Linear(net["features"], 192), "blocks": blocks, "output": output})


# torchvision's nets, with the stems that small pictures have.


def resnet(make):
    def build(net):
        model = make(num_classes=net["outputs"])
        model.conv1, model.maxpool = nn.Conv2d(net["channels"], 64, 3, 1, 1, bias=False), nn.Identity()
        return model

    return build


def without_stride(make):
    def build(net):
        model = make(num_classes=net["outputs"], dropout=0)
        model.features[0][0].stride = (1, 1)
        return model

    return build


def efficientnet(net):
    model = tv.efficientnet_b0(num_classes=net["outputs"], dropout=0, stochastic_depth_prob=0)
    model.features[0][0].stride = (1, 1)
    return model


def convnext(net):
    model = tv.convnext_tiny(num_classes=net["outputs"], stochastic_depth_prob=0)
    model.features[0][0] = nn.Conv2d(net["channels"], 96, 2, 2)
    return model


class VitBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-6), nn.LayerNorm(width, 1e-6)
        self.attn = sequence({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.mlp = sequence({"fc1": nn.Linear(width, 4 * width), "act": nn.GELU(), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        x = x + self.attn.proj(attention(self.attn.qkv(self.norm1(x)), self.heads, False))
        return x + self.mlp(self.norm2(x))


def attention(qkv, heads, causal):
    b, t, c = qkv.shape
    q, k, v = (z.view(b, t, heads, c // 3 // heads).transpose(1, 2) for z in qkv.split(c // 3, 2))
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).reshape(b, t, c // 3)


class Vit(nn.Module):
    """Names as timm's."""

    def __init__(self, net, width, heads):
        super().__init__()
        patch = 4
        self.patch_embed = sequence({"proj": nn.Conv2d(net["channels"], width, patch, patch)})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (net["side"] // patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(*[VitBlock(width, heads) for _ in range(12)])
        self.norm, self.head = nn.LayerNorm(width, 1e-6), nn.Linear(width, net["outputs"])

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


def double(before, maps):
    return sequence({"double_conv": nn.Sequential(nn.Conv2d(before, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps), nn.ReLU(),
                                                  nn.Conv2d(maps, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps), nn.ReLU())})


class Unet(nn.Module):
    WIDTHS = (16, 32, 64, 128, 256)

    def __init__(self, net):
        super().__init__()
        self.inc = double(net["channels"], 16)
        for k in range(1, 5):
            setattr(self, f"down{k}", sequence({"maxpool_conv": nn.Sequential(nn.MaxPool2d(2), double(self.WIDTHS[k - 1], self.WIDTHS[k]))}))
            wide, maps = self.WIDTHS[5 - k], self.WIDTHS[4 - k]
            setattr(self, f"up{k}", sequence({"up": nn.ConvTranspose2d(wide, maps, 2, 2), "conv": double(wide, maps)}))
        self.outc = sequence({"conv": nn.Conv2d(16, net["outputs"], 1)})

    def forward(self, x):
        levels = [self.inc(x)]
        for k in range(1, 5):
            levels.append(getattr(self, f"down{k}")(levels[-1]))
        x = levels.pop()
        for k in range(1, 5):
            up = getattr(self, f"up{k}")
            x = up.conv(torch.cat([levels.pop(), up.up(x)], 1))
        return self.outc(x)


class GptBlock(nn.Module):
    def __init__(self, width, heads, gelu):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = sequence({"c_attn": nn.Linear(width, 3 * width), "c_proj": nn.Linear(width, width)})
        self.mlp = sequence({"c_fc": nn.Linear(width, 4 * width), "act": nn.GELU(gelu), "c_proj": nn.Linear(4 * width, width)})

    def forward(self, x):
        x = x + self.attn.c_proj(attention(self.attn.c_attn(self.ln_1(x)), self.heads, True))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    def __init__(self, net, width, layers, heads, gelu):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(net["vocabulary"], width), nn.Embedding(net["context"], width)
        self.h = nn.Sequential(*[GptBlock(width, heads, gelu) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]
        return F.linear(self.ln_f(self.h(x)), self.wte.weight).flatten(0, 1)


class Lstm(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.encoder, self.decoder = nn.Embedding(net["vocabulary"], 256), nn.Linear(256, net["vocabulary"])
        self.rnn = nn.LSTM(256, 256, 2, batch_first=True)

    def forward(self, ids):
        return self.decoder(self.rnn(self.encoder(ids))[0]).flatten(0, 1)


BUILDERS = {
    "mlp": mlp, "cnn": cnn, "resnet20": resnet20, "tabular_resnet": tabular_resnet, "resnet18": resnet(tv.resnet18),
    "resnet34": resnet(tv.resnet34), "resnet50": resnet(tv.resnet50), "mobilenet_v2": without_stride(tv.mobilenet_v2),
    "mobilenet_v3_small": without_stride(tv.mobilenet_v3_small), "efficientnet_b0": efficientnet, "convnext_tiny": convnext,
    "vit_tiny": lambda net: Vit(net, 192, 3), "vit_small": lambda net: Vit(net, 384, 6), "unet_small": Unet,
    "gpt_mini": lambda net: Gpt(net, 128, 4, 4, "none"),
    "gpt": lambda net: Gpt(net, net["width"], net["layers"], net["heads"], "tanh"), "lstm": Lstm,
}


def gates(tensor, to_torch):
    """ONNX has input, output, forget, cell; PyTorch input, forget, cell, output."""
    i, *others = tensor.chunk(4, 0)
    if to_torch:
        o, f, c = others
        return torch.cat([i, f, c, o])
    f, c, o = others
    return torch.cat([i, o, f, c])


def lstm_to_torch(ours):
    """A layer's tensors: rnn.0.lstm.weight_ih [1, ...] as rnn.weight_ih_l0."""
    theirs = {}
    for name, tensor in ours.items():
        parts = name.split(".")
        if parts[0] != "rnn":
            theirs[name] = tensor
        elif parts[3] == "bias":
            first, second = tensor[0].chunk(2)
            theirs[f"rnn.bias_ih_l{parts[1]}"], theirs[f"rnn.bias_hh_l{parts[1]}"] = gates(first, True), gates(second, True)
        else:
            theirs[f"rnn.{parts[3]}_l{parts[1]}"] = gates(tensor[0], True)
    return theirs


def to_torch(net, tensors):
    if net["arch"] == "lstm":
        return lstm_to_torch(tensors)
    return {name: tensor.T if name in net["inputs_first"] else tensor for name, tensor in tensors.items()}


def reference(net, model, inputs):
    x = inputs.get("input", inputs.get("tokens"))
    model.eval()
    with torch.no_grad():
        found = {"logits in use": model(x)}
    model.train()
    logits = model(x)
    target = inputs["target"]
    loss = F.cross_entropy(logits, target.flatten() if net["vocabulary"] else target, reduction="sum")
    loss.backward()
    found |= {"loss": loss.detach()[None], "logits": logits.detach()}
    found |= {f"gradient of {name}": p.grad for name, p in model.named_parameters()}
    return found | {f"buffer {name}": b for name, b in model.named_buffers() if name.endswith(("running_mean", "running_var"))}


def by_their_names(net, ours):
    kinds = {}
    for name, tensor in ours.items():
        kind = next((k for k in ("gradient of ", "buffer ") if name.startswith(k)), "")
        kinds.setdefault(kind, {})[name[len(kind):]] = tensor
    return {kind + name: t for kind, group in kinds.items() for name, t in (to_torch(net, group) if kind else group).items()}


def distances(found, wanted, largest):
    """Of each tensor, as a share of its largest number."""
    shares = {}
    for name, exact in wanted.items():
        scale = float(exact.abs().max())
        if name.startswith("gradient"):
            scale = max(scale, FLOOR * largest)
        shares[name] = float((found[name].double() - exact.double()).abs().max()) / scale
    return shares


def compared(net, ours, theirs, exact):
    """The tensor that differs most from PyTorch's. Where PyTorch itself is half the tolerance or more from its own result in fp64, rounding
    decides, not arithmetic (batches of a few samples through many batch norms): there ours may be ROUNDING times as far from it."""
    turned = by_their_names(net, ours)
    assert turned.keys() == theirs.keys(), f"{net['arch']}: other tensors: {sorted(turned.keys() ^ theirs.keys())[:6]}"
    largest = max(float(t.abs().max()) for n, t in exact.items() if n.startswith("gradient"))
    apart, our_error, their_error = distances(turned, theirs, largest), distances(turned, exact, largest), distances(theirs, exact, largest)
    for name, error in their_error.items():
        if error > TOLERANCE / 2:
            apart[name] = min(apart[name], TOLERANCE * our_error[name] / (ROUNDING * error))
    worst = max(apart, key=lambda name: math.inf if math.isnan(apart[name]) else apart[name])
    return worst, apart[worst], max(their_error.values())


def main(folder):
    torch.set_num_threads(1)  # one core is as fast as two that wait for each other beside other work
    wrong = []
    for place in sorted(Path(folder).iterdir()):
        net = json.loads((place / "net.json").read_text())
        model = BUILDERS[net["arch"]](net)
        model.load_state_dict(to_torch(net, load_file(place / "weights.safetensors")) |
                              {n: b for n, b in model.state_dict().items() if n.endswith("num_batches_tracked")})
        inputs = load_file(place / "inputs.safetensors")
        start = copy.deepcopy(model)
        theirs = reference(net, model, inputs)
        exact = reference(net, start.double(), {name: t.double() if t.is_floating_point() else t for name, t in inputs.items()})
        name, difference, own = compared(net, load_file(place / "results.safetensors"), theirs, exact)
        print(f"{net['arch']}: at most {difference:.1e} ({name}); PyTorch's own distance from fp64 {own:.1e}")
        if not difference <= TOLERANCE:
            wrong.append(net["arch"])
    sys.exit(f"differs from PyTorch: {', '.join(wrong)}" if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1])
