// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "base/config/document.h"
#include "base/config/fields.h"
#include "core/base/config/refusal.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::config;
using headroom::test::refusal;
using headroom::test::sentences;

namespace {

QString qt(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

/// An allowed value other than the default.
Value another(const Field& field) {
    const Value standard = field.defaultValue();
    switch (field.type) {
        case Type::Boolean: return !std::get<bool>(standard);
        case Type::Integer: return field.max == field.min ? standard : Value(std::get<std::int64_t>(standard) == 2 ? std::int64_t{3} : std::int64_t{2});
        case Type::Number: return std::get<double>(standard) == 0.25 ? 0.5 : field.min > 0.25 ? field.min + 0.125 : 0.25;
        case Type::Choice: return std::string(field.choices[std::get<std::string>(standard) == field.choices[0].name ? 1 : 0].name);
        case Type::Size: return std::string("1.5 GiB");
        case Type::Device: return std::string("cuda:1");
        default: return std::string("text with \"quotes\", a \\ and \xC3\xA9");
    }
}

}  // namespace

class FieldTable : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyFieldHasTitleHelpAndAUniquePath();
    void everyDefaultIsAllowed();
    void everyMemberOfTheStructIsReachedByExactlyOneField();
    void everyFieldIsWrittenAndReadBack();
    void theDocumentOfAnyConfigurationGivesTheSameAgain();
    void theShortDocumentHoldsOnlyWhatDiffers();
    void limitsBelongToTheRange();
    void anOverrideReads_data();
    void anOverrideReads();
    void anOverrideIsRefused_data();
    void anOverrideIsRefused();
    void differencesNameThePaths();
};

void FieldTable::everyFieldHasTitleHelpAndAUniquePath() {
    std::set<std::string_view> paths;
    for (const Field& field : fields()) {
        QVERIFY2(paths.insert(field.path).second, field.path.data());
        QVERIFY2(!field.title.empty() && field.help.ends_with('.'), field.path.data());
        QVERIFY2(field.at != nullptr, field.path.data());
        QCOMPARE(field.type == Type::Choice, !field.choices.empty());
        QCOMPARE(find(field.path), &field);
        QVERIFY2(!field.allowed().empty(), field.path.data());
    }
}

void FieldTable::everyDefaultIsAllowed() {
    for (const Field& field : fields())
        if (!field.required) QVERIFY2(!field.check(field.defaultValue()), field.path.data());
}

void FieldTable::everyMemberOfTheStructIsReachedByExactlyOneField() {
    RunConfig config;
    std::set<const void*> places;
    std::size_t bytes = 0;
    for (const Field& field : fields())
        std::visit([&](auto* member) { places.insert(member); bytes += sizeof(*member); }, field.at(config));
    QCOMPARE(places.size(), fields().size());
    // Padding aside, the members are the struct: a member without a field shows as a difference of a whole member.
    QVERIFY2(sizeof(RunConfig) - bytes < 56, qPrintable(QString::number(sizeof(RunConfig) - bytes)));
}

void FieldTable::everyFieldIsWrittenAndReadBack() {
    for (const Field& field : fields()) {
        RunConfig config;
        const Value value = another(field);
        QVERIFY2(!field.check(value), field.path.data());
        field.write(config, value);
        QVERIFY2(field.read(config) == value, field.path.data());
        for (const Field& other : fields())
            if (&other != &field) QVERIFY2(other.read(config) == other.defaultValue(), other.path.data());
    }
}

void FieldTable::theDocumentOfAnyConfigurationGivesTheSameAgain() {
    RunConfig config;
    for (const Field& field : fields()) field.write(config, another(field));
    config.train.microBatch = 1;
    config.train.optimizer.lr = 0.1 + 0.2;
    for (const Failure& failure : faults(config)) {  // what another field excludes
        const Field* const field = find(failure.subject);
        field->write(config, field->defaultValue());
    }
    const std::string document = toJson(config);
    const RunConfig again = parse(document, "config.json");
    QCOMPARE(differences(config, again).size(), std::size_t{0});
    QCOMPARE(toJson(again), document);
    QCOMPARE(toJson(parse(toShortJson(config), "short.json")), document);
}

void FieldTable::theShortDocumentHoldsOnlyWhatDiffers() {
    RunConfig config;
    config.data.path = "digits";
    config.train.epochs = 3;
    QCOMPARE(toShortJson(config),
             std::string("{\n  \"version\": 1,\n  \"data\": {\n    \"path\": \"digits\"\n  },\n  \"train\": {\n    \"epochs\": 3\n  }\n}\n"));
}

