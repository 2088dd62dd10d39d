// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/format.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

#include <cmath>

namespace headroom::ui::format {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("format", text); }
const QChar kThin(0x202f), kNoBreak(0x00a0);  // both keep a line together

/// "2.0e-5": without the zeros that fill exponents.
QString scientific(double number) { return QString::number(number, 'e', 1).replace("e-0", "e-").replace("e+00", "").replace("e+0", "e+"); }

}  // namespace

QString grouped(qint64 number) {
    QString digits = QString::number(number < 0 ? -number : number);
    for (qsizetype at = digits.size() - 3; at > 0; at -= 3) digits.insert(at, kThin);
    return number < 0 ? QChar(0x2212) + digits : digits;
}

QString count(qint64 number, const QString& one, const QString& many) { return grouped(number) + QChar(0x00a0) + (number == 1 ? one : many); }

QString value(double number) {
    if (std::isnan(number)) return QStringLiteral("NaN");
    if (std::isinf(number)) return number > 0 ? QStringLiteral("∞") : QStringLiteral("−∞");
    const double size = std::fabs(number);
    if (size != 0 && (size < 1e-3 || size >= 1e7)) return scientific(number);
    if (size >= 1000) return grouped(std::llround(number));
    return QString::number(number, 'g', 4);
}

QString metric(double number) {
    if (!std::isfinite(number) || std::fabs(number) >= 100) return value(number);
    const double size = std::fabs(number);
    if (size != 0 && size < 1e-4) return scientific(number);
    return size != 0 && size < 1e-2 ? QString::number(number, 'g', 2) : QString::number(number, 'f', 3);
}

QString learningRate(double rate) { return rate == 0 ? QStringLiteral("0") : scientific(rate); }

QString percent(double share, int digits) { return QString::number(share * 100, 'f', digits) + QStringLiteral(" %"); }

QString bytes(Bytes size) { return QString::fromStdString(readableBytes(size)); }

QString bytesOf(Bytes part, Bytes whole) {
    const bool large = whole >= kGiB;
    const double unit = large ? kGiB : kMiB;
    return tr("%1 of %2 %3")
        .arg(static_cast<double>(part) / unit, 0, 'f', large ? 1 : 0)
        .arg(static_cast<double>(whole) / unit, 0, 'f', large ? 1 : 0)
        .arg(large ? QStringLiteral("GiB") : QStringLiteral("MiB"));
}

QString compact(double number) {
    static constexpr const char* kSteps[] = {"", "k", "M", "G", "T", "P"};
    std::size_t step = 0;
    while (std::fabs(number) >= 999.5 && step + 1 < std::size(kSteps)) number /= 1000, ++step;
    const double size = std::fabs(number);
    const int digits = step == 0 && number == std::round(number) ? 0 : size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    return QString::number(number, 'f', digits) + kNoBreak + QLatin1String(kSteps[step]);
}

QString shortTime(double seconds) {
    if (seconds >= 0.9995) return seconds < 100 ? tr("%1 s").arg(seconds, 0, 'f', seconds < 10 ? 2 : 1) : duration(seconds);
    const double ms = seconds * 1e3;
    if (ms >= 0.9995) return tr("%1 ms").arg(ms, 0, 'f', ms < 10 ? 2 : ms < 100 ? 1 : 0);
    return tr("%1 µs").arg(seconds * 1e6, 0, 'f', seconds < 1e-5 ? 1 : 0);
}

QString duration(double seconds) {
    const auto s = static_cast<qint64>(std::llround(seconds));
    if (s < 100) return tr("%1 s").arg(s);
    if (s < 3600) return tr("%1 min").arg((s + 30) / 60);
    return tr("%1 h %2 min").arg(s / 3600).arg(s % 3600 / 60, 2, 10, QLatin1Char('0'));
}

QString eta(double seconds) {
    const double low = seconds * 0.92, high = seconds * 1.08 + 1;
    if (high < 100) return tr("≈ %1–%2 s left").arg(std::lround(low)).arg(std::lround(high));
    if (high < 5400) return tr("≈ %1–%2 min left").arg(std::max(1.0, std::floor(low / 60))).arg(std::ceil(high / 60));
    return tr("≈ %1–%2 h left").arg(low / 3600, 0, 'f', 1).arg(high / 3600, 0, 'f', 1);
}

QString rate(double perSecond) { return tr("%1 samples/s").arg(value(perSecond < 100 ? perSecond : std::round(perSecond))); }

QString ago(double wallTime) {
    const QDateTime when = QDateTime::fromMSecsSinceEpoch(static_cast<qint64>(wallTime * 1000));
    const qint64 seconds = when.secsTo(QDateTime::currentDateTime());
    if (seconds < 60) return tr("just now");
    if (seconds < 3600) return tr("%1 min ago").arg(seconds / 60);
    if (when.date() == QDate::currentDate()) return when.toString(QStringLiteral("HH:mm"));
    return when.toString(QStringLiteral("d MMM"));
}

QString seriesTitle(const QString& name) {
    static const std::pair<const char*, const char*> kTitles[] = {
        {"train_loss", QT_TRANSLATE_NOOP("format", "Training loss")},
        {"val_loss", QT_TRANSLATE_NOOP("format", "Validation loss")},
        {"val_accuracy", QT_TRANSLATE_NOOP("format", "Validation accuracy")},
        {"val_miou", QT_TRANSLATE_NOOP("format", "Validation mean IoU")},
        {"val_r2", QT_TRANSLATE_NOOP("format", "Validation R²")},
        {"lr", QT_TRANSLATE_NOOP("format", "Learning rate")},
        {"samples_per_s", QT_TRANSLATE_NOOP("format", "Throughput")},
        {"grad_norm", QT_TRANSLATE_NOOP("format", "Gradient norm")},
        {"memory.process", QT_TRANSLATE_NOOP("format", "Process memory")},
        {"memory.tensors", QT_TRANSLATE_NOOP("format", "Tensor memory")},
        {"energy", QT_TRANSLATE_NOOP("format", "Energy")}};
    for (const auto& [key, title] : kTitles)
        if (name == QLatin1String(key)) return tr(title);
    return name;
}

}  // namespace headroom::ui::format
