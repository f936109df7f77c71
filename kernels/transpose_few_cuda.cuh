// CUDA only: the transpose of a convolution of few input channels in tensor cores. A block makes a tile of cells: it brings
// what the tile's windows hold of g to shared memory once, kFewChannels channels at a time, and reads it there for every
// tap. Of those channels each of four warps, a slice, takes 8, for the same sums; these are added in the end, in the order of
// the slices. The order of a pixel's sums is therefore that of the channels and taps, whatever the tile.
//
// A warp makes kRows rows of 16 cells. What it fetches of a row of g is a factor for as many of them as there are taps down.
#pragma once

#include "grid_cuda.cuh"
#include "launch.cuh"
#include "tensor_cuda.cuh"
#include "transpose_few.cuh"

namespace candela {

constexpr int kFewChannels = 32, kFewSlices = 4, kFewWidth = 16, kFewMostThreads = 256;

// Two stages that take more leave room for no second block on a multiprocessor: then there is one stage.
constexpr int kFewBytes = 96 << 10;

// As many blocks as keep a large card busy twice.
constexpr int64_t kFewBlocks = 264;

struct FewJob {
  Few f;
  Divide byPasses, byTilesAcross, byTilesDown, byPatchWidth;
  // Floats of a row of pixels of a tile, of a cell in it, and rows of a cell.
  Divide byRow, bySpan;
  // What a tile's windows hold, in outputs of the convolution.
  int patchHeight, patchWidth;
  int stages, groups;
  bool accumulate;
  const float* g;
  const float* weights;
  float* dx;
};

// Starts to copy a patch's channels from this one on. In shared memory the 4 channels q of a pixel stand at q ^ x % 8: those
// of 8 pixels beside each other lie in different banks, wherever they begin.
__device__ __forceinline__ void fillPatch(const FewJob& job, float* patch, uint32_t image, int top, int left, int channel) {
  const Few& f = job.f;
  int quad = static_cast<int>(threadIdx.x % 8);
  channel += 4 * quad;
  const float* from = job.g + static_cast<int64_t>(image) * f.down.out * f.across.out * f.oc + channel;
  int pixels = job.patchHeight * job.patchWidth;
#pragma unroll 2
  for (int p = static_cast<int>(threadIdx.x / 8); p < pixels; p += static_cast<int>(blockDim.x / 8)) {
    uint32_t x = static_cast<uint32_t>(p);
    int oy = top + static_cast<int>(job.byPatchWidth.split(x)), ox = left + static_cast<int>(x);
    bool in = channel < f.oc && oy >= 0 && oy < f.down.out && ox >= 0 && ox < f.across.out;
    copyAsync(patch + p * kFewChannels + 4 * (quad ^ static_cast<int>(x % 8)), from + (oy * f.across.out + ox) * f.oc, in);
  }
}

// The sums of a warp.
template <int kRows, int kFragments, int kTaps>
struct FewSums {
  float at[kRows][kFragments][4];

  // Weights of kTaps taps, one below the other.
  struct Weights {
    float2 of[kTaps][kFragments];

    __device__ __forceinline__ void fetch(const float2* from) {
#pragma unroll
      for (int j = 0; j < kTaps; j++) {
#pragma unroll
        for (int f = 0; f < kFragments; f++) of[j][f] = from[(j * kFragments + f) * 32];
      }
    }
  };

  __device__ __forceinline__ static void round(const Weights& w, uint32_t (&b)[kTaps][kFragments][2]) {
#pragma unroll
    for (int j = 0; j < kTaps; j++) {
#pragma unroll
      for (int f = 0; f < kFragments; f++) {
        b[j][f][0] = rounded(__float_as_uint(w.of[j][f].x));
        b[j][f][1] = rounded(__float_as_uint(w.of[j][f].y));
      }
    }
  }

  // Adds the products of these taps. from: what this lane gives the address of in the row of the last of them for the first
  // row of cells.
  __device__ __forceinline__ void add(const float* from, int stride, const uint32_t (&b)[kTaps][kFragments][2]) {
    uint32_t a[2][4];
    loadMatrices(from, a[0][0], a[0][1], a[0][2], a[0][3]);
#pragma unroll
    for (int i = 0; i < kRows + kTaps - 1; i++) {
      uint32_t(&now)[4] = a[i % 2], (&next)[4] = a[1 - i % 2];
      if (i + 1 < kRows + kTaps - 1) {
        from += stride;
        loadMatrices(from, next[0], next[1], next[2], next[3]);
      }
#pragma unroll
      for (int e = 0; e < 4; e++) now[e] = rounded(now[e]);
#pragma unroll
      for (int j = 0; j < kTaps; j++) {
        int row = i - (kTaps - 1 - j);
        if (row < 0 || row >= kRows) continue;
#pragma unroll
        for (int f = 0; f < kFragments; f++) multiplyAdd(at[row][f], now, b[j][f]);
      }
    }
  }

