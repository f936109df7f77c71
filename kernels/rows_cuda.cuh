// CUDA only: rows that a team of threads holds in registers, so that each is read once: a warp a row where there are many,
// a block where there are few.
#pragma once

#include "wide.cuh"

namespace candela {

// What join makes of the values of a team of T, the threads of a warp or of a block, which come here together: the same bits
// in each.
template <int T, class Join>
__device__ __forceinline__ float joined(int rank, float v, const Join& join) {
#pragma unroll
  for (int step = 16; step > 0; step >>= 1) v = join(v, __shfl_xor_sync(0xffffffffu, v, step));
  if (T == 32) return v;
  __shared__ float part[T / 32];
  // What an earlier call left there has been read.
  __syncthreads();
  if (rank % 32 == 0) part[rank / 32] = v;
  __syncthreads();
  v = part[0];
#pragma unroll
  for (int w = 1; w < T / 32; w++) v = join(v, part[w]);
  return v;
}

// What a thread of a team of T holds of a row of n: Q quads, in steps of W elements, 16 bytes where W is 4.
template <int T, int Q, int W>
class Held {
 public:
  static constexpr int kTeam = T;

  __device__ explicit Held(int n) : n(n) {}

  __device__ int rank() const { return static_cast<int>(threadIdx.x) % T; }

  __device__ int index(int q, int j) const { return W == 4 ? 4 * (q * T + rank()) + j : (4 * q + j) * T + rank(); }
  __device__ bool has(int q, int j) const { return index(q, j) < n; }

  // Elements beyond the row are `beyond`.
  __device__ void load(const float* row, float beyond, Quad (&v)[Q]) const {
#pragma unroll
    for (int q = 0; q < Q; q++) {
      v[q] = {{beyond, beyond, beyond, beyond}};
      if (W == 4) {
        if (has(q, 0)) v[q] = quadAt(row + index(q, 0));
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++) {
          if (has(q, j)) v[q].v[j] = row[index(q, j)];
        }
      }
    }
  }

  __device__ void store(float* row, const Quad (&v)[Q]) const {
#pragma unroll
    for (int q = 0; q < Q; q++) {
      if (W == 4) {
        if (has(q, 0)) putQuad(row + index(q, 0), v[q]);
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++) {
          if (has(q, j)) row[index(q, j)] = v[q].v[j];
        }
      }
    }
  }

  // row (+)= v.
  __device__ void put(float* row, Quad (&v)[Q], bool accumulate) const {
    if (accumulate) {
      Quad old[Q];
      load(row, 0.0f, old);
#pragma unroll
      for (int q = 0; q < Q; q++) {
#pragma unroll
        for (int j = 0; j < 4; j++) v[q].v[j] = old[q].v[j] + v[q].v[j];
      }
    }
    store(row, v);
  }

  // v = f(v) for the row's own elements.
  template <class F>
  __device__ void each(Quad (&v)[Q], const F& f) const {
#pragma unroll
    for (int q = 0; q < Q; q++) {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (has(q, j)) v[q].v[j] = f(q, j);
      }
    }
  }

  // Sum of f over the row, the same bits in every thread of the team.
  template <class F>
  __device__ float sum(const F& f) const {
    float s = 0.0f;
#pragma unroll
    for (int q = 0; q < Q; q++) {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (has(q, j)) s += f(q, j);
      }
    }
    return joined<T>(rank(), s, [](float a, float b) { return a + b; });
  }

  __device__ float max(const Quad (&v)[Q]) const {
    auto larger = [](float a, float b) { return b > a ? b : a; };
    float s = -INFINITY;
#pragma unroll
    for (int q = 0; q < Q; q++) {
#pragma unroll
      for (int j = 0; j < 4; j++) s = larger(s, v[q].v[j]);
    }
    return joined<T>(rank(), s, larger);
  }

 private:
  int n;
};

// The threads of a team leave together or not at all.
template <int T, int Q, int W, class Row>
__global__ void __launch_bounds__(kBlock) overHeldRows(int64_t rows, Row row) {
  int64_t r = static_cast<int64_t>(blockIdx.x) * (kBlock / T) + threadIdx.x / T;
  if (r < rows) row(r, Held<T, Q, W>(static_cast<int>(row.n)));
}

// Longest row that is held; fewer rows than kFewRows are shared by blocks: 8 warps on each of 132 processors.
constexpr int64_t kHeldRow = 16 * kBlock, kFewRows = 8 * 132;

template <int T, int Q, int W, class Row>
void launchRows(cd_stream* stream, int64_t rows, const Row& row) {
  constexpr int kRows = kBlock / T;
  overHeldRows<T, Q, W><<<static_cast<unsigned>((rows + kRows - 1) / kRows), kBlock, 0, queueOf(stream)>>>(rows, row);
  checkLaunch();
}

template <int W, class Row>
void launchRows(cd_stream* stream, int64_t rows, int64_t n, const Row& row) {
  if (n <= 256) {
    launchRows<32, 2, W>(stream, rows, row);
  } else if (n <= 1024 && rows >= kFewRows) {
    launchRows<32, 8, W>(stream, rows, row);
  } else if (n <= 1024) {
    launchRows<kBlock, 1, W>(stream, rows, row);
  } else {
    launchRows<kBlock, 4, W>(stream, rows, row);
  }
}

// row(r, held) for rows of row.n elements each; whole: all that it reads and writes is aligned to 16 bytes. False, and
// nothing done, where rows are too long to be held.
template <class Row>
bool heldRows(cd_stream* stream, int64_t rows, bool whole, const Row& row) {
  if (rows <= 0 || row.n <= 0 || row.n > kHeldRow || rows > kMostBlocks) return false;
  if (whole && row.n % 4 == 0) {
    launchRows<4>(stream, rows, row.n, row);
  } else {
    launchRows<1>(stream, rows, row.n, row);
  }
  return true;
}

}  // namespace candela
