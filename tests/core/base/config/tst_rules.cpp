// SPDX-License-Identifier: Apache-2.0
#include "base/config/document.h"
#include "base/config/fields.h"
#include "core/base/config/refusal.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::config;
using headroom::test::sentences;

namespace {

RunConfig onDevice(const char* device) {
    RunConfig config;
    config.device = device;
    return config;
}

const Machine kPlain{.cores = 2, .cudaDevices = 0, .whyNoCuda = "No NVIDIA driver found (libnvidia-ml.so.1)."};
const Machine kTwoGpus{.cores = 16, .cudaDevices = 2, .whyNoCuda = {}};

}  // namespace

class ConfigRules : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void anUnusualLearningRateIsAQuestionAndNoFault();
    void aUsualValueAsksNothing();
    void aDeviceThatIsNotHereIsRefusedWithWhatIs_data();
    void aDeviceThatIsNotHereIsRefusedWithWhatIs();
    void autoTakesTheFirstCudaDevice();
    void sizesAreRead_data();
    void sizesAreRead();
    void fieldsWithoutEffectAreKnown();
};

void ConfigRules::anUnusualLearningRateIsAQuestionAndNoFault() {
    const RunConfig config = parse(R"({"data":{"path":"d"},"train":{"optimizer":{"lr":1e9}}})", "c.json");
    QVERIFY(faults(config).empty());
    QCOMPARE(sentences(questions(config)),
             QString("CFG-16 train.optimizer.lr: unusually large: 1000000000, up to 10 is usual.\n"));
}

void ConfigRules::aUsualValueAsksNothing() { QVERIFY(questions(RunConfig{}).empty()); }

void ConfigRules::aDeviceThatIsNotHereIsRefusedWithWhatIs_data() {
    QTest::addColumn<QString>("device");
    QTest::addColumn<bool>("gpus");
    QTest::addColumn<QString>("message");
    QTest::newRow("far beyond") << "cuda:99" << true
                                << "CFG-14 device: not here: cuda:99, cpu and cuda:0 to cuda:1 are here. Use auto to take what is there.\n";
    QTest::newRow("no driver") << "cuda:0" << false
                               << "CFG-14 device: not here: cuda:0, cpu is here. No NVIDIA driver found (libnvidia-ml.so.1). Use auto to take what is there.\n";
    QTest::newRow("there") << "cuda:1" << true << "";
    QTest::newRow("number beyond int") << "cuda:99999999999" << true
                                       << "CFG-14 device: not here: cuda:99999999999, cpu and cuda:0 to cuda:1 are here. Use auto to take what is there.\n";
    QTest::newRow("cpu") << "cpu" << false << "";
    QTest::newRow("auto") << "auto" << false << "";
}

void ConfigRules::aDeviceThatIsNotHereIsRefusedWithWhatIs() {
    QFETCH(QString, device);
    QFETCH(bool, gpus);
    QTEST(sentences(faultsOn(onDevice(qPrintable(device)), gpus ? kTwoGpus : kPlain)), "message");
}

void ConfigRules::autoTakesTheFirstCudaDevice() {
    QCOMPARE(resolvedDevice(onDevice("auto"), kTwoGpus), std::string("cuda:0"));
    QCOMPARE(resolvedDevice(onDevice("auto"), kPlain), std::string("cpu"));
    QCOMPARE(resolvedDevice(onDevice("cuda:1"), kTwoGpus), std::string("cuda:1"));
}

void ConfigRules::sizesAreRead_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<qint64>("bytes");  // -1: none
    QTest::newRow("plain") << "1048576" << qint64{1048576};
    QTest::newRow("unit") << "1.5 GiB" << qint64{1610612736};
    QTest::newRow("no space") << "512MiB" << qint64{536870912};
    QTest::newRow("bytes") << "7 B" << qint64{7};
    QTest::newRow("empty") << "" << qint64{-1};
    QTest::newRow("zero") << "0" << qint64{-1};
    QTest::newRow("words") << "much" << qint64{-1};
    QTest::newRow("other unit") << "5 GB" << qint64{-1};
    QTest::newRow("infinite") << "inf" << qint64{-1};
    QTest::newRow("too large") << "1e300 TiB" << qint64{-1};
}

void ConfigRules::sizesAreRead() {
    QFETCH(QString, text);
    QTEST(static_cast<qint64>(bytesFromText(text.toStdString()).value_or(-1)), "bytes");
}

void ConfigRules::fieldsWithoutEffectAreKnown() {
    RunConfig config;
    QVERIFY(!find("train.optimizer.momentum")->isRelevant(config));
    config.train.optimizer.name = "sgd";
    QVERIFY(find("train.optimizer.momentum")->isRelevant(config));
    QVERIFY(!find("train.optimizer.beta1")->isRelevant(config));
}

HEADROOM_TEST(ConfigRules)
#include "tst_rules.moc"
