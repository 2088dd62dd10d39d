// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/plan/figures.h"
#include "base/plan/run_plan.h"
#include "base/store/run_writer.h"

namespace headroom::worker {

/// What a run was planned to need, stored before its first step as the fact "receipt", and beside it, after the run, what it
/// did need. From the difference the home's calibration is refined.
class Receipt {
public:
    /// `calibration`: the home's file. `writer` must outlive the receipt.
    Receipt(std::filesystem::path calibration, store::RunWriter& writer) : m_file(std::move(calibration)), m_writer(writer) {}

    /// Plans the run as it will be made within `budget` bytes (0: no limit), and commits the figures. A resumed run keeps its first ones. Throws CFG-11.
    void predict(const config::RunConfig& config, const plan::RunData& data, const std::string& device, std::int64_t microBatch, Bytes budget);

    /// Stores what was measured: peaks and the median step in this session of `steps` steps, time over all sessions; energy and
    /// cost are added here. Does nothing where nothing was predicted.
    /// `others`: share of the machine that other processes took meanwhile.
    void measure(plan::RunFigures measured, std::int64_t steps, double others);

private:
    struct Planned {
        config::RunConfig config;
        plan::DeviceModel device;
        plan::RunPlan plan;
    };
    void complete(plan::RunFigures& measured) const;
    void refine(const plan::RunFigures& measured, double others);

    const std::filesystem::path m_file;
    store::RunWriter& m_writer;
    std::optional<Planned> m_planned;
    nlohmann::json m_fact = nlohmann::json::object();
};

}  // namespace headroom::worker
