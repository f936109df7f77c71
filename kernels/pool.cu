// Pooling of channels-last images: a body takes one pixel and a span of channels, and gathers its window.
#include <limits.h>

#include "check.cuh"
#include "functions.cuh"
#include "launch.cuh"
#include "storage.cuh"
#include "window.cuh"
#ifdef __CUDACC__
#include "pool_cuda.cuh"
#endif

using namespace candela;

namespace {

template <class T, class Index>
struct MaxPool {
  Window k;
  const T* __restrict__ x;
  T* __restrict__ y;
  Index* __restrict__ which;

  // Rows are output pixels. Taps are as wide as the values until the last, or else a compiler takes them by the 32 or
  // not at all.
  BOTH void operator()(const Span& s) const {
    int64_t column = k.columnOf(s.row % k.ow), row = k.rowOf(s.row / k.ow % k.oh), m = s.size();
    const T* image = x + s.row / k.ow / k.oh * k.h * k.w * k.c + s.begin;
    T* best = y + s.row * k.c + s.begin;
    int32_t taps[kSpan];
    bool first = true;
    int64_t left = k.firstTap(column, k.dw), right = k.endTap(column, k.dw, k.kw, k.w);
    int64_t bottom = k.endTap(row, k.dh, k.kh, k.h);
    for (int64_t i = k.firstTap(row, k.dh); i < bottom; i++) {
      int64_t at = row + i * k.dh;
      for (int64_t j = left; j < right; j++) {
        int64_t across = column + j * k.dw;
        take(m, image + (at * k.w + across) * k.c, best, taps, static_cast<int32_t>(i * k.kw + j),
             first);
        first = false;
      }
    }
    for (int64_t c = 0; c < m && first; c++) {
      best[c] = -INFINITY;
      taps[c] = 0;
    }
    if (which == nullptr) return;
    Index* index = which + s.row * k.c + s.begin;
    INDEPENDENT for (int64_t c = 0; c < m; c++) index[c] = static_cast<Index>(taps[c]);
  }

  BOTH void take(int64_t m, const T* in, T* best, int32_t* taps, int32_t tap, bool first) const {
    if (first) {
      INDEPENDENT for (int64_t c = 0; c < m; c++) {
        best[c] = in[c];
        taps[c] = tap;
      }
    } else if (which == nullptr) {
      INDEPENDENT for (int64_t c = 0; c < m; c++) best[c] = larger(in[c], best[c]) ? in[c] : best[c];
    } else {
      INDEPENDENT for (int64_t c = 0; c < m; c++) {
        bool more = larger(in[c], best[c]);
        best[c] = more ? in[c] : best[c];
        taps[c] = more ? tap : taps[c];
      }
    }
  }

};

// Windows of at most 3 x 3 taps without gaps, positions not asked for: rows are output rows. Each column's maximum is
// taken once and held for all windows across it.
template <class T>
struct MaxPoolRow {
  Window k;
  const T* __restrict__ x;
  T* __restrict__ y;

  static constexpr int kHeld = 3;

  bool fits() const { return k.kh <= kHeld && k.kw <= kHeld && k.dh == 1 && k.dw == 1; }

  BOTH void operator()(const Span& s) const {
    int64_t m = s.size(), row = k.rowOf(s.row % k.oh), top = row < 0 ? 0 : row, next = 0;
    int64_t below = row + k.kh < k.h ? row + k.kh : k.h;
    const T* image = x + s.row / k.oh * k.h * k.w * k.c + s.begin;
    T held[kHeld][kSpan];
    for (int64_t o = 0; o < k.ow; o++) {
      int64_t column = k.columnOf(o), first = column < 0 ? 0 : column;
      int64_t beyond = column + k.kw < k.w ? column + k.kw : k.w;
      T* out = y + (s.row * k.ow + o) * k.c + s.begin;
      if (top >= below || first >= beyond) {
        for (int64_t c = 0; c < m; c++) out[c] = -INFINITY;
        continue;
      }
      for (next = next < first ? first : next; next < beyond; next++) {
        const T* in = image + (top * k.w + next) * k.c;
        int64_t step = k.w * k.c, more = below - top - 1;
        largest(m, in, in + (more < 1 ? more : 1) * step, in + more * step, held[next % kHeld]);
      }
      int64_t last = beyond - 1, middle = first < last ? first + 1 : last;
      largest(m, held[first % kHeld], held[middle % kHeld], held[last % kHeld], out);
    }
  }

