// SPDX-License-Identifier: GPL-3.0-or-later
#include <QApplication>
#include <QCommandLineParser>

#include "base/errors/error.h"
#include "base/store/home.h"
#include "ui/shell/main_window.h"
#include "ui/shell/studio.h"
#include "ui/theme/theme.h"

namespace {

struct Options {
    QString home, project, config;
    bool sample = false;
};

Options parse(const QApplication& application) {
    QCommandLineParser parser;
    parser.setApplicationDescription(QCoreApplication::translate("main", "The window of Headroom: train, watch, export."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption home(QStringLiteral("data-dir"), QCoreApplication::translate("main", "Folder that holds everything (else HEADROOM_HOME)."), QStringLiteral("folder"));
    const QCommandLineOption project(QStringLiteral("project"), QCoreApplication::translate("main", "Project folder (else HEADROOM_PROJECT)."), QStringLiteral("folder"));
    const QCommandLineOption sample(QStringLiteral("sample"), QCoreApplication::translate("main", "Opens with the sample set up."));
    parser.addOptions({home, project, sample});
    parser.addPositionalArgument(QStringLiteral("config"), QCoreApplication::translate("main", "Configuration to start from."), QStringLiteral("[config.json]"));
    parser.process(application);
    return {parser.value(home), parser.value(project), parser.positionalArguments().value(0), parser.isSet(sample)};
}

}  // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("headroom-studio"));
    QApplication::setApplicationVersion(QStringLiteral(HEADROOM_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("io.github.headroom.Studio"));
    using namespace headroom;
    const Options options = parse(application);
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
