// Window of a pooling layer over channels-last images.
#pragma once

#include "portable.cuh"

namespace candela {

struct Window {
  int64_t h, w, c;
  int kh, kw, sh, sw, dh, dw, top, left, oh, ow;

  // First row of the window of output row y, may be negative.
  BOTH int64_t rowOf(int64_t y) const { return y * sh - top; }
  BOTH int64_t columnOf(int64_t x) const { return x * sw - left; }
  // Rows i of a window, from its row at, that lie in the image: firstTap to endTap. However large the window, no others
  // are visited.
  BOTH static int64_t firstTap(int64_t at, int dilation) { return at >= 0 ? 0 : (dilation - 1 - at) / dilation; }
  BOTH static int64_t endTap(int64_t at, int dilation, int taps, int64_t size) {
    if (at + (taps - int64_t{1}) * dilation < size) return taps;
    return at >= size ? 0 : (size - 1 - at) / dilation + 1;
  }
  // The same of the windows that an input pixel lies in, at = its place in the padded image.
  BOTH static int64_t firstWindow(int64_t at, int dilation, int stride, int count) {
    return firstTap((count - int64_t{1}) * stride - at, dilation);
  }
  BOTH static int64_t endWindow(int64_t at, int dilation, int taps) {
    return at >= (taps - int64_t{1}) * dilation ? taps : at / dilation + 1;
  }
  // Output row whose window holds input row y at its row k; -1 where none does.
  BOTH int64_t outputRow(int64_t y, int64_t k) const { return step(y + top - k * dh, sh, oh); }
  BOTH int64_t outputColumn(int64_t x, int64_t k) const { return step(x + left - k * dw, sw, ow); }

  // About so many windows hold an input pixel.
  int64_t windowsOfAPixel() const { return 1 + static_cast<int64_t>(kh) * kw / (static_cast<int64_t>(sh) * sw); }

  BOTH static int64_t step(int64_t at, int stride, int count) {
    return at >= 0 && at % stride == 0 && at / stride < count ? at / stride : -1;
  }
};

// NaN is larger than all numbers.
BOTH bool larger(float v, float best) { return (v > best) | (v != v); }

}  // namespace candela
