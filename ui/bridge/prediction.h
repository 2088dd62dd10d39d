// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QJsonObject>
#include <QString>
#include <QStringList>
#include <QVector>

#include <filesystem>
#include <optional>

namespace headroom::ui {

/// A class or token and how likely it is; of masks the share of the pixels.
struct Likely {
    QString label;
    double probability = 0;
};

/// What a run or an exported file makes of one input: the likeliest classes or tokens, first the likeliest, or a value.
struct Answer {
    QVector<Likely> top;
    double value = 0;  ///< where `top` is empty; may be no number
};

struct Prediction {
    QString input;  ///< as the worker names it: file, row or text
    Answer answer;
    std::optional<Answer> exported;  ///< the file's own
};

/// The worker's answer to one question, whole.
struct Predictions {
    QVector<Prediction> rows;
    bool beside = false;  ///< run and file; the rest is known then
    double runMs = 0, fileMs = 0;  ///< median of one sample
    QString runtime, precision;    ///< that the file ran in
    double largestDifference = 0;  ///< of a probability or value
};
Predictions predictionsOf(const QJsonObject& report);

/// What can be asked of a run, as its folder says.
struct PredictableRun {
    QString run;
    QString kind;             ///< of its data: "pictures", "table", "text"; empty where the run never read them
    bool checkpoint = false;  ///< of a step
    bool best = false;        ///< of the best evaluation
    QString exported;         ///< the ONNX file that it wrote last; empty where it wrote none
    QStringList columns;      ///< of a table, without its target
    QString typicalRow;       ///< "age=37,job=cook": medians and the commonest categories

    bool operator==(const PredictableRun&) const = default;
};

/// `reference`: the run's fact of that name, what its training data were. Pure.
PredictableRun predictableOf(const QString& run, const QJsonObject& reference);
/// Which checkpoints and exported files lie in the run's folder, into `found`.
void lookIntoFolder(PredictableRun& found, const std::filesystem::path& folder);

}  // namespace headroom::ui