  // Where output n of a cell stands among the 8 * kFragments of it in shared memory: half a warp's pairs lie in different
  // banks.
  __device__ __forceinline__ static int turned(int cell, int n) {
    constexpr int kShift = kFragments == 2 ? 1 : 0, kMask = kFragments == 2 ? 1 : kFragments == 4 ? 3 : 0;
    return n ^ (cell >> kShift & kMask) * 8;
  }

  __device__ __forceinline__ void stand(float* cells) const {
    int lane = static_cast<int>(threadIdx.x % 32);
#pragma unroll
    for (int r = 0; r < kRows; r++) {
#pragma unroll
      for (int f = 0; f < kFragments; f++) {
        int cell = r * kFewWidth + lane / 4;
        const float* v = at[r][f];
        float* pair = cells + cell * 8 * kFragments + turned(cell, 8 * f + lane % 4 * 2);
        *reinterpret_cast<float2*>(pair) = make_float2(v[0], v[1]);
        *reinterpret_cast<float2*>(pair + 8 * 8 * kFragments) = make_float2(v[2], v[3]);
      }
    }
  }
};

// Adds the slices' sums and writes the pixels of a tile whose first cell is this, row by row.
template <class Sums, int kFragments>
__device__ __forceinline__ void writePixels(const FewJob& job, const float* sums, uint32_t image, int pass, int cellDown,
                                            int cellAcross, int tileHeight) {
  const Few& f = job.f;
  int span = f.across.stride * f.c, rows = tileHeight * f.down.stride, slice = tileHeight * kFewWidth * 8 * kFragments;
  int first = pass * 8 * kFragments;
  // Floats of a row of the image, and where the tile begins in it.
  int row = f.across.size * f.c;
  int left = f.across.stride * (cellAcross + f.across.first) - f.across.before;
  int top = f.down.stride * (cellDown + f.down.first) - f.down.before;
  float* to = job.dx + static_cast<int64_t>(image) * f.down.size * row;
#pragma unroll 4
  for (int i = static_cast<int>(threadIdx.x); i < rows * span * kFewWidth; i += static_cast<int>(blockDim.x)) {
    uint32_t x = static_cast<uint32_t>(i);
    int y = static_cast<int>(job.byRow.split(x)), at = left * f.c + static_cast<int>(x);
    int down = y / f.down.stride;
    uint32_t n = x;
    int cell = down * kFewWidth + static_cast<int>(job.bySpan.split(n));
    int output = (y - down * f.down.stride) * span + static_cast<int>(n) - first;
    y += top;
    if (output < 0 || output >= 8 * kFragments || y < 0 || y >= f.down.size || at < 0 || at >= row) continue;
    const float* from = sums + cell * 8 * kFragments + Sums::turned(cell, output);
    float sum = from[0];
#pragma unroll
    for (int s = 1; s < kFewSlices; s++) sum += from[s * slice];
    float* out = to + y * row + at;
    *out = job.accumulate ? *out + sum : sum;
  }
}

// A block is a pass of a tile; those of a tile follow each other, then those of an image.
template <int kRows, int kFragments, int kTaps>
__global__ void __launch_bounds__(kFewMostThreads, 2) transposeFew(const __grid_constant__ FewJob job) {
  extern __shared__ __align__(128) float patches[];
  using Sums = FewSums<kRows, kFragments, kTaps>;
  const Few& f = job.f;
  int lane = static_cast<int>(threadIdx.x % 32), warp = static_cast<int>(threadIdx.x / 32);
  int slice = warp % kFewSlices, group = warp / kFewSlices;
  uint32_t rest = blockIdx.x, across = job.byPasses.split(rest), down = job.byTilesAcross.split(across);
  uint32_t image = job.byTilesDown.split(down);
  int pass = static_cast<int>(rest), cellDown = static_cast<int>(down) * job.groups * kRows;
  int cellAcross = static_cast<int>(across) * kFewWidth;
  int top = f.down.first + cellDown - (f.reach - 1), left = f.across.first + cellAcross - (f.across.reach - 1);
  int size = job.patchHeight * job.patchWidth * kFewChannels, stride = job.patchWidth * kFewChannels;
  int chunks = (f.oc + kFewChannels - 1) / kFewChannels;
  awaitEarlier();
#pragma unroll 1
  for (int s = 0; s < job.stages; s++) {
    fillPatch(job, patches + s * size, image, top, left, s * kFewChannels);
    commitCopies();
  }
  // A step is kTaps taps of this slice's channels; its weights come a step ahead.
  constexpr int kStep = kTaps * kFragments * 32;
  int stepsDown = f.reach / kTaps, steps = f.across.reach * stepsDown;
  auto weights = reinterpret_cast<const float2*>(job.weights) +
                 static_cast<int64_t>(pass * f.deep + slice) * steps * kStep + lane;
  typename Sums::Weights ahead = {};
  if (slice < f.deep) ahead.fetch(weights);
  Sums sums = {};
#pragma unroll 1
  for (int chunk = 0; chunk < chunks; chunk++) {
    if (job.stages == 2) {
      waitForCopies<1>();
    } else {
      waitForCopies<0>();
    }
    __syncthreads();
    float* patch = patches + (job.stages == 2 ? chunk % 2 : 0) * size;
    // The last chunk may have nothing for some slices.
    if (chunk * kFewSlices + slice < f.deep) {
      int tap = 0, column = f.across.reach - 1;
#pragma unroll 1
      for (int step = 0; step < steps; step++) {
        uint32_t b[kTaps][kFragments][2];
        Sums::round(ahead, b);
        // Behind a slice's steps lie those of the three others.
        weights += step + 1 < steps ? kStep : ((kFewSlices - 1) * steps + 1) * kStep;
        if (step + 1 < steps || (chunk + 1) * kFewSlices + slice < f.deep) ahead.fetch(weights);
        int x = lane % 16 + column;
        const float* from = patch + (group * kRows + f.reach - kTaps - tap) * stride + x * kFewChannels;
        sums.add(from + 4 * ((2 * slice + lane / 16) ^ x % 8), stride, b);
        tap += kTaps;
        if (tap < f.reach) continue;
        tap = 0;
        column--;
      }
    }
    // All are done with the patch that is filled next.
    __syncthreads();
    if (chunk + job.stages < chunks) {
      fillPatch(job, patch, image, top, left, (chunk + job.stages) * kFewChannels);
    }
    // Empty groups count too: the wait above is for the same number of them to the end.
    commitCopies();
  }
  sums.stand(patches + (slice * job.groups + group) * kRows * kFewWidth * 8 * kFragments);
  __syncthreads();
  writePixels<Sums, kFragments>(job, patches, image, pass, cellDown, cellAcross, job.groups * kRows);
}

inline int patchBytes(const Few& f, int height) {
  return 4 * kFewChannels * (height + f.reach - 1) * (kFewWidth + f.across.reach - 1);
}

template <int kRows, int kFragments, int kTaps>
bool launchFew(cd_stream* stream, FewJob job, int groups) {
  const Few& f = job.f;
  int height = groups * kRows, patch = patchBytes(f, height);
  int tilesDown = quotientUp(f.down.cells, height), tilesAcross = quotientUp(f.across.cells, kFewWidth);
  job.stages = f.oc <= kFewChannels || 2 * patch > kFewBytes ? 1 : 2;
  job.groups = groups;
  job.byTilesAcross = Divide(tilesAcross);
  job.byTilesDown = Divide(tilesDown);
  job.patchHeight = height + f.reach - 1;
  int bytes = job.stages * patch, sums = 4 * kFewSlices * height * kFewWidth * 8 * kFragments;
  if (bytes < sums) bytes = sums;
  static_assert(4 * kFewSlices * 2 * kRows * kFewWidth * 8 * kFragments <= kFewBytes);
  int64_t blocks = f.rows * tilesDown * tilesAcross * f.passes;
  if (bytes > kFewBytes || blocks >= kDivisible) return false;
  allowShared(transposeFew<kRows, kFragments, kTaps>, kFewBytes, "transpose_few");
  launchGrid(stream, transposeFew<kRows, kFragments, kTaps>, job, blocks, 1, 1, 32 * kFewSlices * groups, bytes);
  return true;
}

// Large tiles where there are enough of them.
template <int kRows, int kFragments, int kTaps>
bool launchFew(cd_stream* stream, const FewJob& job) {
  const Few& f = job.f;
  if (f.fragments != kFragments || f.taps != kTaps) return false;
  constexpr int kSmall = 4;
  int64_t large = int64_t{quotientUp(f.down.cells, 2 * kRows)} * quotientUp(f.across.cells, kFewWidth) * f.passes * f.rows;
  if (large >= kFewBlocks && patchBytes(f, 2 * kRows) <= kFewBytes) {
    return launchFew<kRows, kFragments, kTaps>(stream, job, 2);
  }
  return launchFew<kSmall, kFragments, kTaps>(stream, job, 1);
}

inline bool transposeInTiles(cd_stream* stream, const Few& f, bool accumulate, const float* g, const float* weights,
                             float* dx) {
  // Indices within an image have 32 bits.
  constexpr int64_t kMost = 1 << 30;
  bool fits = f.oc % 4 == 0 && aligned(g) && aligned(weights) &&
              (int64_t{f.down.out} + 64) * (int64_t{f.across.out} + 64) * f.oc <= kMost &&
              (int64_t{f.down.size} + 64) * (int64_t{f.across.size} + 64) * f.c <= kMost;
  if (!fits) return false;
  int patchWidth = kFewWidth + f.across.reach - 1, span = f.across.stride * f.c;
  FewJob job{f, Divide(f.passes), Divide(), Divide(), Divide(patchWidth), Divide(span * kFewWidth), Divide(span), 0, patchWidth,
             1, 1, accumulate, g, weights, dx};
  return launchFew<8, 1, 2>(stream, job) || launchFew<8, 1, 3>(stream, job) || launchFew<8, 1, 4>(stream, job) ||
         launchFew<8, 2, 2>(stream, job) || launchFew<8, 2, 3>(stream, job) || launchFew<8, 2, 4>(stream, job) ||
         launchFew<4, 3, 2>(stream, job) || launchFew<4, 3, 3>(stream, job) || launchFew<4, 4, 2>(stream, job);
}

}  // namespace candela
