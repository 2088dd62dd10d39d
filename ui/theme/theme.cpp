// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/theme.h"

#include <QApplication>
#include <QFile>
#include <QFontDatabase>
#include <QPainter>
#include <QPalette>
#include <QStyleFactory>
#include <QStyleHints>
#include <QSvgRenderer>

// Resources of a static library have to be asked for by name, outside of any namespace.
static void ensureResources() { Q_INIT_RESOURCE(studio); }

namespace headroom::ui::theme {
namespace {

Scheme current = Scheme::Dark;
constexpr double kPointSize = 10;

/// Qt 6.4 does not tell the desktop's scheme; the palette that the platform came with does.
Scheme systemScheme() {
    static const bool kDark = QApplication::palette().color(QPalette::Window).lightness() < 128;
    return kDark ? Scheme::Dark : Scheme::Light;
}

QPalette paletteOf(const Tokens& t) {
    QPalette p;
    p.setColor(QPalette::Window, t.background);
    p.setColor(QPalette::WindowText, t.text);
    p.setColor(QPalette::Base, t.panel);
    p.setColor(QPalette::AlternateBase, t.raised);
    p.setColor(QPalette::Text, t.text);
    p.setColor(QPalette::Button, t.raised);
    p.setColor(QPalette::ButtonText, t.text);
    p.setColor(QPalette::BrightText, t.bad);
    p.setColor(QPalette::Highlight, t.accent);
    p.setColor(QPalette::HighlightedText, t.onAccent);
    p.setColor(QPalette::PlaceholderText, t.muted);
    p.setColor(QPalette::ToolTipBase, t.raised);
    p.setColor(QPalette::ToolTipText, t.text);
    p.setColor(QPalette::Link, t.accent);
    p.setColor(QPalette::Mid, t.line);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        p.setColor(QPalette::Disabled, role, t.faint);
    return p;
}

QString textOf(const QString& resource) {
    QFile file(resource);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

/// The style sheet with @names replaced by the tokens' colours, longest name first.
QString styleSheet(Scheme scheme, const Tokens& t) {
    QString sheet = textOf(QStringLiteral(":/theme/studio.qss"));
    const std::pair<const char*, QColor> names[] = {
        {"@background", t.background}, {"@onAccent", t.onAccent}, {"@warning", t.warning}, {"@accent", t.accent},
        {"@raised", t.raised},         {"@panel", t.panel},       {"@muted", t.muted},     {"@faint", t.faint},
        {"@hover", blended(t.text, t.raised, 0.07)},              {"@line", t.line},       {"@text", t.text},
        {"@good", t.good},             {"@bad", t.bad}};
    for (const auto& [name, colour] : names) sheet.replace(QLatin1String(name), colour.name());
    sheet.replace(QLatin1String("@scheme"), scheme == Scheme::Dark ? QStringLiteral("dark") : QStringLiteral("light"));
    return sheet;
}

}  // namespace

void apply(QApplication& application, SchemeChoice choice) {
    ensureResources();
    const Scheme system = systemScheme();  // before our palette replaces the platform's
    current = choice == SchemeChoice::System ? system : choice == SchemeChoice::Dark ? Scheme::Dark : Scheme::Light;
    application.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    application.setFont(textFont());
    application.setPalette(paletteOf(tokens()));
    application.setStyleSheet(styleSheet(current, tokens()));
}

Scheme scheme() { return current; }
const Tokens& tokens() { return tokensOf(current); }

QFont textFont(double scale, QFont::Weight weight) {
    QFont font(QStringLiteral("Inter"));
    font.setPointSizeF(kPointSize * scale);
    font.setWeight(weight);
    return font;
}

QFont figureFont(double scale, QFont::Weight weight) {
    QFont font(QStringLiteral("JetBrains Mono"));
    font.setStyleHint(QFont::Monospace);
    font.setPointSizeF(kPointSize * scale);
    font.setWeight(weight);
    return font;
}

QFont sectionFont() {
    QFont font = textFont(0.88, QFont::DemiBold);
    font.setLetterSpacing(QFont::AbsoluteSpacing, 0.7);
    font.setCapitalization(QFont::AllUppercase);
    return font;
}

QIcon icon(const QString& name, QColor colour) {
    QString svg = textOf(QStringLiteral(":/icons/%1.svg").arg(name));
    if (svg.isEmpty()) return {};
    const QString paint = (colour.isValid() ? colour : tokens().text).name();
    for (const char* ink : {"#232629", "#eff0f1", "#fcfcfc", "#4d4d4d", "#3daee9"}) svg.replace(QLatin1String(ink), paint);
    QSvgRenderer renderer(svg.toUtf8());
    QIcon result;
    for (const int size : {16, 22, 32, 44}) {
        QPixmap pixmap(size, size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        renderer.render(&painter);
        result.addPixmap(pixmap);
    }
    return result;
}

}  // namespace headroom::ui::theme
