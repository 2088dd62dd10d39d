// SPDX-License-Identifier: Apache-2.0
#include "base/json/number.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "support/registry.h"

using nlohmann::json;
using headroom::json::number;
using headroom::json::numberFrom;

class NumberTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void numbersThatJsonLacksAreTexts() {
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        QCOMPARE(number<json>(-0.5).dump(), std::string("-0.5"));
        QCOMPARE(number<json>(kInfinity).dump(), std::string("\"inf\""));
        QCOMPARE(number<json>(-kInfinity).dump(), std::string("\"-inf\""));
        QCOMPARE(number<json>(std::nan("")).dump(), std::string("\"nan\""));
    }
    void whatWasWrittenIsReadAgain() {
        for (const double value : {0.0, -0.5, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()})
            QCOMPARE(numberFrom(number<json>(value)), value);
        for (const json& other : {json("nan"), json(), json("many"), json::array()}) QVERIFY(std::isnan(numberFrom(other)));
    }
};

HEADROOM_TEST(NumberTest)
#include "tst_number.moc"