  BOTH static void largest(int64_t m, const T* a, const T* b, const T* c, T* out) {
    INDEPENDENT for (int64_t i = 0; i < m; i++) {
      T v = larger(b[i], a[i]) ? b[i] : a[i];
      out[i] = larger(c[i], v) ? c[i] : v;
    }
  }
};

template <class T, class Index>
struct MaxPoolBackward {
  Window k;
  bool accumulate;
  const Index* __restrict__ which;
  const T* __restrict__ dy;
  T* __restrict__ dx;

  // Rows are input pixels.
  BOTH void operator()(const Span& s) const {
    int64_t column = s.row % k.w, row = s.row / k.w % k.h, image = s.row / k.w / k.h;
    int64_t m = s.size();
    T* down = dx + s.row * k.c + s.begin;
    float sum[kSpan];
    for (int64_t c = 0; c < m; c++) sum[c] = accumulate ? static_cast<float>(down[c]) : 0.0f;
    int64_t left = k.firstWindow(column + k.left, k.dw, k.sw, k.ow), right = k.endWindow(column + k.left, k.dw, k.kw);
    int64_t top = k.firstWindow(row + k.top, k.dh, k.sh, k.oh), bottom = k.endWindow(row + k.top, k.dh, k.kh);
    for (int64_t i = top; i < bottom; i++) {
      int64_t at = k.outputRow(row, i);
      if (at < 0) continue;
      for (int64_t j = left; j < right; j++) {
        int64_t across = k.outputColumn(column, j);
        if (across < 0) continue;
        int64_t from = ((image * k.oh + at) * k.ow + across) * k.c + s.begin;
        const T* up = dy + from;
        const Index* index = which + from;
        Index tap = static_cast<Index>(i * k.kw + j);
        INDEPENDENT for (int64_t c = 0; c < m; c++) sum[c] += chosen(index[c] == tap, up[c]);
      }
    }
    for (int64_t c = 0; c < m; c++) down[c] = sum[c];
  }
};

// Later windows first, each overwritten by the next: what stays is the last window's.
template <class Index>
struct MaxUnpool {
  Window k;
  const Index* __restrict__ which;
  const float* __restrict__ v;
  float* __restrict__ x;

  BOTH void operator()(const Span& s) const {
    int64_t column = s.row % k.w, row = s.row / k.w % k.h, image = s.row / k.w / k.h;
    float* out = x + s.row * k.c;
    for (int64_t c = s.begin; c < s.end; c++) out[c] = 0.0f;
    int64_t left = k.firstWindow(column + k.left, k.dw, k.sw, k.ow), right = k.endWindow(column + k.left, k.dw, k.kw);
    int64_t top = k.firstWindow(row + k.top, k.dh, k.sh, k.oh), bottom = k.endWindow(row + k.top, k.dh, k.kh);
    for (int64_t i = bottom - 1; i >= top; i--) {
      int64_t at = k.outputRow(row, i);
      if (at < 0) continue;
      for (int64_t j = right - 1; j >= left; j--) {
        int64_t across = k.outputColumn(column, j);
        if (across < 0) continue;
        int64_t from = ((image * k.oh + at) * k.ow + across) * k.c;
        const float* in = v + from;
        const Index* index = which + from;
        Index tap = static_cast<Index>(i * k.kw + j);
        INDEPENDENT for (int64_t c = s.begin; c < s.end; c++) out[c] = index[c] == tap ? in[c] : out[c];
      }
    }
  }
};

// Positions of a window that the mean counts, inside the image or inside the padded image, to the given power.
struct Divisor {
  Window k;
  int padBottom, padRight, power;
  bool padding;

