// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/predict/text_input.h"

#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QRegularExpressionValidator>
#include <QScrollBar>
#include <QSpinBox>
#include <QVBoxLayout>

#include "ui/bridge/format.h"
#include "ui/theme/theme.h"

namespace headroom::ui {
namespace {

constexpr int kPromptHeight = 52, kOutputLeast = 84, kMostTokens = 1'000'000;

void addField(QHBoxLayout* row, const QString& name, QWidget* field, const QString& help) {
    auto* label = new QLabel(name);
    label->setBuddy(field);
    field->setAccessibleName(name);
    field->setToolTip(help);
    field->setMinimumWidth(56);
    row->addWidget(label);
    row->addWidget(field);
}

QString figuresOf(qint64 tokens, double perSecond) {
    const QString count = format::count(tokens, TextInput::tr("token"), TextInput::tr("tokens"));
    return perSecond > 0 ? TextInput::tr("%1 · %2 tokens/s").arg(count, format::value(perSecond < 10 ? perSecond : std::round(perSecond))) : count;
}

}  // namespace

TextInput::TextInput(QWidget* parent)
    : Card({}, parent), m_prompt(new QPlainTextEdit), m_output(new QPlainTextEdit), m_tokens(new QSpinBox), m_topK(new QSpinBox), m_temperature(new QDoubleSpinBox), m_seed(new QLineEdit(QStringLiteral("1"))),
      m_generate(new QPushButton(tr("Generate"))), m_stop(new QPushButton(tr("Stop"))), m_next(new QPushButton(tr("Next token"))), m_figures(figure()) {
    head()->insertWidget(0, sectionHead(tr("Text")));
    auto* files = new QPushButton(tr("Open text…"));
    files->setToolTip(tr("Asks which token follows a file of text; one can also be dropped here"));
    head()->addWidget(files);
    m_prompt->setAccessibleName(tr("Prompt"));
    m_prompt->setPlaceholderText(tr("What the text begins with. Empty: a line's end."));
    m_prompt->setTabChangesFocus(true);
    m_prompt->setFixedHeight(kPromptHeight);
    m_prompt->setObjectName(QStringLiteral("prompt"));
    m_output->setAccessibleName(tr("Generated text"));
    m_output->setReadOnly(true);
    m_output->setPlaceholderText(tr("What the model goes on with appears here, token by token."));
    m_output->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Ignored);
    m_output->setMinimumHeight(kOutputLeast);
    m_output->setTabChangesFocus(true);
    m_output->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    for (QPlainTextEdit* edit : {m_prompt, m_output}) edit->setFont(theme::figureFont(0.95));
    body()->addWidget(m_prompt);
    body()->addLayout(settings());
    auto* buttons = new QHBoxLayout;
    for (QWidget* each : std::initializer_list<QWidget*>{m_generate, m_stop, m_next}) buttons->addWidget(each);
    buttons->addSpacing(6);
    buttons->addWidget(m_figures, 1);
    body()->addLayout(buttons);
    body()->addWidget(m_output, 1);
    m_generate->setProperty("primary", true);
    m_next->setToolTip(tr("Which token follows the prompt, by run and exported file side by side"));
    m_stop->setToolTip(tr("Ends the worker; what is written stays"));
    m_figures->setMinimumWidth(0);
    m_stop->setEnabled(false);
    connect(m_generate, &QPushButton::clicked, this, &TextInput::generateWanted);
    connect(m_stop, &QPushButton::clicked, this, &TextInput::stopWanted);
    connect(m_next, &QPushButton::clicked, this, [this] { Q_EMIT nextWanted(prompt().text); });
    connect(files, &QPushButton::clicked, this, &TextInput::filesWanted);
}

QLayout* TextInput::settings() {
    m_tokens->setRange(1, kMostTokens);
    m_tokens->setValue(200);
    m_temperature->setRange(0, 100);
    m_temperature->setSingleStep(0.1);
    m_temperature->setValue(0.8);
    m_topK->setRange(0, std::numeric_limits<int>::max());
    m_topK->setSpecialValueText(tr("all"));
    m_seed->setValidator(new QRegularExpressionValidator(QRegularExpression(QStringLiteral("[0-9]{1,18}")), m_seed));
    m_seed->setMaximumWidth(90);
    for (QAbstractSpinBox* each : std::initializer_list<QAbstractSpinBox*>{m_tokens, m_temperature, m_topK}) each->setButtonSymbols(QAbstractSpinBox::NoButtons);
    auto* row = new QHBoxLayout;
    addField(row, tr("Tokens"), m_tokens, tr("How many tokens"));
    addField(row, tr("Temperature"), m_temperature, tr("Divides the logits; 0 takes the likeliest token each time"));
    addField(row, tr("Top k"), m_topK, tr("Only the likeliest so many tokens"));
    addField(row, tr("Seed"), m_seed, tr("Start of the draws: the same one writes the same text"));
    row->addStretch();
    return row;
}

Predictor::Prompt TextInput::prompt() const {
    Predictor::Prompt prompt;
    prompt.text = m_prompt->toPlainText().isEmpty() ? QStringLiteral("\n") : m_prompt->toPlainText();
    prompt.tokens = m_tokens->value();
    prompt.temperature = m_temperature->value();
    prompt.topK = m_topK->value();
    prompt.seed = m_seed->hasAcceptableInput() ? m_seed->text() : QStringLiteral("0");
    return prompt;
}

void TextInput::begin() {
    m_output->clear();
    append(m_prompt->toPlainText(), true);
    m_written = m_first = 0;
    m_figures->setText(tr("Opening the model…"));
    m_stop->setEnabled(true);
}

/// The view follows the end, as long as nobody scrolled away from it.
void TextInput::append(const QString& text, bool prompt) {
    QScrollBar* bar = m_output->verticalScrollBar();
    const bool follow = bar->value() == bar->maximum();
    QTextCharFormat format;
    format.setFontWeight(prompt ? QFont::DemiBold : QFont::Normal);
    QTextCursor cursor(m_output->document());
    cursor.movePosition(QTextCursor::End);
    cursor.insertText(text, format);
    if (follow) bar->setValue(bar->maximum());
}

void TextInput::write(const QString& text, int tokens) {
    append(text, false);
    if (m_written == 0) {  // what opening the model took is no part of the rate
        m_clock.start();
        m_first = tokens;
    }
    m_written += tokens;
    const double seconds = static_cast<double>(m_clock.elapsed()) / 1000;
    m_figures->setText(figuresOf(m_written, seconds > 0 ? static_cast<double>(m_written - m_first) / seconds : 0));
}

void TextInput::finish(qint64 tokens, double seconds) {
    m_figures->setText(figuresOf(tokens, seconds > 0 ? static_cast<double>(tokens) / seconds : 0));
    m_stop->setEnabled(false);
}

void TextInput::abandon() {
    if (!m_stop->isEnabled()) return;
    m_figures->setText(m_written > 0 ? tr("Stopped after %1").arg(format::count(m_written, tr("token"), tr("tokens"))) : tr("Stopped"));
    m_stop->setEnabled(false);
}

void TextInput::clear() {
    m_output->clear();
    m_figures->clear();
    m_stop->setEnabled(false);
}

}  // namespace headroom::ui
