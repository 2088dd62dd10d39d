// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace CLI {
class App;
}

namespace headroom::cli {

struct Session;

/// Each declares one command, its options and what it does, in the file of its name.
void addPlan(CLI::App& app, Session& session);
void addTrain(CLI::App& app, Session& session);
void addResume(CLI::App& app, Session& session);
void addPause(CLI::App& app, Session& session);
void addStop(CLI::App& app, Session& session);
void addRuns(CLI::App& app, Session& session);
void addShow(CLI::App& app, Session& session);
void addMetrics(CLI::App& app, Session& session);
void addModels(CLI::App& app, Session& session);
void addModel(CLI::App& app, Session& session);
void addExport(CLI::App& app, Session& session);
void addVerify(CLI::App& app, Session& session);
void addBench(CLI::App& app, Session& session);
void addPredict(CLI::App& app, Session& session);
void addGenerate(CLI::App& app, Session& session);
void addConfig(CLI::App& app, Session& session);
void addDoctor(CLI::App& app, Session& session);

}  // namespace headroom::cli
