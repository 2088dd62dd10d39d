# SPDX-License-Identifier: Apache-2.0
"""The training tasks of the benchmarks and campaigns as run configurations, and how the product is driven over them."""
import json
import lzma
import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("HEADROOM_BIN", ROOT / "build/release/bin"))


def data():
    folder = os.environ.get("HEADROOM_DATA")
    if not folder:
        raise SystemExit("HEADROOM_DATA is not set: it names the folder of real data.")
    return Path(folder).resolve()


def cifar_folder(work):
    """CIFAR as the product reads it: whole `.bin` files, unpacked from the .xz ones."""
    folder = Path(work) / "cifar10"
    if not folder.exists():
        folder.mkdir(parents=True)
        for part in ("a1", "a2"):
            (folder / f"train_{part}.bin").write_bytes(lzma.open(data() / f"cifar10/train_{part}.bin.xz").read())
        (folder / "batches.meta.txt").write_text((data() / "cifar10/batches.meta.txt").read_text())
    return folder


def cifar_at(work, rate):
    return (lambda: {"path": str(cifar_folder(work)), "augment": {"crop": 4, "flip": True}},
            {"batch_size": 128, "optimizer": {"name": "adamw", "lr": rate, "weight_decay": 0.05}})


def configuration(task, work, precision="bf16", seed=1, **train):
    """The configuration of `task`; `train` overrides keys of its train section."""
    base = {
        "fmnist": ("cnn", lambda: {"path": str(data() / "fashion-mnist"), "augment": {"crop": 2, "flip": True}},
                   {"batch_size": 128, "optimizer": {"name": "adamw", "lr": 0.002}}),
        "cifar": ("resnet20", *cifar_at(work, 0.004)),
        "resnet18": ("resnet18", *cifar_at(work, 0.001)),
        "vit_tiny": ("vit_tiny", *cifar_at(work, 0.001)),
        "adult": ("mlp", lambda: {"path": str(data() / "tabular/adult-train.csv")},
                  {"batch_size": 256, "optimizer": {"name": "adamw", "lr": 0.002}}),
        "housing": ("mlp", lambda: {"path": str(data() / "tabular/housing.csv"), "target": "median_house_value"},
                    {"batch_size": 128, "optimizer": {"name": "adamw", "lr": 0.003}}),
        "text": ("gpt_mini", lambda: {"path": str(data() / "text/tinyshakespeare.txt")},
                 {"batch_size": 32, "optimizer": {"name": "adamw", "lr": 0.002, "weight_decay": 0.1}}),
    }[task]
    section = {**base[2], "precision": precision, "seed": seed,
               "schedule": {"name": "cosine", "warmup": 0.05}, **train}
    return {"name": f"{task}-{precision}-{seed}", "data": base[1](), "model": {"arch": base[0]}, "train": section,
            "device": "cpu"}


def run(command, home, **options):
    environment = {**os.environ, "HEADROOM_HOME": str(home)}
    return subprocess.run([str(BIN / "headroom"), *command], env=environment, capture_output=True, text=True, **options)


def train(config, home, work, settings=()):
    """Trains to the end, with `settings` as `--set` takes them; returns the object of `show --json`."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=work, delete=False) as file:
        json.dump(config, file)
    done = run(["train", file.name, "--json", *(word for setting in settings for word in ("--set", setting))], home)
    if done.returncode != 0:
        raise SystemExit(f"{config.get('name', 'run')}: exit {done.returncode}: {done.stderr.strip() or done.stdout[-500:]}")
    run_id = json.loads(done.stdout.splitlines()[0])["id"]
    return json.loads(run(["show", run_id, "--json"], home).stdout)


def series(run_id, name, home):
    """Every point of one series: [{"step", "epoch", "samples", "time", "value"}]."""
    shown = run(["metrics", run_id, "--series", name, "--json"], home)
    return json.loads(shown.stdout)["series"][0]["points"]


def peer_python():
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "headroom"
    # The folder's own time: what lies in it are links to one and the same Python.
    found = sorted(cache.glob("peers-*/bin/python"), key=lambda path: path.parents[1].stat().st_mtime)
    if not found:
        raise SystemExit("The peers are not installed. Run packaging/peers first.")
    return str(found[-1])
