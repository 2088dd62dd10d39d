// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/graph_layout.h"

#include <algorithm>
#include <map>
#include <queue>
#include <unordered_map>

namespace headroom::ui {
namespace {

constexpr double kLayerGap = 30, kItemGap = 22, kLaneGap = 11, kPadding = 16, kTitle = 24;
constexpr int kMostLanes = 32;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

/// An item of the picture as a child of an open block.
struct Child {
    LayoutItem item;
    int parent = -1;      ///< child: the open block around it
    int order = 0;        ///< first node within
    int place = 0;        ///< among the parent's children
    double left = 0, right = 0, height = 0;  ///< extents beside its axis
    double x = 0, y = 0;  ///< of axis and top, within the parent's; at last absolute
};

/// Something that passes layers of a block: from layer `from` (-1: enters at the top) to layer `to` (beyond the last: leaves).
struct Passing {
    int from = 0, to = 0;
    int source = 0;  ///< child from which it comes: what comes from one runs in one lane
};

/// One open block while its children are arranged.
struct Open {
    std::vector<int> children;
    std::vector<std::pair<int, int>> links;  ///< places among the children
    std::vector<int> layer;                  ///< by place
    std::vector<std::vector<int>> layers;    ///< places
    std::vector<double> top, bottom;         ///< by layer
    std::map<std::pair<int, int>, double> lanes;  ///< x beside the axis, by source and the layer after which it passes
    double columnRight = 0;
};

class Arranger {
public:
    Arranger(const GraphScene& scene, const std::vector<bool>& closed) : m_scene(scene), m_closed(closed), m_childOfBlock(scene.blocks.size(), -1), m_ofNode(scene.nodes.size(), -1) {}

    GraphLayout arranged() {
        makeChildren();
        liftEdges();
        for (const int block : m_openOrder) layer(m_open[block]), order(m_open[block]);
        gatherPasses();
        for (auto block = m_openOrder.rbegin(); block != m_openOrder.rend(); ++block) place(*block, m_open[*block]);
        makeAbsolute();
        return written();
    }

private:
    bool isClosed(int block) const { return block != 0 && m_closed[at(block)]; }

    /// The child that stands for a block, made with those around it.
    int childOf(int block, int order) {
        if (m_childOfBlock[at(block)] >= 0) return m_childOfBlock[at(block)];
        const int parent = m_scene.blocks[at(block)].parent;
        const int around = parent < 0 ? -1 : childOf(parent, order);
        if (around >= 0 && m_children[at(around)].item.what == LayoutItem::What::Closed) return m_childOfBlock[at(block)] = around;
        const auto what = isClosed(block) ? LayoutItem::What::Closed : LayoutItem::What::Frame;
        const int child = add({{what, block, {}, 0}, around, order, 0, kNodeWidth / 2, kNodeWidth / 2, kBlockHeight, 0, 0});
        return m_childOfBlock[at(block)] = child;
    }

    int add(Child child) {
        const int index = static_cast<int>(m_children.size());
        if (child.item.what == LayoutItem::What::Frame) m_openOrder.push_back(index);
        if (child.parent >= 0) {
            Open& open = m_open[child.parent];
            child.place = static_cast<int>(open.children.size());
            open.children.push_back(index);
        }
        m_children.push_back(std::move(child));
        return index;
    }

    void makeChildren() {
        childOf(0, 0);
        for (int i = 0; i < static_cast<int>(m_scene.nodes.size()); ++i) {
            const int around = childOf(m_scene.nodes[at(i)].block, i);
            m_ofNode[at(i)] = m_children[at(around)].item.what == LayoutItem::What::Closed
                                  ? around
                                  : add({{LayoutItem::What::Node, i, {}, 0}, around, i, 0, kNodeWidth / 2, kNodeWidth / 2, kNodeHeight, 0, 0});
        }
    }

    std::vector<int> way(int child) const {
        std::vector<int> up{child};
        while (m_children[at(up.back())].parent >= 0) up.push_back(m_children[at(up.back())].parent);
        return up;
    }

