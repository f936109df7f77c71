// CUDA only. Batches whose rows share what they are made of: a thread takes 4 neighbouring elements (16 bytes; 1 element
// where rows are not aligned), reads once what does not depend on the row, then writes them in one row after another.
#pragma once

#include "launch.cuh"

// A body that has a faster version here is the CPU's alone: nvcc need not say that nothing calls it.
#pragma nv_diag_suppress 177

namespace candela {

template <int kWide>
struct Floats {
  float at[kWide];
};

template <int kWide>
struct Ints {
  int32_t at[kWide];
};

template <int kWide>
__device__ __forceinline__ Floats<kWide> load(const float* p) {
  if constexpr (kWide == 4) {
    float4 v = __ldg(reinterpret_cast<const float4*>(p));
    return {{v.x, v.y, v.z, v.w}};
  } else {
    return {{__ldg(p)}};
  }
}

template <int kWide>
__device__ __forceinline__ Ints<kWide> load(const int32_t* p) {
  if constexpr (kWide == 4) {
    int4 v = __ldg(reinterpret_cast<const int4*>(p));
    return {{v.x, v.y, v.z, v.w}};
  } else {
    return {{__ldg(p)}};
  }
}

template <int kWide>
__device__ __forceinline__ void store(float* p, const Floats<kWide>& v) {
  if constexpr (kWide == 4) {
    *reinterpret_cast<float4*>(p) = make_float4(v.at[0], v.at[1], v.at[2], v.at[3]);
  } else {
    *p = v.at[0];
  }
}

// The accumulators of 4 elements, 2 at a time.
template <int kWide>
__device__ __forceinline__ void load(const double* p, double (&v)[kWide]) {
  if constexpr (kWide == 1) {
    v[0] = *p;
  } else {
#pragma unroll
    for (int k = 0; k < kWide; k += 2) {
      double2 two = *reinterpret_cast<const double2*>(p + k);
      v[k] = two.x;
      v[k + 1] = two.y;
    }
  }
}

template <int kWide>
__device__ __forceinline__ void store(double* p, const double (&v)[kWide]) {
  if constexpr (kWide == 1) {
    *p = v[0];
  } else {
#pragma unroll
    for (int k = 0; k < kWide; k += 2) *reinterpret_cast<double2*>(p + k) = make_double2(v[k], v[k + 1]);
  }
}

// Whether rows of n elements from each of these places on can be read and written 16 bytes at a time.
template <class... T>
bool wide(int64_t n, const T*... places) {
  return n % 4 == 0 && ((reinterpret_cast<uintptr_t>(places) % 16 == 0) && ...);
}

// Op: columns<kWide>(i) reads what all rows share of the elements i … i + kWide - 1, row<kWide>(columns, r, i) writes
// those of row r.
template <int kWide, class Op>
__global__ void __launch_bounds__(kBlock) overBatch(int64_t rows, int64_t n, Op op) {
  int64_t across = static_cast<int64_t>(gridDim.x) * blockDim.x * kWide;
  int64_t down = static_cast<int64_t>(gridDim.y) * blockDim.y;
  int64_t first = static_cast<int64_t>(blockIdx.y) * blockDim.y + threadIdx.y;
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * kWide; i < n; i += across) {
    auto columns = op.template columns<kWide>(i);
    for (int64_t r = first; r < rows; r += down) op.template row<kWide>(columns, r, i);
  }
}

// Enough blocks for two rounds on 132 multiprocessors of 8 blocks each. Rows that take longer to compute than to write
// want more: the last round is then shorter.
constexpr int64_t kWanted = 2112;

// Rows of a thread: few enough that all the card is busy, as many as 8 so that what they share is read seldom.
constexpr int64_t kRowsEach = 8;

constexpr int64_t kAcross = 1 << 20;
constexpr int64_t kDown = 65535;

struct Shape2 {
  dim3 grid, block;
};

// Of a launch over rows of `threads` threads each; rows narrower than a block share one.
inline Shape2 shapeOf(int64_t rows, int64_t threads, int64_t wanted) {
  int64_t x = 32;
  while (x < threads && x < kBlock) x *= 2;
  int64_t y = kBlock / x;
  int64_t across = (threads + x - 1) / x, down = (rows + y - 1) / y;
  across = across < kAcross ? across : kAcross;
  int64_t each = across * down / wanted;
  each = each < 1 ? 1 : each < kRowsEach ? each : kRowsEach;
  down = (down + each - 1) / each;
  down = down < kDown ? down : kDown;
  return {dim3(static_cast<unsigned>(across), static_cast<unsigned>(down)),
          dim3(static_cast<unsigned>(x), static_cast<unsigned>(y))};
}

template <int kWide, class Op>
void forEachRowOf(cd_stream* stream, int64_t rows, int64_t n, const Op& op, int64_t wanted = kWanted) {
  if (rows <= 0 || n <= 0) return;
  Shape2 s = shapeOf(rows, (n + kWide - 1) / kWide, wanted);
  overBatch<kWide><<<s.grid, s.block, 0, queueOf(stream)>>>(rows, n, op);
  checkLaunch();
}

// aligned: wide() of all that the op reads and writes.
template <class Op>
void forEachBatch(cd_stream* stream, int64_t rows, int64_t n, bool aligned, const Op& op) {
  if (aligned) {
    forEachRowOf<4>(stream, rows, n, op);
  } else {
    forEachRowOf<1>(stream, rows, n, op);
  }
}

}  // namespace candela
