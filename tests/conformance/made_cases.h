// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <QStringList>

#include <filesystem>
#include <string>
#include <vector>

#include "conformance/node_case.h"
#include "support/temporary_folder.h"

namespace headroom::test {

/// Cases (node_case.h) that a script of HEADROOM_PYTHON makes in a folder of their own, which is its first argument.
class MadeCases {
public:
    explicit MadeCases(const QString& script, const QStringList& more = {});

    const std::string& problem() const { return m_problem; }  ///< empty: all were made
    const std::vector<std::filesystem::path>& folders() const { return m_cases; }

    /// What differs in the cases as they are read, a line each with the case's name.
    QString differences(const Tolerance& tolerance) const;
    /// The same of the cases written for another opset and read again.
    QString differencesWrittenAgain(int opset, const Tolerance& tolerance) const;

private:
    TemporaryFolder m_folder;
    std::vector<std::filesystem::path> m_cases;
    std::string m_problem;
};

}  // namespace headroom::test
