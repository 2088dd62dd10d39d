// SPDX-License-Identifier: GPL-3.0-or-later
// The part of Chart that answers to keys and the mouse, and gives the picture away.
#include "ui/widgets/plot.h"

#include <QFileDialog>
#include <QSaveFile>
#include <QSvgGenerator>

#include "ui/theme/theme.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/plot_style.h"

namespace headroom::ui {

bool Chart::eventFilter(QObject* watched, QEvent* event) {
    if (watched != m_plot) return Card::eventFilter(watched, event);
    switch (event->type()) {
        case QEvent::MouseMove: {
            const double x = m_plot->xAxis->pixelToCoord(static_cast<QMouseEvent*>(event)->position().x());
            m_group.setCursor(x);
            break;
        }
        case QEvent::Leave: m_group.setCursor(std::nullopt); break;
        case QEvent::MouseButtonPress: {
            auto* press = static_cast<QMouseEvent*>(event);
            setFocus(Qt::MouseFocusReason);
            if (press->button() == Qt::LeftButton) m_dragging = true, m_dragFrom = m_plot->xAxis->pixelToCoord(press->position().x());
            break;
        }
        case QEvent::MouseButtonRelease: {
            const double to = m_plot->xAxis->pixelToCoord(static_cast<QMouseEvent*>(event)->position().x());
            const double pixels = std::fabs(m_plot->xAxis->coordToPixel(to) - m_plot->xAxis->coordToPixel(m_dragFrom));
            if (m_dragging && pixels > 8) m_group.setRange(std::minmax(m_dragFrom, to));
            m_dragging = false;
            break;
        }
        case QEvent::MouseButtonDblClick: m_group.setRange(std::nullopt); break;
        case QEvent::Resize: schedule(); break;
        default: break;
    }
    return false;
}

void Chart::keyPressEvent(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy)) return copyToClipboard();
    switch (event->key()) {
        case Qt::Key_Left: return moveCursor(event->modifiers() & Qt::ShiftModifier ? -10 : -1);
        case Qt::Key_Right: return moveCursor(event->modifiers() & Qt::ShiftModifier ? 10 : 1);
        case Qt::Key_L: return setLogarithmic(!m_spec.logarithmic);
        case Qt::Key_X: return m_group.nextAxis();
        case Qt::Key_BracketLeft: return m_group.setSmoothing(m_group.smoothing() - 0.05);
        case Qt::Key_BracketRight: return m_group.setSmoothing(m_group.smoothing() + 0.05);
        case Qt::Key_R: return m_group.setRange(std::nullopt);
        case Qt::Key_T: return showTable(m_stack->currentIndex() == 0);
        default: Card::keyPressEvent(event);
    }
}

void Chart::contextMenuEvent(QContextMenuEvent* event) {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(tr("Copy picture and values"), QKeySequence::Copy, this, &Chart::copyToClipboard);
    menu->addAction(tr("Save as…"), this, &Chart::saveAs);
    menu->addSeparator();
    QAction* log = menu->addAction(tr("Logarithmic\tL"), this, [this] { setLogarithmic(!m_spec.logarithmic); });
    log->setCheckable(true);
    log->setChecked(m_spec.logarithmic);
    menu->addAction(tr("Next x axis\tX"), &m_group, &ChartGroup::nextAxis);
    menu->addAction(tr("Show all\tR"), this, [this] { m_group.setRange(std::nullopt); });
    QAction* table = menu->addAction(tr("Show as table\tT"), this, [this] { showTable(m_stack->currentIndex() == 0); });
    table->setCheckable(true);
    table->setChecked(m_stack->currentIndex() == 1);
    menu->popup(event->globalPos());
}

void Chart::focusInEvent(QFocusEvent* event) {
    Card::focusInEvent(event);
    markFocus(*this, true);
}

void Chart::focusOutEvent(QFocusEvent* event) {
    Card::focusOutEvent(event);
    markFocus(*this, false);
}

QPixmap Chart::picture() const { return m_plot->toPixmap(m_plot->width(), m_plot->height(), 2.0); }

QString Chart::tabSeparated() const {
    QStringList lines{QStringList{tr("run"), m_spec.series, title(m_group.axis()), tr("value"), tr("smoothed")}.join('\t')};
    for (const auto& [key, line] : m_lines)
        for (qsizetype i = 0; i < line.trace.x.size(); ++i)
            lines << QStringList{key.first, key.second, QString::number(line.trace.x[i], 'g', 12),
                                 QString::number(line.trace.value[i], 'g', 9), QString::number(line.trace.smooth[i], 'g', 9)}
                         .join('\t');
    return lines.join('\n') + '\n';
}

void Chart::copyToClipboard() const { copyPlot(*m_plot, tabSeparated()); }

bool Chart::save(const QString& path) const {
    if (path.endsWith(QLatin1String(".svg"))) {
        QSvgGenerator svg;
        svg.setFileName(path);
        svg.setSize(m_plot->size());
        svg.setViewBox(QRect(QPoint(0, 0), m_plot->size()));
        svg.setTitle(m_spec.title);
        QCPPainter painter(&svg);
        if (!painter.isActive()) return false;
        painter.setMode(QCPPainter::pmVectorized);
        painter.setMode(QCPPainter::pmNoCaching);
        m_plot->toPainter(&painter, m_plot->width(), m_plot->height());
        return painter.end();
    }
    if (path.endsWith(QLatin1String(".pdf"))) return m_plot->savePdf(path);
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return false;
    if (path.endsWith(QLatin1String(".csv")))
        file.write(tabSeparated().replace('\t', ',').toUtf8());
    else if (!picture().save(&file, "PNG"))
        return false;
    return file.commit();
}

void Chart::saveAs() {
    auto* dialog = new QFileDialog(this, tr("Save chart"), m_spec.series + QStringLiteral(".png"), tr("PNG (*.png);;SVG (*.svg);;PDF (*.pdf);;CSV (*.csv)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) { save(path); });
    dialog->open();
}

}  // namespace headroom::ui
