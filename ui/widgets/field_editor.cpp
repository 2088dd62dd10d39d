// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/field_editor.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QSlider>
#include <QStyle>
#include <QToolButton>
#include <QWheelEvent>

#include <cmath>

#include "ui/theme/theme.h"
#include "ui/widgets/card.h"

namespace headroom::ui {
namespace {

QString str(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

/// Name for a screen reader, help as tool tip and description: the same for every kind of control.
void introduce(QWidget* control, const config::Field& field) {
    control->setAccessibleName(str(field.title));
    control->setAccessibleDescription(str(field.help));
    control->setToolTip(QStringLiteral("<qt>%1<br><span style='color:gray'>%2</span></qt>").arg(str(field.help).toHtmlEscaped(), str(field.path)));
}

void markInvalid(QWidget* control, bool invalid) {
    if (control->property("invalid").toBool() == invalid) return;
    control->setProperty("invalid", invalid);
    control->style()->unpolish(control);
    control->style()->polish(control);
}

/// A combo box that a turning wheel over a scrolled form does not change.
class CalmComboBox : public QComboBox {
public:
    using QComboBox::QComboBox;
    void wheelEvent(QWheelEvent* event) override { event->ignore(); }
};

class LineEditor : public FieldEditor {
public:
    LineEditor(const config::Field& field, QWidget* parent) : FieldEditor(parent), m_line(new QLineEdit), m_path(field.type == config::Type::Path) {
        m_line->setMinimumWidth(40);
        introduce(m_line, field);
        const bool figures = field.type == config::Type::Integer || field.type == config::Type::Number || field.type == config::Type::Size;
        if (figures) m_line->setFont(theme::figureFont(0.93));
        m_line->setPlaceholderText(str(field.zero));
        auto* row = new QHBoxLayout(this);
        row->setContentsMargins(0, 0, 0, 0);
        row->setSpacing(6);
        row->addWidget(m_line, 1);
        if (!field.unit.empty()) row->addWidget(toned(str(field.unit), "muted"));
        if (m_path) addBrowse(row, field);
        setFocusProxy(m_line);
        connect(m_line, &QLineEdit::editingFinished, this, [this] { Q_EMIT edited(m_line->text()); });
    }
    void setText(const QString& text) override {
        if (m_line->text() != text) m_line->setText(text);
    }
    void setFault(const QString& sentence) override {
        markInvalid(m_line, !sentence.isEmpty());
        FieldEditor::setFault(sentence);
    }
    bool isWide() const override { return m_path; }

private:
    /// Data are a folder; of all else its name says what it is.
    void addBrowse(QHBoxLayout* row, const config::Field& field) {
        const bool isFolder = field.path == "data.path" || field.path.ends_with("folder");
        const QString help = isFolder ? tr("Choose a folder") : tr("Choose a file"), title = str(field.title);
        auto* browse = m_browse = new QToolButton;
        browse->setIcon(theme::icon(QStringLiteral("folder"), theme::tokens().muted));
        browse->setAccessibleName(tr("%1: %2").arg(title, help));
        browse->setToolTip(help);
        row->addWidget(browse);
        connect(browse, &QToolButton::clicked, this, [this, isFolder, title] {
            auto* dialog = new QFileDialog(this, title, m_line->text());
            dialog->setAttribute(Qt::WA_DeleteOnClose);
            dialog->setFileMode(isFolder ? QFileDialog::Directory : QFileDialog::ExistingFile);
            connect(dialog, &QFileDialog::fileSelected, this, &FieldEditor::edited);
            dialog->open();
        });
    }
    void changeEvent(QEvent* event) override {
        FieldEditor::changeEvent(event);
        if (event->type() == QEvent::PaletteChange && m_browse) m_browse->setIcon(theme::icon(QStringLiteral("folder"), theme::tokens().muted));
    }
    QLineEdit* m_line;
    QToolButton* m_browse = nullptr;
    bool m_path;
};

class ChoiceEditor : public FieldEditor {
public:
    ChoiceEditor(const config::Field& field, QWidget* parent) : FieldEditor(parent), m_box(new CalmComboBox) {
        introduce(m_box, field);
        m_box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        m_box->setMinimumContentsLength(6);
        for (const config::Choice& choice : field.choices) {
            m_box->addItem(str(choice.title), str(choice.name));
            m_longest = std::max(m_longest, str(choice.title).size());
        }
        if (field.type == config::Type::Device)
            for (const char* device : {"auto", "cpu", "cuda:0"}) m_box->addItem(QLatin1String(device), QLatin1String(device));
        auto* row = new QHBoxLayout(this);
        row->setContentsMargins(0, 0, 0, 0);
        row->addWidget(m_box);
        setFocusProxy(m_box);
        connect(m_box, &QComboBox::activated, this, [this] { Q_EMIT edited(m_box->currentData().toString()); });
    }
    void setText(const QString& text) override {
        if (m_box->findData(text) < 0) m_box->addItem(text, text);
        m_box->setCurrentIndex(m_box->findData(text));
    }
    void setFault(const QString& sentence) override {
        markInvalid(m_box, !sentence.isEmpty());
        FieldEditor::setFault(sentence);
    }

    bool isWide() const override { return m_longest > kBesideTitle; }

private:
    static constexpr qsizetype kBesideTitle = 17;  ///< letters that have room beside a field's title
    QComboBox* m_box;
    qsizetype m_longest = 0;
};

class CheckEditor : public FieldEditor {
public:
    CheckEditor(const config::Field& field, QWidget* parent) : FieldEditor(parent), m_box(new QCheckBox(str(field.title))) {
        introduce(m_box, field);
        auto* row = new QHBoxLayout(this);
        row->setContentsMargins(0, 2, 0, 2);
        row->addWidget(m_box);
        row->addStretch();
        setFocusProxy(m_box);
        connect(m_box, &QCheckBox::clicked, this, [this](bool on) { Q_EMIT edited(on ? QStringLiteral("true") : QStringLiteral("false")); });
    }
    void setText(const QString& text) override { m_box->setChecked(text == QLatin1String("true")); }
    bool showsTitle() const override { return true; }

private:
    QCheckBox* m_box;
};

/// A slider over powers with the exact value beside it, typed where the slider is too coarse.
class SliderEditor : public FieldEditor {
public:
    struct Scale {
        double base, low, high;  ///< exponents
        int stepsPerPower;
    };
    SliderEditor(const config::Field& field, Scale scale, QWidget* parent)
        : FieldEditor(parent), m_scale(scale), m_whole(field.type == config::Type::Integer), m_slider(new QSlider(Qt::Horizontal)), m_line(new QLineEdit) {
        introduce(m_slider, field);
        introduce(m_line, field);
        m_line->setAccessibleName(tr("%1, exact").arg(str(field.title)));
        m_line->setFont(theme::figureFont(0.93));
        m_line->setAlignment(Qt::AlignRight);
        m_line->setFixedWidth(82);
        m_slider->setRange(static_cast<int>(scale.low * scale.stepsPerPower), static_cast<int>(scale.high * scale.stepsPerPower));
        m_slider->setPageStep(scale.stepsPerPower);
        auto* row = new QHBoxLayout(this);
        row->setContentsMargins(0, 0, 0, 0);
        row->setSpacing(10);
        row->addWidget(m_slider, 1);
        row->addWidget(m_line);
        setFocusProxy(m_slider);
        connect(m_slider, &QSlider::valueChanged, this, [this](int at) {
            if (!m_setting) Q_EMIT edited(textAt(at));
        });
        connect(m_line, &QLineEdit::editingFinished, this, [this] { Q_EMIT edited(m_line->text()); });
    }
    void setText(const QString& text) override {
        m_setting = true;
        if (m_line->text() != text) m_line->setText(text);
        const double value = text.toDouble();
        const int at = static_cast<int>(std::lround(std::log(value) / std::log(m_scale.base) * m_scale.stepsPerPower));
        if (value > 0 && textAt(m_slider->value()) != text) m_slider->setValue(at);
        m_setting = false;
    }
    void setFault(const QString& sentence) override {
        markInvalid(m_line, !sentence.isEmpty());
        FieldEditor::setFault(sentence);
    }
    bool isWide() const override { return true; }

private:
    QString textAt(int at) const {
        const double value = std::pow(m_scale.base, static_cast<double>(at) / m_scale.stepsPerPower);
        return m_whole ? QString::number(std::llround(value)) : QString::number(value, 'g', 2);
    }
    Scale m_scale;
    bool m_whole, m_setting = false;
    QSlider* m_slider;
    QLineEdit* m_line;
};

}  // namespace

void FieldEditor::setFault(const QString& sentence) { setToolTip(sentence); }

FieldEditor* makeEditor(const config::Field& field, QWidget* parent) {
    if (field.path == "train.batch_size") return new SliderEditor(field, {2, 0, 12, 1}, parent);
    if (field.path == "train.optimizer.lr") return new SliderEditor(field, {10, -6, 0, 10}, parent);
    switch (field.type) {
        case config::Type::Choice:
        case config::Type::Device: return new ChoiceEditor(field, parent);
        case config::Type::Boolean: return new CheckEditor(field, parent);
        default: return new LineEditor(field, parent);
    }
}

}  // namespace headroom::ui
