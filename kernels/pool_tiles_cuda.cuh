// CUDA only: how pooling is shared out. A thread has four channels; those of a block are a tile of channels, columns and
// rows, so that what neighbouring windows share is read from the first-level cache; no thread divides by a number that the
// host does not know.
#pragma once

#include <stdlib.h>

#include "functions.cuh"
#include "wide.cuh"
#include "window.cuh"

namespace candela {

// Threads over [images,rows,columns,quads of channels].
struct PoolTiles {
  dim3 grid, block;
  Divide chunks;
  int rows, columns, quads;

  PoolTiles(int64_t images, int rows, int columns, int64_t c)
      : rows(rows), columns(columns), quads(static_cast<int>(c / 4)) {
    // 256 bytes of channels and 4 x 4 pixels, or more of one where there is less of another.
    block = dim3(power(quads, 16), 1, 1);
    block.y = power(columns, block.x == 16 ? 4 : 8);
    block.z = power(rows, kBlock / (block.x * block.y) < 8 ? kBlock / (block.x * block.y) : 8);
    block.x = power(quads, kBlock / (block.y * block.z));
    chunks = Divide((quads + block.x - 1) / block.x);
    grid = dim3((quads + block.x - 1) / block.x * ((columns + block.y - 1) / block.y), (rows + block.z - 1) / block.z,
                static_cast<unsigned>(images));
  }

  // Least power of two that is at least n, at most `most`.
  static unsigned power(int n, unsigned most) {
    unsigned p = 1;
    while (p < most && p < static_cast<unsigned>(n)) p *= 2;
    return p;
  }
};

// What a thread of them works on.
struct PoolPlace {
  int row, column, channel;
  bool inside;

  __device__ __forceinline__ explicit PoolPlace(const PoolTiles& tiles) {
    uint32_t chunk = blockIdx.x, across = tiles.chunks.split(chunk);
    int quad = chunk * blockDim.x + threadIdx.x;
    column = across * blockDim.y + threadIdx.y;
    row = blockIdx.y * blockDim.z + threadIdx.z;
    channel = 4 * quad;
    inside = quad < tiles.quads && column < tiles.columns && row < tiles.rows;
  }
};

// A Window in 32 bits. Offsets are those inside an image.
struct SmallWindow {
  int h, w, c, kh, kw, sh, sw, top, left, oh, ow;
  Divide byStrideH, byStrideW;

  explicit SmallWindow(const Window& k)
      : h(static_cast<int>(k.h)), w(static_cast<int>(k.w)), c(static_cast<int>(k.c)), kh(k.kh), kw(k.kw), sh(k.sh),
        sw(k.sw), top(k.top), left(k.left), oh(k.oh), ow(k.ow), byStrideH(k.sh), byStrideW(k.sw) {}

  __device__ __forceinline__ int64_t in() const { return int64_t{1} * h * w * c; }
  __device__ __forceinline__ int64_t out() const { return int64_t{1} * oh * ow * c; }

  // The first windows that reach a place in the padded image.
  __device__ __forceinline__ int firstRow(int at) const { return at < kh ? 0 : byStrideH(at - kh) + 1; }
  __device__ __forceinline__ int firstColumn(int at) const { return at < kw ? 0 : byStrideW(at - kw) + 1; }
};

// Whether the kernels below can do it.
inline bool poolsByQuads(const Window& k, int64_t images) {
  constexpr int64_t kMost = 1 << 20, kImage = int64_t{1} << 31;
  return k.c % 4 == 0 && k.dh == 1 && k.dw == 1 && images <= 65535 && k.h > 0 && k.w > 0 &&
         k.oh > 0 && k.ow > 0 && k.h <= 65535 && k.oh <= 65535 && k.w <= kMost && k.ow <= kMost && k.kh <= 256 &&
         k.kw <= 256 && k.sh <= 256 && k.sw <= 256 && abs(k.top) <= kMost && abs(k.left) <= kMost &&
         k.h * k.w * k.c < kImage && int64_t{1} * k.oh * k.ow * k.c < kImage;
}

// Positions that a mean counts; see Divisor. The power is a polynomial: choices would be carried far into what follows.
struct SmallDivisor {
  int leastRow, endRow, leastColumn, endColumn;
  float constant, linear, square;

  SmallDivisor(const Window& k, int padBottom, int padRight, bool padding, int power)
      : leastRow(padding ? -k.top : 0), endRow(static_cast<int>(k.h) + (padding ? padBottom : 0)),
        leastColumn(padding ? -k.left : 0), endColumn(static_cast<int>(k.w) + (padding ? padRight : 0)),
        constant(power == 0), linear(power == 1), square(power == 2) {}

  // Of a window that begins there.
  __device__ __forceinline__ float rows(const SmallWindow& k, int row) const {
    return static_cast<float>(max(min(row + k.kh, endRow) - max(row, leastRow), 0));
  }
  __device__ __forceinline__ float columns(const SmallWindow& k, int column) const {
    return static_cast<float>(max(min(column + k.kw, endColumn) - max(column, leastColumn), 0));
  }
  __device__ __forceinline__ float of(float rows, float columns) const {
    float count = rows * columns;
    return fmaf(count, fmaf(square, count, linear), constant * fminf(count, 1.0f));
  }
  __device__ __forceinline__ float of(const SmallWindow& k, int row, int column) const {
    return of(rows(k, row), columns(k, column));
  }
};

// The card's approximation, in one instruction.
__device__ __forceinline__ float quickReciprocal(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// Quads divided by one whole number, with the bits of a division. From the nearest reciprocal a product and its rest give the
// quotient rounded to nearest (P. Markstein, "Computation of elementary functions on the IBM RISC System/6000", 1990), where
// the rest is a normal number; tried with every mantissa for all divisors up to kDivisor.
struct Quotients {
  static constexpr float kDivisor = 4096.0f;

  float by, reciprocal;

  // The reciprocal as a division finds it, which need not look for what is too great or too small here.
  __device__ __forceinline__ explicit Quotients(float by) : by(by) {
    float r = quickReciprocal(by);
    reciprocal = fmaf(fmaf(-by, r, 1.0f), r, r);
  }

  // unsafe is set where a quotient may be off: of what is small. What is infinite gives NaN, and without kSigned zeros may
  // lose their sign.
  template <bool kSigned>
  __device__ __forceinline__ Quad near(const Quad& a, bool& unsafe) const {
    constexpr uint32_t kLeast = 2 * 0x21800000u;  // 2^-60
    Quad q;
    unsafe |= !(by >= 1.0f) | !(by <= kDivisor);
#pragma unroll
    for (int c = 0; c < 4; c++) {
      float first = a.v[c] * reciprocal;
      q.v[c] = fmaf(fmaf(-first, by, a.v[c]), reciprocal, first);
      if (kSigned) q.v[c] = copysignf(q.v[c], a.v[c]);
      // Without the sign; 0 becomes the greatest.
      unsafe |= 2 * __float_as_uint(a.v[c]) - 1 < kLeast;
    }
    return q;
  }

  __device__ __forceinline__ Quad operator()(const Quad& a) const {
    bool unsafe = false;
    Quad q = near<true>(a, unsafe);
#pragma unroll
    for (int c = 0; c < 4; c++) unsafe |= q.v[c] != q.v[c];
    return unsafe ? divided(a, by) : q;
  }

  // Seldom.
  __device__ __forceinline__ static Quad divided(Quad a, float by) {
#pragma unroll
    for (int c = 0; c < 4; c++) a.v[c] /= by;
    return a;
  }
};

}  // namespace candela
