// CPU only: layer and group normalisation; on a card norm_cuda.cuh and group_cuda.cuh do them.
#pragma once

#include "groups.cuh"
#include "sum.cuh"

namespace candela {

// One row of n elements.
struct LayerNorm {
  int64_t n;
  float epsilon;
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
  float* stats;

  void operator()(int64_t r, const Lanes& lanes) const {
    const float* in = x + r * n;
    float* out = y + r * n;
    float size = static_cast<float>(n);
    float mean = sumOf(lanes, n, [&](int64_t i) { return in[i]; }) / size;
    float square = sumOf(lanes, n, [&](int64_t i) { return (in[i] - mean) * (in[i] - mean); });
    float inverse = 1.0f / sqrtf(square / size + epsilon);
    INDEPENDENT for (int64_t i = 0; i < n; i++) {
      float v = (in[i] - mean) * inverse;
      if (scale != nullptr) v *= scale[i];
      if (shift != nullptr) v += shift[i];
      out[i] = v;
    }
    if (stats == nullptr) return;
    stats[2 * r] = mean;
    stats[2 * r + 1] = inverse;
  }
};

// With u = dy * scale and v = (x - mean) * inverse: dx = inverse * (u - mean(u) - v * mean(u * v)).
struct LayerNormBackward {
  bool accumulate;
  int64_t n;
  const float* x;
  const float* scale;
  const float* stats;
  const float* dy;
  float* dx;

  void operator()(int64_t r, const Lanes& lanes) const {
    const float* in = x + r * n;
    const float* up = dy + r * n;
    float* down = dx + r * n;
    float mean = stats[2 * r], inverse = stats[2 * r + 1], size = static_cast<float>(n);
    float u = sumOf(lanes, n, [&](int64_t i) { return at(up, i); }) / size;
    float uv = sumOf(lanes, n, [&](int64_t i) { return at(up, i) * ((in[i] - mean) * inverse); }) / size;
    INDEPENDENT for (int64_t i = 0; i < n; i++) {
      put(down + i, inverse * (at(up, i) - u - (in[i] - mean) * inverse * uv), accumulate);
    }
  }

  float at(const float* up, int64_t i) const { return scale != nullptr ? up[i] * scale[i] : up[i]; }
};

// Group normalisation: a body takes neighbouring groups of one image, and sums each channel over the pixels before a group's
// channels are joined: memory is read in its order, whole cache lines at a time.

// Channels of a body that are sought: four cache lines, or one where there are few bodies. Bits do not depend on it.
constexpr int64_t kChannels = 64, kFewChannels = 16;

// Whole groups of one image: as many as there are channels sought, or one that has more.
struct GroupWalk {
  int64_t pixels, channels, width, each;

  GroupWalk(const Groups& g, const cd_stream* stream) : pixels(g.pixels), channels(g.channels), width(g.width()) {
    bool many = g.images * channels >= 2 * stream->threads * kChannels;
    int64_t sought = many ? kChannels : kFewChannels;
    each = width < sought ? sought / width * width : width;
  }

  int64_t bodies() const { return (channels + each - 1) / each; }

  // Offset of a body's first element, and its channels.
  int64_t first(int64_t body) const { return body % bodies() * each; }
  int64_t base(int64_t body) const { return body / bodies() * pixels * channels + first(body); }
  // Of all images' groups its first.
  int64_t group(int64_t body) const { return body / bodies() * (channels / width) + first(body) / width; }
  int64_t size(int64_t body) const { return each < channels - first(body) ? each : channels - first(body); }

  // work(begin, count) for pieces of n channels: all of them, or some of one wide group.
  template <class Work>
  void pieces(int64_t n, const Work& work) const {
    for (int64_t begin = 0; begin < n; begin += kSpan) work(begin, n - begin < kSpan ? n - begin : kSpan);
  }

  // mean[group] = mean of at(pixel, channel) over the group; at is asked for what `ready` was told of.
  template <class Ready, class At>
  void means(int64_t n, float* mean, const Ready& ready, const At& at) const {
    for (int64_t g = 0; g < n / width; g++) mean[g] = 0.0f;
    pieces(n, [&](int64_t begin, int64_t m) {
      float sum[kSpan];
      ready(begin, m);
      sumColumns(pixels, m, sum, [&](int64_t p, int64_t c) { return at(p * channels + begin + c, c); });
      for (int64_t c = 0; c < m;) {
        int64_t count = width < m - c ? width : m - c;
        mean[(begin + c) / width] += sumOf(Lanes(), count, [&](int64_t i) { return sum[c + i]; });
        c += count;
      }
    });
    for (int64_t g = 0; g < n / width; g++) mean[g] /= static_cast<float>(pixels * width);
  }

