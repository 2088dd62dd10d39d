// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "base/config/document.h"
#include "base/config/fields.h"
#include "core/base/config/refusal.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::config;
using headroom::test::refusal;
using headroom::test::sentences;
using headroom::test::TemporaryFolder;

class ConfigDocument : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theExampleIsRead();
    void whatIsMissingHasItsDefault();
    void aDocumentIsRefused_data();
    void aDocumentIsRefused();
    void allFaultsComeAtOnce();
    void aDuplicateKeyNamesBothLines();
    void tooManyLevelsAreRefused();
    void tooLargeADocumentIsRefused();
    void aNewerVersionIsJudgedByNothingElse();
    void numbersStandForColumnsAndSizes();
    void aFileIsLoadedWithItsDataBesideIt();
    void overridesJoinTheFaultsOfTheFile();
    void whatIsNoFileIsRefused();
};

void ConfigDocument::theExampleIsRead() {
    const RunConfig config = parse(
        R"({"name":"fmnist","data":{"path":"fashion-mnist","limit":0,"augment":{"crop":2,"flip":true}},"model":{"arch":"cnn"},"train":{"epochs":1,"max_steps":0,"batch_size":128,"precision":"bf16","optimizer":{"name":"adamw","lr":0.002},"schedule":{"name":"cosine","warmup":0.05},"seed":1},"device":"auto"})",
        "example.json");
    QCOMPARE(config.name, std::string("fmnist"));
    QCOMPARE(config.data.path, std::string("fashion-mnist"));
    QCOMPARE(config.data.augment.crop, std::int64_t{2});
    QVERIFY(config.data.augment.flip);
    QCOMPARE(config.model.arch, std::string("cnn"));
    QCOMPARE(config.train.precision, std::string("bf16"));
    QCOMPARE(config.train.optimizer.lr, 0.002);
    QCOMPARE(config.train.schedule.warmup, 0.05);
    QCOMPARE(config.device, std::string("auto"));
}

void ConfigDocument::whatIsMissingHasItsDefault() {
    RunConfig expected;
    expected.data.path = "d";
    QVERIFY(differences(parse(R"({"data":{"path":"d"}})", "c.json"), expected).empty());
}

