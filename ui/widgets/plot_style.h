// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QSharedPointer>

class QCPAxisTicker;
class QCustomPlot;
class QString;
class QWidget;

namespace headroom::ui {

/// The look that all plots share: no frame, horizontal grid only, muted tick labels, colours of the theme.
void stylePlot(QCustomPlot& plot);
/// As many ticks as have room for their words.
void fitTicks(QCustomPlot& plot);
/// Ticks as "12 s", "4 min", "2 h" for durations in seconds.
QSharedPointer<QCPAxisTicker> durationTicker();
/// Ticks as clock time for seconds since 1970.
QSharedPointer<QCPAxisTicker> clockTicker();
/// Ticks as KiB, MiB, GiB.
QSharedPointer<QCPAxisTicker> bytesTicker();
/// Ticks with thin spaces in thousands and few digits.
/// The line around a card that has the keyboard.
void markFocus(QWidget& card, bool has);
/// Picture and values onto the clipboard.
void copyPlot(QCustomPlot& plot, const QString& values);

QSharedPointer<QCPAxisTicker> plainTicker();

}  // namespace headroom::ui