void FieldTable::limitsBelongToTheRange() {
    for (const Field& field : fields()) {
        const auto value = [&](double number) {
            return field.type == Type::Integer ? Value(static_cast<std::int64_t>(number)) : Value(number);
        };
        if (field.type != Type::Integer && field.type != Type::Number) continue;
        if (field.min > -Field::kNone) {
            QCOMPARE(field.check(value(field.min)).has_value(), field.minExcluded);
            const auto fault = field.check(value(field.min - 1));
            QVERIFY2(fault && fault->code == field.outOfRange, field.path.data());
        }
        if (field.max < Field::kNone) {
            QVERIFY2(!field.check(value(field.max)), field.path.data());
            QVERIFY2(field.check(value(field.max + 1)), field.path.data());
        }
    }
}

void FieldTable::anOverrideReads_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("value");
    QTest::newRow("number") << "train.optimizer.lr" << "3e-4" << "0.0003";
    QTest::newRow("whole number as number") << "train.optimizer.lr" << "1" << "1";
    QTest::newRow("whole number") << "train.epochs" << "12" << "12";
    QTest::newRow("true") << "data.augment.flip" << "true" << "true";
    QTest::newRow("no") << "train.deterministic" << "no" << "false";
    QTest::newRow("choice") << "train.precision" << "bf16" << "bf16";
    QTest::newRow("text with =") << "name" << "a=b" << "a=b";
    QTest::newRow("empty") << "memory.budget" << "" << "";
    QTest::newRow("size") << "memory.budget" << "512 MiB" << "512 MiB";
    QTest::newRow("column number") << "data.target" << "0" << "0";
}

void FieldTable::anOverrideReads() {
    QFETCH(QString, path);
    QFETCH(QString, text);
    RunConfig config;
    set(config, path.toStdString(), text.toStdString());
    QTEST(QString::fromStdString(config::text(find(path.toStdString())->read(config))), "value");
}

void FieldTable::anOverrideIsRefused_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("message");
    QTest::newRow("unknown, near") << "train.batchsize" << "4" << "CFG-07 train.batchsize: no such field. Did you mean train.batch_size?\n";
    QTest::newRow("right name, wrong place") << "train.lr" << "1" << "CFG-07 train.lr: no such field. Did you mean train.optimizer.lr?\n";
    QTest::newRow("unknown, far") << "colour" << "red" << "CFG-07 colour: no such field. See the configuration reference.\n";
    QTest::newRow("section") << "train" << "1" << "CFG-07 train: no such field. See the configuration reference.\n";
    QTest::newRow("not whole") << "train.batch_size" << "1.5" << "CFG-04 train.batch_size: not a whole number: \"1.5\", a whole number from 1 to 1,048,576 allowed.\n";
    QTest::newRow("hexadecimal") << "train.batch_size" << "0x10" << "CFG-04 train.batch_size: not a whole number: \"0x10\", a whole number from 1 to 1,048,576 allowed.\n";
    QTest::newRow("too small") << "train.batch_size" << "0" << "CFG-04 train.batch_size: out of range: 0, a whole number from 1 to 1,048,576 allowed.\n";
    QTest::newRow("nan") << "train.optimizer.lr" << "nan" << "CFG-05 train.optimizer.lr: not a finite number: nan, a number above 0 allowed.\n";
    QTest::newRow("lr 0") << "train.optimizer.lr" << "0" << "CFG-05 train.optimizer.lr: out of range: 0, a number above 0 allowed.\n";
    QTest::newRow("choice") << "train.precision" << "fp8" << "CFG-04 train.precision: unknown: \"fp8\", fp32 or bf16 allowed.\n";
    QTest::newRow("device") << "device" << "gpu" << "CFG-04 device: unknown: \"gpu\", auto, cpu or cuda:N allowed.\n";
    QTest::newRow("device with tail") << "device" << "cuda:0x" << "CFG-04 device: unknown: \"cuda:0x\", auto, cpu or cuda:N allowed.\n";
    QTest::newRow("negative size") << "memory.budget" << "-1" << "CFG-04 memory.budget: not a size: \"-1\", bytes, or a number with KiB, MiB, GiB or TiB, allowed.\n";
    QTest::newRow("threads") << "loader.threads" << "1000000" << "CFG-15 loader.threads: out of range: 1000000, a whole number from 0 to 256 allowed.\n";
}

void FieldTable::anOverrideIsRefused() {
    QFETCH(QString, path);
    QFETCH(QString, text);
    RunConfig config;
    QTEST(sentences(refusal([&] { set(config, path.toStdString(), text.toStdString()); })), "message");
    QVERIFY(differences(config, RunConfig{}).empty());
}

void FieldTable::differencesNameThePaths() {
    RunConfig a, b;
    b.train.optimizer.lr = 0.5;
    b.name = "other";
    const auto paths = differences(a, b);
    QCOMPARE(paths.size(), std::size_t{2});
    QCOMPARE(qt(paths[0]), QString("name"));
    QCOMPARE(qt(paths[1]), QString("train.optimizer.lr"));
}

HEADROOM_TEST(FieldTable)
#include "tst_fields.moc"
