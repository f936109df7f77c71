// Groups of neighbouring channels that are normalised together, of x[images,pixels,channels].
#pragma once

#include "portable.cuh"

namespace candela {

struct Groups {
  int64_t images, pixels, channels, groups;

  BOTH int64_t width() const { return channels / groups; }
};

}  // namespace candela
