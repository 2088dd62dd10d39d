# SPDX-License-Identifier: Apache-2.0
"""The benchmark data as uint8, float or id tensors: train and test parts, read as the product reads them."""
import csv
import gzip
import lzma
import os
from pathlib import Path

import numpy as np
import torch


def root():
    return Path(os.environ["HEADROOM_DATA"])


def idx(path):
    raw = gzip.open(path).read()
    dims = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * k: 8 + 4 * k], "big") for k in range(dims)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dims).reshape(shape).copy()


def fmnist():
    part = lambda name: (torch.from_numpy(idx(root() / f"fashion-mnist/{name}-images-idx3-ubyte.gz")).unsqueeze(1),
                         torch.from_numpy(idx(root() / f"fashion-mnist/{name}-labels-idx1-ubyte.gz")).long())
    return part("train"), part("t10k"), (1, 28), 10


def cifar():
    raw = b"".join(lzma.open(root() / f"cifar10/train_a{k}.bin.xz").read() for k in (1, 2))
    records = np.frombuffer(raw, np.uint8).reshape(-1, 3073)
    x = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy())
    y = torch.from_numpy(records[:, 0].astype(np.int64))
    return *hold_out(x, y), (3, 32), 10


def adult():
    with open(root() / "tabular/adult-train.csv") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    columns = list(zip(*rows))
    features = []
    for column in columns[:-1]:
        try:
            values = np.array(column, np.float32)
            features.append(((values - values.mean()) / values.std())[:, None])
        except ValueError:
            names = sorted(set(column))
            features.append(np.array([[cell == name for name in names] for cell in column], np.float32))
    names = sorted(set(columns[-1]))
    y = torch.tensor([names.index(cell) for cell in columns[-1]])
    x = torch.from_numpy(np.concatenate(features, 1))
    return *hold_out(x, y), (x.shape[1],), 2


def text():
    raw = (root() / "text/tinyshakespeare.txt").read_text()
    names = {c: k for k, c in enumerate(sorted(set(raw)))}
    ids = torch.tensor([names[c] for c in raw])
    cut = len(ids) * 9 // 10
    window = lambda part: ((lambda n: (part[: n * 128].view(n, 128), part[1: n * 128 + 1].view(n, 128)))((len(part) - 1) // 128))
    return window(ids[:cut]), window(ids[cut:]), (128,), len(names)


def hold_out(x, y):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(1))
    cut = len(x) * 4 // 5
    return (x[order[:cut]], y[order[:cut]]), (x[order[cut:]], y[order[cut:]])


def load(task):
    return {"fmnist": fmnist, "cifar": cifar, "resnet18": cifar, "vit_tiny": cifar, "adult": adult, "text": text}[task]()


def normalisation(x):
    if x.dtype != torch.uint8:
        return None
    pixels = x[:10000].float().div(255)
    return pixels.mean((0, 2, 3)), pixels.std((0, 2, 3))
