// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QFrame>
#include <QLabel>
#include <QPushButton>

class QHBoxLayout;
class QVBoxLayout;

namespace headroom::ui {

/// A surface with rounded corners: a head of one line (title, figure, what stands at its right end) over its contents.
class Card : public QFrame {
    Q_OBJECT
public:
    explicit Card(const QString& title = {}, QWidget* parent = nullptr);

    QVBoxLayout* body() const { return m_body; }
    QHBoxLayout* head() const { return m_head; }
    void setTitle(const QString& title);
    /// The figure beside the title, in the same size as long as digits change.
    void setFigure(const QString& text);
    QString heading() const { return m_title->text(); }

private:
    QVBoxLayout* m_body;
    QHBoxLayout* m_head;
    QLabel* m_title;
    QLabel* m_figure;
};

/// Small, spaced, muted: "BATCH".
QLabel* sectionHead(const QString& text, QWidget* parent = nullptr);
/// A label in a tone of the style sheet: "muted", "good", "warning", "bad".
QLabel* toned(const QString& text, const char* tone, QWidget* parent = nullptr);
void setTone(QLabel* label, const char* tone);
/// A label in the figures' font.
QLabel* figure(const QString& text = {}, double scale = 0.95, QWidget* parent = nullptr);

/// Says what is missing, why, and offers one thing to do: never a blank page.
class PlaceholderCard : public QWidget {
    Q_OBJECT
public:
    PlaceholderCard(const QString& fact, const QString& why, const QString& action = {}, QWidget* parent = nullptr);
    void set(const QString& fact, const QString& why);
    void setAction(const QString& action);
    QPushButton* button() const { return m_action; }

Q_SIGNALS:
    void triggered();

private:
    QLabel* m_fact;
    QLabel* m_why;
    QPushButton* m_action;
};

}  // namespace headroom::ui
