// SPDX-License-Identifier: Apache-2.0
// The real worker under a budget: what its process grows by (VmHWM over the warmed worker) stays below, the whole run.
#include <random>

#include "app/headroom.h"
#include "support/registry.h"

using headroom::test::at;
using headroom::test::Headroom;
using headroom::test::Outcome;

namespace {

/// Pictures of 32 x 32 in CIFAR's format, a colour for each class under noise.
QByteArray colours(int pictures) {
    constexpr int kPlane = 32 * 32;
    std::mt19937 random(1);
    QByteArray bytes;
    for (int i = 0; i < pictures; ++i) {
        const int label = i % 10;
        bytes.append(static_cast<char>(label));
        for (int plane = 0; plane < 3; ++plane)
            for (int k = 0; k < kPlane; ++k) bytes.append(static_cast<char>((25 * label * (plane + 1) + random() % 64) % 256));
    }
    return bytes;
}

QByteArray words(int letters) {
    std::mt19937 random(2);
    QByteArray text;
    while (text.size() < letters) text.append("the of and to in is that it was for" + 3 * (random() % 10), 4);
    return text;
}

struct Budgeted {
    Headroom headroom{};
    QString config;

    explicit Budgeted(const QString& arch) {
        write("colours/train.bin", colours(1200));
        write("words.txt", words(60'000));
        const bool text = arch == "gpt_mini";
        // Four steps with two evaluations and a checkpoint in the middle.
        const QJsonObject train{{"batch_size", 256}, {"max_steps", 4}, {"eval_every", 2}, {"optimizer", QJsonObject{{"lr", 0.001}}}};
        const QJsonObject document{{"name", "b"}, {"device", "cpu"}, {"data", QJsonObject{{"path", text ? "words.txt" : "colours"}}},
                                   {"model", QJsonObject{{"arch", arch}}}, {"train", train}, {"checkpoint", QJsonObject{{"every_steps", 3}}}};
        write("b.json", QJsonDocument(document).toJson());
        config = path("b.json");
    }
    QString path(const char* name) const { return QString::fromStdString((headroom.folder() / name).string()); }
    void write(const char* name, const QByteArray& content) const {
        std::filesystem::create_directories((headroom.folder() / name).parent_path());
        QFile file(path(name));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write(content) == content.size());
    }
    /// The record of a run with these settings; empty where it did not finish.
    QJsonObject trained(const QStringList& settings) const {
        QStringList arguments{"train", config, "--json"};
        for (const QString& each : settings) arguments << "--set" << each;
        const Outcome outcome = headroom.run(arguments);
        if (outcome.status != 0) qWarning("%s", outcome.error.constData());
        return outcome.status == 0 ? headroom.show(outcome.lines().first()["id"].toString()) : QJsonObject();
    }
};

}  // namespace

class Budgets : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theProcessStaysBelowFortyPercentOfWhatPlainTrainingNeeds_data();
    void theProcessStaysBelowFortyPercentOfWhatPlainTrainingNeeds();
};

void Budgets::theProcessStaysBelowFortyPercentOfWhatPlainTrainingNeeds_data() {
    QTest::addColumn<QString>("arch");
    // How far the last loss may be off: micro-batches add the same terms in another order; batch norms also see other batches.
    QTest::addColumn<double>("tolerance");
    QTest::newRow("resnet20") << "resnet20" << 0.15;
    QTest::newRow("gpt_mini") << "gpt_mini" << 0.001;
}

void Budgets::theProcessStaysBelowFortyPercentOfWhatPlainTrainingNeeds() {
    REQUIRE_WORKER();
    QFETCH(QString, arch);
    QFETCH(double, tolerance);
    const Budgeted machine(arch);
    const QJsonObject plain = machine.trained({});
    const qint64 needed = at(plain, "receipt.measured.process_peak_bytes").toInteger();
    const qint64 budget = needed * 2 / 5;
    const QJsonObject run = machine.trained({"memory.recompute=auto", QString("memory.budget=%1").arg(budget)});
    const qint64 grown = at(run, "receipt.measured.process_peak_bytes").toInteger();
    const double loss = at(run, "metrics.train_loss").toDouble(), free = at(plain, "metrics.train_loss").toDouble();
    qInfo("%s: plain %lld MB, budget %lld MB, grown by %lld MB (planned %lld), micro-batch %d, loss %.5f, plain %.5f", qPrintable(arch), needed / 1'000'000, budget / 1'000'000,
          grown / 1'000'000, at(run, "receipt.predicted.process_peak_bytes").toInteger() / 1'000'000,
          at(run, "facts.micro_batch").toInt(), loss, free);
    QVERIFY(grown > 0);
    QVERIFY2(grown <= budget, qPrintable(QString("%1 of %2").arg(grown).arg(budget)));
    QVERIFY(at(run, "facts.micro_batch").toInt() < 256);
    QVERIFY(free > 0 && qAbs(loss / free - 1) < tolerance);
}

HEADROOM_TEST(Budgets)
#include "tst_budget.moc"
