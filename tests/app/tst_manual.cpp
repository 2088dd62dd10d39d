// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QRegularExpression>

#include "app/headroom.h"
#include "base/errors/codes.h"
#include "support/registry.h"

using namespace headroom;

namespace {

QString source(const char* path) {
    QFile file(QString(HEADROOM_SOURCE "/") + path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

}  // namespace

/// The pages that scripts rely on.
class Manual : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyCommandIsOnBothPages();
    void everyExitStatusIsOnBothPages();
    void everyOptionIsOnTheManPage();
};

void Manual::everyCommandIsOnBothPages() {
    for (const char* command : {"plan", "train", "resume", "pause", "stop", "runs", "show", "metrics", "model show", "export", "verify", "bench", "predict", "generate", "config", "doctor"}) {
        QVERIFY2(source("packaging/man/headroom.1").contains(QString("\\fBheadroom %1\\fR").arg(command)), command);
        QVERIFY2(source("docs/cli.md").contains(QString("`headroom %1").arg(command)), command);
    }
}

void Manual::everyExitStatusIsOnBothPages() {
    for (const Exit status : {Exit::Ok, Exit::Failure, Exit::Usage, Exit::Refused, Exit::NotFound, Exit::OutOfMemory, Exit::Diverged,
                              Exit::VerificationFailed, Exit::WorkerCrashed, Exit::Busy, Exit::Interrupted, Exit::Terminated}) {
        const int number = static_cast<int>(status);
        QVERIFY2(source("packaging/man/headroom.1").contains(QString(".TP\n.B %1\n").arg(number)), qPrintable(QString::number(number)));
        QVERIFY2(source("docs/cli.md").contains(QString("| %1 |").arg(number)), qPrintable(QString::number(number)));
    }
}

void Manual::everyOptionIsOnTheManPage() {
    const QString manual = source("packaging/man/headroom.1").remove('\\');
    const test::Headroom headroom;
    const QRegularExpression option("--[a-z-]+");
    for (const char* command : {"", "plan", "train", "resume", "pause", "stop", "runs", "show", "metrics", "export", "verify", "bench", "predict", "generate", "config"}) {
        const QStringList arguments = *command ? QStringList{command, "--help"} : QStringList{"--help"};
        auto found = option.globalMatch(QString::fromUtf8(headroom.run(arguments).output));
        while (found.hasNext()) {
            const QString name = found.next().captured();
            QVERIFY2(manual.contains(name), qPrintable(QString(command) + " " + name));
        }
    }
}

HEADROOM_TEST(Manual)
#include "tst_manual.moc"
