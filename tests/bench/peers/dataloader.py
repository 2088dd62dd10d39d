# SPDX-License-Identifier: Apache-2.0
"""PyTorch with DataLoader and per-sample augmentation, as most scripts are written."""
import common

options = common.arguments()
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

import data
import nets


class Samples(Dataset):
    def __init__(self, x, y, scale, pad):
        self.x, self.y, self.scale, self.pad = x, y, scale, pad

    def __len__(self):
        return len(self.x)

    def __getitem__(self, k):
        x = self.x[k]
        if self.scale:
            x = x.float().div(255).sub(self.scale[0].view(-1, 1, 1)).div(self.scale[1].view(-1, 1, 1))
            if self.pad:
                side = x.shape[1]
                x = F.pad(x, (self.pad,) * 4)
                dy, dx = torch.randint(0, 2 * self.pad + 1, (2,)).tolist()
                x = x[:, dy: dy + side, dx: dx + side]
                if torch.rand(()) < 0.5:
                    x = x.flip(2)
        return x, self.y[k]


def main():
    torch.manual_seed(1)
    meter = common.Meter(options.batch)
    (x, y), (tx, ty), shape, classes = data.load(options.task)
    scale = data.normalisation(x)
    net = nets.build(options.task, shape, classes)
    optimizer = torch.optim.AdamW(net.parameters(), lr=options.lr)
    train = DataLoader(Samples(x, y, scale, common.PADDING.get(options.task, 0)), options.batch, shuffle=True,
                       drop_last=True, num_workers=options.workers)
    test = DataLoader(Samples(tx, ty, scale, 0), 512, num_workers=options.workers)
    autocast = lambda: torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16")
    done = 0
    for epoch in range(options.epochs):
        net.train()
        for batch, target in train:
            optimizer.zero_grad()
            with autocast():
                loss = F.cross_entropy(net(batch).flatten(0, -2), target.flatten())
            loss.backward()
            optimizer.step()
            meter.step()
            done += 1
            if options.steps and done == options.steps:
                break
        meter.pause()
        net.eval()
        right = total = 0
        with torch.no_grad(), autocast():
            for batch, target in test:
                right += (net(batch).argmax(-1) == target).sum().item()
                total += target.numel()
        meter.resume()
        if options.steps and done == options.steps:
            break
    meter.report(nets.parameter_count(net), right / total)


if __name__ == "__main__":
    main()
