// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/models/models.h"
#include "engine/data/normalise.h"
#include "engine/data/preparation.h"
#include "engine/data/source.h"
#include "engine/formats/dataset.h"

namespace headroom::data {

/// What an exported file says about the data of its run.
struct Reference {
    Preparation preparation;     ///< of the run; its `path` is that of the data to read
    nlohmann::json statistics;   ///< Dataset::reference
    std::vector<std::string> classes;
};

/// Class names of a file's metadata. Throws EXP-03 where it holds anything else.
std::vector<std::string> namesFrom(const nlohmann::json& classes);

/// Of a reference of pictures. Throws EXP-03 where it is not whole.
models::DataShape pictureShapeOf(const Reference& reference);
/// What a net takes that was trained on such data. Throws EXP-03 where the reference is not whole.
models::DataShape shapeOf(const Reference& reference);
std::shared_ptr<const Normaliser> normaliserOf(const Reference& reference, const models::DataShape& shape);

/// Samples that a net meets after its training, prepared by the statistics of its own training data.
struct ReferenceData {
    models::DataShape shape;  ///< as the reference has it
    std::unique_ptr<Source> source;
    /// Which samples of the data these are: of the run's own data the part that it was evaluated on - "validation", or
    /// "training" where it held nothing out; of other data the "test" part where there is one, else "all".
    std::string part;
};

/// Nothing is learnt from the data: another table may have its columns in another order and lack categories, pictures
/// must have the reference's size, texts its characters. Throws EXP-03 where the reference is not whole, DAT-01 for an
/// unknown label, DAT-03 for a missing column, CSV-08 for texts in a column of numbers, DAT-05 for other pictures,
/// characters or kinds of data, TXT-01 for a text shorter than the context.
ReferenceData prepareByReference(formats::RawDataset raw, const Reference& reference);

/// Reads `preparation.data.path` with what the reference knows of it in place of what a reader would find out.
ReferenceData loadByReference(const Reference& reference);

}  // namespace headroom::data
