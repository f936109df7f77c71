// The gradient of a convolution with few input channels, from the products of its output's gradient with every tap.
#include "check.cuh"
#include "launch.cuh"
#include "storage.cuh"
#ifdef __CUDACC__
#include "fold_cuda.cuh"
#endif

using namespace candela;

namespace {

constexpr int kMost = 4;

template <class T>
struct Fold {
  bool accumulate;
  int h, w, c, columns;
  int kh, kw, sh, sw, dh, dw, top, left, oh, ow;
  const T* __restrict__ p;
  T* __restrict__ dx;

  // One pixel; taps in the order of the kernel.
  BOTH void operator()(int64_t i) const {
    int x = static_cast<int>(i % w);
    int64_t line = i / w;
    int y = static_cast<int>(line % h);
    int64_t image = line / h;
    float sum[kMost] = {};
    for (int a = 0; a < kh; a++) {
      int down = y + top - a * dh;
      if (down < 0 || down % sh != 0 || down / sh >= oh) continue;
      const T* row = p + (image * oh + down / sh) * ow * columns;
      for (int b = 0; b < kw; b++) {
        int across = x + left - b * dw;
        if (across < 0 || across % sw != 0 || across / sw >= ow) continue;
        const T* at = row + static_cast<int64_t>(across / sw) * columns + (a * kw + b) * c;
        for (int k = 0; k < kMost; k++) {
          if (k < c) sum[k] += at[k];
        }
      }
    }
    T* out = dx + i * c;
    for (int k = 0; k < kMost; k++) {
      if (k < c) out[k] = accumulate ? out[k] + sum[k] : sum[k];
    }
  }
};

}  // namespace

int cd_fold(cd_stream* stream, int type, int accumulate, int64_t images, int64_t h, int64_t w, int64_t c,
            const int* window, int64_t columns, const void* p, void* dx) {
  return entry([&] {
    Check check(stream, "fold");
    checkPointer(window, "fold", "window");
    check.range(c, 1, kMost, "c");
    check.range(h, 0, INT32_MAX / 2, "h");
    check.range(w, 0, INT32_MAX / 2, "w");
    for (int i = 0; i < 6; i++) check.range(window[i], 1, 1 << 24, "every kernel size, stride and dilation");
    for (int i = 6; i < 10; i++) check.range(window[i], 0, 1 << 24, "every padding and output size");
    check.counts({window[0], window[4]});
    check.range(columns, int64_t{1} * window[0] * window[1] * c, INT32_MAX, "columns");
    check.range(int64_t{1} * window[0] * window[4], 0, INT32_MAX / 2, "the kernel's reach down");
    check.range(int64_t{1} * window[1] * window[5], 0, INT32_MAX / 2, "the kernel's reach across");
    if (check.counts({images, h, w, c}) == 0) return;
    forStorage(type, check.where, [&](auto t) {
      auto in = as(p, t);
      auto out = as(dx, t);
      if (window[8] > 0 && window[9] > 0) check.data(in, "p");
      check.data(out, "dx");
#ifdef __CUDACC__
      auto tall = static_cast<int>(h), wide = static_cast<int>(w), own = static_cast<int>(c);
      if (foldByTiles(stream, accumulate != 0, images, tall, wide, own, window, static_cast<int>(columns), in, out)) return;
#endif
      Fold<decltype(t)> body{accumulate != 0,
                             static_cast<int>(h),
                             static_cast<int>(w),
                             static_cast<int>(c),
                             static_cast<int>(columns),
                             window[0],
                             window[1],
                             window[2],
                             window[3],
                             window[4],
                             window[5],
                             window[6],
                             window[7],
                             window[8],
                             window[9],
                             in,
                             out};
      forEach(stream, images * h * w, body, int64_t{1} * window[0] * window[1]);
    });
  });
}
