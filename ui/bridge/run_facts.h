// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>
#include <QObject>
#include <QString>

#include <filesystem>

namespace headroom::ui {

/// Reads what ended runs wrote about themselves (facts: memory, data, environment ...), in the thread that it lives in.
class RunFacts : public QObject {
    Q_OBJECT
public:
    explicit RunFacts(std::filesystem::path runs) : m_runsFolder(std::move(runs)) {}
    /// From any thread; returns at once. A run that cannot be read has no facts.
    void ask(const QString& run);

Q_SIGNALS:
    void read(const QString& run, const QJsonObject& facts);

private:
    QJsonObject factsOf(const QString& run) const;

    std::filesystem::path m_runsFolder;
};

}  // namespace headroom::ui