void ConfigDocument::aDocumentIsRefused_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("message");
    const auto train = [](const char* name, const char* member, const QString& message) {
        QTest::newRow(name) << QByteArray("{\"data\": {\"path\": \"d\"},\n \"train\": {") + member + "}}" << message;
    };
    const auto range = [](const char* found) {
        return QString("CFG-04 c.json: line 2:12: train.batch_size: out of range: %1, a whole number from 1 to 1,048,576 allowed.\n").arg(found);
    };
    const auto type = [](const char* found) {
        return QString("CFG-04 c.json: line 2:12: train.batch_size: not a whole number: %1, a whole number from 1 to 1,048,576 allowed.\n").arg(found);
    };
    train("0", R"("batch_size": 0)", range("0"));
    train("-1", R"("batch_size": -1)", range("-1"));
    train("1.5", R"("batch_size": 1.5)", type("1.5"));
    train("1e99", R"("batch_size": 1e99)", type("1e+99"));
    train("text", R"("batch_size": "64")", type("\"64\""));
    train("null", R"("batch_size": null)", type("null"));
    train("true", R"("batch_size": true)", type("true"));
    train("list", R"("batch_size": [64])", type("a list"));
    train("object", R"("batch_size": {})", type("an object"));
    train("beyond 64 bits", R"("batch_size": 18446744073709551615)", type("18446744073709551615"));
    train("unknown key", R"("batchsize": 64)",
          "CFG-07 c.json: line 2:12: train.batchsize: unknown key: \"batchsize\". Did you mean batch_size?\n");
    train("key of elsewhere", R"("lr": 1)",
          "CFG-07 c.json: line 2:12: train.lr: unknown key: \"lr\". Did you mean train.optimizer.lr?\n");
    train("dotted key", R"("optimizer.lr": 1)",
          "CFG-07 c.json: line 2:12: train.optimizer.lr: unknown key: \"optimizer.lr\". Did you mean train.optimizer.lr?\n");
    train("section as number", R"("optimizer": 3)",
          "CFG-04 c.json: line 2:12: train.optimizer: not an object: 3, an object with fields allowed.\n");
    train("lr 0", R"("optimizer": {"lr": 0})",
          "CFG-05 c.json: line 2:26: train.optimizer.lr: out of range: 0, a number above 0 allowed.\n");
    train("lr NaN", R"("optimizer": {"lr": NaN})",
          "CFG-05 c.json: not a finite number: NaN at line 2:32, finite numbers allowed. Write a plain decimal number.\n");
    train("lr 1e999", R"("optimizer": {"lr": 1e999})",
          "CFG-05 c.json: not a finite number: 1e999 at line 2:32, finite numbers allowed. Write a plain decimal number.\n");
    train("micro-batch", R"("batch_size": 96, "micro_batch": 36)",
          "CFG-10 train.micro_batch: does not divide train.batch_size 96: 36, micro-batch x accumulation = batch needed. Use 32 or 48.\n");
    train("micro-batch above batch", R"("batch_size": 96, "micro_batch": 100)",
          "CFG-10 train.micro_batch: does not divide train.batch_size 96: 100, micro-batch x accumulation = batch needed. Use 96.\n");
    QTest::newRow("threads") << QByteArray(R"({"data":{"path":"d"},"loader":{"threads":1000000}})")
                             << "CFG-15 c.json: line 1:32: loader.threads: out of range: 1000000, a whole number from 0 to 256 allowed.\n";
    QTest::newRow("no data") << QByteArray("{}") << "CFG-04 data.path: missing, a path needed.\n";
    QTest::newRow("root") << QByteArray("[1]") << "CFG-04 c.json: line 1:1: configuration: not an object: a list, an object with fields allowed.\n";
    QTest::newRow("empty") << QByteArray() << "CFG-03 c.json: not a JSON document: unexpected end of the document at line 1:1, one JSON value allowed. Correct the document there.\n";
    QTest::newRow("mark and tail") << QByteArray("\xEF\xBB\xBF{}\n garbage")
                                   << "CFG-03 c.json: not a JSON document: unexpected \"g\" at line 2:2, one JSON value allowed. Correct the document there.\n";
    QTest::newRow("comment") << QByteArray("{} // no")
                             << "CFG-03 c.json: not a JSON document: unexpected \"/\" at line 1:4, one JSON value allowed. Correct the document there.\n";
    QTest::newRow("latin-1") << QByteArray("{\"name\": \"\xE9\"}") << "CFG-03 c.json: not UTF-8 text: byte 0xE9 at line 1:11. Save it as UTF-8.\n";
}

void ConfigDocument::aDocumentIsRefused() {
    QFETCH(QByteArray, text);
    QTEST(sentences(refusal([&] { parse(text.toStdString(), "c.json"); })), "message");
}

void ConfigDocument::allFaultsComeAtOnce() {
    const auto failures = refusal([] {
        parse(R"({"trian": {}, "data": {"path": 7, "holdout": 2}, "train": {"epochs": 0, "precision": "fp8"}, "device": 1})", "c.json");
    });
    QCOMPARE(sentences(failures).count('\n'), 6);
    QCOMPARE(failures.size(), std::size_t{6});
}

void ConfigDocument::aDuplicateKeyNamesBothLines() {
    const auto failures = refusal([] {
        parse("{\"train\": {\"optimizer\": {\n\"lr\": 1,\n\"name\": \"sgd\",\n\"lr\": 2}}}", "c.json");
    });
    QCOMPARE(sentences(failures),
             QString("CFG-06 c.json: the key \"lr\" is there twice: line 2:1 and line 4:1, once allowed. Remove one of them.\n"));
}

