// Perturbed inputs with parts replaced, and the map that windows leave behind.
#include "check.cuh"
#include "launch.cuh"

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