  BOTH float of(int64_t y, int64_t x) const {
    int64_t rows = axis(k.rowOf(y), k.dh, k.kh, k.h, k.top, padBottom);
    float count = static_cast<float>(rows * axis(k.columnOf(x), k.dw, k.kw, k.w, k.left, padRight));
    return power == 1 || count == 0.0f ? count : power == 0 ? 1.0f : count * count;
  }

  BOTH int64_t axis(int64_t first, int dilation, int taps, int64_t size, int before, int after) const {
    int64_t least = padding ? -before : 0, end = padding ? size + after : size;
    int64_t count = Window::endTap(first - least, dilation, taps, end - least) - Window::firstTap(first - least, dilation);
    return count > 0 ? count : 0;
  }
};

template <class T>
struct AveragePool {
  Window k;
  Divisor divisor;
  const T* __restrict__ x;
  T* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    int64_t ox = s.row % k.ow, oy = s.row / k.ow % k.oh, column = k.columnOf(ox), row = k.rowOf(oy);
    int64_t m = s.size();
    const T* image = x + s.row / k.ow / k.oh * k.h * k.w * k.c + s.begin;
    T* out = y + s.row * k.c + s.begin;
    float sum[kSpan];
    for (int64_t c = 0; c < m; c++) sum[c] = 0.0f;
    int64_t left = k.firstTap(column, k.dw), right = k.endTap(column, k.dw, k.kw, k.w);
    int64_t bottom = k.endTap(row, k.dh, k.kh, k.h);
    for (int64_t i = k.firstTap(row, k.dh); i < bottom; i++) {
      int64_t at = row + i * k.dh;
      for (int64_t j = left; j < right; j++) {
        int64_t across = column + j * k.dw;
        const T* in = image + (at * k.w + across) * k.c;
        INDEPENDENT for (int64_t c = 0; c < m; c++) sum[c] += in[c];
      }
    }
    float count = divisor.of(oy, ox);
    for (int64_t c = 0; c < m; c++) out[c] = count == 0.0f ? sum[c] : sum[c] / count;
  }
};

template <class T>
struct AveragePoolBackward {
  Window k;
  Divisor divisor;
  bool accumulate;
  const T* __restrict__ dy;
  T* __restrict__ dx;

  BOTH void operator()(const Span& s) const {
    int64_t column = s.row % k.w, row = s.row / k.w % k.h, image = s.row / k.w / k.h;
    int64_t m = s.size();
    T* down = dx + s.row * k.c + s.begin;
    float sum[kSpan];
    for (int64_t c = 0; c < m; c++) sum[c] = accumulate ? static_cast<float>(down[c]) : 0.0f;
    int64_t left = k.firstWindow(column + k.left, k.dw, k.sw, k.ow), right = k.endWindow(column + k.left, k.dw, k.kw);
    int64_t top = k.firstWindow(row + k.top, k.dh, k.sh, k.oh), bottom = k.endWindow(row + k.top, k.dh, k.kh);
    for (int64_t i = top; i < bottom; i++) {
      int64_t at = k.outputRow(row, i);
      if (at < 0) continue;
      for (int64_t j = left; j < right; j++) {
        int64_t across = k.outputColumn(column, j);
        if (across < 0) continue;
        const T* up = dy + ((image * k.oh + at) * k.ow + across) * k.c + s.begin;
        float count = divisor.of(at, across);
        INDEPENDENT for (int64_t c = 0; c < m; c++) sum[c] += up[c] / count;
      }
    }
    for (int64_t c = 0; c < m; c++) down[c] = sum[c];
  }
};

Window windowOf(const Check& check, int64_t h, int64_t w, int64_t c, const int* window) {
  const char* names[] = {"kh", "kw", "sh", "sw", "dh", "dw"};
  for (int i = 0; i < 6; i++) check.range(window[i], 1, 1 << 20, names[i]);
  check.range(window[6], -(1 << 20), 1 << 20, "padTop");
  check.range(window[7], -(1 << 20), 1 << 20, "padLeft");
  check.range(window[8], 0, INT_MAX, "oh");
  check.range(window[9], 0, INT_MAX, "ow");
  check.counts({window[0], window[1], c});
  return {h,         w,         c,         window[0], window[1], window[2], window[3],
          window[4], window[5], window[6], window[7], window[8], window[9]};
}

