// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "base/config/run_config.h"
#include "base/plan/calibration.h"
#include "base/plan/device_model.h"

namespace headroom::plan {

/// A figure that is not known exactly: what it most likely is, and between which bounds it is expected.
struct Interval {
    double low = 0, typical = 0, high = 0;
    Interval operator*(double factor) const { return {low * factor, typical * factor, high * factor}; }
};

/// What a run consists of, in seconds of the roofline.
struct RunWork {
    double step = 0;         ///< of one whole step
    double steps = 0;        ///< in whole steps: the last one of an epoch may be smaller
    double evaluations = 0;  ///< seconds of all of them
    double features = 0;     ///< seconds that the frozen part takes for all samples, once
};

/// Time, energy and money of a run before it was made.
struct Estimate {
    Interval step, run;  ///< seconds
    double watts = 0;
    double wattHours = 0;
    double cost = 0;         ///< in cost.currency: tariff and price an hour of the machine
    bool validated = false;  ///< such steps, or runs of this architecture on this device in this precision, were measured
};

/// How much longer than the roofline's a step takes: as runs of the architecture showed, else as any on the device did, else
/// what the four built-in nets took on one processor (between 0.7 and 2.5, mostly 1.5 to 1.8).
Interval stepRatio(const Calibration& calibration, const CalibrationKey& key);

/// Nothing where the device's rates are not known. `measured`: seconds of such steps, just taken.
std::optional<Estimate> estimate(const RunWork& work, const DeviceModel& device, const Calibration& calibration,
                                 const CalibrationKey& key, const config::RunConfig::Cost& cost,
                                 const std::optional<Interval>& measured = {});

double wattHours(double watts, double seconds);
double costOf(const config::RunConfig::Cost& cost, double wattHours, double seconds);

}  // namespace headroom::plan
