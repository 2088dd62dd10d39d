// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

#include "base/store/run_summary.h"

namespace headroom::ui {

/// "cnn on digits · finished · 11 min · 0.992": a run below its name on pages that are about one.
QString runWords(const store::RunSummary& run);

}  // namespace headroom::ui
