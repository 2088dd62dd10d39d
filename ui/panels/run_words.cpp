// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/run_words.h"

#include "ui/bridge/format.h"
#include "ui/bridge/runs_model.h"

namespace headroom::ui {

QString runWords(const store::RunSummary& run) {
    const auto best = headline(run);
    return RunsModel::tr("%1 on %2 · %3%4").arg(QString::fromStdString(run.arch), QString::fromStdString(run.data), subtitle(run), best ? QStringLiteral(" · ") + format::metric(*best) : QString());
}

}  // namespace headroom::ui
