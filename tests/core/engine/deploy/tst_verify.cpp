// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <fstream>

#include "base/config/document.h"
#include "base/errors/error.h"
#include "engine/data/random.h"
#include "engine/deploy/exporter.h"
#include "engine/tensor/memory.h"
#include "engine/train/trainer.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
namespace fs = std::filesystem;

namespace {

/// One person after another: who works much or is a manager earns more, but for a few.
struct Person {
    explicit Person(int number) {
        const auto draw = [number](int what, std::uint64_t below) {
            return static_cast<int>(data::draw(5, data::Stream::Shuffle, number, what) % below);
        };
        age = draw(0, 9) == 0 ? "?" : std::to_string(20 + draw(1, 50));
        job = draw(2, 3) == 0 ? "manager" : draw(2, 3) == 1 ? "clerk" : "cook";
        hours = 10 + draw(3, 60);
        income = (hours > 45 || job == "manager") != (draw(4, 20) == 0) ? ">50K" : "<=50K";
    }
    std::string age, job, income;
    int hours;
};

std::string people(int first, int count) {
    std::string rows = "age,job,hours,income\n";
    for (int i = first; i < first + count; ++i) {
        const Person p(i);
        rows += fmt::format("{},{},{},{}\n", p.age, p.job, p.hours, p.income);
    }
    return rows;
}

std::string peopleInAnotherOrder(int first, int count) {
    std::string rows = "income;id;hours;job;age\n";
    for (int i = first; i < first + count; ++i) {
        const Person p(i);
        rows += fmt::format("{};{};{};{};{}\n", p.income, i, p.hours, p.job, p.age);
    }
    return rows;
}

}  // namespace

/// One run on 400 people, exported once.
class TestVerify : public QObject {
    Q_OBJECT

    test::TemporaryFolder m_folder;
    std::optional<store::RunFolder> m_run;
    fs::path m_training, m_file;
    nlohmann::json m_exported;

    nlohmann::json verified(const std::string& bytes, bool withRun = false) {
        const fs::path data = m_folder.write("new.csv", bytes);
        return deploy::verifyFile(m_file, data, withRun ? m_run : std::nullopt);
    }
    std::optional<Code> refusal(const std::string& bytes) {
        try {
            verified(bytes);
        } catch (const Error& error) {
            return error.code();
        }
        return std::nullopt;
    }

private Q_SLOTS:
    void initTestCase() {
        tensor::installAllocator();
        m_training = m_folder.write("train.csv", people(0, 400));
        config::RunConfig config;
        config.data.path = m_training.string();
        config.model.arch = "mlp";
        config.train.epochs = 20;
        config.train.batchSize = 32;
        config.train.optimizer.lr = 0.01;
        config.loader.threads = 0;
        m_run.emplace(m_folder.path() / "runs/20260101-0000-abcd");
        m_folder.write("runs/20260101-0000-abcd/config.json", config::toJson(config));
        const data::Dataset dataset = data::load(data::preparationOf(config));
        train::Host host;
        train::TrainerOptions options;
        options.checkpoints = m_run->checkpoints();
        train::Trainer(config, dataset, options, host).run();
        m_exported = deploy::exportRun(*m_run);
        m_file = m_run->exports() / "model.onnx";
    }

    void theExportSaysWhichSamplesItProved() {
        QVERIFY(m_exported["verified"].get<bool>());
        QCOMPARE(m_exported["part"].get<std::string>(), std::string("validation"));
        QCOMPARE(m_exported["samples"].get<int>(), 80);
    }
    void theDataOfTheRunGiveTheFiguresOfTheExport() {
        const nlohmann::json report = deploy::verifyFile(m_file, m_training, m_run);
        QCOMPARE(report["part"].get<std::string>(), std::string("validation"));
        QCOMPARE(report["samples"], m_exported["samples"]);
        QCOMPARE(report["f32"]["accuracy"], m_exported["f32"]["accuracy"]);
        QCOMPARE(report["source"], m_exported["source"]);
        QCOMPARE(report["largest_difference"], m_exported["largest_difference"]);
    }
    void aCopyOfTheDataElsewhereCountsAsTheRunsOwn() {
        QCOMPARE(verified(people(0, 400))["part"].get<std::string>(), std::string("validation"));
    }
    void newDataAreProvenWhole() {
        const nlohmann::json report = verified(people(1000, 300), true);
        QCOMPARE(report["part"].get<std::string>(), std::string("all"));
        QCOMPARE(report["samples"].get<int>(), 300);
        QVERIFY(report["verified"].get<bool>());
        const double accuracy = report["f32"]["accuracy"].get<double>();
        QVERIFY2(accuracy > 0.85, qPrintable(QString::number(accuracy)));
        QVERIFY(std::abs(accuracy - report["source"]["accuracy"].get<double>()) < 0.01);
    }
    void theOrderOfColumnsAndOtherColumnsChangeNothing() {
        const nlohmann::json one = verified(people(1000, 300)), other = verified(peopleInAnotherOrder(1000, 300));
        QCOMPARE(one["f32"]["accuracy"], other["f32"]["accuracy"]);
        QVERIFY(!one.contains("verified"));
    }
    void aSingleRowIsEnough() {
        const nlohmann::json report = verified("age,job,hours,income\n30,baker,60,>50K\n");
        QCOMPARE(report["samples"].get<int>(), 1);
    }
    void dataThatDoNotSuitAreRefused() {
        QVERIFY(refusal("age,job,income\n30,cook,>50K\n") == Code::Dat03);
        QVERIFY(refusal("age,job,hours,income\n30,cook,many,>50K\n") == Code::Csv08);
        QVERIFY(refusal("age,job,hours,income\n30,cook,50,rich\n") == Code::Dat01);
        QVERIFY(refusal("It was a bright cold day in April.\nThe clocks were striking.\n").has_value());
    }
    void aRunOfOtherSamplesIsRefused() {
        const test::TemporaryFolder other;
        config::RunConfig config;
        config.data.path = other.write("train.csv", "a,b,y\n1,2,no\n2,1,yes\n3,2,no\n4,1,yes\n5,2,no\n6,1,yes\n7,2,no\n8,1,yes\n9,2,no\n10,1,yes\n").string();
        config.model.arch = "mlp";
        config.train.batchSize = 4;
        config.loader.threads = 0;
        const store::RunFolder run(other.path() / "runs/20260101-0000-dcba");
        other.write("runs/20260101-0000-dcba/config.json", config::toJson(config));
        const data::Dataset dataset = data::load(data::preparationOf(config));
        train::Host host;
        train::TrainerOptions options;
        options.checkpoints = run.checkpoints();
        train::Trainer(config, dataset, options, host).run();
        try {
            deploy::verifyFile(m_file, m_training, run);
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::Dat05);
        }
    }
};

HEADROOM_TEST(TestVerify)
#include "tst_verify.moc"
