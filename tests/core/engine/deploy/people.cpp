// SPDX-License-Identifier: Apache-2.0
#include "core/engine/deploy/people.h"

#include <fmt/format.h>

#include "base/config/document.h"
#include "engine/data/kept_data.h"
#include "engine/data/random.h"
#include "engine/train/trainer.h"

namespace headroom::test {
namespace {

/// One person after another: who works much or is a manager earns more, but for a few.
struct Person {
    explicit Person(int number) {
        const auto draw = [number](int what, std::uint64_t below) {
            return static_cast<int>(data::draw(5, data::Stream::Shuffle, number, what) % below);
        };
        age = draw(0, 9) == 0 ? "?" : std::to_string(20 + draw(1, 50));
        job = draw(2, 3) == 0 ? "manager" : draw(2, 3) == 1 ? "clerk" : "cook";
        hours = 10 + draw(3, 60);
        income = (hours > 45 || job == "manager") != (draw(4, 20) == 0) ? ">50K" : "<=50K";
    }
    std::string age, job, income;
    int hours;
};

}  // namespace

std::string people(int first, int count) {
    std::string rows = "age,job,hours,income\n";
    for (int i = first; i < first + count; ++i) {
        const Person p(i);
        rows += fmt::format("{},{},{},{}\n", p.age, p.job, p.hours, p.income);
    }
    return rows;
}

std::string peopleInAnotherOrder(int first, int count) {
    std::string rows = "income;id;hours;job;age\n";
    for (int i = first; i < first + count; ++i) {
        const Person p(i);
        rows += fmt::format("{};{};{};{};{}\n", p.income, i, p.hours, p.job, p.age);
    }
    return rows;
}

config::RunConfig configOn(const std::filesystem::path& data) {
    config::RunConfig config;
    config.data.path = data.string();
    config.model.arch = "mlp";
    config.train.batchSize = 32;
    config.loader.threads = 0;
    return config;
}

store::RunFolder finished(const TemporaryFolder& folder, const config::RunConfig& config, const std::string& id) {
    const store::RunFolder run(folder.path() / "runs" / id);
    folder.write("runs/" + id + "/config.json", config::toJson(config));
    const data::Dataset dataset = data::load(data::preparationOf(config));
    data::keepData(data::keptFolder(run.path()), dataset, data::preparationOf(config));
    train::Host host;
    train::TrainerOptions options;
    options.checkpoints = run.checkpoints();
    train::Trainer(config, dataset, options, host).run();
    return run;
}

}  // namespace headroom::test
