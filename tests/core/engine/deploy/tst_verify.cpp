// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <fstream>

#include "base/errors/error.h"
#include "base/store/proofs.h"
#include "core/engine/deploy/people.h"
#include "engine/deploy/exporter.h"
#include "engine/tensor/memory.h"
#include "support/registry.h"
#include "support/temporary_folder.h"

using namespace headroom;
using namespace headroom::test;
namespace fs = std::filesystem;

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
        config::RunConfig config = configOn(m_training);
        config.train.epochs = 20;
        config.train.optimizer.lr = 0.01;
        m_run.emplace(finished(m_folder, config, "20260101-0000-abcd"));
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
    void theReportLiesBesideTheFileAndInTheStore() {
        const nlohmann::json report = deploy::verifyFile(m_file, m_training, m_run);
        const fs::path beside = m_run->exports() / "model.report.json";
        QCOMPARE(report["report_file"].get<std::string>(), beside.string());
        std::ifstream in(beside);
        QCOMPARE(nlohmann::json::parse(in), report);
        const nlohmann::json kept = store::readProofs(*m_run);
        QCOMPARE(kept.front(), report);
        QCOMPARE(kept.back()["sha256"], report["sha256"]);  // of the export, the same file
        QVERIFY(kept.back().contains("folder"));
    }
    void aFileOfOtherWeightsIsNotVerified() {
        config::RunConfig config = configOn(m_training);
        config.train.epochs = 1;
        config.train.seed = 9;
        const store::RunFolder other = finished(m_folder, config, "20260101-0000-beef");
        const nlohmann::json report = deploy::verifyFile(m_file, m_training, other);
        QVERIFY(!report["verified"].get<bool>());
        QVERIFY(report["relative_difference"] > 1e-2 && report["flipped"] > 0);
        QCOMPARE(store::readProofs(other).front()["verified"], nlohmann::json(false));
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
        config::RunConfig config = configOn(other.write("train.csv", "a,b,y\n1,2,no\n2,1,yes\n3,2,no\n4,1,yes\n5,2,no\n6,1,yes\n7,2,no\n8,1,yes\n9,2,no\n10,1,yes\n"));
        config.train.batchSize = 4;
        const store::RunFolder run = finished(other, config, "20260101-0000-dcba");
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
