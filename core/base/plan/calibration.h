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
};

/// How the runs of this home compared with their plans. For each key the latest kKept runs are kept and their median
/// counts, so that one disturbed run changes little; the same runs also count for their device and precision in general.
class Calibration {
public:
    static constexpr std::size_t kKept = 9;

    /// Robust summary of the kept runs of one key.
    struct Summary {
        std::int64_t count = 0;  ///< runs ever added
        struct Spread { double least = 0, median = 0, most = 0; };
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
    struct Entry {
        std::int64_t count = 0;
        std::vector<double> stepRatio, watts, processExtra;  ///< the latest, oldest first
    };
    static void append(Entry& entry, const Observation& observation);
    std::optional<Summary> summary(const std::string& device, const std::string& precision, const std::string& architecture) const;

    std::map<std::string, Entry> m_entries;  ///< by "device | precision | architecture"
};

/// Adds one run to the file, which another process may be doing as well: the later one counts.
void refineCalibration(const std::filesystem::path& file, const CalibrationKey& key, const Observation& observation);

}  // namespace headroom::plan
