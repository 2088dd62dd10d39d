// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <sstream>

#include "base/config/document.h"
#include "base/config/fields.h"
#include "support/registry.h"

using namespace headroom::config;

class ReferencePage : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theCommittedPageIsTheGeneratedOne();
    void everyFieldIsOnThePage();
};

void ReferencePage::theCommittedPageIsTheGeneratedOne() {
    std::ifstream file(HEADROOM_DOCS "/configuration.md", std::ios::binary);
    std::ostringstream committed;
    committed << file.rdbuf();
    QVERIFY2(committed.str() == referencePage(), "run: headroom config --reference > docs/configuration.md");
}

void ReferencePage::everyFieldIsOnThePage() {
    const std::string page = referencePage();
    for (const Field& field : fields())
        QVERIFY2(page.find("| `" + std::string(field.path) + "` |") != std::string::npos, field.path.data());
}

HEADROOM_TEST(ReferencePage)
#include "tst_reference_page.moc"
