// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model/node_tables.h"

#include <QJsonArray>
#include <QStringList>

#include <utility>

#include "base/graph/op_entry.h"
#include "ui/bridge/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/graph_view.h"

namespace headroom::ui {
namespace {

QString tr(const char* text) { return DetailsModel::tr(text); }

QString valueText(const graph::Graph& graph, graph::ValueId id) {
    if (id == graph::kNone) return QStringLiteral("–");
    const graph::Value& value = graph.value(id);
    return QString::fromStdString(graph::toString(value.type.shape) + " " + std::string(graph::name(value.type.dtype)));
}

struct AttributeText {
    QString operator()(std::int64_t number) const { return QString::number(number); }
    QString operator()(double number) const { return format::value(number); }
    QString operator()(const std::string& text) const { return QString::fromStdString(text); }
    template <typename T>
    QString operator()(const std::vector<T>& list) const {
        QStringList parts;
        for (const T& each : list) parts << (*this)(each);
        return parts.join(QStringLiteral(", "));
    }
};

class Rows {
public:
    void head(const QString& text) { m_rows.push_back({text, {}, true}); }
    void add(const QString& name, const QString& value) { m_rows.push_back({name, value, false}); }
    void training(Learning learning, bool isUpdated) {
        if (const QString text = learningText(learning, isUpdated); !text.isEmpty()) add(tr("Training"), text);
    }
    void figures(const plan::NodeFigures& figures, const GraphScene& scene, Bytes atPeak) {
        head(tr("Figures"));
        if (figures.parameters > 0) add(tr("Parameters"), format::grouped(figures.parameters));
        add(tr("FLOPs forward"), format::compact(figures.forwardFlops));
        if (figures.backwardFlops > 0) add(tr("FLOPs backward"), format::compact(figures.backwardFlops));
        add(tr("Memory made"), format::bytes(figures.made));
        if (scene.hasPeak) add(tr("Held at the peak"), atPeak > 0 ? format::bytes(atPeak) : QStringLiteral("–"));
        if (scene.hasTimes) add(tr("Time, estimated"), format::shortTime(figures.seconds));
    }
    std::vector<DetailRow> take() { return std::move(m_rows); }

private:
    std::vector<DetailRow> m_rows;
};

void addValues(Rows& rows, const graph::Graph& graph, const graph::Node& node) {
    rows.head(DetailsModel::tr("Inputs"));
    for (const graph::ValueId id : node.inputs)
        if (id == graph::kNone || (graph.value(id).kind != graph::ValueKind::Parameter && graph.value(id).kind != graph::ValueKind::Buffer))
            rows.add(id == graph::kNone ? DetailsModel::tr("(absent)") : QString::fromStdString(graph.value(id).name), valueText(graph, id));
    rows.head(DetailsModel::tr("Outputs"));
    for (const graph::ValueId id : node.outputs) rows.add(QString::fromStdString(graph.value(id).name), valueText(graph, id));
    bool any = false;
    for (const graph::ValueId id : node.inputs) {
        if (id == graph::kNone) continue;
        const graph::Value& value = graph.value(id);
        if (value.kind != graph::ValueKind::Parameter && value.kind != graph::ValueKind::Buffer) continue;
        if (!std::exchange(any, true)) rows.head(DetailsModel::tr("Parameters and buffers"));
        rows.add(QString::fromStdString(value.name), valueText(graph, id));
    }
}

QString cell(const SceneNode& node, int column) {
    switch (column) {
        case NodesModel::Name: return node.name;
        case NodesModel::Operator: return node.op;
        case NodesModel::Parameters: return node.figures.parameters > 0 ? format::compact(static_cast<double>(node.figures.parameters)) : QStringLiteral("–");
        case NodesModel::Flops: return format::compact(node.figures.forwardFlops);
        case NodesModel::Memory: return format::bytes(node.figures.made);
        case NodesModel::Time: return node.figures.seconds > 0 ? format::shortTime(node.figures.seconds) : QStringLiteral("–");
        default: return {};
    }
}

QVariant sortKey(const SceneNode& node, int column) {
    switch (column) {
        case NodesModel::Parameters: return QVariant::fromValue<qint64>(node.figures.parameters);
        case NodesModel::Flops: return node.figures.forwardFlops;
        case NodesModel::Memory: return QVariant::fromValue<qint64>(node.figures.made);
        case NodesModel::Time: return node.figures.seconds;
        default: return cell(node, column);
    }
}

}  // namespace

std::vector<DetailRow> detailsOf(const GraphScene& scene, int index, int block) {
    Rows rows;
    if (index < 0) {
        const SceneBlock& own = scene.blocks[static_cast<std::size_t>(std::max(0, block))];
        rows.head(block > 0 ? own.path : DetailsModel::tr("The whole graph"));
        rows.add(DetailsModel::tr("Nodes"), format::grouped(own.nodes));
        rows.training(own.learning, own.isUpdated);
        rows.figures(own.figures, scene, own.atPeak);
        return rows.take();
    }
    const SceneNode& node = scene.nodes[static_cast<std::size_t>(index)];
    rows.head(node.name);
    if (scene.isComparison) rows.add(DetailsModel::tr("In comparison"), standingText(node.standing, node.isSecond));
    if (node.id == graph::kNone) {
        rows.add(DetailsModel::tr("Input"), valueText(*node.graph, node.value));
        return rows.take();
    }
    const graph::Node& own = node.graph->node(node.id);
    rows.add(DetailsModel::tr("Operator"), node.op + (own.op->domain.empty() ? QString() : QStringLiteral(" (%1)").arg(QString::fromUtf8(own.op->domain.data(), std::ssize(own.op->domain)))));
    rows.add(DetailsModel::tr("Kind"), familyName(node.family));
    if (node.block > 0) rows.add(DetailsModel::tr("Block"), scene.blocks[static_cast<std::size_t>(node.block)].path);
    rows.training(node.learning, node.isUpdated);
    rows.figures(node.figures, scene, node.atPeak);
    addValues(rows, *node.graph, own);
    if (!own.attributes.empty()) rows.head(DetailsModel::tr("Attributes"));
    for (const auto& [key, attribute] : own.attributes) rows.add(QString::fromStdString(key), std::visit(AttributeText{}, attribute));
    return rows.take();
}

std::vector<DetailRow> summaryRows(const QJsonObject& summary) {
    Rows rows;
    rows.head(DetailsModel::tr("File"));
    rows.add(DetailsModel::tr("Format"), DetailsModel::tr("ONNX, opset %1").arg(summary.value(QLatin1String("opset")).toInt()));
    if (const QString producer = summary.value(QLatin1String("producer")).toString(); !producer.isEmpty()) rows.add(DetailsModel::tr("Made by"), producer);
    rows.add(DetailsModel::tr("Weights"), format::bytes(summary.value(QLatin1String("weights_bytes")).toInteger()));
    for (const auto& [key, name] : {std::pair("inputs", DetailsModel::tr("Input")), std::pair("outputs", DetailsModel::tr("Output"))})
        for (const QJsonValue value : summary.value(QLatin1String(key)).toArray()) {
            QStringList shape;
            for (const QJsonValue dim : value[QLatin1String("shape")].toArray()) shape << dim.toVariant().toString();
            rows.add(QStringLiteral("%1 %2").arg(name, value[QLatin1String("name")].toString()), QStringLiteral("[%1] %2").arg(shape.join(QStringLiteral(", ")), value[QLatin1String("type")].toString()));
        }
    if (summary.value(QLatin1String("batch_freed")).toBool()) rows.add(DetailsModel::tr("Batch"), DetailsModel::tr("fixed at 1 in the file, free here"));
    if (summary.value(QLatin1String("half_widened")).toBool()) rows.add(DetailsModel::tr("Precision"), DetailsModel::tr("16-bit floats in the file, fp32 here"));
    rows.head(DetailsModel::tr("Operators"));
    for (const QJsonValue op : summary.value(QLatin1String("operators")).toArray()) rows.add(op[QLatin1String("name")].toString(), QString::number(op[QLatin1String("count")].toInteger()));
    QStringList closed;
    for (const QJsonValue op : summary.value(QLatin1String("without_gradient")).toArray()) closed << op.toString();
    if (!closed.isEmpty()) rows.add(DetailsModel::tr("No gradient through"), closed.join(QStringLiteral(", ")));
    return rows.take();
}

QVariant DetailsModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const DetailRow& each = row(index.row());
    switch (role) {
        case Qt::DisplayRole:
        case Qt::ToolTipRole: return index.column() == 0 ? each.name : each.value;
        case Qt::FontRole: return each.isHead ? QVariant(theme::textFont(0.92, QFont::DemiBold)) : index.column() == 1 ? QVariant(theme::figureFont(0.86)) : QVariant(theme::textFont(0.9));
        case Qt::ForegroundRole: return each.isHead || index.column() == 1 ? QVariant() : QVariant(theme::tokens().muted);
        default: return {};
    }
}

