// Perturbed inputs with parts replaced, and the map that windows leave behind.
#include "check.cuh"
#include "functions.cuh"
#include "launch.cuh"

#ifdef __CUDACC__
#include "mask_cuda.cuh"
#endif

using namespace candela;

namespace {

struct Occlude {
  int64_t c, h, w;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  const int32_t* __restrict__ window;
  float* __restrict__ y;

  // Rows are [rows,c,h].
  BOTH void operator()(const Span& s) const {
    int64_t line = s.row % (c * h), row = line % h;
    const int32_t* k = window + s.row / (c * h) * 4;
    const float* in = x + line * w;
    const float* other = fill + line * w;
    float* out = y + s.row * w;
    bool inside = row >= k[0] && row < k[2];
    int64_t left = inside ? clip(k[1], s) : s.end, right = inside ? clip(k[3], s) : s.end;
    INDEPENDENT for (int64_t i = s.begin; i < left; i++) out[i] = in[i];
    INDEPENDENT for (int64_t i = left; i < right; i++) out[i] = other[i];
    INDEPENDENT for (int64_t i = right > left ? right : left; i < s.end; i++) out[i] = in[i];
  }

  BOTH static int64_t clip(int64_t v, const Span& s) { return v < s.begin ? s.begin : v > s.end ? s.end : v; }
};

struct OcclusionMap {
  int64_t windows, w;
  const int32_t* __restrict__ window;
  const double* __restrict__ score;
  bool average;
  double* __restrict__ map;

  // Rows are the map's.
  BOTH void operator()(const Span& s) const {
    int32_t count[kSpan];
    double* out = map + s.row * w;
    for (int64_t i = s.begin; i < s.end; i++) {
      count[i - s.begin] = 0;
      out[i] = 0.0;
    }
    for (int64_t j = 0; j < windows; j++) {
      const int32_t* k = window + 4 * j;
      if (s.row < k[0] || s.row >= k[2]) continue;
      int64_t left = k[1] > s.begin ? k[1] : s.begin, right = k[3] < s.end ? k[3] : s.end;
      for (int64_t i = left; i < right; i++) {
        out[i] += score[j];
        count[i - s.begin]++;
      }
    }
    for (int64_t i = s.begin; i < s.end && average; i++) {
      if (count[i - s.begin] > 0) out[i] /= count[i - s.begin];
    }
  }
};

struct SelectFeatures {
  int64_t n;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  const int32_t* __restrict__ feature;
  const int32_t* __restrict__ off;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    int32_t gone = off[s.row];
    float* out = y + s.row * n;
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) out[i] = feature[i] == gone ? fill[i] : x[i];
  }
};

struct SelectVisible {
  int64_t n, features;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  const int32_t* __restrict__ feature;
  const uint8_t* __restrict__ on;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    const uint8_t* seen = on + s.row * features;
    float* out = y + s.row * n;
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) out[i] = seen[feature[i]] != 0 ? x[i] : fill[i];
  }
};

struct SelectRanked {
  int64_t n;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  const int32_t* __restrict__ rank;
  const int32_t* __restrict__ count;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    int32_t first = count[s.row];
    float* out = y + s.row * n;
    INDEPENDENT for (int64_t i = s.begin; i < s.end; i++) out[i] = rank[i] < first ? fill[i] : x[i];
  }
};

struct Blend {
  int64_t n, features;
  const float* __restrict__ weight;
  const int32_t* __restrict__ feature;
  const float* __restrict__ x;
  const float* __restrict__ fill;
  float* __restrict__ y;

  BOTH void operator()(const Span& s) const {
    const float* of = weight + s.row * features;
    float* out = y + s.row * n;
    if (feature) {
      for (int64_t i = s.begin; i < s.end; i++) out[i] = between(of[feature[i]], i);
    } else {
      int64_t at = s.begin % features;
      for (int64_t i = s.begin; i < s.end; i++) {
        out[i] = between(of[at], i);
        at = at + 1 == features ? 0 : at + 1;
      }
    }
  }

  // Exact at both ends.
  BOTH float between(float w, int64_t i) const { return w == 1.0f ? x[i] : fill[i] + w * (x[i] - fill[i]); }
};

