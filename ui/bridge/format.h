// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

#include "base/units/units.h"

/// Figures as the studio shows them: the same digits for the same quantity everywhere, thin spaces in thousands, units.
namespace headroom::ui::format {

QString grouped(qint64 number);
/// "1 run", "14 runs".
QString count(qint64 number, const QString& one, const QString& many);
/// Four significant digits, without an exponent where it reads well: "0.2164", "1 234", "2.0e-5".
QString value(double number);
/// Loss and accuracy in lists and at the ends of curves: three digits after the point, two significant ones below 0.01.
QString metric(double number);
QString learningRate(double rate);
QString percent(double share, int digits = 0);
QString bytes(Bytes size);
/// "6.6 of 8.0 GiB": the unit of the second.
QString bytesOf(Bytes part, Bytes whole);
/// Three significant digits and what stands for thousands: "4.61 k", "1.81 G", "120 ".
QString compact(double number);
/// "11.2 ms", "340 µs", "1.8 s".
QString shortTime(double seconds);
/// "48 s", "11 min", "2 h 05 min".
QString duration(double seconds);
/// "≈ 4–5 min left".
QString eta(double seconds);
QString rate(double perSecond);
/// "bf16", "2 min ago", "14:05", "3 Nov".
QString ago(double wallTime);
/// "Validation accuracy" for "val_accuracy"; the name itself where it is not one of ours.
QString seriesTitle(const QString& name);

}  // namespace headroom::ui::format