    /// A link between children of the innermost block around both; what enters and leaves blocks on the way is told to them.
    void liftEdges() {
        for (const auto& [from, to] : m_scene.edges) m_links.emplace_back(m_ofNode[at(from)], m_ofNode[at(to)]);
        std::sort(m_links.begin(), m_links.end());
        m_links.erase(std::unique(m_links.begin(), m_links.end()), m_links.end());
        std::erase_if(m_links, [](const auto& link) { return link.first == link.second; });
        for (const auto& [from, to] : m_links) {
            const auto [a, b, block] = meeting(way(from), way(to));
            m_open[block].links.emplace_back(m_children[at(a)].place, m_children[at(b)].place);
        }
        for (auto& [block, open] : m_open) {
            std::sort(open.links.begin(), open.links.end());
            open.links.erase(std::unique(open.links.begin(), open.links.end()), open.links.end());
        }
    }

    struct Meeting {
        int from, to, block;
    };
    static Meeting meeting(const std::vector<int>& a, const std::vector<int>& b) {
        std::size_t i = a.size(), j = b.size();
        while (i > 0 && j > 0 && a[i - 1] == b[j - 1]) --i, --j;
        return {a[i - 1], b[j - 1], a[i]};
    }

    /// Longest path; where a block that closes makes a circle, the first node decides.
    static void topological(const Open& open, std::vector<int>& sequence) {
        const std::size_t count = open.children.size();
        std::vector<int> waiting(count, 0);
        std::vector<std::vector<int>> next(count);
        for (const auto& [from, to] : open.links) next[at(from)].push_back(to), ++waiting[at(to)];
        std::vector<bool> done(count, false);
        std::priority_queue<int, std::vector<int>, std::greater<>> ready;
        for (std::size_t i = 0; i < count; ++i)
            if (waiting[i] == 0) ready.push(static_cast<int>(i));
        std::size_t stuck = 0;
        while (sequence.size() < count) {
            if (ready.empty()) {
                while (done[stuck]) ++stuck;
                ready.push(static_cast<int>(stuck));
            }
            const int place = ready.top();
            ready.pop();
            if (done[at(place)]) continue;
            done[at(place)] = true;
            sequence.push_back(place);
            for (const int to : next[at(place)])
                if (--waiting[at(to)] == 0 && !done[at(to)]) ready.push(to);
        }
    }

    static void layer(Open& open) {
        const std::size_t count = open.children.size();
        std::vector<int> sequence, rank(count);
        topological(open, sequence);
        for (std::size_t i = 0; i < count; ++i) rank[at(sequence[i])] = static_cast<int>(i);
        std::vector<std::vector<int>> before(count), after(count);
        for (const auto& [from, to] : open.links)
            if (rank[at(from)] < rank[at(to)]) before[at(to)].push_back(from), after[at(from)].push_back(to);
        open.layer.assign(count, 0);
        for (const int place : sequence)
            for (const int from : before[at(place)]) open.layer[at(place)] = std::max(open.layer[at(place)], open.layer[at(from)] + 1);
        // What nothing flows into stands just before its first reader.
        for (const int place : sequence) {
            if (!before[at(place)].empty() || after[at(place)].empty()) continue;
            int least = open.layer[at(after[at(place)].front())];
            for (const int to : after[at(place)]) least = std::min(least, open.layer[at(to)]);
            open.layer[at(place)] = std::max(0, least - 1);
        }
        const int layers = count == 0 ? 0 : *std::max_element(open.layer.begin(), open.layer.end()) + 1;
        open.layers.assign(at(layers), {});
        for (std::size_t i = 0; i < count; ++i) open.layers[at(open.layer[i])].push_back(static_cast<int>(i));
    }

    /// Within a layer by the mean place of what flows in, from the top and from the bottom once.
    static void order(Open& open) {
        std::vector<double> position(open.children.size(), 0);
        std::vector<std::vector<int>> before(open.children.size()), after(open.children.size());
        for (const auto& [from, to] : open.links) before[at(to)].push_back(from), after[at(from)].push_back(to);
        const auto number = [&](const std::vector<int>& layer) {
            for (std::size_t i = 0; i < layer.size(); ++i) position[at(layer[i])] = static_cast<double>(i) - static_cast<double>(layer.size() - 1) / 2;
        };
        const auto sort = [&](std::vector<int>& layer, const std::vector<std::vector<int>>& neighbours) {
            std::vector<double> mean(open.children.size());
            for (const int place : layer) {
                double sum = 0;
                for (const int other : neighbours[at(place)]) sum += position[at(other)];
                mean[at(place)] = neighbours[at(place)].empty() ? position[at(place)] : sum / static_cast<double>(neighbours[at(place)].size());
            }
            std::stable_sort(layer.begin(), layer.end(), [&](int a, int b) { return mean[at(a)] < mean[at(b)]; });
            number(layer);
        };
        for (auto& layer : open.layers) number(layer);
        for (auto& layer : open.layers)
            if (layer.size() > 1) sort(layer, before);
        for (auto layer = open.layers.rbegin(); layer != open.layers.rend(); ++layer)
            if (layer->size() > 1) sort(*layer, after);
    }

