// SPDX-License-Identifier: Apache-2.0
#include "base/store/proofs.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "core/base/store/fixtures.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::store;
using test::codeOf;

class ProofsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void reportsComeBackNewestFirst() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        QVERIFY(readProofs(run).empty());
        recordProof(run, {{"verified", true}, {"file", "a"}});
        recordProof(run, {{"verified", false}, {"file", "b"}});
        const nlohmann::json proofs = readProofs(run);
        QCOMPARE(proofs.size(), std::size_t(2));
        QCOMPARE(proofs[0]["file"].get<std::string>(), std::string("b"));
        QCOMPARE(proofs[1]["verified"].get<bool>(), true);
    }
    void theNewestReportsStayAndCanAlwaysBeRead() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        const std::string figures(5 * 1024, 'x');
        nlohmann::json full;
        for (int number = 99; number >= 0; --number) full["proofs"].push_back({{"number", number}, {"figures", figures}});
        std::ofstream(run.proofs()) << full;
        for (int number = 100; number < 105; ++number) recordProof(run, {{"number", number}, {"figures", figures}});
        const nlohmann::json proofs = readProofs(run);
        QCOMPARE(proofs.size(), kKeptProofs);
        QCOMPARE(proofs.front()["number"].get<int>(), 104);
        QCOMPARE(proofs.back()["number"].get<int>(), 5);
    }
    void noReportIsLostWhereSeveralAreRecordedAtOnce() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        {
            std::vector<std::jthread> threads;
            for (int thread = 0; thread < 4; ++thread)
                threads.emplace_back([&run] {
                    for (int number = 0; number < 10; ++number) recordProof(run, {{"number", number}});
                });
        }
        QCOMPARE(readProofs(run).size(), std::size_t(40));
    }
    void aBrokenListIsRefusedAndStays() {
        const test::Stage stage;
        const auto run = stage.makeRun();
        std::ofstream(run.proofs()) << "{\"proofs\": ";
        QCOMPARE(codeOf([&] { readProofs(run); }), Code::Cfg03);
        QCOMPARE(codeOf([&] { recordProof(run, {}); }), Code::Cfg03);
    }
};

HEADROOM_TEST(ProofsTest)
#include "tst_proofs.moc"
