// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>

#include "base/units/units.h"
#include "cli/eta.h"
#include "cli/watch.h"

namespace headroom::cli {
namespace {

constexpr double kLineEverySeconds = 10;

/// One line that is written over and over on a terminal; elsewhere a line every ten seconds and for every evaluation.
class Progress final : public Spectator {
public:
    explicit Progress(const Session& session)
        : m_session(session), m_terminal(errorIsTerminal()), m_start(std::chrono::steady_clock::now()) {}
    ~Progress() override { clear(); }

    void state(store::RunState state, std::int64_t position) override {
        if (state == store::RunState::Queued)
            sentence(fmt::format("queued behind {} other{}", position, position == 1 ? " run" : " runs"));
        else if (store::isLive(state) && state != store::RunState::Running)
            sentence(std::string(store::word(state)));
    }

    void news(const std::map<std::string, std::vector<store::Point>>& points, const std::vector<store::Event>& events,
              const store::RunSummary& run) override {
        for (const store::Event& event : events)
            if (m_session.verbose > 0 || event.kind == "warning" || event.kind == "memory") sentence(event.text);
        bool evaluated = false;
        for (const auto& [name, added] : points) {
            if (!added.empty()) m_last[name] = added.back().value;
            evaluated |= name.starts_with("val_") && !added.empty();
        }
        m_eta.add(seconds(), run.progress.step);
        show(run, evaluated);
    }

private:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count(); }

    void show(const store::RunSummary& run, bool evaluated) {
        if (m_session.quiet || run.progress.step == 0) return;
        if (m_terminal) {
            fmt::print(stderr, "\r\x1b[K{}", line(run));
            std::fflush(stderr);
            m_shown = true;
        } else if (evaluated || seconds() - m_lastLine >= kLineEverySeconds) {
            m_lastLine = seconds();
            fmt::print(stderr, "{}\n", line(run));
        }
    }

    std::string line(const store::RunSummary& run) const {
        std::string text = fmt::format("step {}", grouped(run.progress.step));
        if (run.progress.totalSteps > 0) text += fmt::format("/{}", grouped(run.progress.totalSteps));
        text += fmt::format("  epoch {:.2f}", run.progress.epoch);
        for (const char* name : {"train_loss", "val_loss", "val_accuracy", "val_miou", "val_r2"})
            if (const auto found = m_last.find(name); found != m_last.end())
                text += fmt::format("  {} {:.4g}", name, found->second);
        if (run.samplesPerSecond) text += fmt::format("  {} samples/s", grouped(std::llround(*run.samplesPerSecond)));
        if (run.progress.totalSteps > 0)
            text += fmt::format("  {:.0f} %", 100.0 * static_cast<double>(run.progress.step) /
                                                  static_cast<double>(run.progress.totalSteps));
        if (const auto left = m_eta.left(run.progress.totalSteps)) text += "  " + cli::text(*left);
        return text;
    }

    void sentence(const std::string& text) {
        clear();
        note(m_session, text);
    }

    void clear() {
        if (m_shown) fmt::print(stderr, "\r\x1b[K");
        m_shown = false;
    }

    const Session& m_session;
    bool m_terminal;
    std::chrono::steady_clock::time_point m_start;
    Eta m_eta;
    std::map<std::string, double> m_last;
    double m_lastLine = 0;
    bool m_shown = false;
};

}  // namespace

std::unique_ptr<Spectator> makeProgress(const Session& session) { return std::make_unique<Progress>(session); }

}  // namespace headroom::cli