// Bilinear enlargement of cells x cells grids of 0 and 1, cut out at a random place. Rows are [rows,h].
struct GridMask {
  int64_t cells, h, w;
  float keep;
  const float* __restrict__ uniform;
  float* __restrict__ mask;

  BOTH void operator()(const Span& s) const {
    const float* u = uniform + s.row / h * (cells * cells + 2);
    int64_t tall = (h + cells - 1) / cells, wide = (w + cells - 1) / cells;
    int64_t down = start(u[cells * cells], tall), across = start(u[cells * cells + 1], wide);
    int64_t y0, x0;
    float fy, fx;
    place(s.row % h + down, tall, &y0, &fy);
    int64_t y1 = y0 + 1 < cells ? y0 + 1 : y0;
    float* out = mask + s.row * w;
    for (int64_t i = s.begin; i < s.end; i++) {
      place(i + across, wide, &x0, &fx);
      int64_t x1 = x0 + 1 < cells ? x0 + 1 : x0;
      float top = (1 - fx) * bit(u, y0, x0) + fx * bit(u, y0, x1);
      float bottom = (1 - fx) * bit(u, y1, x0) + fx * bit(u, y1, x1);
      out[i] = (1 - fy) * top + fy * bottom;
    }
  }

  BOTH float bit(const float* u, int64_t i, int64_t j) const { return u[i * cells + j] < keep ? 1.0f : 0.0f; }

  BOTH static int64_t start(float u, int64_t most) {
    int64_t v = static_cast<int64_t>(u * static_cast<float>(most));
    return v < most ? v : most - 1;
  }

  // Position p of (cells + 1) * cell pixels, between the grid's cells first and first + 1.
  BOTH void place(int64_t p, int64_t cell, int64_t* first, float* part) const {
    float at = (static_cast<float>(p) + 0.5f) * static_cast<float>(cells) / static_cast<float>((cells + 1) * cell) - 0.5f;
    at = at < 0.0f ? 0.0f : at > static_cast<float>(cells - 1) ? static_cast<float>(cells - 1) : at;
    *first = static_cast<int64_t>(at);
    *part = at - static_cast<float>(*first);
  }
};

// Most cells are 0 once a mask has found its place: e^0 needs no exponential. Rows are the mask's. Cell by cell, since
// a cell's value is the same along the columns that it reaches, so that the CPU takes several at once.
struct SmoothMax {
  int64_t down, across, w, step, radius;
  float sharp;
  const float* __restrict__ reach;
  const float* __restrict__ p;
  float* __restrict__ y;
  float* __restrict__ total;

  BOTH void operator()(const Span& s) const {
    float sum[kSpan], weighted[kSpan];
    for (int64_t i = 0; i < s.size(); i++) sum[i] = weighted[i] = 0.0f;
    int64_t i = s.row / step, first = s.begin / step, last = (s.end - 1) / step, span = (2 * radius + 1) * step;
    for (int64_t a = i > radius ? i - radius : 0; a <= i + radius && a < down; a++) {
      const float* line = reach + (s.row + (radius - a) * step) * span;
      for (int64_t b = first > radius ? first - radius : 0; b <= last + radius && b < across; b++) {
        int64_t left = (b - radius) * step, begin = left > s.begin ? left : s.begin;
        int64_t end = left + span < s.end ? left + span : s.end;
        add(p[a * across + b], line + begin - left, end - begin, sum + begin - s.begin, weighted + begin - s.begin);
      }
    }
    int64_t at = s.row * w + s.begin;
    for (int64_t k = 0; k < s.size(); k++) {
      y[at + k] = weighted[k] / sum[k];
      total[at + k] = sum[k];
    }
  }

  BOTH void add(float of, const float* __restrict__ k, int64_t n, float* __restrict__ sum,
                float* __restrict__ weighted) const {
    if (of == 0.0f) {
      INDEPENDENT for (int64_t i = 0; i < n; i++) sum[i] += 1.0f;
      return;
    }
    INDEPENDENT for (int64_t i = 0; i < n; i++) {
      float v = of * k[i], e = expOf(sharp * v);
      sum[i] += e;
      weighted[i] += v * e;
    }
  }
};

