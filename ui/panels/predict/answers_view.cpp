// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/predict/answers_view.h"

#include <QPainter>
#include <QPainterPath>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elided_lines.h"

namespace headroom::ui {
namespace {

constexpr int kPad = 10, kLine = 18, kThumb = 68, kNameLine = 17, kHead = 40, kFigure = 56, kWidestSide = 460, kValueRow = 46, kPictureRow = 104;

/// The parts of a row: the input, the run's answer, the file's.
struct Columns {
    QRect input, own, file;
};

Columns columnsOf(const QRect& area, bool beside) {
    const int input = std::clamp(area.width() / 4, 120, 260), gap = 24;
    const int sides = area.width() - input - gap, side = std::min(kWidestSide, beside ? (sides - gap) / 2 : sides);
    Columns columns{area, area, area};
    columns.input.setWidth(input);
    columns.own = QRect(area.left() + input + gap, area.top(), side, area.height());
    columns.file = columns.own.translated(side + gap, 0);
    return columns;
}

bool isBeside(const AnswersModel& model) {
    for (int row = 0; row < model.rowCount(); ++row)
        if (model.row(row).prediction) return model.row(row).prediction->exported.has_value();
    return false;
}

/// Head of the columns; its words are its accessible name.
class AnswersHead : public QWidget {
public:
    explicit AnswersHead(QListView* list) : m_list(list) {}
    void set(const SideHead& own, const SideHead& file) {
        m_own = own;
        m_file = file;
        setFixedHeight(own.figure.isEmpty() ? kHead / 2 : kHead);
        setAccessibleName((QStringList{own.title, own.figure, own.detail, file.title, file.figure, file.detail}).join(QLatin1Char(' ')).simplified());
        update();
    }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        const Columns columns = columnsOf(QRect(kPad, 0, m_list->viewport()->width() - 2 * kPad, height()), !m_file.title.isEmpty());
        paintSide(painter, columns.own, m_own);
        if (!m_file.title.isEmpty()) paintSide(painter, columns.file, m_file);
    }

private:
    static void paintSide(QPainter& painter, const QRect& area, const SideHead& side) {
        const Tokens& t = theme::tokens();
        painter.setFont(theme::sectionFont());
        painter.setPen(t.muted);
        painter.drawText(QRect(area.left(), area.top(), area.width(), kHead / 2), Qt::AlignVCenter, painter.fontMetrics().elidedText(side.title, Qt::ElideRight, area.width()));
        QRect line(area.left(), area.top() + kHead / 2 - 3, area.width(), kHead / 2);
        painter.setFont(theme::figureFont(0.95, QFont::DemiBold));
        painter.setPen(t.text);
        painter.drawText(line, Qt::AlignVCenter, side.figure);
        line.setLeft(line.left() + painter.fontMetrics().horizontalAdvance(side.figure) + 8);
        painter.setFont(theme::textFont(0.85));
        painter.setPen(t.muted);
        painter.drawText(line, Qt::AlignVCenter, painter.fontMetrics().elidedText(side.detail, Qt::ElideRight, line.width()));
    }

    QListView* m_list;
    SideHead m_own, m_file;
};

void paintPicture(QPainter& painter, const QRect& area, const QImage& picture) {
    QPainterPath round;
    round.addRoundedRect(area, 5, 5);
    painter.fillPath(round, theme::tokens().raised);
    if (picture.isNull()) return;
    painter.save();
    painter.setClipPath(round);
    const QSize size = picture.size().scaled(area.size(), Qt::KeepAspectRatio);
    painter.setRenderHint(QPainter::SmoothPixmapTransform, picture.width() > kThumb);  // small ones keep their pixels
    painter.drawImage(QRect(area.center() - QPoint(size.width() / 2, size.height() / 2) + QPoint(1, 1), size), picture);
    painter.restore();
}

void paintInput(QPainter& painter, const QRect& area, const AnswerRow& row) {
    painter.setFont(theme::textFont(0.9));
    painter.setPen(theme::tokens().text);
    if (row.path.isEmpty()) {
        const bool value = row.prediction && row.prediction->answer.top.isEmpty();
        painter.drawText(area.adjusted(0, 5, 0, -4), static_cast<int>(Qt::AlignLeft | (value ? Qt::AlignVCenter : Qt::AlignTop)) | Qt::TextWrapAnywhere, row.name);
        return;
    }
    paintPicture(painter, QRect(area.left(), area.top() + 6, kThumb, kThumb), row.picture);
    const QRect name(area.left(), area.top() + 6 + kThumb + 2, area.width(), kNameLine);
    painter.drawText(name, Qt::AlignVCenter, painter.fontMetrics().elidedText(row.name, Qt::ElideMiddle, name.width()));
}

void paintLine(QPainter& painter, const QRect& line, const Likely& likely, const QColor& colour, bool first, bool differs) {
    const Tokens& t = theme::tokens();
    const int name = std::min(130, line.width() / 3);
    painter.setFont(theme::textFont(0.92, first ? QFont::DemiBold : QFont::Normal));
    painter.setPen(first && differs ? t.warning : first ? t.text : t.muted);
    const QString label = (first && differs ? QStringLiteral("≠ ") : QString()) + labelText(likely.label);
    painter.drawText(QRect(line.left(), line.top(), name - 8, line.height()), Qt::AlignVCenter, painter.fontMetrics().elidedText(label, Qt::ElideRight, name - 8));
    const QRectF track(line.left() + name, line.top() + 5, std::max(10, line.width() - name - kFigure), line.height() - 10);
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.raised);
    painter.drawRoundedRect(track, 3, 3);
    painter.setBrush(colour);
    const double share = std::clamp(likely.probability, 0.0, 1.0);  // of what is no number the smallest
    painter.drawRoundedRect(QRectF(track.topLeft(), QSizeF(std::max(2.0, track.width() * share), track.height())), 3, 3);
    painter.setPen(first ? t.text : t.muted);
    painter.setFont(theme::figureFont(0.86));
    painter.drawText(QRect(line.right() - kFigure + 1, line.top(), kFigure, line.height()), Qt::AlignVCenter | Qt::AlignRight, format::percent(likely.probability, 1));
}

