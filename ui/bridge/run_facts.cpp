// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/run_facts.h"

#include <QJsonDocument>

#include <nlohmann/json.hpp>

#include "base/store/run_reader.h"

namespace headroom::ui {

void RunFacts::ask(const QString& run) {
    QMetaObject::invokeMethod(this, [this, run] { Q_EMIT read(run, factsOf(run)); }, Qt::QueuedConnection);
}

QJsonObject RunFacts::factsOf(const QString& run) const {
    try {
        const store::RunReader reader{store::RunFolder(m_runsFolder / run.toStdString())};
        const std::string text = reader.facts().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        return QJsonDocument::fromJson(QByteArray::fromStdString(text)).object();
    } catch (const Error&) {  // a run in the trash, or a damaged one: the list of runs says so
        return {};
    }
}

}  // namespace headroom::ui