// One cell gathers from the pixels that it reaches: terms several at once, their sum in order, for the same bits on
// every device.
struct SmoothMaxBackward {
  int64_t across, h, w, step, radius;
  float sharp;
  const float* __restrict__ reach;
  const float* __restrict__ p;
  const float* __restrict__ y;
  const float* __restrict__ total;
  const float* __restrict__ dy;
  float* __restrict__ dp;

  BOTH void operator()(int64_t cell) const {
    int64_t a = cell / across, b = cell % across, span = (2 * radius + 1) * step;
    int64_t top = a > radius ? (a - radius) * step : 0, left = b > radius ? (b - radius) * step : 0;
    int64_t bottom = (a + radius + 1) * step, right = (b + radius + 1) * step;
    bottom = bottom < h ? bottom : h;
    right = right < w ? right : w;
    float sum = 0.0f, term[kSpan];
    for (int64_t row = top; row < bottom; row++) {
      const float* line = reach + (row + (radius - a) * step) * span + (radius - b) * step;
      for (int64_t begin = left; begin < right; begin += kSpan) {
        int64_t n = right - begin < kSpan ? right - begin : kSpan;
        terms(p[cell], line + begin, row * w + begin, n, term);
        for (int64_t i = 0; i < n; i++) sum += term[i];
      }
    }
    dp[cell] = sum;
  }

  BOTH void terms(float of, const float* __restrict__ k, int64_t at, int64_t n, float* __restrict__ term) const {
    if (of == 0.0f) {
      INDEPENDENT for (int64_t i = 0; i < n; i++) {
        term[i] = dy[at + i] * k[i] / total[at + i] * (1.0f + sharp * (0.0f - y[at + i]));
      }
      return;
    }
    INDEPENDENT for (int64_t i = 0; i < n; i++) {
      float v = of * k[i];
      term[i] = dy[at + i] * k[i] * expOf(sharp * v) / total[at + i] * (1.0f + sharp * (v - y[at + i]));
    }
  }
};

#ifdef __CUDACC__

// On a card these go before the templates of the same name, which they leave the sizes they are not made for.
void forEachSpan(cd_stream* stream, int64_t lines, int64_t w, const Occlude& b, int64_t = 1) {
  int64_t n = b.c * b.h * w, rows = lines / (b.c * b.h);
  if (b.h > INT32_MAX || w > INT32_MAX) {
    candela::forEachSpan(stream, lines, w, b);
    return;
  }
  OccludeBatch op{static_cast<int32_t>(b.h), static_cast<int32_t>(w), n, b.x, b.fill, b.window, b.y};
  forEachBatch(stream, rows, n, wide(w, b.x, b.fill, b.y), op);
}

void forEachSpan(cd_stream* stream, int64_t h, int64_t w, const OcclusionMap& b, int64_t cost) {
  int64_t down = (h + kTileTall - 1) / kTileTall, across = (w + kTileWide - 1) / kTileWide;
  if (down > kDown || across > INT32_MAX) {
    candela::forEachSpan(stream, h, w, b, cost);
    return;
  }
  dim3 grid(static_cast<unsigned>(across), static_cast<unsigned>(down));
  occlusionTiles<<<grid, kTile, 0, queueOf(stream)>>>(b, h);
  checkLaunch();
}

void forEachSpan(cd_stream* stream, int64_t rows, int64_t n, const SelectFeatures& b, int64_t = 1) {
  bool aligned = wide(n, b.x, b.fill, b.feature, b.y);
  forEachBatch(stream, rows, n, aligned, SelectFeaturesBatch{n, b.x, b.fill, b.feature, b.off, b.y});
}

void forEachSpan(cd_stream* stream, int64_t rows, int64_t n, const SelectVisible& b, int64_t = 1) {
  bool aligned = wide(n, b.x, b.fill, b.feature, b.y);
  forEachBatch(stream, rows, n, aligned, SelectVisibleBatch{n, b.features, b.x, b.fill, b.feature, b.on, b.y});
}

