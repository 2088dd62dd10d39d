// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace headroom::prover {

/// From now on this process gets no more memory than the automatic share of what is available: a few hundred bytes of somebody's file may ask
/// for all that a machine has. What goes beyond is a std::bad_alloc. A limit that is lower already stays.
void boundMemory();

}  // namespace headroom::prover