    /// Children beside and below each other; the block's own extents follow.
    void place(int block, Open& open) {
        Child& own = m_children[at(block)];
        double y = block == 0 ? kPadding : kTitle + kPadding / 2, left = 0, right = 0;
        for (const std::vector<int>& layer : open.layers) {
            double wide = kItemGap * static_cast<double>(layer.size() - 1), high = 0;
            for (const int each : layer) {
                const Child& child = m_children[at(open.children[at(each)])];
                wide += child.left + child.right;
                high = std::max(high, child.height);
            }
            // A single one stands on the axis, several around it.
            double x = layer.size() == 1 ? -m_children[at(open.children[at(layer.front())])].left : -wide / 2;
            left = std::max(left, -x);
            for (const int each : layer) {
                Child& child = m_children[at(open.children[at(each)])];
                child.x = x + child.left;
                child.y = y;
                x += child.left + child.right + kItemGap;
            }
            right = std::max(right, x - kItemGap);
            open.top.push_back(y);
            open.bottom.push_back(y + high);
            y += high + kLayerGap;
        }
        open.columnRight = right;
        layLanes(block, open);
        double most = right;
        for (const auto& [key, lane] : open.lanes) most = std::max(most, lane);
        own.left = std::max(left, kNodeWidth / 2) + kPadding;
        own.right = std::max(most, kNodeWidth / 2) + kPadding;
        own.height = (open.layers.empty() ? y : y - kLayerGap) + kPadding;
    }

    /// Everything that passes a layer of the block gets a lane; lanes are used again where they are free.
    void layLanes(int block, Open& open) {
        std::map<std::pair<int, int>, Passing> bySource;  // source and first layer
        const int layers = static_cast<int>(open.layers.size());
        for (const auto& [source, from, to] : m_passes[block]) {
            if (to - from <= 1) continue;
            Passing& passing = bySource.try_emplace({source, from}, Passing{from, to, source}).first->second;
            passing.to = std::max(passing.to, std::min(to, layers));
        }
        std::vector<Passing> passings;
        for (const auto& [key, passing] : bySource) passings.push_back(passing);
        std::sort(passings.begin(), passings.end(), [](const Passing& a, const Passing& b) { return std::tuple(a.from, a.to - a.from, a.source) < std::tuple(b.from, b.to - b.from, b.source); });
        std::vector<int> freeFrom;  // by lane: the layer at which it is free again
        for (const Passing& passing : passings) {
            auto lane = std::find_if(freeFrom.begin(), freeFrom.end(), [&](int layer) { return layer <= passing.from; });
            if (lane == freeFrom.end() && freeFrom.size() < kMostLanes) lane = freeFrom.insert(freeFrom.end(), 0);
            if (lane == freeFrom.end()) --lane;
            *lane = passing.to;
            open.lanes[{passing.source, passing.from}] = open.columnRight + kLaneGap * (1.3 + static_cast<double>(lane - freeFrom.begin()));
        }
    }

    struct Pass {
        int source, from, to;
    };
    /// What passes which block, from the layers of all of them.
    void gatherPasses() {
        for (const auto& [from, to] : m_links) {
            const auto up = way(from), down = way(to);
            const Meeting met = meeting(up, down);
            for (std::size_t i = 0; up[i] != met.from; ++i) m_passes[up[i + 1]].push_back({from, layerOf(up[i]), static_cast<int>(m_open[up[i + 1]].layers.size())});
            m_passes[met.block].push_back({from, layerOf(met.from), layerOf(met.to)});
            for (std::size_t i = 0; down[i] != met.to; ++i) m_passes[down[i + 1]].push_back({from, -1, layerOf(down[i])});
        }
    }