void forEachSpan(cd_stream* stream, int64_t rows, int64_t n, const SelectRanked& b, int64_t = 1) {
  bool aligned = wide(n, b.x, b.fill, b.rank, b.y);
  forEachBatch(stream, rows, n, aligned, SelectRankedBatch{n, b.x, b.fill, b.rank, b.count, b.y});
}

void forEachSpan(cd_stream* stream, int64_t rows, int64_t n, const Blend& b, int64_t) {
  if (b.feature != nullptr) {
    bool aligned = wide(n, b.feature, b.x, b.fill, b.y);
    BlendFeaturesBatch op{n, b.features, b.weight, b.feature, b.x, b.fill, b.y};
    forEachBatch(stream, rows, n, aligned, op);
  } else {
    bool aligned = b.features % 4 == 0 && wide(n, b.weight, b.x, b.fill, b.y);
    forEachBatch(stream, rows, n, aligned, BlendPlanesBatch{n, b.features, b.weight, b.x, b.fill, b.y});
  }
}

void forEachSpan(cd_stream* stream, int64_t lines, int64_t w, const GridMask& b, int64_t cost) {
  if (b.h > kSide || w > kSide) {
    candela::forEachSpan(stream, lines, w, b, cost);
    return;
  }
  auto tall = static_cast<int32_t>((b.h + b.cells - 1) / b.cells);
  auto across = static_cast<int32_t>((w + b.cells - 1) / b.cells);
  GridMaskBatch op{static_cast<int32_t>(b.cells), static_cast<int32_t>(w), tall, across, b.h * w, b.keep, b.uniform,
                   b.mask};
  forEachBatch(stream, lines / b.h, b.h * w, wide(w, b.mask), op);
}

void forEachSpan(cd_stream* stream, int64_t h, int64_t w, const SmoothMax& b, int64_t cost) {
  if (h > kSide || w > kSide) {
    candela::forEachSpan(stream, h, w, b, cost);
    return;
  }
  int64_t across = (w + kTileWide - 1) / kTileWide, down = (h + kTileTall - 1) / kTileTall;
  dim3 grid(static_cast<unsigned>(across), static_cast<unsigned>(down));
  smoothMaxPixels<<<grid, kTile, 0, queueOf(stream)>>>(b, static_cast<int>(h));
  checkLaunch();
}

void forEach(cd_stream* stream, int64_t cells, const SmoothMaxBackward& b, int64_t cost) {
  if (cells > INT32_MAX || b.h * b.w > UINT32_MAX) {
    candela::forEach(stream, cells, b, cost);
    return;
  }
  auto grid = static_cast<unsigned>(cells);
  smoothMaxCells<<<grid, kGather, 0, queueOf(stream)>>>(b);
  checkLaunch();
}

#endif

}  // namespace

int cd_occlude(cd_stream* stream, int64_t rows, int64_t c, int64_t h, int64_t w, const float* x, const float* fill,
               const int32_t* window, float* y) {
  return entry([&] {
    Check check(stream, "occlude");
    if (check.counts({rows, c, h, w}) == 0) return;
    check.data(x, "x");
    check.data(fill, "fill");
    check.data(window, "window");
    check.data(y, "y");
    forEachSpan(stream, rows * c * h, w, Occlude{c, h, w, x, fill, window, y});
  });
}

int cd_occlusion_map(cd_stream* stream, int64_t windows, int64_t h, int64_t w, const int32_t* window,
                     const double* score, int average, double* map) {
  return entry([&] {
    Check check(stream, "occlusion_map");
    check.counts({windows, 4});
    if (check.counts({h, w}) == 0) return;
    if (windows > 0) {
      check.data(window, "window");
      check.data(score, "score");
    }
    check.data(map, "map");
    forEachSpan(stream, h, w, OcclusionMap{windows, w, window, score, average != 0, map}, 1 + windows / 8);
  });
}

int cd_select_features(cd_stream* stream, int64_t rows, int64_t n, const float* x, const float* fill,
                       const int32_t* feature, const int32_t* off, float* y) {
  return entry([&] {
    Check check(stream, "select_features");
    if (check.counts({rows, n}) == 0) return;
    check.data(x, "x");
    check.data(fill, "fill");
    check.data(feature, "feature");
    check.data(off, "off");
    check.data(y, "y");
    forEachSpan(stream, rows, n, SelectFeatures{n, x, fill, feature, off, y});
  });
}

