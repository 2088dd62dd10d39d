// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model/gallery.h"

#include <QPainter>
#include <QPainterPath>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elided_lines.h"

namespace headroom::ui {
namespace {

constexpr int kCardHeight = 116, kGap = 6, kKindWidth = 58;

QString str(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

QString helpOfFile(const ExploredModel& model) {
    const QString producer = model.summary.value(QLatin1String("producer")).toString();
    const QString opset = GalleryModel::tr("ONNX, opset %1").arg(model.summary.value(QLatin1String("opset")).toInt());
    return producer.isEmpty() ? opset : GalleryModel::tr("%1, made by %2").arg(opset, producer);
}

double flopsOf(const GraphScene& scene) { return scene.blocks.front().figures.forwardFlops; }

}  // namespace

GalleryModel::GalleryModel(QObject* parent) : QAbstractListModel(parent) {
    for (const models::Architecture& each : models::architectures()) m_entries.push_back({str(each.name), str(each.title), str(each.help), false, {}, {}, {}});
}

QVariant GalleryModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const GalleryEntry& each = entry(index.row());
    if (role == Qt::DisplayRole) return each.title;
    if (role == Qt::ToolTipRole) return each.unsuited.isEmpty() ? (each.isFile ? each.key : each.help) : each.unsuited;
    if (role == Qt::AccessibleDescriptionRole) return (QStringList{each.unsuited.isEmpty() ? each.help : each.unsuited} + galleryFigures(each)).join(QStringLiteral(", "));
    return {};
}

Qt::ItemFlags GalleryModel::flags(const QModelIndex& index) const {
    if (!index.isValid() || !entry(index.row()).unsuited.isEmpty()) return Qt::NoItemFlags;
    return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
}

int GalleryModel::rowOf(const QString& key) const {
    for (int row = 0; row < rowCount(); ++row)
        if (entry(row).key == key) return row;
    return -1;
}

void GalleryModel::setData(const models::DataShape* data) {
    for (int row = m_files; row < rowCount(); ++row) {
        const models::Architecture& architecture = models::architectures()[static_cast<std::size_t>(row - m_files)];
        GalleryEntry& own = m_entries[static_cast<std::size_t>(row)];
        own.unsuited = data && !architecture.suits(*data) ? tr("Needs %1.").arg(str(architecture.needs)) : QString();
        own.facts.reset();
    }
    Q_EMIT dataChanged(index(0), index(rowCount() - 1));
}

void GalleryModel::setFacts(const ArchitectureFacts& facts) {
    const int row = m_files + facts.index;
    m_entries[static_cast<std::size_t>(row)].facts = facts;
    tell(row);
}

int GalleryModel::addFile(const ExploredModelPtr& model) {
    GalleryEntry made{model->path, model->name, helpOfFile(*model), true, {}, {}, model};
    if (const int row = rowOf(model->path); row >= 0) {
        m_entries[static_cast<std::size_t>(row)] = made;
        tell(row);
        return row;
    }
    beginInsertRows({}, 0, 0);
    m_entries.insert(m_entries.begin(), made);
    ++m_files;
    endInsertRows();
    return 0;
}

QStringList galleryFigures(const GalleryEntry& entry) {
    if (!entry.unsuited.isEmpty()) return {};
    if (entry.isFile) {
        const double parameters = entry.file->summary.value(QLatin1String("parameters")).toDouble();
        return {GalleryModel::tr("%1 param. · %2FLOPs").arg(format::compact(parameters), format::compact(flopsOf(*entry.file->scene)))};
    }
    if (!entry.facts) return {};
    const ArchitectureFacts& facts = *entry.facts;
    if (!facts.refusal.isEmpty()) return {facts.refusal};
    QString second = format::bytes(facts.process);
    if (facts.stepSeconds > 0) second += GalleryModel::tr(" · ≈ %1 a step").arg(format::shortTime(facts.stepSeconds));
    if (!facts.fits) second = GalleryModel::tr("does not fit: %1").arg(format::bytes(facts.process));
    return {GalleryModel::tr("%1 param. · %2FLOPs").arg(format::compact(static_cast<double>(facts.parameters)), format::compact(facts.flops)), second};
}

QSize GalleryDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const { return {160, kCardHeight + kGap}; }

void GalleryDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const GalleryEntry& entry = static_cast<const GalleryModel*>(index.model())->entry(index.row());
    const Tokens& t = theme::tokens();
    const bool selected = option.state & QStyle::State_Selected, hovered = option.state & QStyle::State_MouseOver, usable = entry.unsuited.isEmpty();
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const QRectF area = QRectF(option.rect).adjusted(1, 1, -1, -kGap - 1);
    QPainterPath round;
    round.addRoundedRect(area, 7, 7);
    painter->fillPath(round, selected ? blended(t.accent, t.panel, 0.1) : hovered && usable ? t.raised : t.panel);
    painter->setPen(QPen(selected ? t.accent : t.line, selected && option.state & QStyle::State_HasFocus ? 2 : 1));
    painter->drawPath(round);
    const QRectF words = area.adjusted(11, 8, -10, -7);
    painter->setFont(theme::textFont(1.0, QFont::DemiBold));
    painter->setPen(usable ? t.text : t.faint);
    const QString kind = selected ? entry.isFile ? GalleryModel::tr("✓ shown") : GalleryModel::tr("✓ chosen") : entry.isFile ? GalleryModel::tr("file") : QString();
    const int room = static_cast<int>(words.width()) - (kind.isEmpty() ? 0 : kKindWidth);
    painter->drawText(words, Qt::AlignTop | Qt::AlignLeft, painter->fontMetrics().elidedText(entry.title, entry.isFile ? Qt::ElideMiddle : Qt::ElideRight, room));
    painter->setFont(theme::textFont(0.8));
    painter->setPen(selected ? t.accent : t.muted);
    painter->drawText(words, Qt::AlignTop | Qt::AlignRight, kind);
    painter->setFont(theme::textFont(0.85));
    painter->setPen(usable ? t.muted : t.faint);
    const QStringList figures = galleryFigures(entry);
    const double helpHeight = words.height() - 19 - (figures.isEmpty() ? 0 : 15 * static_cast<double>(figures.size()));
    const int lines = std::max(1, static_cast<int>(helpHeight / painter->fontMetrics().lineSpacing()));
    painter->drawText(words.adjusted(0, 19, 0, 0), Qt::AlignTop | Qt::AlignLeft, elidedLines(painter->font(), usable ? entry.help : entry.unsuited, static_cast<int>(words.width()), lines));
    painter->setFont(theme::figureFont(0.82));
    const bool bad = entry.facts && (!entry.facts->fits || !entry.facts->refusal.isEmpty());
    double y = words.bottom() - 15 * static_cast<double>(figures.size());
    for (const QString& line : figures) {
        painter->setPen(bad && line == figures.last() ? t.bad : t.text);
        painter->drawText(QRectF(words.left(), y, words.width(), 15), Qt::AlignVCenter | Qt::AlignLeft, painter->fontMetrics().elidedText(line, Qt::ElideRight, static_cast<int>(words.width())));
        y += 15;
    }
    painter->restore();
}

}  // namespace headroom::ui
