// SPDX-License-Identifier: Apache-2.0
// Writes a run as a worker does, two series and a fact a step, and prints each step once its commit has returned. Runs
// until it is killed. Goes on where an earlier one was killed.
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/errors/error.h"
#include "base/store/run_reader.h"
#include "base/store/run_writer.h"

int main(int argc, char** argv) {
    using namespace headroom::store;
    if (argc != 2) return 2;
    try {
        const RunFolder folder{argv[1]};
        std::int64_t step = 0;
        if (const auto known = RunReader(folder).find("train_loss"); known && known->count > 0)
            step = known->last.at.step;
        RunWriter writer(folder, {.commitIntervalMs = 0});
        writer.rewindTo(step);
        const auto loss = writer.define("train_loss", "1");
        const auto energy = writer.define("energy", "J", SeriesKind::Time);
        while (true) {
            for (int i = 0; i < 50; ++i) {
                ++step;
                const Moment at{step, static_cast<double>(step) / 100, step * 32, 1.7e9 + static_cast<double>(step)};
                writer.append(loss, at, 1.0 / static_cast<double>(step));
                writer.append(energy, at, static_cast<double>(step) * 0.5);
            }
            writer.setFact("progress", {{"step", step}});
            writer.commit();
            std::printf("%lld\n", static_cast<long long>(step));
            std::fflush(stdout);
        }
    } catch (const headroom::Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
