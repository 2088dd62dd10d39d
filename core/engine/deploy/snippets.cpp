// SPDX-License-Identifier: Apache-2.0
#include "engine/deploy/snippets.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace headroom::deploy {
namespace {

constexpr const char* kPythonHead = R"py("""@USE@"""
import json
import os
import sys

import numpy as np
import onnxruntime as ort

folder = os.path.dirname(os.path.abspath(__file__))
session = ort.InferenceSession(os.path.join(folder, "@FILE@"))
metadata = session.get_modelmeta().custom_metadata_map
reference = json.loads(metadata["headroom.reference"])
classes = json.loads(metadata["headroom.classes"])
raw = "headroom.preparation" in metadata  # the file prepares samples itself

)py";

constexpr const char* kPythonPictures = R"py(
def on_white(picture):
    """What is half transparent is mixed as light."""
    values = np.asarray(picture.convert("RGBA")) / 255
    colours, share = values[..., :3], values[..., 3:]
    light = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4) * share + 1 - share
    mixed = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(mixed * 255).astype(np.uint8)


def opened(path):
    """8 bits a channel, as in training: turned as Exif says, the upper half of 16 bits, on white where it is transparent."""
    from PIL import Image, ImageOps
    picture = Image.open(path)
    if picture.format == "JPEG":
        return ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        return Image.fromarray(on_white(picture))
    return picture


def pixels(path):
    """[height, width, channels] bytes of the net's size."""
    height, width, channels = reference["size"]
    if path.endswith(".npy"):
        return np.load(path).reshape(height, width, channels)
    from PIL import Image
    picture = opened(path).convert("L" if channels == 1 else "RGB")
    own = picture.size  # the largest part in the middle that is as wide for its height
    cut = min(own[0], max(1, own[1] * width // height)), min(own[1], max(1, own[0] * height // width))
    left, top = (own[0] - cut[0]) // 2, (own[1] - cut[1]) // 2
    picture = picture.crop((left, top, left + cut[0], top + cut[1])).resize((width, height), Image.BILINEAR)
    return np.asarray(picture).reshape(height, width, channels)


def inputs(path):
    picture = pixels(path)
    if raw:
        return {"picture": picture.transpose(2, 0, 1)[None]}
    x = (picture / 255 - np.array(reference["mean"])) / np.array(reference["deviation"])
    return {session.get_inputs()[0].name: x.transpose(2, 0, 1)[None].astype(np.float32)}


samples = [(path, inputs(path)) for path in sys.argv[1:]]
)py";

constexpr const char* kPythonTable = R"py(import csv


def is_missing(cell):
    return cell == "?" or cell.lower() in ("", "na", "nan", "null")


unnamed = all(column["name"].startswith("column_") and column["name"][7:].isdigit() for column in reference["columns"])
read = [column for column in reference["columns"] if column["type"] != "text"]


def is_number(cell):
    try:
        return float(cell) is not None
    except ValueError:
        return False


def is_header(cells):
    """Of a table like one that was learnt without names: words where values belong."""
    fit = False
    for column in read:
        place = int(column["name"][7:])
        cell = cells[place] if place < len(cells) else ""
        if column["type"] == "numeric" and not is_missing(cell) and not is_number(cell):
            return True
        fit = fit or is_missing(cell) or column["type"] == "numeric" or cell in column["categories"]
    return not fit


def rows(path):
    """Comma, semicolon or tab, with or without a mark of the order of bytes; columns without names go by their places."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        try:
            delimiter = csv.Sniffer().sniff(file.read(65536), ",;\t").delimiter
        except csv.Error:
            delimiter = ","
        file.seek(0)
        table = [[cell.strip() for cell in row] for row in csv.reader(file, delimiter=delimiter, skipinitialspace=True) if row]
    header = bool(table) and (not unnamed or is_header(table[0]))
    for row in table[header:]:
        yield dict(zip([f"column_{place}" for place in range(len(row))] if unnamed else table[0], row))


def features(row):
    x = np.zeros(reference["features"], np.float32)
    for column in reference["columns"]:
        if column["type"] == "text":
            continue
        cell, first = row[column["name"]], column["feature"]
        missing = is_missing(cell)
        if column["type"] == "numeric":
            x[first] = 0 if missing else (float(cell) - column["mean"]) / column["deviation"]
            if missing and "missing_feature" in column:
                x[column["missing_feature"]] = 1
            continue
        known = column["categories"] + ([None] if column["missing_category"] else [])
        value = None if missing else cell
        if value in known and column["counts"][known.index(value)] > 0:
            x[first + known.index(value)] = 1
    return {session.get_inputs()[0].name: x[None]}


def raw_columns(row):
    named, wanted = {}, json.loads(metadata["headroom.preparation"])
    if wanted["numbers"]:
        values = [row[name] for name in wanted["numbers"]]
        named["numbers"] = np.array([[np.nan if is_missing(cell) else float(cell) for cell in values]], np.float32)
    if wanted["categories"]:
        codes = [-1 if is_missing(row[c["name"]]) else c["values"].index(row[c["name"]]) if row[c["name"]] in c["values"] else len(c["values"])
                 for c in wanted["categories"]]
        named["categories"] = np.array([codes], np.int64)
    return named


samples = []
for path in sys.argv[1:]:
    for number, row in enumerate(rows(path)):
        samples.append((f"{path} row {number + 1}", raw_columns(row) if raw else features(row)))
)py";

constexpr const char* kPythonText = R"py(
def ids(text):
    if reference["tokenizer"] == "bytes":
        return list(text.encode())
    if reference["tokenizer"] == "characters":
        return [reference["vocabulary"].index(character) for character in text]
    from tokenizers import ByteLevelBPETokenizer
    tables = os.path.join(folder, "tokenizer")
    return ByteLevelBPETokenizer(os.path.join(tables, "vocab.json"), os.path.join(tables, "merges.txt")).encode(text).ids


name = session.get_inputs()[0].name
samples = [(text, {name: np.array([ids(text)[-reference["context"]:]], np.int64)}) for text in sys.argv[1:]]
classes = reference["vocabulary"]  # the answer is the next token
)py";

constexpr const char* kPythonTail = R"py(
for name, feed in samples:
    if reference.get("task") == "segmentation":
        numbers = session.run(None, feed)[0][0].argmax(0)  # the class of each pixel
        print(json.dumps({"input": name, "shares": {label: float((numbers == k).mean()) for k, label in enumerate(classes)}}))
        continue
    answer = session.run(None, feed)[0].reshape(-1, session.get_outputs()[0].shape[-1])[-1].astype(np.float64)
    target = reference.get("target", {})
    if "mean" in target:
        print(json.dumps({"input": name, "value": float(answer[0] * target["deviation"] + target["mean"])}))
        continue
    shares = np.exp(answer - answer.max())
    shares /= shares.sum()
    best = int(shares.argmax())
    print(json.dumps({"input": name, "label": classes[best], "probability": float(shares[best])}))
)py";

constexpr const char* kCpp = R"cpp(// Runs @FILE@ in OpenVINO (docs.openvino.ai): @USE@
// Build: c++ -std=c++17 predict.cpp -lopenvino -o predict
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <openvino/openvino.hpp>
#include <vector>

int main(int argc, char** argv) {
    if (argc != 2) return std::cerr << "usage: predict SAMPLE\n", 2;
    ov::Core core;
    ov::CompiledModel model = core.compile_model("@FILE@", "CPU");
    std::ifstream file(argv[1], std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};

    // One sample: the inputs one after another; what a free dimension is, by its place
    const std::vector<std::size_t> free{@FREE@};
    ov::InferRequest request = model.create_infer_request();
    std::size_t place = 0;
    for (const auto& input : model.inputs()) {
        ov::Shape shape;
        for (const ov::Dimension& dim : input.get_partial_shape()) shape.push_back(dim.is_static() ? dim.get_length() : free.at(shape.size()));
        ov::Tensor sample(input.get_element_type(), shape);
        if (place + sample.get_byte_size() > bytes.size()) return std::cerr << "the sample is too short\n", 1;
        std::copy_n(bytes.begin() + place, sample.get_byte_size(), static_cast<char*>(sample.data()));
        place += sample.get_byte_size();
        request.set_tensor(input, sample);
    }
    request.infer();
    const ov::Tensor answer = request.get_output_tensor(0);
    const std::size_t width = answer.get_shape().back();
@ANSWER@
    return 0;
}
)cpp";

constexpr const char* kCppPixels = R"cpp(    const std::size_t pixels = width * answer.get_shape()[2];
    const float* logits = answer.data<float>();
    for (std::size_t pixel = 0; pixel < pixels; ++pixel) {  // their places in labels.txt, row by row
        std::size_t best = 0;
        for (std::size_t k = 1; k < answer.get_shape()[1]; ++k)
            if (logits[k * pixels + pixel] > logits[best * pixels + pixel]) best = k;
        std::cout << best << (pixel % width + 1 < width ? ' ' : '\n');
    })cpp";

constexpr const char* kCppRow = "    const float* last = answer.data<float>() + answer.get_size() - width;  // @ROWS@\n";

/// What the program does with the answer.
std::string cppAnswer(const models::DataShape& shape, const nlohmann::json& reference) {
    if (shape.task == models::Task::Segmentation) return kCppPixels;
    if (shape.task != models::Task::Regression)
        return std::string(kCppRow) + "    std::cout << std::max_element(last, last + width) - last << \"\\n\";      // its place in labels.txt, counted from 0";
    return kCppRow + fmt::format("    std::cout.precision(9);\n    std::cout << double{{*last}} * {:#} + {:#} << \"\\n\";  // in the unit of the target",
                       reference["target"]["deviation"].get<double>(), reference["target"]["mean"].get<double>());
}

std::string filled(std::string text, const std::vector<std::pair<std::string, std::string>>& values) {
    for (const auto& [name, value] : values)
        for (std::size_t place = 0; (place = text.find(name, place)) != std::string::npos; place += value.size()) text.replace(place, name.size(), value);
    return text;
}

}  // namespace

std::string pythonProgram(const models::DataShape& shape, const std::string& file) {
    const bool pictures = shape.kind == models::DataKind::Pictures, text = shape.kind == models::DataKind::Text;
    const char* use = pictures ? "python predict.py PICTURE...: PNG or JPEG files, or .npy files with the pixels." :
                      text     ? "python predict.py TEXT...: the likeliest next token of each text."
                               : "python predict.py TABLE...: CSV files with the columns of training.";
    return filled(kPythonHead, {{"@USE@", use}, {"@FILE@", file}}) + (pictures ? kPythonPictures : text ? kPythonText : kPythonTable) + kPythonTail;
}

std::string cppProgram(const models::DataShape& shape, const std::string& file, const nlohmann::json& reference) {
    const bool text = shape.kind == models::DataKind::Text;
    const std::string free = text ? "1, bytes.size() / 8" : shape.kind == models::DataKind::Table ? "1" : fmt::format("1, 1, {}, {}", shape.height, shape.width);
    return filled(kCpp, {{"@USE@", text ? "a sample is a file of token ids, 8 bytes each" : "a sample is a file with the input (README.md), numbers one after another"},
                         {"@FREE@", free},
                         {"@ANSWER@", cppAnswer(shape, reference)},
                         {"@ROWS@", text ? "of the last token" : "the only row"},
                         {"@FILE@", file}});
}

}  // namespace headroom::deploy
