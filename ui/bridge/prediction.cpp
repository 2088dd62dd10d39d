// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/prediction.h"

#include <QJsonArray>
#include <QVariant>

#include "base/store/run_folder.h"

namespace headroom::ui {
namespace {

namespace fs = std::filesystem;

/// What is not finite comes as text: "nan", "inf", "-inf".
double numberOf(const QJsonValue& value) { return value.toVariant().toDouble(); }

Answer answerOf(const QJsonObject& side) {
    Answer answer;
    for (const QJsonValue each : side.value(QLatin1String("top")).toArray()) {
        const QJsonObject entry = each.toObject();
        answer.top << Likely{entry.value(QLatin1String("label")).toString(), numberOf(entry.value(entry.contains(QLatin1String("share")) ? QLatin1String("share") : QLatin1String("probability")))};
    }
    answer.value = numberOf(side.value(QLatin1String("value")));
    return answer;
}

QString commonest(const QJsonObject& column) {
    const QJsonArray categories = column.value(QLatin1String("categories")).toArray(), counts = column.value(QLatin1String("counts")).toArray();
    qsizetype best = 0;
    for (qsizetype i = 1; i < std::min(categories.size(), counts.size()); ++i)
        if (counts[i].toInteger() > counts[best].toInteger()) best = i;
    return categories.isEmpty() ? QString() : categories[best].toString();
}

QString typicalValue(const QJsonObject& column) {
    if (column.value(QLatin1String("type")) == QLatin1String("category")) return commonest(column);
    const QJsonArray deciles = column.value(QLatin1String("deciles")).toArray();
    const double middle = deciles.isEmpty() ? numberOf(column.value(QLatin1String("mean"))) : numberOf(deciles[deciles.size() / 2]);
    return QString::number(middle, 'g', 6);
}

}  // namespace

Predictions predictionsOf(const QJsonObject& report) {
    Predictions found;
    found.beside = report.value(QLatin1String("by")) == QLatin1String("both");
    for (const QJsonValue each : report.value(QLatin1String("predictions")).toArray()) {
        const QJsonObject row = each.toObject();
        found.rows << Prediction{row.value(QLatin1String("input")).toString(), answerOf(row), std::nullopt};
        if (found.beside) found.rows.last().exported = answerOf(row.value(QLatin1String("exported")).toObject());
    }
    const QJsonObject latency = report.value(QLatin1String("latency")).toObject(), file = latency.value(QLatin1String("file")).toObject();
    found.runMs = latency.value(QLatin1String("run")).toObject().value(QLatin1String("p50_ms")).toDouble();
    found.fileMs = file.value(QLatin1String("p50_ms")).toDouble();
    found.runtime = file.value(QLatin1String("runtime")).toString();
    found.precision = file.value(QLatin1String("precision")).toString();
    found.largestDifference = numberOf(report.value(QLatin1String("largest_difference")));
    return found;
}

PredictableRun predictableOf(const QString& run, const QJsonObject& reference) {
    PredictableRun found;
    found.run = run;
    found.kind = reference.value(QLatin1String("kind")).toString();
    if (found.kind != QLatin1String("table")) return found;
    QStringList cells;
    for (const QJsonValue each : reference.value(QLatin1String("columns")).toArray()) {
        const QJsonObject column = each.toObject();
        const QString name = column.value(QLatin1String("name")).toString();
        found.columns << name;
        if (column.value(QLatin1String("type")) != QLatin1String("text")) cells << QStringLiteral("%1=%2").arg(name, typicalValue(column));
    }
    found.typicalRow = cells.join(QLatin1Char(','));
    return found;
}

void lookIntoFolder(PredictableRun& found, const fs::path& folder) {
    const store::RunFolder run(folder);
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(run.checkpoints(), ignored)) {
        const std::string name = entry.path().filename().string();
        if (name == "best.safetensors") found.best = true;
        if (name.starts_with("step-") && name.ends_with(".safetensors")) found.checkpoint = true;
    }
    for (const char* name : {"model.unverified.onnx", "model.onnx"})
        if (fs::exists(run.exports() / name, ignored)) found.exported = QLatin1String(name);
}

}  // namespace headroom::ui
