// Convolutions as cuDNN's descriptors tell them.
#pragma once
#include "values.h"

namespace emulated {

// cudnnBackendDescriptorType_t
enum Kind {
  POINTWISE,
  CONVOLUTION,
  ENGINE,
  ENGINECFG,
  ENGINEHEUR,
  PLAN,
  INTERMEDIATE,
  KNOB,
  KNOBINFO,
  LAYOUTINFO,
  FORWARD,
  FILTER,
  DATA,
  OP_POINTWISE,
  GENSTATS,
  GRAPH,
  PACK,
  TENSOR
};

struct Tensor {
  Type type;
  std::vector<int64_t> dims, strides;
  int64_t name, alignment;
  bool isVirtual;
  // Elements from first to last.
  size_t extent() const {
    int64_t last = 0;
    for (int i = 0; i < 4; i++) {
      if (dims[i] == 0) return 0;
      last += (dims[i] - 1) * strides[i];
    }
    return (last + 1) * bytesOf(type);
  }
};

// kind: that of its descriptor.
struct Convolved {
  int kind;
  float alpha, beta;
  Tensor x, w, y;
  std::vector<int64_t> pre, post, dilations, strides;
  int64_t groups;
};
// Of its kind and sizes.
unsigned hash(const Convolved& c, int engine = 0);

struct Point {
  int mode;
  Tensor x, b, y;
};
struct Plan {
  Convolved c;
  std::vector<Point> after;
  int engine;
  Type type;
  size_t workspace;
};

// Pointwise: 0 is an addition of b, 100 a ReLU, 200 the gradient of the ReLU that made b.
void run(const Plan& p, const std::map<int64_t, void*>& at, void* workspace);

}  // namespace emulated
