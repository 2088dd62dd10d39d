// SPDX-License-Identifier: Apache-2.0
#include "synthetic.h"

#include "engine/data/random.h"

namespace headroom::test {

data::Dataset pictures(std::int64_t count, const config::RunConfig::Augment& augment) {
    formats::RawDataset raw;
    raw.format = "synthetic";
    raw.classes = {"left", "right", "top"};
    raw.pictures = {.height = 8, .width = 8, .channels = 1, .pixels = {}, .labels = {}};
    for (std::int64_t i = 0; i < count; ++i) {
        const auto label = static_cast<std::int32_t>(i % 3);
        raw.pictures.labels.push_back(label);
        for (std::int64_t pixel = 0; pixel < 64; ++pixel) {
            const bool bright = label == 0 ? pixel % 8 < 4 : label == 1 ? pixel % 8 >= 4 : pixel < 32;
            const auto noise = data::draw(99, data::Stream::Shuffle, i, pixel) % 100;
            raw.pictures.pixels.push_back(static_cast<std::uint8_t>((bright ? 120 : 20) + noise));
        }
    }
    data::Preparation preparation;
    preparation.data.augment = augment;
    return data::prepare(std::move(raw), preparation);
}

data::Dataset rows(bool regression) {
    formats::RawDataset raw;
    raw.kind = formats::Kind::Table;
    raw.format = "synthetic";
    raw.table.table.rows = 60;
    raw.table.table.columns.resize(5);
    raw.table.target = 4;
    raw.table.regression = regression;
    if (!regression) raw.classes = {"small", "large"};
    for (int row = 0; row < 60; ++row) {
        double sum = 0;
        for (int column = 0; column < 4; ++column) {
            const double value = static_cast<double>(data::draw(7, data::Stream::Shuffle, row, column) % 1000) / 1000;
            raw.table.table.columns[static_cast<std::size_t>(column)].numbers.push_back(value);
            sum += value * (column + 1);
        }
        if (regression)
            raw.table.values.push_back(sum);
        else
            raw.table.labels.push_back(sum > 5);
    }
    return data::prepare(std::move(raw), {});
}

data::Dataset sentences(std::int64_t context) {
    formats::RawDataset raw;
    raw.kind = formats::Kind::Text;
    raw.format = "synthetic";
    raw.text.tokens = {"a", "b", "c", "d", " "};
    for (std::int64_t i = 0; i < 100 * context; ++i)
        raw.text.ids.push_back(static_cast<std::int32_t>(data::draw(5, data::Stream::Shuffle, i / 2, i % 2) % 5));
    data::Preparation preparation;
    preparation.context = context;
    return data::prepare(std::move(raw), preparation);
}

config::RunConfig smallRun() {
    config::RunConfig config;
    config.model.arch = "cnn";
    config.train.epochs = 3;
    config.train.batchSize = 4;  // 57 training pictures: 14 steps, the last one of 5
    config.train.optimizer.lr = 0.01;
    config.train.schedule.warmup = 0.1;
    config.checkpoint.everySteps = 5;
    config.loader.threads = 0;
    return config;
}

void ScriptedHost::stepped(const train::StepReport& report) {
    m_step = report.at.step;
    steps.push_back(report);
    if (onStep) onStep(m_step);
}

bool ScriptedHost::memoryIsShort() {
    if (m_step != shortAt) return false;
    shortAt = -1;
    return true;
}

void ScriptedHost::evaluated(const train::Position& at, const train::Metrics& metrics) {
    evaluations.emplace_back(at.step, metrics);
}

void ScriptedHost::checkpointed(const train::Position& at, const std::filesystem::path&) { checkpoints.push_back(at.step); }

void ScriptedHost::noted(const train::Position&, std::string_view kind, const std::string& text) {
    notes.push_back(std::string(kind) + ": " + text);
}

std::vector<train::Order> ScriptedHost::orders() {
    if (m_step == dieAfter) throw Killed{};
    std::vector<train::Order> orders;
    if (m_step == pauseAfter) orders.push_back({train::Order::Kind::Pause});
    for (const auto& [step, order] : script)
        if (step == m_step) orders.push_back(order);
    return orders;
}

train::CheckpointContent contentOf(const std::filesystem::path& checkpoint) {
    const train::CheckpointFile file(checkpoint);
    train::CheckpointContent content{file.state(), {}};
    for (const auto& [name, entry] : file.entries()) content.tensors.push_back({name, file.read(name)});
    return content;
}

}  // namespace headroom::test
