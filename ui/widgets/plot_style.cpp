// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/plot_style.h"

#include "ui/widgets/plot.h"

#include <QApplication>
#include <QClipboard>
#include <QMimeData>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

class PlainTicker : public QCPAxisTicker {
protected:
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        const double size = std::fabs(tick);
        if (size != 0 && (size < 1e-3 || size >= 1e6)) return QString::number(tick, 'g', 2);
        return size >= 1000 ? format::grouped(std::llround(tick)) : QString::number(tick, 'g', 4);
    }
};

class DurationTicker : public QCPAxisTicker {
    static constexpr double kMinutesFrom = 600;  ///< below, what is no whole minute is told in seconds

protected:
    double getTickStep(const QCPRange& range) override {
        static constexpr double kSteps[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400};
        for (const double step : kSteps)
            if (range.size() / step <= tickCount()) return step;
        return QCPAxisTicker::getTickStep(range);
    }
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        if (tick < 0) return QChar(0x2212) + getTickLabel(-tick, {}, {}, 0);
        if (std::fabs(tick) >= 3600) return QString::number(tick / 3600, 'g', 3) + QStringLiteral(" h");
        const bool wholeMinutes = std::fmod(tick, 60) == 0;
        if (tick >= kMinutesFrom || (tick >= 60 && wholeMinutes)) return QString::number(tick / 60, 'g', 3) + QStringLiteral(" min");
        return QString::number(tick, 'g', 3) + QStringLiteral(" s");
    }
};

class BytesTicker : public QCPAxisTicker {
protected:
    double getTickStep(const QCPRange& range) override {
        double step = 1;
        while (range.size() / step > 5) step *= 2;
        return step;
    }
    QString getTickLabel(double tick, const QLocale&, QChar, int) override {
        if (tick == 0) return QStringLiteral("0");
        const double gib = tick / static_cast<double>(kGiB), mib = tick / static_cast<double>(kMiB);
        return gib >= 1 ? QStringLiteral("%1 GiB").arg(gib, 0, 'g', 3) : QStringLiteral("%1 MiB").arg(mib, 0, 'g', 3);
    }
};

}  // namespace

void stylePlot(QCustomPlot& plot) {
    const Tokens& t = theme::tokens();
    plot.setBackground(QBrush(t.panel));
    const QColor grid = blended(t.line, t.panel, 0.85);
    for (QCPAxis* axis : {plot.xAxis, plot.yAxis}) {
        axis->setBasePen(axis == plot.xAxis ? QPen(grid, 1) : QPen(Qt::NoPen));
        axis->setTickPen(Qt::NoPen);
        axis->setSubTickPen(Qt::NoPen);
        axis->setTickLabelColor(t.muted);
        axis->setTickLabelFont(theme::textFont(0.8));
        axis->setLabelColor(t.muted);
        axis->setLabelFont(theme::textFont(0.8));
        axis->grid()->setPen(QPen(grid, 1));
        axis->grid()->setZeroLinePen(Qt::NoPen);
        axis->grid()->setAntialiased(false);
    }
    plot.xAxis->grid()->setVisible(false);
    plot.axisRect()->setAutoMargins(QCP::msLeft | QCP::msBottom);
    plot.axisRect()->setMinimumMargins(QMargins(34, 6, 6, 18));
    plot.axisRect()->setMargins(QMargins(34, 6, 6, 18));
}

void fitTicks(QCustomPlot& plot) {
    constexpr int kAcross = 62, kDown = 24;  // px that a label takes, with air
    plot.xAxis->ticker()->setTickCount(std::clamp(plot.axisRect()->width() / kAcross, 2, 6));
    plot.yAxis->ticker()->setTickCount(std::clamp(plot.axisRect()->height() / kDown, 2, 5));
}

void markFocus(QWidget& card, bool has) {
    card.setStyleSheet(has ? QStringLiteral("QFrame#card { border-color: %1; }").arg(theme::tokens().accent.name()) : QString());
}

void copyPlot(QCustomPlot& plot, const QString& values) {
    auto* copied = new QMimeData;
    copied->setImageData(plot.toPixmap(plot.width(), plot.height(), 2.0).toImage());
    copied->setText(values);
    QApplication::clipboard()->setMimeData(copied);
}

QSharedPointer<QCPAxisTicker> plainTicker() { return QSharedPointer<PlainTicker>::create(); }
QSharedPointer<QCPAxisTicker> durationTicker() { return QSharedPointer<DurationTicker>::create(); }
QSharedPointer<QCPAxisTicker> bytesTicker() { return QSharedPointer<BytesTicker>::create(); }

QSharedPointer<QCPAxisTicker> clockTicker() {
    auto ticker = QSharedPointer<QCPAxisTickerDateTime>::create();
    ticker->setDateTimeFormat(QStringLiteral("HH:mm"));
    return ticker;
}

}  // namespace headroom::ui
