// SPDX-License-Identifier: Apache-2.0
#include "conformance/made_cases.h"

#include <QProcess>

#include <algorithm>

namespace headroom::test {

MadeCases::MadeCases(const QString& script, const QStringList& more) {
    QProcess python;
    python.start(qEnvironmentVariable("HEADROOM_PYTHON"), QStringList{script, QString::fromStdString(m_folder.path().string())} + more);
    if (!python.waitForFinished(240000) || python.exitCode() != 0) m_problem = python.readAllStandardError().toStdString() + python.errorString().toStdString();
    for (const auto& entry : std::filesystem::directory_iterator(m_folder.path())) m_cases.push_back(entry.path());
    std::ranges::sort(m_cases);
}

}  // namespace headroom::test
