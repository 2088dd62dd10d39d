// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QElapsedTimer>

#include "ui/bridge/predictor.h"
#include "ui/widgets/card.h"

class QDoubleSpinBox;
class QLineEdit;
class QPlainTextEdit;
class QSpinBox;

namespace headroom::ui {

/// A prompt, how to go on with it, and what was written, token by token.
class TextInput : public Card {
    Q_OBJECT
public:
    explicit TextInput(QWidget* parent = nullptr);

    /// What stands in the fields; run and weights are the page's.
    Predictor::Prompt prompt() const;
    QPlainTextEdit* promptEdit() const { return m_prompt; }
    QPlainTextEdit* output() const { return m_output; }
    QSpinBox* tokens() const { return m_tokens; }
    QPushButton* generateButton() const { return m_generate; }
    QPushButton* stopButton() const { return m_stop; }
    QPushButton* nextButton() const { return m_next; }
    QString figures() const { return m_figures->text(); }

    /// A new text begins with the prompt.
    void begin();
    void write(const QString& text, int tokens);
    void finish(qint64 tokens, double seconds);
    /// Ended before its time.
    void abandon();
    void clear();

Q_SIGNALS:
    void generateWanted();
    void stopWanted();
    void nextWanted(const QString& text);
    void filesWanted();

private:
    QLayout* settings();
    void append(const QString& text, bool prompt);

    QPlainTextEdit *m_prompt, *m_output;
    QSpinBox *m_tokens, *m_topK;
    QDoubleSpinBox* m_temperature;
    QLineEdit* m_seed;
    QPushButton *m_generate, *m_stop, *m_next;
    QLabel* m_figures;
    QElapsedTimer m_clock;
    qint64 m_written = 0, m_first = 0;  ///< tokens; those that the clock does not count
};

}  // namespace headroom::ui
