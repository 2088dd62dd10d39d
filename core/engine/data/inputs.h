// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/data/augment.h"
#include "engine/data/reference_data.h"

namespace headroom::data {

/// What a net is asked about, prepared as its training data were. Nothing is known of what the answer should be: the targets of the
/// source mean nothing.
struct Inputs {
    models::DataShape shape;
    std::vector<std::string> names;  ///< of each sample: "cat.png", "people.csv row 3", the text
    std::vector<PictureSize> sizes;  ///< of pictures, as they are in their files
    std::unique_ptr<Source> source;  ///< of texts samples differ in length: one at a time
};

/// Of pictures each input is a PNG or JPEG file, which becomes of the net's size and channels (formats::fitted()); of tables a
/// CSV file, the target not needed, or one row "column=value,column=value"; of text a file, or the text itself, of which the last tokens
/// count that the context holds. Throws what reading them throws, EXP-03 where the reference is not whole, DAT-03 for a missing column,
/// CSV-08 for texts in a column of numbers, TXT-01, TXT-02, TXT-04.
Inputs readInputs(const std::vector<std::string>& inputs, const Reference& reference);

}  // namespace headroom::data
