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
    void settingsThatExcludeEachOtherAreRefusedWithASentence_data();
    void settingsThatExcludeEachOtherAreRefusedWithASentence();
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

void ConfigRules::settingsThatExcludeEachOtherAreRefusedWithASentence_data() {
    QTest::addColumn<QStringList>("settings");
    QTest::addColumn<QString>("message");
    QTest::newRow("bf16 weights, fp32 arithmetic")
        << QStringList{"train.weights=bf16"}
        << "CFG-17 train.weights: bf16 weights need bf16 arithmetic: bf16, train.precision is fp32. Set train.precision to bf16, or train.weights to fp32.\n";
    QTest::newRow("bf16 weights, bf16 arithmetic") << QStringList{"train.weights=bf16", "train.precision=bf16"} << "";
    QTest::newRow("averages of bf16 weights")
        << QStringList{"train.weights=bf16", "train.precision=bf16", "train.ema=0.99"}
        << "CFG-17 train.ema: averages in bf16 would stand still: 0.99, train.weights is bf16. Set train.ema to 0, or train.weights to fp32.\n";
    QTest::newRow("averages of fp32 weights") << QStringList{"train.precision=bf16", "train.ema=0.99"} << "";
    QTest::newRow("8 bits of AdamW") << QStringList{"train.optimizer.state=8bit"} << "";
    QTest::newRow("8 bits of momentum") << QStringList{"train.optimizer.name=sgd", "train.optimizer.state=8bit"} << "";
    QTest::newRow("8 bits of nothing")
        << QStringList{"train.optimizer.name=sgd", "train.optimizer.momentum=0", "train.optimizer.state=8bit"}
        << "CFG-17 train.optimizer.state: SGD without momentum has no state: 8bit, train.optimizer.momentum is 0. Set a momentum, or train.optimizer.state to fp32.\n";
    QTest::newRow("byte pairs without tables")
        << QStringList{"data.tokenizer=byte_pairs"}
        << "CFG-17 data.tokenizer: byte pairs need their tables: byte_pairs, data.tokenizer_folder is empty. Set data.tokenizer_folder, or data.tokenizer to characters.\n";
    QTest::newRow("nothing to keep outside")
        << QStringList{"train.optimizer.name=sgd", "train.optimizer.momentum=0", "memory.offload_optimizer=true"}
        << "CFG-17 memory.offload_optimizer: SGD without momentum has no state: true, train.optimizer.momentum is 0. Set a momentum, or memory.offload_optimizer to false.\n";
    QTest::newRow("bf16 of nothing")
        << QStringList{"train.optimizer.name=sgd", "train.optimizer.momentum=0", "train.optimizer.state=bf16"}
        << "CFG-17 train.optimizer.state: SGD without momentum has no state: bf16, train.optimizer.momentum is 0. Set a momentum, or train.optimizer.state to fp32.\n";
    QTest::newRow("update in the backward pass") << QStringList{"memory.optimizer_in_backward=true"} << "";
    QTest::newRow("update in the backward pass, whole batch at once")
        << QStringList{"memory.optimizer_in_backward=true", "train.batch_size=32", "train.micro_batch=32"} << "";
    QTest::newRow("update in the backward pass, accumulated")
        << QStringList{"memory.optimizer_in_backward=true", "train.batch_size=32", "train.micro_batch=8"}
        << "CFG-17 memory.optimizer_in_backward: accumulation needs all gradients to the end: true, train.micro_batch is 8. Set train.micro_batch to 0, or memory.optimizer_in_backward to false.\n";
    QTest::newRow("update in the backward pass, clipped")
        << QStringList{"memory.optimizer_in_backward=true", "train.clip_norm=1"}
        << "CFG-17 memory.optimizer_in_backward: the norm of all gradients is known only when the last one is there: true, train.clip_norm is 1. Set train.clip_norm to 0, or memory.optimizer_in_backward to false.\n";
    QTest::newRow("update in the backward pass, broken steps left out")
        << QStringList{"memory.optimizer_in_backward=true", "train.on_nan=skip"}
        << "CFG-17 memory.optimizer_in_backward: a step that has begun to update cannot be left out: true, train.on_nan is skip. Set train.on_nan to stop, or memory.optimizer_in_backward to false.\n";
}

void ConfigRules::settingsThatExcludeEachOtherAreRefusedWithASentence() {
    QFETCH(QStringList, settings);
    RunConfig config;
    config.data.path = "d";
    for (const QString& setting : settings) set(config, setting.section('=', 0, 0).toStdString(), setting.section('=', 1).toStdString());
    QTEST(sentences(faults(config)), "message");
}

HEADROOM_TEST(ConfigRules)
#include "tst_rules.moc"