void checkWhich(const Check& check, const Window& k, int bytes) {
  if (bytes != 1 && bytes != 4) fail(CD_INVALID, "%s: whichBytes must be 1 or 4, is %d", check.where, bytes);
  check.range(static_cast<int64_t>(k.kh) * k.kw, 1, bytes == 1 ? 256 : INT_MAX, "kh * kw");
}

Divisor divisorOf(const Check& check, const Window& k, int padBottom, int padRight, int padding, int power) {
  check.range(power, 0, 2, "power");
  return {k, padBottom, padRight, power, padding != 0};
}

}  // namespace

int cd_max_pool_forward(cd_stream* stream, int type, int64_t images, int64_t h, int64_t w, int64_t c, const int* window,
                        const void* x, void* y, void* which, int whichBytes) {
  return entry([&] {
    Check check(stream, "max_pool_forward");
    check.counts({images, h, w, c});
    Window k = windowOf(check, h, w, c, window);
    if (which != nullptr) checkWhich(check, k, whichBytes);
    int64_t rows = check.counts({images, k.oh, k.ow});
    if (check.counts({rows, c}) == 0) return;
    forStorage(type, check.where, [&](auto t) {
      using T = decltype(t);
      auto in = as(x, t);
      auto out = as(y, t);
      if (h * w > 0) check.data(in, "x");
      check.data(out, "y");
#ifdef __CUDACC__
      if (which == nullptr || whichBytes == 1) {
        if (maxPoolWide(stream, images, k, in, out, static_cast<uint8_t*>(which))) return;
      }
#endif
      int64_t cost = static_cast<int64_t>(k.kh) * k.kw;
      MaxPoolRow<T> body{k, in, out};
      if (which == nullptr && body.fits()) {
        forEachSpan(stream, images * k.oh, c, body, k.ow * (k.kh + k.kw));
      } else if (which != nullptr && whichBytes == 4) {
        auto index = static_cast<int32_t*>(which);
        check.optional(index, "which");
        forEachSpan(stream, rows, c, MaxPool<T, int32_t>{k, in, out, index}, cost);
      } else {
        forEachSpan(stream, rows, c, MaxPool<T, uint8_t>{k, in, out, static_cast<uint8_t*>(which)}, cost);
      }
    });
  });
}

int cd_max_pool_backward(cd_stream* stream, int type, int accumulate, int64_t images, int64_t h, int64_t w, int64_t c,
                         const int* window, const void* which, int whichBytes, const void* dy, void* dx) {
  return entry([&] {
    Check check(stream, "max_pool_backward");
    Window k = windowOf(check, h, w, c, window);
    checkWhich(check, k, whichBytes);
    check.counts({images, k.oh, k.ow, c});
    if (check.counts({images, h, w, c}) == 0) return;
    forStorage(type, check.where, [&](auto t) {
      using T = decltype(t);
      auto up = as(dy, t);
      auto down = as(dx, t);
      if (static_cast<int64_t>(k.oh) * k.ow > 0) {
        check.data(up, "dy");
        checkPointer(which, check.where, "which");
      }
      check.data(down, "dx");
      int64_t cost = k.windowsOfAPixel();
      if (whichBytes == 4) {
        auto index = static_cast<const int32_t*>(which);
        check.optional(index, "which");
        forEachSpan(stream, images * h * w, c, MaxPoolBackward<T, int32_t>{k, accumulate != 0, index, up, down}, cost);
        return;
      }
      auto index = static_cast<const uint8_t*>(which);
#ifdef __CUDACC__
      if (accumulate != 0 ? maxPoolGatherWide<PoolGather::MAX_ADD>(stream, images, k, index, up, down)
                          : maxPoolGatherWide<PoolGather::MAX>(stream, images, k, index, up, down)) {
        return;
      }
#endif
      forEachSpan(stream, images * h * w, c, MaxPoolBackward<T, uint8_t>{k, accumulate != 0, index, up, down}, cost);
    });
  });
}

