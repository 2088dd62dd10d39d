// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/predict/answers_model.h"

#include <algorithm>

#include "ui/bridge/format.h"

namespace headroom::ui {
namespace {

QString wordsOf(const AnswerRow& row) {
    if (row.problem) return AnswersModel::tr("%1: %2").arg(row.name, row.problem->text);
    if (!row.prediction) return AnswersModel::tr("%1: no answer yet").arg(row.name);
    const QString own = answerText(row.prediction->answer);
    if (!row.prediction->exported) return AnswersModel::tr("%1: %2").arg(row.name, own);
    return AnswersModel::tr("%1: run %2, exported file %3").arg(row.name, own, answerText(*row.prediction->exported));
}

template <typename Wanted>
QStringList pathsOf(const std::vector<AnswerRow>& rows, qsizetype most, Wanted wanted) {
    QStringList paths;
    for (const AnswerRow& row : rows)
        if (paths.size() < most && !row.path.isEmpty() && !row.problem && wanted(row)) paths << row.path;
    return paths;
}

}  // namespace

QString labelText(const QString& label) {
    if (label.isEmpty()) return QStringLiteral("∅");
    QString text = label;
    text.replace(QLatin1Char('\n'), QStringLiteral("↵")).replace(QLatin1Char('\t'), QStringLiteral("⇥"));
    return text.trimmed().isEmpty() ? text.replace(QLatin1Char(' '), QStringLiteral("␣")) : text;
}

QString answerText(const Answer& answer) {
    if (answer.top.isEmpty()) return format::value(answer.value);
    return QStringLiteral("%1 %2").arg(labelText(answer.top.first().label), format::percent(answer.top.first().probability, 1));
}

bool sameAnswer(const Prediction& prediction) {
    if (!prediction.exported || prediction.answer.top.isEmpty() || prediction.exported->top.isEmpty()) return true;
    return prediction.answer.top.first().label == prediction.exported->top.first().label;
}

QVariant AnswersModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const AnswerRow& row = m_rows[static_cast<std::size_t>(index.row())];
    switch (role) {
        case Qt::DisplayRole: return row.name;
        case Qt::ToolTipRole: return row.problem ? row.problem->text : row.path.isEmpty() ? row.name : row.path;
        case Qt::AccessibleTextRole: return wordsOf(row);
        default: return {};
    }
}

void AnswersModel::addPictures(const QStringList& paths) {
    QStringList fresh;
    for (const QString& path : paths)
        if (!m_places.contains(path)) {
            m_places.insert(path, rowCount() + static_cast<int>(fresh.size()));
            fresh << path;
        }
    if (fresh.isEmpty()) return;
    beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(fresh.size()) - 1);
    for (const QString& path : fresh) m_rows.push_back({path.section(QLatin1Char('/'), -1), path, {}, {}, {}});
    endInsertRows();
}

AnswerRow* AnswersModel::find(const QString& path) {
    const auto place = m_places.constFind(path);
    return place == m_places.cend() ? nullptr : &m_rows[static_cast<std::size_t>(*place)];
}

void AnswersModel::tell(const AnswerRow& row) {
    const QModelIndex at = index(static_cast<int>(&row - m_rows.data()));
    Q_EMIT dataChanged(at, at, {Qt::DecorationRole, Qt::AccessibleTextRole});
}

void AnswersModel::tellAnswers() {
    if (!m_rows.empty()) Q_EMIT dataChanged(index(0), index(rowCount() - 1), {Qt::DecorationRole, Qt::AccessibleTextRole});
}

void AnswersModel::setPicture(const QString& path, const QImage& picture) {
    AnswerRow* const row = find(path);
    if (!row) return;
    row->picture = picture;
    tell(*row);
}

void AnswersModel::setProblem(const QString& path, const Problem& problem) {
    AnswerRow* const row = find(path);
    if (!row) return;
    row->problem = problem;
    tell(*row);
}

QStringList AnswersModel::unseen(qsizetype most) const {
    return pathsOf(m_rows, most, [](const AnswerRow& row) { return row.picture.isNull(); });
}

QStringList AnswersModel::unanswered(qsizetype most) const {
    return pathsOf(m_rows, most, [](const AnswerRow& row) { return !row.picture.isNull() && !row.prediction; });
}

void AnswersModel::setAnswers(const QStringList& paths, const QVector<Prediction>& answers) {
    for (qsizetype i = 0; i < std::min(paths.size(), answers.size()); ++i)
        if (AnswerRow* const row = find(paths[i])) row->prediction = answers[i];
    tellAnswers();
}

void AnswersModel::forgetAnswers() {
    for (AnswerRow& row : m_rows) row.prediction.reset();
    tellAnswers();
}

void AnswersModel::replace(const QVector<Prediction>& answers) {
    clear();
    if (answers.isEmpty()) return;
    beginInsertRows({}, 0, static_cast<int>(answers.size()) - 1);
    for (const Prediction& answer : answers) m_rows.push_back({answer.input, {}, {}, {}, answer});
    endInsertRows();
}

void AnswersModel::clear() {
    if (m_rows.empty()) return;
    beginRemoveRows({}, 0, rowCount() - 1);
    m_rows.clear();
    m_places.clear();
    endRemoveRows();
}

int AnswersModel::answeredCount() const {
    return static_cast<int>(std::ranges::count_if(m_rows, [](const AnswerRow& row) { return row.prediction.has_value(); }));
}

}  // namespace headroom::ui
