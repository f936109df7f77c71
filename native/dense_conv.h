// One convolution of one image, and its transpose: on one thread, or in strips that threads share.
#pragma once

#include "dense.h"

namespace candela {

// Sizes of a convolution h,w,c to oh,ow,oc.
struct Geometry {
  int64_t h, w, c, oh, ow, oc, kh, kw, sh, sw, dh, dw, top, left, bottom, right, groups;

  int64_t inputs() const { return h * w * c; }
  int64_t outputs() const { return oh * ow * oc; }
  Desc input() const { return Desc({1, c, h, w}, F32, Tag::nhwc); }
  Desc output() const { return Desc({1, oc, oh, ow}, F32, Tag::nhwc); }
  Dims strides() const { return {sh, sw}; }
  Dims dilations() const { return {dh - 1, dw - 1}; }
  Dims before() const { return {top, left}; }
  Dims after() const { return {bottom, right}; }

  // The caller's weights, and the same with the layout left to oneDNN.
  Desc weights() const;
  Desc anyWeights() const;
};

// Sizes of candela.h, checked; a transposed convolution gives the geometry of the convolution that it transposes.
Geometry readGeometry(const int* shape, const char* where);

// A convolution of one image on one thread, y = act(conv(x) + bias (+ y)), or its transpose, dx of dy.
class Pass {
 public:
  virtual ~Pass() = default;
  virtual void run(Lane& lane, const float* from, float* to) const = 0;

  // Takes weights that have changed.
  virtual void repack(const float* weights) = 0;

  // The same pass of a part of the image, with the same packed weights: valid until those change.
  virtual std::unique_ptr<Pass> part(const Geometry& geometry) const = 0;
};

// exact: by plain sums.
std::unique_ptr<Pass> forwardOf(const Geometry& geometry, const float* weights, const float* bias,
                                const Activation& activation, bool sum, bool exact);
std::unique_ptr<Pass> transposeOf(const Geometry& geometry, const float* weights, bool exact);

std::unique_ptr<Pass> directForward(const Geometry& geometry, const float* weights, const float* bias,
                                    const Activation& activation, bool sum);
std::unique_ptr<Pass> directTranspose(const Geometry& geometry, const float* weights);

// Few input channels, as in first layers: oneDNN's transpose is slow there. nullptr elsewhere.
std::unique_ptr<Pass> transposeOfFewChannels(const Geometry& geometry, const float* weights);

// 3 x 3 taps and many channels; nullptr where that does not pay.
std::unique_ptr<Pass> winogradForward(const Geometry& geometry, const float* weights, const float* bias,
                                      const Activation& activation, bool sum);
std::unique_ptr<Pass> winogradTranspose(const Geometry& geometry, const float* weights);

// A pass of some rows of an image: reads from one element on, writes so many from another on.
struct Strip {
  int64_t from, to, count;
  std::unique_ptr<Pass> pass;
};

// An image's pass in strips for so many threads; empty where strips do not pay, or do not give the bits of the whole image:
// that is tried, on random numbers.
std::vector<Strip> stripsOf(const Pass& whole, const Geometry& geometry, bool transposed, int threads);

}  // namespace candela
