// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>
#include <QMap>

#include "ui/bridge/problem.h"
#include "ui/panels/context.h"

class QComboBox;
class QLabel;
class QPushButton;
class QStackedWidget;

namespace headroom::ui {

class Card;
class PlaceholderCard;

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
    void take(const QString& run, const QJsonObject& answer);
    void showProof();

    Context m_context;
    QStackedWidget* m_pages;
    PlaceholderCard* m_empty;
    QLabel *m_run, *m_runFacts, *m_formatHelp, *m_status;
    QComboBox* m_format;
    QPushButton *m_export, *m_show, *m_copy;
    QLabel *m_accuracy, *m_accuracyDetail, *m_difference, *m_differenceDetail, *m_latency, *m_latencyDetail, *m_size, *m_sizeDetail;
    QLabel *m_verdict, *m_file;
    Card* m_proof;
    QMap<qint64, QString> m_asked;         ///< question to run
    QMap<QString, QJsonObject> m_results;  ///< last answer by run
    QMap<QString, QString> m_failures;
};

}  // namespace headroom::ui