  // What is said of groups, of each of m channels from begin on.
  void spread(int64_t begin, int64_t m, const float* ofGroups, float* ofChannels) const {
    for (int64_t c = 0; c < m; c++) ofChannels[c] = ofGroups[(begin + c) / width];
  }
};

struct GroupNorm {
  GroupWalk walk;
  float epsilon;
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
  float* stats;

  void operator()(int64_t r, const Lanes&) const {
    float mean[kChannels], inverse[kChannels], around[kSpan], by[kSpan];
    int64_t n = walk.size(r), channels = walk.channels, first = walk.first(r), groups = n / walk.width;
    const float* in = x + walk.base(r);
    float* out = y + walk.base(r);
    walk.means(n, mean, [](int64_t, int64_t) {}, [&](int64_t i, int64_t) { return in[i]; });
    walk.means(n, inverse, [&](int64_t begin, int64_t m) { walk.spread(begin, m, mean, around); }, [&](int64_t i, int64_t c) {
      return (in[i] - around[c]) * (in[i] - around[c]);
    });
    for (int64_t g = 0; g < groups; g++) inverse[g] = 1.0f / sqrtf(inverse[g] + epsilon);
    walk.pieces(n, [&](int64_t begin, int64_t m) {
      walk.spread(begin, m, mean, around);
      walk.spread(begin, m, inverse, by);
      for (int64_t p = 0; p < walk.pixels; p++) {
        int64_t at = p * channels + begin;
        INDEPENDENT for (int64_t c = 0; c < m; c++) {
          float v = (in[at + c] - around[c]) * by[c];
          if (scale != nullptr) v *= scale[first + begin + c];
          if (shift != nullptr) v += shift[first + begin + c];
          out[at + c] = v;
        }
      }
    });
    if (stats == nullptr) return;
    float* said = stats + 2 * walk.group(r);
    for (int64_t g = 0; g < groups; g++) {
      said[2 * g] = mean[g];
      said[2 * g + 1] = inverse[g];
    }
  }
};

// As LayerNormBackward, over the pixels of a group.
struct GroupNormBackward {
  GroupWalk walk;
  bool accumulate;
  const float* x;
  const float* scale;
  const float* stats;
  const float* dy;
  float* dx;

  void operator()(int64_t r, const Lanes&) const {
    float mean[kChannels], inverse[kChannels], u[kChannels], uv[kChannels];
    float around[kSpan], by[kSpan], factor[kSpan], less[kSpan], lessOf[kSpan];
    int64_t n = walk.size(r), channels = walk.channels, first = walk.first(r);
    const float* in = x + walk.base(r);
    const float* up = dy + walk.base(r);
    float* down = dx + walk.base(r);
    const float* said = stats + 2 * walk.group(r);
    for (int64_t g = 0; g < n / walk.width; g++) {
      mean[g] = said[2 * g];
      inverse[g] = said[2 * g + 1];
    }
    auto ready = [&](int64_t begin, int64_t m) {
      walk.spread(begin, m, mean, around);
      walk.spread(begin, m, inverse, by);
      for (int64_t c = 0; c < m; c++) factor[c] = scale != nullptr ? scale[first + begin + c] : 1.0f;
    };
    walk.means(n, u, ready, [&](int64_t i, int64_t c) { return up[i] * factor[c]; });
    walk.means(n, uv, ready, [&](int64_t i, int64_t c) { return up[i] * factor[c] * ((in[i] - around[c]) * by[c]); });
    walk.pieces(n, [&](int64_t begin, int64_t m) {
      ready(begin, m);
      walk.spread(begin, m, u, less);
      walk.spread(begin, m, uv, lessOf);
      for (int64_t p = 0; p < walk.pixels; p++) {
        int64_t at = p * channels + begin;
        INDEPENDENT for (int64_t c = 0; c < m; c++) {
          float v = (in[at + c] - around[c]) * by[c];
          put(down + at + c, by[c] * (up[at + c] * factor[c] - less[c] - v * lessOf[c]), accumulate);
        }
      }
    });
  }
};

inline void groupNorm(cd_stream* stream, const Groups& g, float epsilon, const float* x, const float* scale,
                      const float* shift, float* y, float* stats) {
  GroupWalk walk(g, stream);
  forEachRow(stream, g.images * walk.bodies(), GroupNorm{walk, epsilon, x, scale, shift, y, stats}, 3 * g.pixels * walk.each);
}

inline void groupNormBackward(cd_stream* stream, const Groups& g, bool accumulate, const float* x, const float* scale,
                              const float* stats, const float* dy, float* dx) {
  GroupWalk walk(g, stream);
  GroupNormBackward body{walk, accumulate, x, scale, stats, dy, dx};
  forEachRow(stream, g.images * walk.bodies(), body, 3 * g.pixels * walk.each);
}

}  // namespace candela
