// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/units/units.h"

namespace headroom::plan {

/// What a measurement holds for.
struct CalibrationKey {
    std::string device;        ///< DeviceModel::name
    std::string precision;     ///< "fp32", "bf16"
    std::string architecture;  ///< "cnn"
};

/// What one run showed of its device; what could not be read is missing.
struct Observation {
    std::optional<double> stepRatio{};    ///< measured seconds of a step over those of the roofline
    std::optional<Bytes> processExtra{};  ///< bytes that the process grew by beyond what the plan says, or (negative) below
    std::optional<double> watts{};        ///< mean over the run
    double others = 0;                    ///< share of the machine's processors that other processes took meanwhile
};

/// How the runs of this home compared with their plans. For each key the latest kKept runs are kept and medians count, so
/// that one odd run changes little; times count only of runs that had the machine to themselves, as long as there is one.
/// Every run also counts for its device and precision in general.
class Calibration {
public:
    static constexpr std::size_t kKept = 9;
    static constexpr double kMostOthers = 0.1;  ///< share of the machine that others may take beside a run whose times count

    /// Robust summary of the kept runs of one key.
    struct Summary {
        struct Spread {
            double least = 0, median = 0, most = 0;
            bool disturbed = false;  ///< other work ran beside every one of them
        };
        std::optional<Spread> stepRatio;
        std::optional<double> watts, processExtra;  ///< medians
    };

    void add(const CalibrationKey& key, const Observation& observation);
    /// Of runs of this architecture; nothing where there was none.
    std::optional<Summary> of(const CalibrationKey& key) const;
    /// Of all runs on the device in this precision.
    std::optional<Summary> inGeneral(const CalibrationKey& key) const;

    /// Reads the file; one that is missing, broken or of another version counts as empty: nothing is known then.
    static Calibration read(const std::filesystem::path& file);
    /// Replaces the file atomically. Throws DSK-01, DSK-02.
    void write(const std::filesystem::path& file) const;

private:
    std::map<std::string, std::vector<Observation>> m_runs;  ///< by "device | precision | architecture", oldest first
};

/// Adds one run to the file, which another process may be doing as well: the later one counts.
void refineCalibration(const std::filesystem::path& file, const CalibrationKey& key, const Observation& observation);

}  // namespace headroom::plan
