// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QImage>
#include <QVector>
#include <QWidget>

#include "ui/bridge/data_info.h"

namespace headroom::ui {

/// The tile's own pixels.
QImage imageOf(const SampleTile& tile);

/// Samples as they are, with their class below each; pixels stay square and sharp.
class SampleGrid : public QWidget {
    Q_OBJECT
public:
    explicit SampleGrid(QWidget* parent = nullptr);
    void set(const QVector<SampleTile>& tiles);
    int heightForWidth(int width) const override;
    bool hasHeightForWidth() const override { return true; }
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    int columns(int width) const;

    struct Picture {
        QImage image;
        QString label;
    };
    QVector<Picture> m_pictures;
};

}  // namespace headroom::ui
