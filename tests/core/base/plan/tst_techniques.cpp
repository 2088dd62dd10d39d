// SPDX-License-Identifier: Apache-2.0
#include "base/plan/techniques.h"

#include <algorithm>
#include <set>

#include "base/config/document.h"
#include "base/config/fields.h"
#include "support/registry.h"

using namespace headroom;
using namespace headroom::plan;

namespace {

config::RunConfig complete() {
    config::RunConfig config;
    config.data.path = "digits";
    return config;
}

const Technique kFull{"full", "Full", "Whole numbers.", {{"train.precision", "fp32"}}};
const Technique kHalf{"half", "Half", "Half the bytes.", {{"train.precision", "bf16"}}};
const Technique kNoMomentum{"no_momentum", "None", "For SGD only.", {{"train.optimizer.momentum", "0"}}};
const Technique kSevens{"sevens", "Sevens", "Does not divide.", {{"train.micro_batch", "7"}}};

}  // namespace

class Techniques : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyTechniqueHasANameOfItsOwnAndASentence() {
        std::set<std::string_view> names;
        QVERIFY(!techniques().empty());
        for (const Technique& each : techniques()) {
            QVERIFY(names.insert(each.name).second);
            QVERIFY(!each.title.empty() && each.help.ends_with('.') && !each.settings.empty());
        }
    }

    void everyFieldThatMakesRoomHasItsTechnique() {
        for (const char* path : {"train.precision", "loader.prefetch", "train.optimizer.state", "train.weights", "memory.recompute",
                                 "memory.chunked_loss", "memory.offload", "memory.optimizer_in_backward"}) {
            const bool used = std::ranges::any_of(techniques(), [&](const Technique& each) {
                return std::ranges::any_of(each.settings, [&](const Setting& setting) { return setting.path == path; });
            });
            QVERIFY2(used == (config::find(path) != nullptr), path);
        }
    }

    void everyChoiceOfSuchAFieldHasItsTechnique() {
        for (const char* path : {"train.precision", "train.optimizer.state", "train.weights", "memory.recompute", "memory.offload"}) {
            const config::Field* field = config::find(path);
            if (!field) continue;
            for (const config::Choice& choice : field->choices) {
                const bool used = std::ranges::any_of(techniques(), [&](const Technique& each) {
                    return std::ranges::any_of(each.settings, [&](const Setting& setting) { return setting.path == path && setting.value == choice.name; });
                });
                const bool isDefault = config::text(field->defaultValue()) == choice.name;
                QVERIFY2(used != isDefault, std::string(choice.name).c_str());
            }
        }
    }

    void aTechniqueChangesItsFieldsAndNothingElse() {
        for (const Technique& each : techniques()) {
            const auto changed = with(complete(), {&each});
            if (!changed) continue;
            QVERIFY(each.isOn(*changed) && !each.isOn(complete()));
            for (const std::string_view path : config::differences(complete(), *changed))
                QVERIFY(std::ranges::any_of(each.settings, [&](const Setting& setting) { return setting.path == path; }));
        }
    }

    void techniquesThatDisagreeDoNotGoTogether() {
        QVERIFY(with(complete(), {&kHalf}));
        QVERIFY(!with(complete(), {&kFull, &kHalf}));
    }

    void aTechniqueWithoutEffectIsNotAllowed() {
        config::RunConfig config = complete();
        QVERIFY(!with(config, {&kNoMomentum}));
        config.train.optimizer.name = "sgd";
        QVERIFY(with(config, {&kNoMomentum}));
    }

    void whatBreaksARuleBetweenFieldsIsNotAllowed() {
        QVERIFY(!with(complete(), {&kSevens}));
        config::RunConfig config = complete();
        config.train.batchSize = 14;
        QVERIFY(with(config, {&kSevens}));
    }

    void aFaultThatWasThereBeforeIsNotTheTechniques() {
        const config::RunConfig empty;
        QVERIFY(!config::faults(empty).empty());
        QVERIFY(with(empty, {&kHalf}));
    }
};

HEADROOM_TEST(Techniques)
#include "tst_techniques.moc"
