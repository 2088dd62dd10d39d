// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/actions.h"

#include <QWidget>

namespace headroom::ui {
namespace {

#define N(text) QT_TRANSLATE_NOOP("Actions", text)
constexpr ActionSpec kTable[] = {
    {"new_run", N("File"), N("New run"), "Ctrl+N", N("Shows the settings of the next run")},
    {"open_data", N("File"), N("Open data folder…"), "Ctrl+O", N("Chooses a folder to train on")},
    {"open_file", N("File"), N("Open data file…"), "Ctrl+Shift+O", N("Chooses a file to train on: CSV or text")},
    {"open_config", N("File"), N("Open configuration…"), "", N("Takes the settings from a JSON document")},
    {"save_config", N("File"), N("Save settings as…"), "Ctrl+S", N("Writes the settings as a JSON document")},
    {"sample", N("File"), N("Try the sample"), "", N("Handwritten digits, set up and ready to start")},
    {"quit", N("File"), N("Quit"), "Ctrl+Q", N("Closes the window; runs go on")},
    {"undo", N("Edit"), N("Undo"), "Ctrl+Z", N("Takes back the last edit")},
    {"redo", N("Edit"), N("Redo"), "Ctrl+Shift+Z", N("Does again what was taken back")},
    {"start", N("Run"), N("Start"), "F5", N("Starts a run with these settings")},
    {"pause", N("Run"), N("Pause"), "F6", N("Pauses the selected run after a checkpoint, or resumes it")},
    {"stop", N("Run"), N("Stop"), "Shift+F5", N("Stops the selected run after a checkpoint")},
    {"duplicate", N("Run"), N("Duplicate settings"), "Ctrl+D", N("Takes over the settings of the selected run")},
    {"copy_command", N("Run"), N("Copy as command"), "Ctrl+Shift+C", N("Copies the command line that starts the same run")},
    {"rename", N("Run"), N("Rename"), "F2", N("Gives the selected run another name")},
    {"trash", N("Run"), N("Move to trash"), "Del", N("Takes the selected run out of the list; can be undone")},
    {"pin", N("Run"), N("Pin"), "", N("Keeps the selected run at the top")},
    {"export", N("Run"), N("Export"), "Ctrl+E", N("Shows the export of the selected run")},
    {"page_data", N("View"), N("Data"), "Ctrl+1", N("What the data holds")},
    {"page_model", N("View"), N("Model"), "Ctrl+2", N("Architectures, files and their graphs")},
    {"page_train", N("View"), N("Train"), "Ctrl+3", N("Curves and settings")},
    {"page_memory", N("View"), N("Memory"), "Ctrl+4", N("What a step needs, what makes it fit, what a run took")},
    {"page_export", N("View"), N("Export"), "Ctrl+5", N("Files and their proof")},
    {"page_predict", N("View"), N("Predict"), "Ctrl+6", N("What a run and its exported file make of pictures, rows and texts")},
    {"page_system", N("View"), N("System"), "Ctrl+7", N("What this machine offers")},
    {"filter", N("View"), N("Find"), "Ctrl+F", N("Goes to the search of the page, or to the filter of the list of runs")},
    {"runs", N("View"), N("Runs"), "F8", N("Shows or hides the list of runs")},
    {"hardware", N("View"), N("Hardware"), "F9", N("Shows or hides the machine's figures")},
    {"log", N("View"), N("Log"), "Ctrl+J", N("Shows or hides the log of the selected run")},
    {"problems", N("View"), N("Problems"), "Ctrl+Shift+M", N("Shows or hides what went wrong")},
    {"restore_layout", N("View"), N("Restore default layout"), "", N("Puts everything back in its place")},
    {"theme_system", N("View"), N("Colours of the desktop"), "", N("Dark or light as the desktop is")},
    {"theme_dark", N("View"), N("Dark"), "", N("Dark colours")},
    {"theme_light", N("View"), N("Light"), "", N("Light colours")},
    {"palette", N("Help"), N("Search everything"), "Ctrl+K", N("Finds runs, settings and commands")},
    {"shortcuts", N("Help"), N("Keyboard shortcuts"), "Ctrl+/", N("Lists all of them")},
};

constexpr std::pair<const char*, const char*> kFocusKeys[] = {
    {"← →", N("Chart: move the cursor, with Shift by ten points")}, {"L", N("Chart: logarithmic values")}, {"X", N("Chart: next x axis")},
    {"[  ]", N("Chart: less or more smoothing")}, {"R", N("Chart: show all")}, {"T", N("Chart: values as a table")},
    {"Ctrl+C", N("Chart: copy picture and values")}, {"+  −  0  F", N("Graph: larger, smaller, full size, all of it")}, {"Return", N("Graph: open or close a block")}, {"H", N("Runs: draw the run or not")}, {"P", N("Runs: pin")}};
#undef N

}  // namespace

std::span<const ActionSpec> actionTable() { return kTable; }
std::span<const std::pair<const char*, const char*>> focusKeys() { return kFocusKeys; }

Actions::Actions(QWidget* window) : QObject(window) {
    for (const ActionSpec& spec : kTable) {
        auto* action = new QAction(tr(spec.text), this);
        action->setObjectName(QLatin1String(spec.name));
        action->setShortcut(QKeySequence(QLatin1String(spec.shortcut)));
        action->setStatusTip(tr(spec.help));
        action->setToolTip(tr(spec.help));
        window->addAction(action);
        m_actions[QLatin1String(spec.name)] = action;
    }
}

QAction* Actions::operator[](const QString& name) const {
    Q_ASSERT(m_actions.contains(name));
    return m_actions.value(name);
}

}  // namespace headroom::ui
