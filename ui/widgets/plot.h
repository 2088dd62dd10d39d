// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
// QCustomPlot with the keywords that its header relies on; the build switches Qt's own off because they break others'.
#define signals Q_SIGNALS
#define slots Q_SLOTS
#define foreach Q_FOREACH
#include <qcustomplot.h>
#undef signals
#undef slots
#undef foreach
