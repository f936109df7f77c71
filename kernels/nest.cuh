// A nest of up to 8 loops over K operands with strides of their own, made as flat as they allow.
#pragma once

#include "check.cuh"
#include "portable.cuh"

namespace candela {

constexpr int kRank = 8;

template <int K>
struct Nest {
  int rank = 0;
  int64_t dims[kRank];
  int64_t strides[K][kRank];

  // Host. Adds a loop inside the others, or lengthens the innermost.
  void add(int64_t dim, const int64_t (&stride)[K]) {
    if (dim == 1) return;
    bool joins = rank > 0;
    for (int k = 0; k < K && joins; k++) joins = strides[k][rank - 1] == stride[k] * dim;
    if (!joins) dims[rank++] = 1;
    dims[rank - 1] *= dim;
    for (int k = 0; k < K; k++) strides[k][rank - 1] = stride[k];
  }

  // Host. At least one loop, so that there is an innermost.
  void close() {
    if (rank > 0) return;
    rank = 1;
    dims[0] = 1;
    for (int k = 0; k < K; k++) strides[k][0] = 0;
  }

  int64_t count() const {
    int64_t n = 1;
    for (int i = 0; i < rank; i++) n *= dims[i];
    return n;
  }

  BOTH int64_t inner() const { return dims[rank - 1]; }
  BOTH int64_t stride(int k) const { return strides[k][rank - 1]; }

  // Offsets of the operands at step i of the outermost `loops` loops.
  BOTH void start(int64_t i, int loops, int64_t (&at)[K]) const {
    for (int k = 0; k < K; k++) at[k] = 0;
    for (int d = loops - 1; d > 0; d--) {
      int64_t here = i % dims[d];
      i /= dims[d];
      for (int k = 0; k < K; k++) at[k] += here * strides[k][d];
    }
    for (int k = 0; k < K && loops > 0; k++) at[k] += i * strides[k][0];
  }
};

// Product of dims after a check of rank and dims.
inline int64_t checkDims(const Check& check, int rank, const int* dims) {
  check.range(rank, 0, kRank, "rank");
  int64_t n = 1;
  bool zero = false;
  for (int i = 0; i < rank; i++) {
    check.range(dims[i], 0, INT32_MAX, "every dimension");
    if (dims[i] == 0) zero = true;
    if (!zero) n = check.counts({n, dims[i]});
  }
  return zero ? 0 : n;
}

}  // namespace candela
