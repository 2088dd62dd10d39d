// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace headroom::formats {

class OnnxImporter;

/// Rules of onnx_lifting.cpp for what makes or changes shapes: named extents, and a batch that the file has as 1.
void liftReshape(OnnxImporter& in);
void liftExpand(OnnxImporter& in);
void liftGather(OnnxImporter& in);
void liftConstantOfShape(OnnxImporter& in);
void liftConcat(OnnxImporter& in);
void liftSlice(OnnxImporter& in);
void liftRange(OnnxImporter& in);
/// LSTM, GRU and RNN: a first state of zeros is none.
void liftRecurrent(OnnxImporter& in);

}  // namespace headroom::formats
