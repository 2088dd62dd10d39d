// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QTimer>

#include "ui/bridge/model_explorer.h"
#include "ui/panels/context.h"

class QListView;

namespace headroom::ui {

class GalleryModel;
class GraphCard;
class NodeCard;
class ProblemNote;
class TrainingActions;
class WeightsCard;

/// The architectures with what they would take here, files that were opened, and the graph of the one that is chosen.
class ModelPanel : public Panel {
    Q_OBJECT
public:
    explicit ModelPanel(const Context& context, QWidget* parent = nullptr);

    /// A file in ONNX's format is opened, one of weights held against the chosen architecture; all else is not for this page.
    bool accept(const QString& path) override;
    /// Whether a file's name says that it is one for this page.
    static bool takes(const QString& path);
    bool find() override;
    /// Shows the node of that name in the graph of the chosen architecture, as soon as it is there.
    void reveal(const QString& node);

    GalleryModel& gallery() { return *m_gallery; }
    QListView* list() const { return m_list; }
    GraphCard& graph() { return *m_graph; }
    NodeCard& nodes() { return *m_nodes; }
    WeightsCard& weights() { return *m_weights; }
    ProblemNote& problem() { return *m_problem; }
    TrainingActions& training() { return *m_training; }

protected:
    void showEvent(QShowEvent* event) override;

private:
    QWidget* galleryCard();
    void connectModels();
    void choose(int row);
    void followDraft();
    void followData();
    void refresh();
    void setOthers();
    GraphScenePtr compared(const GraphScenePtr& before, const GraphScenePtr& now);
    void showCurrent();
    void showChosen();
    GraphScenePtr marked(const ExploredModelPtr& file);
    QString title(const ExploredModelPtr& model) const;
    ExploredModelPtr modelOf(const QString& title) const;
    void openFile();
    void explainEmpty();

    Context m_context;
    GalleryModel* m_gallery;
    QListView* m_list;
    GraphCard* m_graph;
    TrainingActions* m_training;
    NodeCard* m_nodes;
    WeightsCard* m_weights;  ///< in place of the graph while a file of weights is looked at
    ProblemNote* m_problem;
    QTimer m_refresh;
    ExploredModelPtr m_planned;  ///< of the chosen architecture, or of the file that is to be trained
    ExploredModelPtr m_markedFile, m_markedBy;  ///< a file, the plan whose training its picture shows, and that picture
    GraphScenePtr m_marked;
    bool m_follows = false;  ///< the list is being set to what the settings say
    std::map<QString, ExploredModelPtr> m_seen;  ///< architectures that were looked at, by title, for comparisons
    GraphScenePtr m_before, m_now, m_comparison;  ///< the last two that were compared, and what came out
    QString m_file;      ///< path of the file that is shown; empty: the chosen architecture is
    QString m_pending;   ///< node that is to be shown
    QString m_surveyed;  ///< what the survey was asked about
};

}  // namespace headroom::ui
