// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QStringList>

#include <vector>

#include "base/config/document.h"
#include "base/config/fields.h"

namespace headroom::ui {

/// The configuration that the next run starts from, as it is edited. Every change goes through here, so that form,
/// schedule preview, memory bar and verdict show the same. GUI thread.
class ConfigDraft : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    const config::RunConfig& config() const { return m_config; }
    /// Takes a whole document; every field may have changed.
    void replace(const config::RunConfig& config);
    QString text(const QString& path) const;
    /// Sets one field from text. Returns the sentence of what is wrong with it, empty where it was taken.
    QString set(const QString& path, const QString& text);
    /// Faults that keep it from being started: sentences.
    QStringList faults() const;

    QByteArray json() const;
    /// What differs from the defaults, a line "path=value" each: unlike a document it need not be complete.
    QString changes() const;
    /// Takes such lines; what is not understood (another version wrote it) is left as it is.
    void apply(const QString& changes);

Q_SIGNALS:
    /// Empty path: everything.
    void changed(const QString& path);

private:
    config::RunConfig m_config;
};

/// Words as a shell takes them, quoted where they need it.
QString commandLine(const QStringList& words);

/// micro x accumulation x devices = effective batch, as the fields stand.
struct BatchEquation {
    qint64 micro = 0, accumulation = 1, devices = 1, effective = 0;
    bool automatic = false;  ///< the worker chooses the micro-batch; the figures show its first attempt
    bool divides = true;
};
BatchEquation batchEquation(const config::RunConfig& config);

}  // namespace headroom::ui
