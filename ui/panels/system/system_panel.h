// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QMap>

#include "base/telemetry/reading.h"
#include "ui/panels/context.h"

class QGridLayout;
class QLabel;
class QVBoxLayout;

namespace headroom::ui {

class Card;

/// What this machine offers and what cannot be read on it, with the reason; where the studio keeps its things.
class SystemPanel : public Panel {
    Q_OBJECT
public:
    explicit SystemPanel(const Context& context, QWidget* parent = nullptr);
    /// As text, for a report.
    QString report() const;

private:
    void addRow(Card* card, const QString& name, const QString& value, const QString& why = {});
    void setReading(const telemetry::Reading& reading);
    void setRow(const QString& name, const QString& value, const QString& why = {});
    void showGpus(const telemetry::Reading& reading);

    Context m_context;
    Card *m_processor, *m_gpu, *m_places;
    struct Row {
        QLabel *value, *why;
    };
    QMap<QString, Row> m_rows;
};

}  // namespace headroom::ui
