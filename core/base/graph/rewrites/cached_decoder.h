// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <vector>

#include "base/graph/graph.h"

namespace headroom::graph {

/// A net for text that goes on behind tokens whose keys and values it is given, in place of computing them again.
struct CachedDecoder {
    /// Inputs: the net's own; `positions` [sequence], the place of every token in the text; of each attention `<node>.past_key` and
    /// `<node>.past_value` [batch, heads, past, width]. Outputs: the net's own, then the keys and values of the new tokens in the order
    /// of those inputs, as they lie in the net. They are what a cache takes up: present outputs would be all of it again for every token.
    Graph step;
    /// The same keys and values in the net itself: with them a cache begins.
    std::vector<ValueId> kept;
};

/// The rewrite where it is provably right, else nothing. The net has one input of tokens [batch, sequence] and one output, a row a
/// token; tokens meet in causal attention alone, without mask and cache; between these stands only what computes each token's row by
/// itself: Gather, products with what depends on no token, element by element, norms over channels, and Split, Transpose, Reshape,
/// Flatten that leave the tokens' dimension whole or join it with the batch; learned positions are AddPositions. That are the
/// builders gpt and gpt_mini, and an ONNX file whose graph has this form (what was exported from them for opset 23). All
/// else, as recurrent layers, other masks, attention made of products, has no such form.
std::optional<CachedDecoder> cachedDecoder(const Graph& net);

}  // namespace headroom::graph