void ConfigDocument::tooManyLevelsAreRefused() {
    const auto nested = [](int levels) { return std::string(static_cast<std::size_t>(levels), '['); };
    const auto failures = refusal([&] { parse(nested(33), "c.json"); });
    QCOMPARE(sentences(failures), QString("CFG-01 c.json: nested too deep: 33 levels at line 1:33, at most 32 allowed. Flatten the document.\n"));
    QCOMPARE(refusal([&] { parse(nested(32), "c.json"); }).front().code, Code::Cfg03);
}

void ConfigDocument::tooLargeADocumentIsRefused() {
    const TemporaryFolder folder;
    const auto file = folder.write("big.json", std::string(2 * 1024 * 1024, ' '));
    QCOMPARE(refusal([&] { load(file); }).front().code, Code::Cfg02);
    QCOMPARE(refusal([&] { parse(std::string(1024 * 1024 + 1, ' '), "c.json"); }).front().code, Code::Cfg02);
}

void ConfigDocument::aNewerVersionIsJudgedByNothingElse() {
    const auto failures = refusal([] { parse(R"({"version": 9, "novelty": {"deep": true}})", "c.json"); });
    QCOMPARE(sentences(failures),
             QString("CFG-08 c.json: line 1:2: version: made by a newer version: form 9, this program reads up to form 1. "
                     "Update Headroom, or write the configuration again with this version.\n"));
}

void ConfigDocument::numbersStandForColumnsAndSizes() {
    const RunConfig config = parse(R"({"data":{"path":"d","target":3},"memory":{"budget":1048576}})", "c.json");
    QCOMPARE(config.data.target, std::string("3"));
    QCOMPARE(memoryBudget(config).value(), kMiB);
    QVERIFY(!memoryBudget(RunConfig{}));
}

void ConfigDocument::aFileIsLoadedWithItsDataBesideIt() {
    const TemporaryFolder folder;
    const auto file = folder.write("sub/c.json", R"({"data":{"path":"../pictures/"}})");
    QCOMPARE(load(file).data.path, (folder.path() / "pictures").string());
    const std::vector<std::string> absolute{"data.path=/else/where"};
    QCOMPARE(load(file, absolute).data.path, std::string("/else/where"));
    const auto bare = folder.write("bare.json", "{}");
    const std::vector<std::string> relative{"data.path=x.csv", "memory.offload_folder=fast"};
    QCOMPARE(load(bare, relative).data.path, (folder.path() / "x.csv").string());
    QCOMPARE(load(bare, relative).memory.offloadFolder, (folder.path() / "fast").string());
}

void ConfigDocument::overridesJoinTheFaultsOfTheFile() {
    const TemporaryFolder folder;
    const auto file = folder.write("c.json", R"({"data":{"path":"d"},"train":{"epochs":0}})");
    const std::vector<std::string> overrides{"train.batchsize=1", "train.seed=-1"};
    QCOMPARE(refusal([&] { load(file, overrides); }).size(), std::size_t{3});
    const std::vector<std::string> shapeless{"train.seed"};
    QCOMPARE(refusal([&] { load(file, shapeless); }).front().code, Code::Cli01);
}

void ConfigDocument::whatIsNoFileIsRefused() {
    const TemporaryFolder folder;
    QCOMPARE(refusal([&] { load(folder.path() / "missing.json"); }).front().code, Code::Dat04);
    QCOMPARE(refusal([&] { load(folder.path()); }).front().code, Code::Dat04);
    const auto pipe = folder.path() / "pipe.json";
    QCOMPARE(mkfifo(pipe.c_str(), 0600), 0);
    QCOMPARE(refusal([&] { load(pipe); }).front().code, Code::Dat04);
}

HEADROOM_TEST(ConfigDocument)
#include "tst_parse.moc"
