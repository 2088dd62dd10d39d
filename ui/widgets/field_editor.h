// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QWidget>

#include "base/config/fields.h"

namespace headroom::ui {

/// The control of one field of the configuration, chosen by the field's type. Speaks the text of `--set`.
class FieldEditor : public QWidget {
    Q_OBJECT
public:
    using QWidget::QWidget;
    virtual void setText(const QString& text) = 0;
    /// Marks the value as refused and says why; empty = fine.
    virtual void setFault(const QString& sentence);
    /// Whether it shows the field's title itself (check boxes do).
    virtual bool showsTitle() const { return false; }
    /// Whether it takes the whole width, below its title.
    virtual bool isWide() const { return false; }

Q_SIGNALS:
    void edited(const QString& text);
};

/// Made from the table: choices become a combo box, truth a check box, rates and batch sizes a slider with a figure,
/// all else a line of text with what zero means as its placeholder.
FieldEditor* makeEditor(const config::Field& field, QWidget* parent = nullptr);

}  // namespace headroom::ui
