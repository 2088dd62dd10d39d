// SPDX-License-Identifier: GPL-3.0-or-later
#include <QApplication>
#include <QCommandLineParser>

#include <algorithm>
#include <span>
#include <string_view>

#include "base/errors/error.h"
#include "base/process/launch.h"
#include "base/store/home.h"
#include "ui/shell/main_window.h"
#include "ui/shell/studio.h"
#include "ui/theme/theme.h"

namespace {

struct Options {
    QString home, project, config;
    bool sample = false;
};

Options parse() {
    QCommandLineParser parser;
    parser.setApplicationDescription(QCoreApplication::translate("main", "The window of Headroom: train, watch, export."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption home(QStringLiteral("data-dir"), QCoreApplication::translate("main", "Folder that holds everything (else HEADROOM_HOME)."), QStringLiteral("folder"));
    const QCommandLineOption project(QStringLiteral("project"), QCoreApplication::translate("main", "Project folder (else HEADROOM_PROJECT)."), QStringLiteral("folder"));
    const QCommandLineOption sample(QStringLiteral("sample"), QCoreApplication::translate("main", "Opens with the sample set up."));
    parser.addOptions({home, project, sample});
    parser.addPositionalArgument(QStringLiteral("config"), QCoreApplication::translate("main", "Configuration to start from."), QStringLiteral("[config.json]"));
    parser.process(QCoreApplication::arguments());
    return {parser.value(home), parser.value(project), parser.positionalArguments().value(0), parser.isSet(sample)};
}

/// They are said where there is no display, too.
bool asksForWordsAlone(std::span<char*> arguments) {
    return std::ranges::any_of(arguments, [](const std::string_view each) { return each == "-h" || each == "--help" || each == "--help-all" || each == "-v" || each == "--version"; });
}

}  // namespace

int main(int argc, char** argv) {
    headroom::process::shortenSpinning();
    QCoreApplication::setApplicationName(QStringLiteral("headroom-studio"));
    QCoreApplication::setApplicationVersion(QStringLiteral(HEADROOM_VERSION));
    if (asksForWordsAlone({argv + 1, static_cast<std::size_t>(argc - 1)})) {
        const QCoreApplication words(argc, argv);
        parse();  // says them and ends
    }
    QApplication application(argc, argv);
    QGuiApplication::setDesktopFileName(QStringLiteral("io.github.headroom.Studio"));
    using namespace headroom;
    const Options options = parse();
    const QString session = ui::Session::defaultPath();
    ui::theme::apply(application, ui::Session::load(session).scheme);
    try {
        const store::Home home(store::homePath(options.home.toStdString()));
        ui::Studio studio(home.path(), store::projectPath(home, options.project.toStdString()));
        ui::MainWindow window(studio, session);
        window.show();
        studio.start();
        if (options.sample) studio.openSample();
        if (!options.config.isEmpty()) studio.openConfig(options.config);
        return QApplication::exec();
    } catch (const Error& error) {
        for (const Failure& failure : error.failures()) std::fprintf(stderr, "%s\n", failure.sentence().c_str());
        return static_cast<int>(info(error.code()).exit);
    }
}
