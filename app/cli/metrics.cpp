// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/store/run_reader.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"

namespace headroom::cli {
namespace {

struct Options {
    std::string run;
    std::vector<std::string> series;
    std::int64_t from = 0;
    std::int64_t points = 0;
};

struct Read {
    store::SeriesInfo info;
    store::Curve curve;
};

Error noSuchSeries(const std::string& name, const std::vector<store::SeriesInfo>& all) {
    std::string there;
    for (const store::SeriesInfo& info : all) there += (there.empty() ? "" : ", ") + info.name;
    return Error(Failure{Code::Cli01, "--series", "no such series", escaped(name), there.empty() ? "none are there yet" : there, {}});
}

std::vector<store::SeriesInfo> wanted(const store::RunReader& reader, const std::vector<std::string>& names) {
    const std::vector<store::SeriesInfo> all = reader.series();
    if (names.empty()) return all;
    std::vector<store::SeriesInfo> chosen;
    for (const std::string& name : names) {
        const auto found = std::find_if(all.begin(), all.end(), [&](const auto& info) { return info.name == name; });
        if (found == all.end()) throw noSuchSeries(name, all);
        chosen.push_back(*found);
    }
    return chosen;
}

std::vector<Read> readAll(const store::RunReader& reader, const Options& options) {
    store::Range range;
    if (options.from > 0) range.from = static_cast<double>(options.from);
    std::vector<Read> all;
    for (const store::SeriesInfo& info : wanted(reader, options.series)) {
        Read read{info, options.points > 0 ? reader.read(info.id, range, options.points) : reader.readAll(info.id, range)};
        // Neighbours outside of the range come for drawing; here they were not asked for.
        std::erase_if(read.curve.points, [&](const store::Point& point) { return point.at.step < options.from; });
        std::erase_if(read.curve.buckets, [&](const store::Bucket& bucket) { return bucket.last.step < options.from; });
        all.push_back(std::move(read));
    }
    return all;
}

Json momentJson(const store::Moment& at) {
    return {{"step", at.step}, {"epoch", at.epoch}, {"samples", at.samples}, {"time", at.wallTime}};
}

Json seriesJson(const Read& read) {
    Json points = Json::array();
    for (const store::Point& point : read.curve.points) {
        Json one = momentJson(point.at);
        one["value"] = number(point.value);
        points.push_back(std::move(one));
    }
    for (const store::Bucket& bucket : read.curve.buckets) {
        Json one = momentJson(bucket.first);
        one.update({{"last_step", bucket.last.step}, {"value", number(bucket.mean)}, {"min", number(bucket.min)},
                    {"max", number(bucket.max)}, {"points", bucket.finite + bucket.nonFinite}, {"not_finite", bucket.nonFinite}});
        points.push_back(std::move(one));
    }
    Json gaps = Json::array();
    for (const store::Gap& gap : read.curve.gaps)
        gaps.push_back({{"first_step", gap.firstStep}, {"last_step", gap.lastStep}, {"text", gap.sentence}});
    return {{"name", read.info.name}, {"unit", read.info.unit}, {"count", read.info.count}, {"exact", read.curve.exact},
            {"points", std::move(points)}, {"gaps", std::move(gaps)}};
}

void printCsv(const std::vector<Read>& all, bool buckets) {
    printText(buckets ? "series,step,epoch,samples,time,value,min,max\n" : "series,step,epoch,samples,time,value\n");
    for (const Read& read : all) {
        std::string text;
        const auto row = [&](const store::Moment& at, double value, double min, double max) {
            text += fmt::format("{},{},{},{},{:.6f},{}", read.info.name, at.step, at.epoch, at.samples, at.wallTime, value);
            text += buckets ? fmt::format(",{},{}\n", min, max) : "\n";
        };
        for (const store::Point& point : read.curve.points) row(point.at, point.value, point.value, point.value);
        for (const store::Bucket& bucket : read.curve.buckets) row(bucket.first, bucket.mean, bucket.min, bucket.max);
        printText(text);
    }
}

int metrics(const Session& session, const Options& options) {
    const Chosen chosen = choose(session, options.run);
    const store::RunReader reader(chosen.run);
    const std::vector<Read> all = readAll(reader, options);
    for (const Read& read : all)
        for (const store::Gap& gap : read.curve.gaps) note(session, gap.sentence);
    if (!session.json) {
        printCsv(all, options.points > 0);
        return 0;
    }
    Json series = Json::array();
    for (const Read& read : all) series.push_back(seriesJson(read));
    print({{"id", chosen.run.id()}, {"series", std::move(series)}});
    return 0;
}

}  // namespace

void addMetrics(CLI::App& app, Session& session) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("metrics", "Print the series of a run as CSV, or as JSON with --json");
    command->add_option("run", options->run, "Id, its beginning, or name")->required();
    command->add_option("--series", options->series, "Only these, with commas between")->delimiter(',');
    command->add_option("--from", options->from, "From this step on")->check(CLI::NonNegativeNumber);
    command->add_option("--points", options->points, "At most so many a series: mean, least and largest of each stretch")
        ->check(CLI::Range(std::int64_t{2}, std::int64_t{10'000'000}));
    command->callback([options, &session] { session.run = [options, &session] { return metrics(session, *options); }; });
}

}  // namespace headroom::cli
