# SPDX-License-Identifier: Apache-2.0
"""Takes the handwritten digits (UCI, 1,797 pictures of 8x8) out of the scikit-learn wheel and writes them as IDX.

Usage: make_sample.py WHEEL FOLDER
FOLDER gets train-images-idx3-ubyte (grey values 0..16 stretched to 0..255) and train-labels-idx1-ubyte.
"""

import gzip
import pathlib
import struct
import sys
import zipfile

MEMBER = "sklearn/datasets/data/digits.csv.gz"
PICTURES, SIDE, LARGEST = 1797, 8, 16


def read_rows(wheel):
    with zipfile.ZipFile(wheel) as archive:
        text = gzip.decompress(archive.read(MEMBER)).decode("ascii")
    rows = [[int(float(cell)) for cell in line.split(",")] for line in text.split()]
    if len(rows) != PICTURES or any(len(row) != SIDE * SIDE + 1 for row in rows):
        sys.exit(f"{wheel}: {MEMBER} does not hold {PICTURES} pictures of {SIDE}x{SIDE}")
    return rows


def idx(shape, values):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 0x08, len(shape), *shape) + bytes(values)


def main(wheel, folder):
    rows = read_rows(wheel)
    pixels = [round(value * 255 / LARGEST) for row in rows for value in row[:-1]]
    labels = [row[-1] for row in rows]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train-images-idx3-ubyte").write_bytes(idx((len(rows), SIDE, SIDE), pixels))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx((len(rows),), labels))


if __name__ == "__main__":
    main(*sys.argv[1:])
