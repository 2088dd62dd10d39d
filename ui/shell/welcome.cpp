// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/welcome.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/theme/theme.h"
#include "ui/widgets/card.h"

namespace headroom::ui {
namespace {

constexpr int kWidth = 300;

Card* choice(const QString& title, const QString& text, const QString& action, bool primary, QPushButton*& button) {
    auto* card = new Card;
    card->setMinimumWidth(kWidth / 2);
    card->setMaximumWidth(kWidth);
    auto* head = new QLabel(title);
    head->setFont(theme::textFont(1.15, QFont::DemiBold));
    QLabel* words = toned(text, "muted");
    words->setWordWrap(true);
    words->setAlignment(Qt::AlignTop);
    button = new QPushButton(action);
    button->setProperty("primary", primary);
    card->layout()->setContentsMargins(18, 14, 18, 16);
    card->body()->addWidget(head);
    card->body()->addWidget(words, 1);
    card->body()->addSpacing(8);
    card->body()->addWidget(button);
    return card;
}

}  // namespace

WelcomePage::WelcomePage(QWidget* parent) : QWidget(parent) {
    setObjectName(QStringLiteral("page"));
    auto* title = new QLabel(tr("Train the best model that this machine can hold"));
    title->setFont(theme::textFont(1.9, QFont::DemiBold));
    title->setAlignment(Qt::AlignCenter);
    title->setWordWrap(true);
    QLabel* words = toned(tr("Choose data, see what a step needs before it starts, watch it learn, and take away a file that is proven to be as good as the run."), "muted");
    words->setAlignment(Qt::AlignCenter);
    words->setWordWrap(true);
    QPushButton *sample = nullptr, *folder = nullptr, *file = nullptr;
    auto* cards = new QHBoxLayout;
    cards->setSpacing(12);
    cards->addStretch();
    cards->addWidget(choice(tr("Handwritten digits"), tr("1 797 pictures of 8 × 8, already here. Trains in about half a minute on two cores."), tr("Try the sample"), true, sample));
    cards->addWidget(choice(tr("A folder of data"), tr("Pictures in a folder for each class, as IDX (MNIST, Fashion-MNIST) or CIFAR binary. Dropping it on the window does the same."), tr("Open folder…"), false, folder));
    cards->addWidget(choice(tr("A table or a text"), tr("CSV with a column to predict, or plain text to learn characters from."), tr("Open file…"), false, file));
    cards->addStretch();
    auto* layout = new QVBoxLayout(this);
    layout->addStretch(2);
    layout->addWidget(title);
    layout->addSpacing(4);
    layout->addWidget(words);
    layout->addSpacing(24);
    layout->addLayout(cards);
    layout->addStretch(3);
    connect(sample, &QPushButton::clicked, this, [this] { Q_EMIT wanted(QStringLiteral("sample")); });
    connect(folder, &QPushButton::clicked, this, [this] { Q_EMIT wanted(QStringLiteral("open_data")); });
    connect(file, &QPushButton::clicked, this, [this] { Q_EMIT wanted(QStringLiteral("open_file")); });
}

}  // namespace headroom::ui