int cd_select_visible(cd_stream* stream, int64_t rows, int64_t n, int64_t features, const float* x, const float* fill,
                      const int32_t* feature, const uint8_t* on, float* y) {
  return entry([&] {
    Check check(stream, "select_visible");
    check.counts({rows, features});
    if (check.counts({rows, n}) == 0) return;
    check.data(x, "x");
    check.data(fill, "fill");
    check.data(feature, "feature");
    check.data(on, "on");
    check.data(y, "y");
    forEachSpan(stream, rows, n, SelectVisible{n, features, x, fill, feature, on, y});
  });
}

int cd_select_ranked(cd_stream* stream, int64_t rows, int64_t n, const float* x, const float* fill,
                     const int32_t* rank, const int32_t* count, float* y) {
  return entry([&] {
    Check check(stream, "select_ranked");
    if (check.counts({rows, n}) == 0) return;
    check.data(x, "x");
    check.data(fill, "fill");
    check.data(rank, "rank");
    check.data(count, "count");
    check.data(y, "y");
    forEachSpan(stream, rows, n, SelectRanked{n, x, fill, rank, count, y});
  });
}

int cd_blend(cd_stream* stream, int64_t rows, int64_t n, int64_t features, const float* weight, const int32_t* feature,
             const float* x, const float* fill, float* y) {
  return entry([&] {
    Check check(stream, "blend");
    if (check.counts({rows, n}) == 0) return;
    check.range(features, 1, n, "features");
    check.data(weight, "weight");
    check.optional(feature, "feature");
    check.data(x, "x");
    check.data(fill, "fill");
    check.data(y, "y");
    forEachSpan(stream, rows, n, Blend{n, features, weight, feature, x, fill, y}, 2);
  });
}

int cd_grid_mask(cd_stream* stream, int64_t rows, int64_t cells, int64_t h, int64_t w, float keep, const float* uniform,
                 float* mask) {
  return entry([&] {
    Check check(stream, "grid_mask");
    if (check.counts({rows, h, w}) == 0) return;
    check.range(cells, 1, 4096, "cells");
    check.data(uniform, "uniform");
    check.data(mask, "mask");
    forEachSpan(stream, rows * h, w, GridMask{cells, h, w, keep, uniform, mask}, 16);
  });
}

int cd_smooth_max(cd_stream* stream, int64_t h, int64_t w, int64_t step, int64_t radius, float sharp,
                  const float* reach, const float* p, float* y, float* total) {
  return entry([&] {
    Check check(stream, "smooth_max");
    if (check.counts({h, w}) == 0) return;
    check.range(step, 1, 4096, "step");
    check.range(radius, 1, 4096, "radius");
    check.data(reach, "reach");
    check.data(p, "p");
    check.data(y, "y");
    check.data(total, "total");
    int64_t down = (h + step - 1) / step, across = (w + step - 1) / step;
    forEachSpan(stream, h, w, SmoothMax{down, across, w, step, radius, sharp, reach, p, y, total}, 300);
  });
}

int cd_smooth_max_backward(cd_stream* stream, int64_t h, int64_t w, int64_t step, int64_t radius, float sharp,
                           const float* reach, const float* p, const float* y, const float* total, const float* dy,
                           float* dp) {
  return entry([&] {
    Check check(stream, "smooth_max_backward");
    if (check.counts({h, w}) == 0) return;
    check.range(step, 1, 4096, "step");
    check.range(radius, 1, 4096, "radius");
    check.data(reach, "reach");
    check.data(p, "p");
    check.data(y, "y");
    check.data(total, "total");
    check.data(dy, "dy");
    check.data(dp, "dp");
    int64_t down = (h + step - 1) / step, across = (w + step - 1) / step;
    forEach(stream, down * across,
            SmoothMaxBackward{across, h, w, step, radius, sharp, reach, p, y, total, dy, dp}, 10000);
  });
}
