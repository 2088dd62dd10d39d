// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

#include "base/config/run_config.h"

class QUndoStack;

namespace headroom::ui {

class ConfigDraft;

/// Several fields changed at once: one entry of the undo stack. Nothing where the draft is like that already.
void changeTogether(ConfigDraft& draft, QUndoStack& undo, const config::RunConfig& wanted, const QString& text);

}  // namespace headroom::ui
