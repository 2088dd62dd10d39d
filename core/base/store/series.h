// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headroom::store {

/// Names that every part agrees on. Series of other names may be there; these are the ones with a meaning.
namespace names {
inline constexpr const char* kTrainLoss = "train_loss";
inline constexpr const char* kValLoss = "val_loss";
inline constexpr const char* kValAccuracy = "val_accuracy";  ///< 0 to 1
inline constexpr const char* kValMiou = "val_miou";  ///< mean intersection over union of the classes, 0 to 1
inline constexpr const char* kValR2 = "val_r2";
inline constexpr const char* kLr = "lr";
inline constexpr const char* kSamplesPerSecond = "samples_per_s";
inline constexpr const char* kGradNorm = "grad_norm";
inline constexpr const char* kMemoryProcess = "memory.process";      ///< bytes, resident
inline constexpr const char* kMemoryTensors = "memory.tensors";      ///< bytes, most since the reading before
inline constexpr const char* kMemoryAvailable = "memory.available";  ///< bytes, of the machine
inline constexpr const char* kEnergy = "energy";                     ///< joules since the run's first start, growing
inline constexpr const char* kCpu = "cpu.utilisation";               ///< 0 to 1, of all cores
inline constexpr const char* kGpuUtilisation = "gpu.utilisation";  ///< 0 to 1; with several devices "gpu.1.utilisation"
inline constexpr const char* kGpuMemory = "gpu.memory";            ///< bytes used on the device by anybody
inline constexpr const char* kGpuPower = "gpu.power";              ///< watts
inline constexpr const char* kGpuTemperature = "gpu.temperature";  ///< degrees Celsius
/// Of one kind ("weights", "activations" ...) when memory.tensors was reached: "memory.weights". They add up to it.
inline std::string memoryOf(std::string_view kind) { return "memory." + std::string(kind); }
}  // namespace names

/// Where in a run a value was taken: what every x axis is made from.
struct Moment {
    std::int64_t step = 0;     ///< optimizer steps done
    double epoch = 0;          ///< passes over the training data, with fraction
    std::int64_t samples = 0;  ///< training samples seen
    double wallTime = 0;       ///< seconds since 1970, kept to the microsecond

    bool operator==(const Moment&) const = default;
};

enum class Axis { Step, Epoch, Samples, WallTime };
double along(Axis axis, const Moment& moment);

struct Point {
    Moment at;
    double value = 0;  ///< NaN and infinities are values like others
};

/// Neighbouring points as one. Extremes and mean are over the finite values; without one they are NaN.
struct Bucket {
    Moment first, last;
    double min = 0, max = 0, mean = 0;
    std::int64_t finite = 0;     ///< finite values inside
    std::int64_t nonFinite = 0;  ///< NaN and infinities inside
};

/// Points that cannot be read: their chunk's checksum is wrong.
struct Gap {
    std::string series;
    std::int64_t firstStep = 0, lastStep = 0;
    std::string sentence;  ///< "20261121-0412-7f3a: train_loss: steps 1024 to 2047 cannot be read ..."
};

/// A part of a series for drawing: every point where few enough lie in the range, else buckets. Never both.
struct Curve {
    bool exact = true;  ///< points are filled, buckets otherwise
    std::vector<Point> points;
    std::vector<Bucket> buckets;
    std::vector<Gap> gaps;
};

/// What a series goes along with when a run is resumed from an earlier step.
enum class SeriesKind {
    Step,  ///< of training: values after the resumed step are dropped, they come again
    Time,  ///< of the machine (energy, memory, utilisation): what was measured stays
};

using SeriesId = std::int64_t;

struct SeriesInfo {
    SeriesId id = 0;
    std::string name;
    std::string unit;
    SeriesKind kind = SeriesKind::Step;
    std::int64_t count = 0;  ///< points committed
    Point last;              ///< of no meaning where count is 0
};

struct Event {
    std::int64_t id = 0;  ///< growing within the run
    double wallTime = 0;
    std::int64_t step = 0;
    std::string kind;  ///< "checkpoint", "warning", "lr", "micro_batch", "resume" ...
    std::string text;  ///< a sentence
    std::string json;  ///< details; "{}" where none
};

/// One process that worked on the run. A resumed run has several.
struct Session {
    double start = 0;       ///< wall time
    double lastCommit = 0;  ///< wall time
    std::int64_t pid = 0;
    std::int64_t fromStep = 0;  ///< the step it went on from
};

/// Seconds of work up to `wallTime`: the time between sessions does not count.
double processTime(const std::vector<Session>& sessions, double wallTime);

}  // namespace headroom::store