void paintAnswer(QPainter& painter, const QRect& area, const Answer& answer, const QColor& colour, bool differs) {
    if (answer.top.isEmpty()) {
        painter.setFont(theme::figureFont(1.25, QFont::DemiBold));
        painter.setPen(theme::tokens().text);
        painter.drawText(area.adjusted(0, 5, 0, -5), Qt::AlignVCenter | Qt::AlignLeft, format::value(answer.value));
        return;
    }
    QRect line(area.left(), area.top() + 6, area.width(), kLine);
    for (qsizetype i = 0; i < answer.top.size(); ++i, line.translate(0, kLine)) paintLine(painter, line, answer.top[i], colour, i == 0, differs);
}

void paintProblem(QPainter& painter, const QRect& area, const Problem& problem) {
    painter.setFont(theme::textFont(0.95));
    painter.setPen(theme::tokens().bad);
    const int lines = std::max(1, (area.height() - 10) / painter.fontMetrics().lineSpacing());
    painter.drawText(area.adjusted(0, 6, 0, -4), Qt::AlignLeft | Qt::AlignTop, elidedLines(painter.font(), QStringLiteral("✕  ") + sentence(problem), area.width(), lines));
}

}  // namespace

QSize AnswerDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
    const auto& model = *static_cast<const AnswersModel*>(index.model());
    const AnswerRow& row = model.row(index.row());
    const int lines = row.prediction ? static_cast<int>(row.prediction->answer.top.size()) * kLine + 14 : 0;
    return {200, row.path.isEmpty() ? std::max(kValueRow, lines) : kPictureRow};
}

void AnswerDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const auto& model = *static_cast<const AnswersModel*>(index.model());
    const AnswerRow& row = model.row(index.row());
    const Tokens& t = theme::tokens();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (option.state & (QStyle::State_Selected | QStyle::State_MouseOver)) painter->fillRect(option.rect, t.raised);
    painter->setPen(t.line);
    painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
    const Columns columns = columnsOf(option.rect.adjusted(kPad, 0, -kPad, 0), isBeside(model));
    paintInput(*painter, columns.input, row);
    const QRect rest(columns.own.left(), option.rect.top(), option.rect.right() - kPad - columns.own.left(), option.rect.height());
    if (row.problem) {
        paintProblem(*painter, rest, *row.problem);
    } else if (row.prediction) {
        paintAnswer(*painter, columns.own, row.prediction->answer, t.series[0], false);
        if (row.prediction->exported) paintAnswer(*painter, columns.file, *row.prediction->exported, t.series[1], !sameAnswer(*row.prediction));
    } else {
        painter->setPen(t.muted);
        painter->setFont(theme::textFont(0.95));
        painter->drawText(rest.adjusted(0, 6, 0, 0), Qt::AlignLeft | Qt::AlignTop, AnswersModel::tr("No answer yet"));
    }
    painter->restore();
}

AnswersView::AnswersView(QWidget* parent) : QWidget(parent), m_model(new AnswersModel(this)), m_list(new QListView), m_head(new AnswersHead(m_list)) {
    m_list->setModel(m_model);
    m_list->setItemDelegate(new AnswerDelegate(m_list));
    m_list->setAccessibleName(tr("Answers"));
    m_list->setMouseTracking(true);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setResizeMode(QListView::Adjust);
    m_list->setUniformItemSizes(true);  // all are pictures with or without an answer, or rows of one table
    m_list->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Ignored);
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    rows->addWidget(m_head);
    rows->addWidget(m_list, 1);
}

void AnswersView::setSides(const SideHead& own, const SideHead& file) { static_cast<AnswersHead*>(m_head)->set(own, file); }

}  // namespace headroom::ui
