// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QStringList>

#include "support/temporary_folder.h"

namespace headroom::test {

/// The first digits of the sample as PNG files; none where the sample is not built.
QStringList digitPictures(const TemporaryFolder& folder, int count);
/// A table to classify: size and colour of things, and whether they are large.
QString writeTable(const TemporaryFolder& folder);
/// A table whose last column is a number: the price of things.
QString writePrices(const TemporaryFolder& folder);
/// A text of few words, often said.
QString writeText(const TemporaryFolder& folder);

}  // namespace headroom::test
