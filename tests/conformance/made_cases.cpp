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

QString MadeCases::differences(const Tolerance& tolerance) const {
    QStringList wrong;
    for (const std::filesystem::path& each : m_cases)
        if (const Outcome outcome = runNodeCase(each, tolerance); outcome.kind != Outcome::Kind::Passed)
            wrong << QString::fromStdString(each.filename().string() + ": " + outcome.reason);
    return wrong.join("\n");
}

QString MadeCases::differencesWrittenAgain(int opset, const Tolerance& tolerance) const {
    const TemporaryFolder folder;
    QStringList wrong;
    for (const std::filesystem::path& each : m_cases)
        if (const std::string differs = differenceWrittenAgain(each, folder.path() / "model.onnx", opset, tolerance); !differs.empty())
            wrong << QString::fromStdString(each.filename().string() + ": " + differs);
    return wrong.join("\n");
}

}  // namespace headroom::test
