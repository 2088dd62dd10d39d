// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/system/system_panel.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QSysInfo>
#include <QThread>
#include <QVBoxLayout>

#include "ui/bridge/bridge.h"
#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"

namespace headroom::ui {
namespace {

constexpr int kGap = 8, kNameWidth = 180;

template <class T, class Show>
void figureRow(const telemetry::Figure<T>& figure, Show show, QString& value, QString& why) {
    value = figure ? show(*figure.value) : SystemPanel::tr("not readable");
    why = figure ? QString() : QString::fromStdString(figure.reason);
}

}  // namespace

SystemPanel::SystemPanel(const Context& context, QWidget* parent)
    : Panel(parent), m_context(context), m_processor(new Card(tr("Processor and memory"))), m_gpu(new Card(tr("Graphics processors"))), m_places(new Card(tr("This installation"))) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(kGap);
    auto* copy = new QPushButton(tr("Copy report"));
    connect(copy, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(report()); });
    m_places->head()->addWidget(copy);
    for (Card* card : {m_processor, m_gpu, m_places}) card->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum), layout->addWidget(card);
    layout->addStretch();
    addRow(m_processor, tr("Threads"), QString::number(QThread::idealThreadCount()));
    addRow(m_processor, tr("Utilisation"), {});
    addRow(m_processor, tr("Memory"), {});
    addRow(m_processor, tr("Energy"), {});
    addRow(m_places, tr("Version"), QStringLiteral(HEADROOM_VERSION));
    addRow(m_places, tr("System"), QSysInfo::prettyProductName() + QStringLiteral(", ") + QSysInfo::kernelVersion());
    addRow(m_places, tr("Home"), QString::fromStdString(context.bridge.home().string()));
    addRow(m_places, tr("Project"), QString::fromStdString(context.bridge.project().string()));
    addRow(m_gpu, tr("Devices"), tr("reading…"));
    connect(&context.bridge.hardware(), &Hardware::read, this, &SystemPanel::setReading);
}

void SystemPanel::addRow(Card* card, const QString& name, const QString& value, const QString& why) {
    auto* line = new QHBoxLayout;
    QLabel* title = toned(name, "muted");
    title->setFixedWidth(kNameWidth);
    Row row{figure(value), toned(why, "muted")};
    row.value->setTextInteractionFlags(Qt::TextSelectableByMouse);
    row.value->setAccessibleName(name);
    row.why->setWordWrap(true);
    line->addWidget(title, 0, Qt::AlignTop);
    line->addWidget(row.value, 0, Qt::AlignTop);
    row.why->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    line->addWidget(row.why, 1, Qt::AlignTop);
    card->body()->addLayout(line);
    m_rows[name] = row;
}

void SystemPanel::setRow(const QString& name, const QString& value, const QString& why) {
    if (!m_rows.contains(name)) return;
    m_rows[name].value->setText(value);
    m_rows[name].why->setText(why);
}

void SystemPanel::setReading(const telemetry::Reading& reading) {
    QString value, why;
    figureRow(reading.cpu, [](double share) { return format::percent(share); }, value, why);
    setRow(tr("Utilisation"), value, why);
    const bool memory = reading.memoryTotal && reading.memoryAvailable;
    setRow(tr("Memory"), memory ? tr("%1 in use").arg(format::bytesOf(*reading.memoryTotal.value - *reading.memoryAvailable.value, *reading.memoryTotal.value)) : tr("not readable"),
           QString::fromStdString(reading.memoryTotal.reason));
    figureRow(reading.cpuJoules, [](double joules) { return tr("%1 kJ since the window opened").arg(joules / 1000, 0, 'f', 1); }, value, why);
    setRow(tr("Energy"), value, why);
    showGpus(reading);
}

void SystemPanel::showGpus(const telemetry::Reading& reading) {
    if (reading.gpus.empty()) return setRow(tr("Devices"), tr("none"), tr("%1 Training on the processor works.").arg(QString::fromStdString(reading.gpuReason)));
    setRow(tr("Devices"), QString::number(reading.gpus.size()));
    for (const telemetry::GpuReading& gpu : reading.gpus) {
        const QString name = QStringLiteral("cuda:%1").arg(gpu.index);
        if (!m_rows.contains(name)) addRow(m_gpu, name, {});
        QStringList facts{QString::fromStdString(gpu.name)};
        if (gpu.memoryTotal && gpu.memoryUsed) facts << format::bytesOf(*gpu.memoryUsed.value, *gpu.memoryTotal.value);
        if (gpu.utilisation) facts << format::percent(*gpu.utilisation.value);
        if (gpu.power) facts << tr("%1 W").arg(*gpu.power.value, 0, 'f', 0);
        if (gpu.temperature) facts << tr("%1 °C").arg(*gpu.temperature.value, 0, 'f', 0);
        setRow(name, facts.join(QStringLiteral(" · ")));
    }
}

QString SystemPanel::report() const {
    QStringList lines;
    for (auto row = m_rows.begin(); row != m_rows.end(); ++row)
        lines << QStringList{row.key(), row->value->text(), row->why->text()}.join(QStringLiteral(": "));
    return lines.join('\n') + '\n';
}

}  // namespace headroom::ui
