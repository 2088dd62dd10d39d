// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/run/kernel.h"

namespace headroom::run {

/// Pools over any number of places, with dilation, of any element type, with the places of the largest; those of pictures
/// have kernels of their own.
void maxPoolOfPlaces(KernelContext& context);
void averagePoolOfPlaces(KernelContext& context);

}  // namespace headroom::run
