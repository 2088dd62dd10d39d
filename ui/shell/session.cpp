// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/session.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
#include <QStandardPaths>

#include <algorithm>

namespace headroom::ui {
namespace {
constexpr qint64 kLargest = 1 << 20;
constexpr int kVersion = 1;
constexpr int kWidestDock = 1 << 14;
}  // namespace

QString Session::defaultPath() { return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) + QStringLiteral("/headroom/studio.json"); }

Session Session::load(const QString& path) {
    Session session;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly) || file.size() > kLargest) return session;
    const QJsonObject o = QJsonDocument::fromJson(file.readAll()).object();
    if (o.value("version").toInt() != kVersion) return session;
    session.geometry = QByteArray::fromBase64(o.value("geometry").toString().toLatin1());
    session.layout = QByteArray::fromBase64(o.value("layout").toString().toLatin1());
    session.page = o.value("page").toString(session.page);
    session.run = o.value("run").toString();
    session.draft = o.value("draft").toString();
    session.project = o.value("project").toString();
    for (const QJsonValue recent : o.value("recent").toArray()) session.recent << recent.toString();
    const QString scheme = o.value("scheme").toString();
    session.scheme = scheme == "dark" ? SchemeChoice::Dark : scheme == "light" ? SchemeChoice::Light : SchemeChoice::System;
    session.axis = std::clamp(o.value("axis").toInt(), 0, 5);
    session.smoothing = std::clamp(o.value("smoothing").toDouble(session.smoothing), 0.0, 0.999);
    session.advanced = o.value("advanced").toBool();
    session.runsWidth = std::clamp(o.value("runs_width").toInt(), 0, kWidestDock);
    session.setupWidth = std::clamp(o.value("setup_width").toInt(), 0, kWidestDock);
    return session;
}

QByteArray Session::json() const {
    static const char* const kSchemes[] = {"system", "dark", "light"};
    return QJsonDocument(QJsonObject{{"version", kVersion},
                                     {"geometry", QString::fromLatin1(geometry.toBase64())},
                                     {"layout", QString::fromLatin1(layout.toBase64())},
                                     {"page", page},
                                     {"run", run},
                                     {"draft", draft},
                                     {"project", project},
                                     {"recent", QJsonArray::fromStringList(recent)},
                                     {"scheme", QLatin1String(kSchemes[static_cast<int>(scheme)])},
                                     {"axis", axis},
                                     {"smoothing", smoothing},
                                     {"advanced", advanced},
                                     {"runs_width", runsWidth},
                                     {"setup_width", setupWidth}})
        .toJson();
}

bool Session::save(const QString& path) const {
    QDir().mkpath(QFileInfo(path).path());
    QSaveFile file(path);
    return file.open(QIODevice::WriteOnly) && file.write(json()) >= 0 && file.commit();
}

}  // namespace headroom::ui
