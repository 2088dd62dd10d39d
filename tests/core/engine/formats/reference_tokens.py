# SPDX-License-Identifier: Apache-2.0
"""Numbers that the package tokenizers gives to a text and to random strings, by GPT-2's tables.

    reference_tokens.py TABLES TEXT OUT.safetensors

OUT holds the strings (`bytes`, one after another, and `lengths`) and their numbers (`ids`, and `counts`)."""
import json
import random
import sys
from pathlib import Path

import numpy
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

STRINGS = 10_000


def gpt2(folder):
    merges = [tuple(line.split(" ")) for line in (folder / "vocab.bpe").read_text().splitlines()[1:] if line]
    made = Tokenizer(models.BPE(json.loads((folder / "encoder.json").read_text()), merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return made


def random_string(source):
    """Anything that UTF-8 can hold, with letters, digits, spaces and contractions often enough to meet."""
    ranges = [(0x20, 0x7E), (0x20, 0x7E), (0x09, 0x0D), (0xA0, 0x24F), (0x370, 0x6FF), (0x900, 0xDFF), (0x2000, 0x206F),
              (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0x1F300, 0x1FAFF), (0, 0x10FFFF)]
    parts = []
    for _ in range(source.randint(0, 40)):
        first, last = source.choice(ranges)
        code = source.randint(first, last)
        parts.append(source.choice(["'s", "'ll", " ", "  ", "\n"]) if source.random() < 0.2 else chr(code if not 0xD800 <= code <= 0xDFFF else 0x20))
    return "".join(parts)


def main():
    tables, text, out = map(Path, sys.argv[1:])
    source = random.Random(1)
    strings = [text.read_text()] + [random_string(source) for _ in range(STRINGS)]
    reference = gpt2(tables)
    ids = [reference.encode(each).ids for each in strings]
    encoded = [each.encode() for each in strings]
    save_file({"bytes": numpy.frombuffer(b"".join(encoded), numpy.uint8),
               "lengths": numpy.array([len(each) for each in encoded], numpy.int64),
               "ids": numpy.array([id for each in ids for id in each], numpy.int64),
               "counts": numpy.array([len(each) for each in ids], numpy.int64)}, str(out))


main()