int cd_max_unpool(cd_stream* stream, int64_t images, int64_t h, int64_t w, int64_t c, const int* window,
                  const void* which, int whichBytes, const float* v, float* x) {
  return entry([&] {
    Check check(stream, "max_unpool");
    Window k = windowOf(check, h, w, c, window);
    checkWhich(check, k, whichBytes);
    check.counts({images, k.oh, k.ow, c});
    if (check.counts({images, h, w, c}) == 0) return;
    if (static_cast<int64_t>(k.oh) * k.ow > 0) {
      check.data(v, "v");
      checkPointer(which, check.where, "which");
    }
    check.data(x, "x");
    int64_t cost = k.windowsOfAPixel();
    if (whichBytes == 4) {
      auto index = static_cast<const int32_t*>(which);
      check.optional(index, "which");
      forEachSpan(stream, images * h * w, c, MaxUnpool<int32_t>{k, index, v, x}, cost);
    } else {
      auto index = static_cast<const uint8_t*>(which);
#ifdef __CUDACC__
      if (maxPoolGatherWide<PoolGather::UNPOOL>(stream, images, k, index, v, x)) return;
#endif
      forEachSpan(stream, images * h * w, c, MaxUnpool<uint8_t>{k, index, v, x}, cost);
    }
  });
}

int cd_average_pool_forward(cd_stream* stream, int type, int64_t images, int64_t h, int64_t w, int64_t c,
                            const int* window, int padBottom, int padRight, int countIncludePad, int power,
                            const void* x, void* y) {
  return entry([&] {
    Check check(stream, "average_pool_forward");
    check.counts({images, h, w, c});
    Window k = windowOf(check, h, w, c, window);
    int64_t rows = check.counts({images, k.oh, k.ow});
    if (check.counts({rows, c}) == 0) return;
    Divisor divisor = divisorOf(check, k, padBottom, padRight, countIncludePad, power);
    forStorage(type, check.where, [&](auto t) {
      auto in = as(x, t);
      auto out = as(y, t);
      if (h * w > 0) check.data(in, "x");
      check.data(out, "y");
#ifdef __CUDACC__
      SmallDivisor small(k, padBottom, padRight, countIncludePad != 0, power);
      if (averagePoolWide(stream, images, k, small, in, out)) return;
#endif
      AveragePool<decltype(t)> body{k, divisor, in, out};
      forEachSpan(stream, rows, c, body, static_cast<int64_t>(k.kh) * k.kw);
    });
  });
}

int cd_average_pool_backward(cd_stream* stream, int type, int accumulate, int64_t images, int64_t h, int64_t w, int64_t c,
                             const int* window, int padBottom, int padRight, int countIncludePad, int power,
                             const void* dy, void* dx) {
  return entry([&] {
    Check check(stream, "average_pool_backward");
    Window k = windowOf(check, h, w, c, window);
    check.counts({images, k.oh, k.ow, c});
    if (check.counts({images, h, w, c}) == 0) return;
    Divisor divisor = divisorOf(check, k, padBottom, padRight, countIncludePad, power);
    forStorage(type, check.where, [&](auto t) {
      auto up = as(dy, t);
      auto down = as(dx, t);
      if (static_cast<int64_t>(k.oh) * k.ow > 0) check.data(up, "dy");
      check.data(down, "dx");
#ifdef __CUDACC__
      SmallDivisor small(k, padBottom, padRight, countIncludePad != 0, power);
      if (averagePoolBackwardWide(stream, images, k, small, accumulate != 0, up, down)) return;
#endif
      AveragePoolBackward<decltype(t)> body{k, divisor, accumulate != 0, up, down};
      forEachSpan(stream, images * h * w, c, body, k.windowsOfAPixel());
    });
  });
}
