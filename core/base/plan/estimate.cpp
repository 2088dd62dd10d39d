// SPDX-License-Identifier: Apache-2.0
#include "base/plan/estimate.h"

#include <algorithm>

namespace headroom::plan {
namespace {

// bench_step on two cores of a Xeon, times over the roofline: mlp 0.7 and 1.4 (batch 1, 256), cnn 1.9 and 1.5 (1, 128),
// resnet20 2.5 and 1.7 (1, 128), gpt_mini 1.7 and 1.8 (8, 32).
constexpr Interval kNeverMeasured{0.7, 1.6, 3.0};
constexpr double kBesideMeasured = 0.1;   // one run is not like the next
constexpr double kBesideGeneral = 0.5;    // nor one architecture like another

/// Beside other work a step takes longer, nobody knows how much: alone it may be as fast as one that was never measured.
Interval widened(const Calibration::Summary::Spread& spread, double share) {
    const double low = spread.least * (1 - share);
    return {spread.disturbed ? std::min(low, kNeverMeasured.low) : low, spread.median, spread.most * (1 + share)};
}

/// The device's own power, until runs on it were measured.
double wattsOf(const DeviceModel& device, const Calibration& calibration, const CalibrationKey& key) {
    if (const auto own = calibration.of(key); own && own->watts) return *own->watts;
    if (const auto any = calibration.inGeneral(key); any && any->watts) return *any->watts;
    return device.watts;
}

}  // namespace

Interval stepRatio(const Calibration& calibration, const CalibrationKey& key) {
    if (const auto own = calibration.of(key); own && own->stepRatio) return widened(*own->stepRatio, kBesideMeasured);
    if (const auto any = calibration.inGeneral(key); any && any->stepRatio) return widened(*any->stepRatio, kBesideGeneral);
    return kNeverMeasured;
}

std::optional<Estimate> estimate(const RunWork& work, const DeviceModel& device, const Calibration& calibration,
                                 const CalibrationKey& key, const config::RunConfig::Cost& cost,
                                 const std::optional<Interval>& measured) {
    if (!device.hasRates()) return std::nullopt;
    const Interval ratio = measured && work.step > 0 ? *measured * (1 / work.step) : stepRatio(calibration, key);
    const auto own = calibration.of(key);
    Estimate estimate;
    estimate.step = ratio * work.step;
    estimate.run = ratio * (work.step * work.steps + work.evaluations + work.features);
    estimate.validated = measured || (own && own->stepRatio);
    estimate.watts = wattsOf(device, calibration, key);
    estimate.wattHours = wattHours(estimate.watts, estimate.run.typical);
    estimate.cost = costOf(cost, estimate.wattHours, estimate.run.typical);
    return estimate;
}

double wattHours(double watts, double seconds) { return watts * seconds / 3600; }

double costOf(const config::RunConfig::Cost& cost, double wattHours, double seconds) {
    return cost.tariff * wattHours / 1000 + cost.pricePerHour * seconds / 3600;
}

}  // namespace headroom::plan
