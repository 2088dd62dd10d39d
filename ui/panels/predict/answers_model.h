// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAbstractListModel>
#include <QHash>
#include <QImage>

#include <optional>
#include <vector>

#include "ui/bridge/prediction.h"
#include "ui/bridge/problem.h"

namespace headroom::ui {

/// Something that is asked about, and what was answered.
struct AnswerRow {
    QString name;                     ///< of a file, a row, a text
    QString path;                     ///< of a picture
    QImage picture;                   ///< null until it was looked at
    std::optional<Problem> problem;   ///< why it cannot be asked about
    std::optional<Prediction> prediction;
};

/// Inputs in the order they came, each with its answer. Pictures are added, looked at, then answered; rows and texts come
/// with their answers.
class AnswersModel : public QAbstractListModel {
    Q_OBJECT
public:
    using QAbstractListModel::QAbstractListModel;
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(m_rows.size()); }
    /// Name and answers as words; they are painted by AnswerDelegate.
    QVariant data(const QModelIndex& index, int role) const override;
    const AnswerRow& row(int row) const { return m_rows[static_cast<std::size_t>(row)]; }

    /// One that is there already stays as it is.
    void addPictures(const QStringList& paths);
    void setPicture(const QString& path, const QImage& picture);
    void setProblem(const QString& path, const Problem& problem);
    /// Pictures that nobody looked at yet; those that can be asked about and were not: the first so many.
    QStringList unseen(qsizetype most) const;
    QStringList unanswered(qsizetype most) const;
    void setAnswers(const QStringList& paths, const QVector<Prediction>& answers);
    void forgetAnswers();
    /// These in place of all.
    void replace(const QVector<Prediction>& answers);
    void clear();

    bool hasPictures() const { return !m_rows.empty() && !m_rows.front().path.isEmpty(); }
    int answeredCount() const;

private:
    /// Null where there is no such picture.
    AnswerRow* find(const QString& path);
    void tell(const AnswerRow& row);
    void tellAnswers();

    std::vector<AnswerRow> m_rows;
    QHash<QString, int> m_places;  ///< of pictures, by path
};

/// Tokens of blanks as signs that can be seen.
QString labelText(const QString& label);
/// "7 98.2 %", or a value.
QString answerText(const Answer& answer);
/// Whether both sides say the same class; values never differ in this sense.
bool sameAnswer(const Prediction& prediction);

}  // namespace headroom::ui
