// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/kinds.h"

#include <QCoreApplication>
#include <QPainter>

#include "ui/theme/theme.h"

namespace headroom::ui {

QString kindName(plan::Kind kind) {
    switch (kind) {
        case plan::Kind::Weights: return QCoreApplication::translate("Kinds", "weights");
        case plan::Kind::Gradients: return QCoreApplication::translate("Kinds", "gradients");
        case plan::Kind::Optimizer: return QCoreApplication::translate("Kinds", "optimizer");
        case plan::Kind::Activations: return QCoreApplication::translate("Kinds", "activations");
        case plan::Kind::Workspace: return QCoreApplication::translate("Kinds", "workspace");
        case plan::Kind::Batches: return QCoreApplication::translate("Kinds", "batches");
        case plan::Kind::Ema: return QCoreApplication::translate("Kinds", "average");
        case plan::Kind::Other: return QCoreApplication::translate("Kinds", "other");
    }
    return {};
}

QColor kindColour(plan::Kind kind) {
    const Tokens& t = theme::tokens();
    switch (kind) {
        case plan::Kind::Weights: return t.series[0];
        case plan::Kind::Gradients: return t.series[4];
        case plan::Kind::Optimizer: return t.series[5];
        case plan::Kind::Activations: return t.series[1];
        case plan::Kind::Workspace: return t.series[3];
        case plan::Kind::Batches: return t.series[2];
        case plan::Kind::Ema: return blended(t.series[5], t.panel, 0.5);
        case plan::Kind::Other: return t.faint;
    }
    return t.faint;
}

QString featuresName() { return QCoreApplication::translate("Kinds", "features"); }
QColor featuresColour() { return blended(theme::tokens().series[1], theme::tokens().panel, 0.5); }
QString processName() { return QCoreApplication::translate("Kinds", "process"); }
QColor processColour() { return theme::tokens().muted; }

QIcon swatch(const QColor& colour) {
    constexpr int kSide = 9;
    QPixmap square(kSide, kSide);
    square.fill(Qt::transparent);
    QPainter painter(&square);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawRoundedRect(QRectF(0, 0, kSide, kSide), 2, 2);
    painter.end();
    QIcon icon;
    for (const QIcon::Mode mode : {QIcon::Normal, QIcon::Selected}) icon.addPixmap(square, mode);
    return icon;
}

QColor inkOn(const QColor& colour) { return colour.lightnessF() > 0.47 ? QColor(0x10151c) : QColor(0xffffff); }

}  // namespace headroom::ui
