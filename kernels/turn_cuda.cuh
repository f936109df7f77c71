// CUDA only: copies that turn planes into pixels and back. Through shared memory, so that both sides are read and written
// along their rows.
#pragma once

#include "wide.cuh"

namespace candela {

// The loops around a turn: their sizes, and a step of each in x and in y.
struct TurnOuter {
  int rank;
  Divide dims[kRank];
  int64_t x[kRank], y[kRank];

  explicit TurnOuter(const Nest<2>& nest) : rank(nest.rank) {
    for (int d = 0; d < rank; d++) {
      dims[d] = Divide(nest.dims[d]);
      x[d] = nest.strides[0][d];
      y[d] = nest.strides[1][d];
    }
  }

  __device__ __forceinline__ void of(uint32_t i, int64_t& atX, int64_t& atY) const {
    atX = atY = 0;
    for (int d = rank - 1; d >= 0; d--) {
      uint32_t here = i;
      i = dims[d].split(here);
      atX += here * x[d];
      atY += here * y[d];
    }
  }
};

// p x q elements that lie along p in x and along q in y.
struct Turn {
  TurnOuter outer;
  int64_t p, q, xOfQ, yOfP;
  Divide tilesP, tilesQ;
};

constexpr int kSide = 32, kLines = kBlock / kSide;

template <bool kAdd, class T>
__global__ void __launch_bounds__(kBlock) turnTiles(Turn turn, const T* __restrict__ x, T* __restrict__ y) {
  // One column more than a tile has, so that a column of it lies in all banks.
  __shared__ T tile[kSide][kSide + 1];
  uint32_t p0 = blockIdx.x, row = turn.tilesP.split(p0), q0 = row;
  row = turn.tilesQ.split(q0);
  int64_t atX, atY;
  turn.outer.of(row, atX, atY);
  int lane = threadIdx.x % kSide, line = threadIdx.x / kSide;
  int64_t p = int64_t{1} * p0 * kSide, q = int64_t{1} * q0 * kSide;
#pragma unroll
  for (int e = 0; e < kSide / kLines; e++) {
    int i = e * kLines + line;
    if (p + lane < turn.p && q + i < turn.q) tile[i][lane] = x[atX + (q + i) * turn.xOfQ + p + lane];
  }
  __syncthreads();
#pragma unroll
  for (int e = 0; e < kSide / kLines; e++) {
    int i = e * kLines + line;
    if (q + lane >= turn.q || p + i >= turn.p) continue;
    T* to = y + atY + (p + i) * turn.yOfP + q + lane;
    if constexpr (kAdd) {
      *to = *to + tile[lane][i];
    } else {
      *to = tile[lane][i];
    }
  }
}

// Pixels of a block: their values are K quads for each thread.
constexpr int kPixels = 4 * kBlock;

// K planes in x to K values side by side in y: p pixels, q = yOfP = K. kQuads: all of y is aligned to 16 bytes.
template <int K, bool kAdd, bool kQuads>
__global__ void __launch_bounds__(kBlock) weavePlanes(Turn turn, const float* __restrict__ x, float* __restrict__ y) {
  __shared__ Quad tile[kPixels * K / 4];
  float* values = tile[0].v;
  uint32_t p0 = blockIdx.x, row = turn.tilesP.split(p0);
  int64_t atX, atY;
  turn.outer.of(row, atX, atY);
  int64_t first = int64_t{1} * p0 * kPixels, left = turn.p - first;
  int n = left < kPixels ? static_cast<int>(left) : kPixels;
  const float* in = x + atX + first;
#pragma unroll
  for (int k = 0; k < K; k++) {
#pragma unroll
    for (int e = 0; e < kPixels / kBlock; e++) {
      int i = e * kBlock + threadIdx.x;
      if (i < n) values[i * K + k] = in[k * turn.xOfQ + i];
    }
  }
  __syncthreads();
  float* out = y + atY + first * K;
  int done = kQuads ? n * K / 4 * 4 : 0;
#pragma unroll
  for (int e = 0; e < K; e++) {
    int i = e * kBlock + threadIdx.x;
    if (4 * i >= done) continue;
    Quad v = tile[i];
    if (kAdd) {
      Quad old = quadAt(out + 4 * i);
#pragma unroll
      for (int j = 0; j < 4; j++) v.v[j] = old.v[j] + v.v[j];
    }
    putQuad(out + 4 * i, v);
  }
  for (int i = done + threadIdx.x; i < n * K; i += kBlock) out[i] = kAdd ? out[i] + values[i] : values[i];
}

// Back: K values side by side in x to K planes in y: q pixels, p = xOfQ = K. kQuads: all of x is aligned to 16 bytes.
template <int K, bool kAdd, bool kQuads>
__global__ void __launch_bounds__(kBlock) unweavePlanes(Turn turn, const float* __restrict__ x, float* __restrict__ y) {
  __shared__ Quad tile[kPixels * K / 4];
  float* values = tile[0].v;
  uint32_t q0 = blockIdx.x, row = turn.tilesQ.split(q0);
  int64_t atX, atY;
  turn.outer.of(row, atX, atY);
  int64_t first = int64_t{1} * q0 * kPixels, left = turn.q - first;
  int n = left < kPixels ? static_cast<int>(left) : kPixels;
  const float* in = x + atX + first * K;
  int done = kQuads ? n * K / 4 * 4 : 0;
#pragma unroll
  for (int e = 0; e < K; e++) {
    int i = e * kBlock + threadIdx.x;
    if (4 * i < done) tile[i] = quadAt(in + 4 * i);
  }
  for (int i = done + threadIdx.x; i < n * K; i += kBlock) values[i] = in[i];
  __syncthreads();
  float* out = y + atY + first;
#pragma unroll
  for (int k = 0; k < K; k++) {
#pragma unroll
    for (int e = 0; e < kPixels / kBlock; e++) {
      int i = e * kBlock + threadIdx.x;
      if (i >= n) continue;
      float* to = out + k * turn.yOfP + i;
      *to = kAdd ? *to + values[i * K + k] : values[i * K + k];
    }
  }
}

template <int K, bool kAdd>
void launchPlanes(cd_stream* stream, const Turn& turn, bool weaves, bool quads, unsigned blocks, const float* x, float* y) {
  auto kernel = weaves ? (quads ? weavePlanes<K, kAdd, true> : weavePlanes<K, kAdd, false>)
                       : (quads ? unweavePlanes<K, kAdd, true> : unweavePlanes<K, kAdd, false>);
  kernel<<<blocks, kBlock, 0, queueOf(stream)>>>(turn, x, y);
}

template <bool kAdd>
void launchPlanes(cd_stream* stream, const Turn& turn, const Nest<2>& outer, bool weaves, int64_t p, int64_t q,
                  unsigned blocks, const float* x, float* y) {
  bool quads = aligned(weaves ? y : x);
  for (int d = 0; d < outer.rank; d++) quads = quads && outer.strides[weaves ? 1 : 0][d] % 4 == 0;
  int64_t k = weaves ? q : p;
  if (k == 2) launchPlanes<2, kAdd>(stream, turn, weaves, quads, blocks, x, y);
  if (k == 3) launchPlanes<3, kAdd>(stream, turn, weaves, quads, blocks, x, y);
  if (k == 4) launchPlanes<4, kAdd>(stream, turn, weaves, quads, blocks, x, y);
}

// y (+)= x turned. False, and nothing done, where a grid cannot hold it.
template <bool kAdd, class T>
bool turnWide(cd_stream* stream, const Nest<2>& outer, int64_t p, int64_t q, int64_t xOfQ, int64_t yOfP, const T* x,
              T* y) {
  // Planes are the colours of images, which are floats.
  constexpr bool kFloat = std::is_same_v<T, float>;
  bool weaves = kFloat && q == yOfP && q >= 2 && q <= 4, unweaves = kFloat && !weaves && p == xOfQ && p >= 2 && p <= 4;
  bool planes = weaves || unweaves;
  int64_t sideP = weaves ? kPixels : unweaves ? p : kSide, sideQ = unweaves ? kPixels : weaves ? q : kSide;
  int64_t tilesP = (p + sideP - 1) / sideP, tilesQ = (q + sideQ - 1) / sideQ;
  int64_t rows = outer.count(), all = rows * tilesP * tilesQ;
  if (all <= 0 || all > kMostBlocks) return false;
  Turn turn{TurnOuter(outer), p, q, xOfQ, yOfP, Divide(tilesP), Divide(tilesQ)};
  auto blocks = static_cast<unsigned>(all);
  if constexpr (kFloat) {
    if (planes) launchPlanes<kAdd>(stream, turn, outer, weaves, p, q, blocks, x, y);
  }
  if (!planes) turnTiles<kAdd><<<blocks, kBlock, 0, queueOf(stream)>>>(turn, x, y);
  checkLaunch();
  return true;
}

}  // namespace candela
