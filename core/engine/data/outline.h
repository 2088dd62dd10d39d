// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/data/dataset.h"

namespace headroom::data {

/// What data are, for questions about them. Of a folder of pictures that were not decoded nothing is decoded either: pictures that cannot be
/// read count, and there is no fingerprint.
struct Outline {
    models::DataShape shape;
    std::string format;
    std::vector<std::string> classes;
    std::int64_t training = 0, validation = 0;  ///< samples
    nlohmann::json reference;   ///< Dataset::reference; of such a folder its class counts alone
    std::string fingerprint;
    std::vector<std::string> notes;
    formats::PictureRoom room;  ///< of a folder of pictures
};

/// Throws as prepare().
Outline outlineOf(formats::RawDataset raw, const Preparation& preparation);

}  // namespace headroom::data
