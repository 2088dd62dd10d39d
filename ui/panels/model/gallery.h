// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAbstractListModel>
#include <QListView>
#include <QStyledItemDelegate>

#include <optional>
#include <vector>

#include "ui/bridge/model_explorer.h"

namespace headroom::ui {

/// One card of the gallery: an architecture, or the model of a file.
struct GalleryEntry {
    QString key;    ///< of an architecture as in the configuration; of a file its path
    QString title, help;
    bool isFile = false;
    QString unsuited;  ///< why it cannot be chosen; empty where it can
    std::optional<ArchitectureFacts> facts;
    ExploredModelPtr file;
};

/// The architectures, simplest first, and above them the files that were opened, newest first.
class GalleryModel : public QAbstractListModel {
    Q_OBJECT
public:
    explicit GalleryModel(QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(m_entries.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

    const GalleryEntry& entry(int row) const { return m_entries[static_cast<std::size_t>(row)]; }
    int rowOf(const QString& key) const;
    /// Whether each architecture suits the data; null: no data are known. What was known of them before is forgotten.
    void setData(const models::DataShape* data);
    void setFacts(const ArchitectureFacts& facts);
    /// The file's row.
    int addFile(const ExploredModelPtr& model);

private:
    void tell(int row) { Q_EMIT dataChanged(index(row), index(row)); }
    std::vector<GalleryEntry> m_entries;
    int m_files = 0;
};

/// "1.2 M parameters · 41 MFLOPs" and "132 MiB · 11 ms a step", as far as they are known.
QStringList galleryFigures(const GalleryEntry& entry);

class GalleryDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace headroom::ui
