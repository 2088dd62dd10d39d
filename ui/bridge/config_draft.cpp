// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/config_draft.h"

namespace headroom::ui {
namespace {

QString quoted(const QString& word) {
    static const QString kPlain = QStringLiteral("-_./=:,+@%");
    const bool plain = !word.isEmpty() && std::all_of(word.begin(), word.end(), [](QChar c) {
        return (c.unicode() < 128 && c.isLetterOrNumber()) || kPlain.contains(c);
    });
    return plain ? word : QLatin1Char('\'') + QString(word).replace(QLatin1Char('\''), QStringLiteral("'\\''")) + QLatin1Char('\'');
}

}  // namespace

void ConfigDraft::replace(const config::RunConfig& config) {
    m_config = config;
    Q_EMIT changed({});
}

QString ConfigDraft::text(const QString& path) const {
    const config::Field* field = config::find(path.toStdString());
    return field ? QString::fromStdString(config::text(field->read(m_config))) : QString();
}

QString ConfigDraft::set(const QString& path, const QString& value) {
    if (text(path) == value) return {};
    try {
        config::set(m_config, path.toStdString(), value.toStdString());
    } catch (const Error& error) {
        return QString::fromStdString(error.failures().front().sentence());
    }
    Q_EMIT changed(path);
    return {};
}

QStringList ConfigDraft::faults() const {
    QStringList sentences;
    for (const Failure& fault : config::faults(m_config)) sentences << QString::fromStdString(fault.sentence());
    return sentences;
}

QByteArray ConfigDraft::json() const { return QByteArray::fromStdString(config::toJson(m_config)); }

QString ConfigDraft::changes() const {
    QStringList lines;
    for (const std::string_view each : config::differences(config::RunConfig{}, m_config)) {
        const QString path = QString::fromUtf8(each.data(), static_cast<qsizetype>(each.size()));
        lines << path + QLatin1Char('=') + text(path);
    }
    return lines.join(QLatin1Char('\n'));
}

void ConfigDraft::apply(const QString& changes) {
    for (const QString& line : changes.split(QLatin1Char('\n'), Qt::SkipEmptyParts)) set(line.section(QLatin1Char('='), 0, 0), line.section(QLatin1Char('='), 1));
}

QString commandLine(const QStringList& words) {
    QStringList all;
    for (const QString& word : words) all << quoted(word);
    return all.join(QLatin1Char(' '));
}

BatchEquation batchEquation(const config::RunConfig& config) {
    BatchEquation equation;
    equation.effective = config.train.batchSize;
    equation.automatic = config.train.microBatch == 0;
    equation.micro = equation.automatic ? equation.effective : config.train.microBatch;
    equation.divides = equation.micro > 0 && equation.effective % (equation.micro * equation.devices) == 0;
    equation.accumulation = equation.micro > 0 ? std::max<qint64>(1, equation.effective / (equation.micro * equation.devices)) : 1;
    return equation;
}

}  // namespace headroom::ui