    int layerOf(int child) const {
        const Child& own = m_children[at(child)];
        return m_open.at(own.parent).layer[at(own.place)];
    }

    void makeAbsolute() {
        m_children.front().x = m_children.front().left;
        for (Child& child : m_children) {
            if (child.parent >= 0) {
                const Child& around = m_children[at(child.parent)];
                child.x += around.x;
                child.y += around.y;
            }
            child.item.axis = child.x;
            child.item.area = QRectF(child.x - child.left, child.y, child.left + child.right, child.height);
        }
    }

    /// The lane that something from `source` takes through layers of a block; nothing where it passes none.
    void addLane(int block, int source, int from, int to, std::vector<QPointF>& points) const {
        if (to - from <= 1) return;
        const Open& open = m_open.at(block);
        const Child& own = m_children[at(block)];
        const auto lane = open.lanes.find({source, from});
        if (lane == open.lanes.end()) return;
        const double x = own.x + lane->second;
        const double top = from < 0 ? own.y + kTitle / 2 : own.y + open.bottom[at(from)] + kLayerGap * 0.8;
        const double bottom = to >= static_cast<int>(open.layers.size()) ? own.y + own.height - kPadding / 2 : own.y + open.top[at(to)] - kLayerGap * 0.8;
        points.emplace_back(x, top);
        points.emplace_back(x, std::max(top, bottom));
    }

    std::vector<QPointF> route(int from, int to) const {
        const auto up = way(from), down = way(to);
        const Meeting met = meeting(up, down);
        const Child &a = m_children[at(from)], &b = m_children[at(to)];
        std::vector<QPointF> points{{a.x, a.y + a.height}};
        for (std::size_t i = 0; up[i] != met.from; ++i) addLane(up[i + 1], from, layerOf(up[i]), static_cast<int>(m_open.at(up[i + 1]).layers.size()), points);
        addLane(met.block, from, layerOf(met.from), layerOf(met.to), points);
        std::vector<int> within;
        for (std::size_t i = 0; down[i] != met.to; ++i) within.push_back(static_cast<int>(i));
        for (auto i = within.rbegin(); i != within.rend(); ++i) addLane(down[at(*i) + 1], from, -1, layerOf(down[at(*i)]), points);
        points.emplace_back(b.x, b.y);
        return points;
    }

    GraphLayout written() const {
        GraphLayout layout;
        layout.area = m_children.front().item.area;
        std::vector<int> itemOf(m_children.size(), -1);
        for (std::size_t i = 1; i < m_children.size(); ++i) {
            itemOf[i] = static_cast<int>(layout.items.size());
            layout.items.push_back(m_children[i].item);
        }
        for (const int child : m_ofNode) layout.ofNode.push_back(itemOf[at(child)]);
        for (const auto& [from, to] : m_links) {
            const std::vector<QPointF> points = route(from, to);
            LayoutEdge edge{itemOf[at(from)], itemOf[at(to)], static_cast<int>(layout.points.size()), static_cast<int>(points.size()), {}};
            double left = points[0].x(), right = left, top = points[0].y(), bottom = top;
            for (const QPointF& point : points) {
                left = std::min(left, point.x()), right = std::max(right, point.x());
                top = std::min(top, point.y()), bottom = std::max(bottom, point.y());
            }
            edge.area = QRectF(left - 1, top - 1, right - left + 2, bottom - top + 2);
            layout.points.insert(layout.points.end(), points.begin(), points.end());
            layout.edges.push_back(edge);
        }
        return layout;
    }

    const GraphScene& m_scene;
    const std::vector<bool>& m_closed;
    std::vector<Child> m_children;     ///< the whole first, each block before what it holds
    std::vector<int> m_childOfBlock, m_ofNode, m_openOrder;
    std::vector<std::pair<int, int>> m_links;
    std::unordered_map<int, Open> m_open;
    std::unordered_map<int, std::vector<Pass>> m_passes;
};

}  // namespace

GraphLayout layoutOf(const GraphScene& scene, const std::vector<bool>& closed) { return Arranger(scene, closed).arranged(); }

}  // namespace headroom::ui
