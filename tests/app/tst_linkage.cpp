// SPDX-License-Identifier: Apache-2.0
#include "app/headroom.h"
#include "support/registry.h"

using namespace headroom::test;

class Linkage : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aProgramLinksOnlyWhatItMay_data();
    void aProgramLinksOnlyWhatItMay();
};

void Linkage::aProgramLinksOnlyWhatItMay_data() {
    QTest::addColumn<QString>("program");
    QTest::addColumn<QString>("library");
    for (const char* program : {"headroom", "headroom-studio", "headroom-prover"})
        for (const char* library : {"libtorch", "libc10"})
            QTest::addRow("%s without %s", program, library) << program << library;
    for (const char* program : {"headroom", "headroom-worker", "headroom-prover"})
        QTest::addRow("%s without Qt", program) << program << "libQt";
    QTest::newRow("worker without the CUDA half") << "headroom-worker" << "libtorch_cuda";
    QTest::newRow("worker without all of LibTorch") << "headroom-worker" << "libtorch.so";
}

void Linkage::aProgramLinksOnlyWhatItMay() {
    QFETCH(QString, program);
    QFETCH(QString, library);
    if (!isBuilt(program)) QSKIP("not built");
    QProcess ldd;
    ldd.start("ldd", {programs() + "/" + program});
    QVERIFY(ldd.waitForFinished(60'000));
    const QByteArray libraries = ldd.readAllStandardOutput();
    QVERIFY(libraries.contains("libc.so"));
    QVERIFY2(!libraries.contains(library.toUtf8()), libraries.constData());
}

HEADROOM_TEST(Linkage)
#include "tst_linkage.moc"
