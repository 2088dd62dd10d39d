// SPDX-License-Identifier: GPL-3.0-or-later
// A window that starts three runs of the sample in a home, says their ids, and stays open until it is killed.
#include <QApplication>
#include <QTimer>

#include <cstdio>

#include "ui/shell/main_window.h"
#include "ui/shell/studio.h"

namespace {

/// The first lasts long enough to be killed beside; the others wait behind it.
constexpr const char* kEpochs[] = {"40", "2", "2"};

void startNext(headroom::ui::Studio& studio, headroom::ui::MainWindow& window, std::size_t number) {
    if (number == std::size(kEpochs)) return;
    studio.draft().set(QStringLiteral("train.epochs"), QLatin1String(kEpochs[number]));
    window.actions()["start"]->trigger();
}

}  // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    if (argc != 2) return 2;
    using namespace headroom;
    const std::filesystem::path home = argv[1];
    ui::Studio studio(home, home / "default");
    ui::MainWindow window(studio, QString::fromStdString((home / "studio.json").string()));
    std::size_t started = 0;
    QObject::connect(&studio.bridge().commands(), &ui::RunCommands::created, &window, [&](const QString& run) {
        std::printf("%s\n", qPrintable(run));
        std::fflush(stdout);
        startNext(studio, window, ++started);
    });
    QObject::connect(&studio.bridge().commands(), &ui::RunCommands::configFileLoaded, &window, [&] { startNext(studio, window, 0); }, Qt::QueuedConnection);
    window.show();
    studio.start();
    studio.openSample();
    return QApplication::exec();
}
