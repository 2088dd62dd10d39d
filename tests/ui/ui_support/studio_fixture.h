// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

#include <functional>
#include <memory>

#include "base/store/run_writer.h"
#include "support/temporary_folder.h"
#include "ui/shell/main_window.h"
#include "ui/shell/studio.h"
#include "ui_support/quiet.h"

namespace headroom::test {

/// A home of its own with the real window on it. What is printed while it is open fails the test.
class StudioFixture {
public:
    /// `home`: one that is there already; empty = a fresh one.
    explicit StudioFixture(std::filesystem::path home = {});
    ~StudioFixture();

    ui::Studio& studio() { return *m_studio; }
    ui::MainWindow& window() { return *m_window; }
    store::Project project() const;
    QString sessionFile() const;
    /// Closes the window and opens it again on the same home.
    void reopen();
    /// A run as the store makes it, before any worker.
    store::RunId makeRun(const std::string& name, const std::string& arch = "cnn") const;
    std::filesystem::path home() const { return m_home; }

private:
    void open();

    Quiet m_quiet;
    TemporaryFolder m_folder;
    std::filesystem::path m_home;
    std::unique_ptr<ui::Studio> m_studio;
    std::unique_ptr<ui::MainWindow> m_window;
};

/// Writes a decaying loss and a growing accuracy, as a worker would: for tests of behaviour, never for pictures.
void writeCurves(store::RunWriter& writer, std::int64_t from, std::int64_t to);

}  // namespace headroom::test
