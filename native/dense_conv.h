// One convolution of one image, and its transpose, on one thread.
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

// y = act(conv(x) + bias (+ y)).
class Forward {
 public:
  virtual ~Forward() = default;
  virtual void run(Lane& lane, const float* x, float* y) const = 0;

  // Takes weights that have changed.
  virtual void repack(const float* weights) = 0;
};

// dx = transpose of conv on g.
class Transpose {
 public:
  virtual ~Transpose() = default;
  virtual void run(Lane& lane, const float* g, float* dx) const = 0;

  // Takes weights that have changed.
  virtual void repack(const float* weights) = 0;
};

// exact: by plain sums.
std::unique_ptr<Forward> forwardOf(const Geometry& geometry, const float* weights, const float* bias,
                                   const Activation& activation, bool sum, bool exact);
std::unique_ptr<Transpose> transposeOf(const Geometry& geometry, const float* weights, bool exact);

// Few input channels, as in first layers: oneDNN's transpose is slow there.
std::unique_ptr<Transpose> transposeOfFewChannels(const Geometry& geometry, const float* weights);

// 3 x 3 taps and many channels; nullptr where that does not pay.
std::unique_ptr<Forward> winogradForward(const Geometry& geometry, const float* weights, const float* bias,
                                         const Activation& activation, bool sum);
std::unique_ptr<Transpose> winogradTranspose(const Geometry& geometry, const float* weights);

}  // namespace candela
