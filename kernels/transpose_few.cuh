// The transpose of a convolution of few input channels, as a convolution with stride 1 in whose output the pixels of a
// window's stride lie beside each other as channels.
#pragma once

#include <stdint.h>

#include "portable.cuh"

namespace candela {

constexpr int quotientUp(int n, int by) { return (n + by - 1) / by; }

// One direction. Pixel p is place (p + before) % stride of cell (p + before) / stride. Of the convolution's output, number
// m - j has a part in cell m, j = 0 … reach - 1, by tap stride * j + place - late, where there is such a tap.
struct FewAxis {
  int size, out, taps, stride, late, before, reach;
  // The cells that hold pixels.
  int first, cells;

  FewAxis(int size, int out, int taps, int stride, int pad) : size(size), out(out), taps(taps), stride(stride) {
    // The image's edge is a cell's, unless that takes more taps.
    late = (stride - pad % stride) % stride;
    if (quotientUp(taps + late, stride) > quotientUp(taps, stride)) late = 0;
    before = pad + late;
    reach = quotientUp(taps + late, stride);
    first = before / stride;
    cells = size == 0 ? 0 : (size - 1 + before) / stride - first + 1;
  }
};

// Products are of 8 outputs by 8 channels: a fragment.
constexpr int kFragment = 64;

struct Few {
  int64_t rows;
  int c, oc;
  FewAxis down, across;
  // Fragments of the outputs of a cell, stride x stride x c, that are made at once, how often, and of the channels.
  int fragments, passes, deep;
  // Taps down that are made at once, and all of them, with some of zeros.
  int taps, reach;

  // shape[12] = h, w, c, oc, kh, kw, strideH, strideW, padTop, padLeft, oh, ow.
  Few(int64_t rows, const int* shape)
      : rows(rows), c(shape[2]), oc(shape[3]), down(shape[0], shape[10], shape[4], shape[6], shape[8]),
        across(shape[1], shape[11], shape[5], shape[7], shape[9]) {
    int all = quotientUp(down.stride * across.stride * c, 8);
    passes = quotientUp(all, 4);
    fragments = quotientUp(all, passes);
    deep = quotientUp(oc, 8);
    // As many as leave room for the sums in registers.
    taps = fragments == 4 ? 2 : fragments == 3 ? 3 : 4;
    for (int t = taps - 1; t > 1; t--) {
      if (quotientUp(down.reach, t) * t < quotientUp(down.reach, taps) * taps) taps = t;
    }
    reach = quotientUp(down.reach, taps) * taps;
  }

  // Floats of arranged weights: [passes,deep,across.reach,reach,fragments] fragments.
  BOTH int64_t floats() const { return int64_t{kFragment} * passes * deep * across.reach * reach * fragments; }

  // Where arranged weights have that of output n of a cell for channel o, j down and i across.
  BOTH int64_t at(int n, int o, int j, int i) const {
    int64_t fragment = n / (8 * fragments) * deep + o / 8;
    fragment = ((fragment * across.reach + i) * reach + j) * fragments + n / 8 % fragments;
    return fragment * kFragment + n % 8 * 8 + o % 4 * 2 + o / 4 % 2;
  }
};

}  // namespace candela
