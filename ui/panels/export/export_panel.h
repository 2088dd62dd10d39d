// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>
#include <QMap>
#include <QStringList>

#include "ui/bridge/problem.h"
#include "ui/panels/context.h"

class QComboBox;
class QLabel;
class QPushButton;

namespace headroom::ui {

class Card;
class FillablePage;

/// Writes a run's net as a file and proves it: the exported file is run in OpenVINO, in a program of its own, on the
/// validation samples, and its figures stand beside those of the run.
class ExportPanel : public Panel {
    Q_OBJECT
public:
    explicit ExportPanel(const Context& context, QWidget* parent = nullptr);

private:
    Card* formatCard();
    Card* proofCard();
    QWidget* figureBlock(const QString& title, QLabel*& value, QLabel*& detail);
    void follow();
    void begin();
    void showProof();

    Context m_context;
    FillablePage* m_page;
    QLabel *m_run, *m_runFacts, *m_formatHelp, *m_status;
    QComboBox* m_format;
    QPushButton *m_export, *m_show, *m_copy;
    QLabel *m_accuracy, *m_accuracyDetail, *m_difference, *m_differenceDetail, *m_latency, *m_latencyDetail, *m_size, *m_sizeDetail;
    QLabel *m_verdict, *m_file;
    Card* m_proof;
    void showQuality(const QJsonObject& report, const QJsonObject& proof);

    QStringList m_busy;
    QMap<QString, QJsonObject> m_reports;  ///< by run
    QMap<QString, QString> m_failures;
};

}  // namespace headroom::ui
