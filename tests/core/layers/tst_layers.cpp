// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QDirIterator>
#include <QRegularExpression>

#include "support/registry.h"

/// The layers are law: what a folder may include, read from the sources themselves.
class TestLayers : public QObject {
    Q_OBJECT

    static QStringList sources(const QString& folder) {
        QStringList files;
        const QStringList endings{"*.h", "*.cpp", "*.cu"};
        QDirIterator it(QDir(HEADROOM_SOURCE_DIR).filePath(folder), endings, QDir::Files, QDirIterator::Subdirectories);
        while (it.hasNext()) files << it.next();
        return files;
    }
    static QString text(const QString& file) {
        QFile source(file);
        return source.open(QIODevice::ReadOnly) ? QString::fromUtf8(source.readAll()) : QString();
    }

private Q_SLOTS:
    void aFolderIncludesOnlyWhatItsLayerMay_data() {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("forbidden");
        const QString torch = "(torch|ATen|c10)/";
        const QString qt = "Q[A-Za-z]+[>\"]";
        QTest::newRow("base: no Qt, no LibTorch, nothing above") << "core/base" << torch + "|" + qt + "|engine/|ui/|app/";
        QTest::newRow("formats: no Qt, no LibTorch") << "core/engine/formats" << torch + "|" + qt + "|ui/|engine/(data|tensor|run|train|deploy)/";
        QTest::newRow("engine: no Qt") << "core/engine" << qt + "|ui/|app/";
        QTest::newRow("ui: base only") << "ui" << torch + "|engine/|sqlite3|nvml";
        QTest::newRow("studio: base only") << "app/studio" << torch + "|engine/";
        QTest::newRow("cli: base only, no Qt") << "app/cli" << torch + "|engine/|" + qt;
        QTest::newRow("worker: no Qt") << "app/worker" << qt;
        QTest::newRow("prover: base and formats, no Qt") << "app/prover" << torch + "|" + qt + "|engine/(?!formats)";
    }
    void aFolderIncludesOnlyWhatItsLayerMay() {
        QFETCH(QString, folder);
        QFETCH(QString, forbidden);
        const QRegularExpression include("#\\s*include\\s*[<\"](" + forbidden + ")[^\\n]*");
        const QStringList files = sources(folder);
        QVERIFY(!files.isEmpty());
        for (const QString& file : files) {
            const QRegularExpressionMatch match = include.match(text(file));
            QVERIFY2(!match.hasMatch(), qPrintable(file + ": " + match.captured()));
        }
    }

    void everySourceNamesItsLicenceInTheFirstLine_data() {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("licence");
        for (const char* folder : {"core", "app/cli", "app/worker", "app/prover"})
            QTest::newRow(folder) << folder << "Apache-2.0";
        for (const char* folder : {"ui", "app/studio"}) QTest::newRow(folder) << folder << "GPL-3.0-or-later";
    }
    void everySourceNamesItsLicenceInTheFirstLine() {
        QFETCH(QString, folder);
        QFETCH(QString, licence);
        for (const QString& file : sources(folder))
            QVERIFY2(text(file).startsWith("// SPDX-License-Identifier: " + licence + "\n"), qPrintable(file));
    }

    void noFunctionIsPutOff() {
        static const QRegularExpression mark("\\b(TODO|FIXME|XXX|HACK)\\b");
        for (const char* folder : {"core", "app", "ui"})
            for (const QString& file : sources(folder)) QVERIFY2(!text(file).contains(mark), qPrintable(file));
    }
};

HEADROOM_TEST(TestLayers)
#include "tst_layers.moc"
