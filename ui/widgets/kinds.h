// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QIcon>
#include <QString>

#include <array>

#include "base/plan/program.h"

namespace headroom::ui {

/// In the order in which bars and areas are stacked: what stays first, what comes and goes last.
inline constexpr std::array<plan::Kind, plan::kKinds> kStackedKinds{
    plan::Kind::Weights, plan::Kind::Gradients,   plan::Kind::Optimizer, plan::Kind::Ema,
    plan::Kind::Batches, plan::Kind::Activations, plan::Kind::Workspace, plan::Kind::Other};

/// "optimizer", as everywhere on the screen.
QString kindName(plan::Kind kind);
QColor kindColour(plan::Kind kind);
/// A small square of a colour, for lists.
QIcon swatch(const QColor& colour);
/// What stands beside a step's tensors: features of a frozen part, and what else the process takes.
QString featuresName();
QColor featuresColour();
QString processName();
QColor processColour();
/// Black or white, whichever reads on the colour.
QColor inkOn(const QColor& colour);

}  // namespace headroom::ui