QVariant DetailsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    return section == 0 ? tr("Property") : tr("Value");
}

void NodesModel::set(GraphScenePtr scene) {
    const GraphScenePtr before = std::exchange(m_scene, std::move(scene));  // until the rows speak of the new one
    std::vector<NodeRow> rows;
    for (int i = 0; m_scene && i < static_cast<int>(m_scene->nodes.size()); ++i)
        if (const SceneNode& node = m_scene->nodes[static_cast<std::size_t>(i)]; node.id != graph::kNone) rows.push_back({i, &node});
    replaceRows(std::move(rows));
}

QVariant NodesModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const SceneNode& node = *row(index.row()).node;
    switch (role) {
        case Qt::DisplayRole:
        case Qt::ToolTipRole: return index.column() == Name && role == Qt::ToolTipRole ? QStringLiteral("%1 · %2").arg(node.name, node.op) : cell(node, index.column());
        case Qt::FontRole: return index.column() >= Parameters ? QVariant(theme::figureFont(0.8)) : QVariant(theme::textFont(0.88));
        case SortRole: return sortKey(node, index.column());
        case Qt::TextAlignmentRole: return static_cast<int>((index.column() >= Parameters ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
        default: return {};
    }
}

QVariant NodesModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return static_cast<int>((section >= Parameters ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    const QString titles[kColumns] = {tr("Node"), tr("Operator"), tr("Param."), tr("FLOPs"), tr("Memory"), tr("Time")};
    return titles[section];
}

}  // namespace headroom::ui
