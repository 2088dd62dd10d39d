// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui_support/studio_fixture.h"

#include <chrono>
#include <cmath>

#include "base/config/document.h"
#include "base/store/create_run.h"

namespace headroom::test {

StudioFixture::StudioFixture(std::filesystem::path home) : m_home(home.empty() ? m_folder.path() / "home" : std::move(home)) { open(); }

StudioFixture::~StudioFixture() {
    m_window.reset();
    m_studio.reset();
}

void StudioFixture::open() {
    std::filesystem::create_directories(home());
    m_studio = std::make_unique<ui::Studio>(home(), home() / "default");
    m_window = std::make_unique<ui::MainWindow>(*m_studio, sessionFile());
    m_window->show();
    m_studio->start();
}

void StudioFixture::reopen() {
    m_window->saveSession();
    m_window.reset();
    m_studio.reset();
    open();
}

QString StudioFixture::sessionFile() const { return QString::fromStdString((m_folder.path() / "studio.json").string()); }

store::Project StudioFixture::project() const { return store::Project::openOrCreate(home() / "default"); }

store::RunId StudioFixture::makeRun(const std::string& name, const std::string& arch) const {
    config::RunConfig config;
    config.data.path = "/data/digits";
    config.model.arch = arch;
    config.name = name;
    return store::createRun(project(), config::toJson(config), {name, {}, {}});
}

void writeCurves(store::RunWriter& writer, std::int64_t from, std::int64_t to) {
    const auto loss = writer.define("train_loss", "1"), accuracy = writer.define("val_accuracy", "1");
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    for (std::int64_t step = from; step < to; ++step) {
        const double s = static_cast<double>(step);
        const store::Moment at{step, s / 100, step * 64, now + s * 1e-3};
        writer.append(loss, at, 2.3 * std::exp(-s / 200) + 0.1 * std::sin(s));
        if (step % 50 == 49) writer.append(accuracy, at, 1 - std::exp(-s / 150));
    }
    writer.commit();
}

}  // namespace headroom::test
