# SPDX-License-Identifier: Apache-2.0
"""PyTorch Lightning over the same Dataset as dataloader.py."""
import common

options = common.arguments()
import logging
import warnings

import lightning
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

import data
import nets
from dataloader import Samples

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Module(lightning.LightningModule):
    def __init__(self, net, meter):
        super().__init__()
        self.net, self.meter, self.right, self.total = net, meter, 0, 0

    def training_step(self, batch, _):
        return F.cross_entropy(self.net(batch[0]).flatten(0, -2), batch[1].flatten())

    def on_train_batch_end(self, *_):
        self.meter.step()

    def on_validation_start(self):
        self.meter.pause()
        self.right = self.total = 0

    def on_validation_end(self):
        self.meter.resume()

    def validation_step(self, batch, _):
        self.right += (self.net(batch[0]).argmax(-1) == batch[1]).sum().item()
        self.total += batch[1].numel()

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=options.lr)


def main():
    torch.manual_seed(1)
    meter = common.Meter(options.batch)
    (x, y), (tx, ty), shape, classes = data.load(options.task)
    scale = data.normalisation(x)
    module = Module(nets.build(options.task, shape, classes), meter)
    trainer = lightning.Trainer(
        accelerator="cpu", max_epochs=options.epochs, max_steps=options.steps or -1, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
        precision="bf16-mixed" if options.precision == "bf16" else "32-true")
    pad = common.PADDING.get(options.task, 0)
    trainer.fit(module, DataLoader(Samples(x, y, scale, pad), options.batch, shuffle=True, drop_last=True,
                                   num_workers=options.workers),
                DataLoader(Samples(tx, ty, scale, 0), 512, num_workers=options.workers))
    if not module.total:
        trainer.validate(module, DataLoader(Samples(tx, ty, scale, 0), 512), verbose=False)
    meter.report(nets.parameter_count(module.net), module.right / max(module.total, 1))


if __name__ == "__main__":
    main()
