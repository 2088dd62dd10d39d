// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/data/sample_grid.h"

#include <QPainter>
#include <QPainterPath>

#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

constexpr int kTile = 74, kGap = 8, kLabel = 17;

}  // namespace

QImage imageOf(const SampleTile& tile) {
    const auto format = tile.channels == 3 ? QImage::Format_RGB888 : QImage::Format_Grayscale8;
    QImage image(tile.width, tile.height, format);
    const qsizetype line = qsizetype(tile.width) * tile.channels;
    for (int y = 0; y < tile.height; ++y) std::copy_n(tile.pixels.constData() + y * line, line, image.scanLine(y));
    return image;
}

SampleGrid::SampleGrid(QWidget* parent) : QWidget(parent) {
    setAccessibleName(tr("Samples"));
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

void SampleGrid::set(const QVector<SampleTile>& tiles) {
    m_pictures.clear();
    QStringList labels;
    for (const SampleTile& tile : tiles) {
        const int scale = std::max(1, 2 * kTile / std::max(tile.width, tile.height));
        m_pictures << Picture{imageOf(tile).scaled(tile.width * scale, tile.height * scale), tile.label};
        labels << tile.label;
    }
    setAccessibleDescription(tr("Classes of the samples: %1").arg(labels.join(QStringLiteral(", "))));
    updateGeometry();
    update();
}

int SampleGrid::columns(int width) const { return std::max(1, (width + kGap) / (kTile + kGap)); }

int SampleGrid::heightForWidth(int width) const {
    const int count = static_cast<int>(m_pictures.size()), across = columns(width);
    return (count + across - 1) / across * (kTile + kLabel + kGap);
}

QSize SampleGrid::sizeHint() const { return {8 * (kTile + kGap), heightForWidth(8 * (kTile + kGap))}; }

void SampleGrid::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    painter.setFont(theme::textFont(0.82));
    const int across = columns(width());
    for (int i = 0; i < m_pictures.size(); ++i) {
        const QRect tile(i % across * (kTile + kGap), i / across * (kTile + kLabel + kGap), kTile, kTile);
        QPainterPath round;
        round.addRoundedRect(tile, 5, 5);
        painter.save();
        painter.setClipPath(round);
        painter.fillRect(tile, theme::tokens().raised);
        const QSize size = m_pictures[i].image.size().scaled(tile.size(), Qt::KeepAspectRatio);
        painter.drawImage(QRect(tile.center() - QPoint(size.width() / 2, size.height() / 2) + QPoint(1, 1), size), m_pictures[i].image);
        painter.restore();
        painter.setPen(theme::tokens().muted);
        const QString label = painter.fontMetrics().elidedText(m_pictures[i].label, Qt::ElideRight, kTile);
        painter.drawText(QRect(tile.left(), tile.bottom() + 2, kTile, kLabel), Qt::AlignCenter, label);
    }
}

}  // namespace headroom::ui
