// Cases of what methods and metrics are made of: resample to rectify. Bytes count each element once, however often it is
// read.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "case.h"

namespace candela::check {

constexpr int64_t kSide = 224, kImage = 3 * kSide * kSide;

// rows perturbed copies of one image of n elements.
struct Copies {
  int64_t rows, n;
  explicit Copies(Case& c)
      : rows(c.size("rows", {1, 3, 7, 33}, {64})), n(c.size("n", {1, 3, 7, 33, 256, 1000, 4100}, {kImage})) {}
  int64_t whole() const { return rows * n; }
};

// rows perturbed copies of one image of c planes.
struct Images {
  int64_t rows, c, h, w;
  explicit Images(Case& k)
      : rows(k.size("rows", {1, 3, 9}, {64})),
        c(k.size("c", {1, 3}, {3})),
        h(k.size("h", {1, 7, 33}, {kSide})),
        w(k.size("w", {1, 3, 32, 37}, {kSide})) {}
  int64_t image() const { return c * h * w; }
  int64_t whole() const { return rows * image(); }
};

// pairs of n elements, two rows each.
struct Pairs {
  int64_t pairs, n;
  explicit Pairs(Case& c)
      : pairs(c.size("pairs", {1, 3, 7}, {32})), n(c.size("n", {1, 3, 7, 33, 256, 1000}, {56 * 56 * 256})) {}
  int64_t whole() const { return 2 * pairs * n; }
};

inline std::vector<int64_t> samples(int64_t rows) {
  std::vector<int64_t> numbers;
  for (int64_t r = 0; r < rows; r++) numbers.push_back(r * 1000003 + (r == 2 ? int64_t{1} << 40 : 0));
  return numbers;
}

// Windows of `side` pixels, the last ones beyond the edge.
inline std::vector<int32_t> windows(int64_t count, int64_t h, int64_t w, int32_t side) {
  std::vector<int32_t> edges;
  for (int64_t r = 0; r < count; r++) {
    auto top = static_cast<int32_t>(r * 3 % (h + 2)) - 1, left = static_cast<int32_t>(r * 5 % (w + 2)) - 1;
    edges.insert(edges.end(), {top, left, top + side, left + side});
  }
  return edges;
}

struct Smooth {
  int64_t h, w, step, radius;
  explicit Smooth(Case& c)
      : h(c.size("h", {1, 7, 33}, {kSide})),
        w(c.size("w", {3, 32, 37}, {kSide})),
        step(c.size("step", {1, 3, 7}, {7})),
        radius(c.size("radius", {1, 2}, {4})) {}
  int64_t side() const { return (2 * radius + 1) * step; }
  int64_t cells() const { return (h + step - 1) / step * ((w + step - 1) / step); }
};

// Images of c channels read at places, some of which are outside.
struct Sampled {
  int mode, padding;
  bool align;
  int64_t n, h, w, c, places;
  explicit Sampled(Case& k)
      : mode(k.each("mode", CD_SAMPLE_MODES, CD_SAMPLE_LINEAR)),
        padding(k.each("padding", CD_PADDINGS, CD_PADDING_ZEROS)),
        align(k.flag("align")),
        n(k.size("n", {1, 3}, {64})),
        h(k.size("h", {1, 3, 7}, {kSide})),
        w(k.size("w", {1, 5, 8}, {kSide})),
        c(k.size("c", {1, 3, 33}, {3})),
        places(k.size("places", {1, 7, 50}, {kSide * kSide})) {
    // a place that is rounded otherwise takes its weights from another fraction of w
    k.within(1e-4, 1e-5);
  }
  int64_t pixels() const { return n * h * w * c; }
  int64_t read() const { return n * places * c; }
  // Off the middles between pixels, where NEAREST turns on the last place.
  Ref<float> grid(Case& k) const {
    std::vector<float> at(static_cast<size_t>(2 * n * places));
    for (size_t i = 0; i < at.size(); i++) at[i] = static_cast<float>(static_cast<int64_t>(i * 37 % 101) - 50) * 0.0317f + 0.0011f;
    return k.given("grid", at);
  }
};

inline constexpr Entry kMaps[] = {
    {"cd_resample", 2, [](Case& c) {
      bool add = c.flag("accumulate");
      int64_t outer = c.size("outer", {1, 3, 7}, {64 * 56, 64 * 3 * 224}), nIn = c.size("nIn", {1, 7, 33}, {28, 112}), nOut = c.size("nOut", {1, 5, 33, 70}, {56, 224});
      int64_t inner = c.size("inner", {1, 1, 3, 32, 33}, {256, 1});
      std::vector<int32_t> first = {0}, index;
      std::vector<float> weight;
      for (int64_t j = 0; j < nOut; j++) {
        for (int64_t t = 0; t < (c.timed() ? 2 : j % 4); t++) {
          index.push_back(static_cast<int32_t>((j + t) * nIn / nOut % nIn));
          weight.push_back(0.5f + 0.125f * static_cast<float>(t));
        }
        first.push_back(static_cast<int32_t>(index.size()));
      }
      auto f = c.given("first", first), i = c.given("index", index);
      auto w = c.given("weight", weight), x = c.in("x", outer * nIn * inner), y = c.out("y", outer * nOut * inner, add);
      c.moves(4 * outer * (nIn + nOut) * inner);
      CALL(c, cd_resample, add, outer, nIn, nOut, inner, f, i, w, x, y);
    }},
    {"cd_sample_forward", 1, [](Case& c) {
      Sampled k(c);
      auto grid = k.grid(c);
      auto x = c.in("x", k.pixels()), y = c.out("y", k.read());
      c.moves(4 * (k.pixels() + k.read() + 2 * k.n * k.places));
      CALL(c, cd_sample_forward, k.mode, k.padding, k.align, k.n, k.h, k.w, k.c, k.places, grid, x, y);
    }},
    {"cd_sample_backward", 1, [](Case& c) {
      Sampled k(c);
      bool add = c.flag("accumulate");
      auto grid = k.grid(c);
      auto dy = c.in("dy", k.read()), dx = c.out("dx", k.pixels(), add);
      c.moves(4 * (k.pixels() + k.read() + 2 * k.n * k.places));
      CALL(c, cd_sample_backward, k.mode, k.padding, k.align, add, k.n, k.h, k.w, k.c, k.places, grid, dy, dx);
    }},
    {"cd_sample_backward_grid", 1, [](Case& c) {
      Sampled k(c);
      bool add = c.flag("accumulate");
      auto grid = k.grid(c);
      auto x = c.in("x", k.pixels()), dy = c.in("dy", k.read()), dgrid = c.out("dgrid", 2 * k.n * k.places, add);
      c.moves(4 * (k.pixels() + k.read() + 4 * k.n * k.places));
      CALL(c, cd_sample_backward_grid, k.mode, k.padding, k.align, add, k.n, k.h, k.w, k.c, k.places, grid, x, dy, dgrid);
    }},
    {"cd_gaussian_noise", 1, [](Case& c) {
      Copies k(c);
      auto x = c.in("x", k.n), y = c.out("y", k.whole());
      auto sample = c.given("sample", samples(k.rows));
      c.moves(4 * (k.n + k.whole()));
      // radius (at most 5.8) times the last places of root, logarithm and cosine, each library's own, times sigma
      c.within(1e-5, 3e-6);
      CALL(c, cd_gaussian_noise, k.rows, k.n, x, 0.5f, int64_t{1234567890123}, sample, y);
    }},
    {"cd_uniform_noise", 1, [](Case& c) {
      Copies k(c);
      auto y = c.out("y", k.whole());
      auto sample = c.given("sample", samples(k.rows));
      c.moves(4 * k.whole());
      CALL(c, cd_uniform_noise, k.rows, k.n, -1.0f, 2.0f, int64_t{-7}, sample, y);
    }},
    {"cd_interpolate", 1, [](Case& c) {
      Copies k(c);
      auto baseline = c.in("baseline", k.n), x = c.in("x", k.n), alpha = c.in("alpha", k.rows, 0, 1), y = c.out("y", k.whole());
      c.moves(4 * (2 * k.n + k.whole()));
      CALL(c, cd_interpolate, k.rows, k.n, baseline, x, alpha, y);
    }},
    {"cd_moments", 2, [](Case& c) {
      Copies k(c);
      bool weighted = c.size("weighted", {0, 1}, {0}) == 1, squared = c.size("squared", {0, 1}, {0, 1}) == 1;
      auto weight = weighted ? c.in("weight", k.rows) : Ref<float>{};
      auto g = c.in("g", k.whole());
      auto sum = c.out<double>("sum", k.n, true), square = squared ? c.out<double>("square", k.n, true) : Ref<double>{};
      c.within(1e-12, 1e-12);
      c.moves(4 * k.whole() + (squared ? 32 : 16) * k.n);
      CALL(c, cd_moments, k.rows, k.n, weight, g, sum, square);
    }},
    {"cd_mean_moments", 1, [](Case& c) {
      int kind = c.each("kind", 3);
      int64_t n = c.size("n", {1, 3, 7, 33, 256, 1000, 4100}, {kImage});
      auto sum = c.numbers<double>("sum", n, -1000, 1000), square = c.numbers<double>("square", n, 0, 100000);
      auto y = c.out("y", n);
      c.moves((kind == 2 ? 20 : 12) * n);
      CALL(c, cd_mean_moments, kind, n, 7.0, sum, square, y);
    }},
    {"cd_patch", 1, [](Case& c) {
      // 0 what is held is one pixel smaller on all sides than what is wanted, 1 wanted is the whole, 2 held is the whole.
      int way = c.each("way", 3);
      int64_t rows = c.size("rows", {1, 3, 9}, {64}), planes = c.size("planes", {1, 3}, {1});
      int64_t h = c.size("h", {1, 7, 33}, {56}), w = c.size("w", {3, 32, 37}, {56}), ch = c.size("c", {1, 5, 64}, {64});
      int jump = static_cast<int>(c.size("jump", {1, 2, 4}, {4})), align = static_cast<int>(c.size("align", {1, 2, 3}, {2}));
      int down = static_cast<int>(c.size("down", {1, 4, 9}, {20})), across = static_cast<int>(c.size("across", {1, 6, 40}, {20}));
      int tall = static_cast<int>(h), wide = static_cast<int>(w);
      std::array<int, 12> held = {jump, 6, align, align, 0, down, jump, 6, align, align, 0, across};
      std::array<int, 12> more = {jump, 6, align, align, -1, down + 2, jump, 6, align, align, -1, across + 2};
      std::array<int, 12> whole = {1, 0, 0, 0, 0, tall, 1, 0, 0, 0, 0, wide};
      auto from = way == 2 ? whole : held, to = way == 1 ? whole : way == 2 ? held : more;
      std::vector<int32_t> corner;
      for (int32_t r = 0; r < rows; r++) corner.insert(corner.end(), {r * 7 % static_cast<int32_t>(h * jump), r * 11 % static_cast<int32_t>(w * jump)});
      auto at = c.given("corner", corner);
      auto base = way == 2 ? Ref<float>{} : c.in("base", planes * h * w * ch);
      int64_t in = rows * planes * from[5] * from[11] * ch, out = rows * planes * to[5] * to[11] * ch;
      auto x = c.in("x", in), y = c.out("y", out);
      c.moves(4 * (way == 2 ? 2 * out : way == 1 ? out + planes * h * w * ch + in : in + out));
      CALL(c, cd_patch, rows, planes, h, w, ch, from.data(), to.data(), -7.0f, at, base, x, y);
    }},
    {"cd_occlude", 1, [](Case& c) {
      Images k(c);
      auto x = c.in("x", k.image()), fill = c.in("fill", k.image()), y = c.out("y", k.whole());
      auto window = c.given("window", windows(k.rows, k.h, k.w, 29));
      c.moves(4 * (2 * k.image() + k.whole()));
      CALL(c, cd_occlude, k.rows, k.c, k.h, k.w, x, fill, window, y);
    }},
    {"cd_occlusion_map", 1, [](Case& c) {
      int64_t count = c.size("windows", {0, 1, 7, 300}, {4356}), h = c.size("h", {1, 7, 33}, {kSide}), w = c.size("w", {3, 32, 37}, {kSide});
      bool average = c.flag("average", true);
      auto window = c.given("window", windows(count, h, w, 5));
      auto score = c.given("score", [&] {
        std::vector<double> values;
        for (int64_t i = 0; i < count; i++) values.push_back(0.25 * static_cast<double>(i % 17) - 1);
        return values;
      }());
      auto map = c.out<double>("map", h * w);
      c.moves(24 * count + 8 * h * w);
      CALL(c, cd_occlusion_map, count, h, w, window, score, average, map);
    }},
    {"cd_select_features", 1, [](Case& c) {
      Copies k(c);
      auto x = c.in("x", k.n), fill = c.in("fill", k.n), y = c.out("y", k.whole());
      auto feature = c.numbers<int32_t>("feature", k.n, 0, 9), off = c.numbers<int32_t>("off", k.rows, -1, 9);
      c.moves(12 * k.n + 4 * k.whole());
      CALL(c, cd_select_features, k.rows, k.n, x, fill, feature, off, y);
    }},
    {"cd_select_visible", 1, [](Case& c) {
      Copies k(c);
      int64_t features = c.size("features", {1, 9}, {50});
      auto x = c.in("x", k.n), fill = c.in("fill", k.n), y = c.out("y", k.whole());
      auto feature = c.numbers<int32_t>("feature", k.n, 0, features - 1);
      auto on = c.numbers<uint8_t>("on", k.rows * features, 0, 1);
      c.moves(12 * k.n + 4 * k.whole());
      CALL(c, cd_select_visible, k.rows, k.n, features, x, fill, feature, on, y);
    }},
    {"cd_select_ranked", 1, [](Case& c) {
      Copies k(c);
      auto x = c.in("x", k.n), fill = c.in("fill", k.n), y = c.out("y", k.whole());
      auto rank = c.numbers<int32_t>("rank", k.n, 0, k.n), count = c.numbers<int32_t>("count", k.rows, 0, k.n);
      c.moves(12 * k.n + 4 * k.whole());
      CALL(c, cd_select_ranked, k.rows, k.n, x, fill, rank, count, y);
    }},
    {"cd_blend", 1, [](Case& c) {
      Copies k(c);
      bool numbered = c.flag("feature", true);
      int64_t features = std::min(k.n, c.size("features", {1, 2, 9}, {50}));
      auto x = c.in("x", k.n), fill = c.in("fill", k.n), weight = c.in("weight", k.rows * features, 0, 1), y = c.out("y", k.whole());
      auto feature = numbered ? c.numbers<int32_t>("feature", k.n, 0, features - 1) : Ref<int32_t>{};
      c.moves(12 * k.n + 4 * k.whole());
      CALL(c, cd_blend, k.rows, k.n, features, weight, feature, x, fill, y);
    }},
    {"cd_grid_mask", 1, [](Case& c) {
      int64_t rows = c.size("rows", {1, 3}, {256}), cells = c.size("cells", {1, 3, 7}, {7}), h = c.size("h", {7, 33}, {kSide}), w = c.size("w", {7, 32, 37}, {kSide});
      auto uniform = c.in("uniform", rows * (cells * cells + 2), 0, 1), mask = c.out("mask", rows * h * w);
      c.moves(4 * rows * h * w);
      CALL(c, cd_grid_mask, rows, cells, h, w, 0.5f, uniform, mask);
    }},
    {"cd_smooth_max", 1, [](Case& c) {
      Smooth k(c);
      auto reach = c.in("reach", k.side() * k.side(), 0, 1), p = c.in("p", k.cells(), 0, 1);
      auto y = c.out("y", k.h * k.w), total = c.out("total", k.h * k.w);
      c.moves(4 * (k.cells() + 2 * k.h * k.w));
      CALL(c, cd_smooth_max, k.h, k.w, k.step, k.radius, 20.0f, reach, p, y, total);
    }},
    {"cd_smooth_max_backward", 1, [](Case& c) {
      Smooth k(c);
      auto reach = c.in("reach", k.side() * k.side(), 0, 1), p = c.in("p", k.cells(), 0, 1);
      auto y = c.out("y", k.h * k.w), total = c.out("total", k.h * k.w), dy = c.in("dy", k.h * k.w), dp = c.out("dp", k.cells());
      CALL(c, cd_smooth_max, k.h, k.w, k.step, k.radius, 20.0f, reach, p, y, total);
      c.within(1e-4, 1e-5);
      c.moves(4 * (2 * k.cells() + 3 * k.h * k.w));
      CALL(c, cd_smooth_max_backward, k.h, k.w, k.step, k.radius, 20.0f, reach, p, y, total, dy, dp);
    }},
    {"cd_blend_forward", 1, [](Case& c) {
      Images k(c);
      auto x = c.in("x", k.image()), other = c.in("other", k.image()), m = c.in("m", k.rows * k.h * k.w, 0, 1), y = c.out("y", k.whole());
      int64_t far = c.size("far", {4, 4, 40, INT32_MAX}, {4});
      auto shift = c.numbers<int32_t>("shift", 2 * k.rows, -far, far);
      c.moves(4 * (2 * k.image() + k.rows * k.h * k.w + k.whole()));
      CALL(c, cd_blend_forward, k.rows, k.c, k.h, k.w, x, other, m, shift, y);
    }},
    {"cd_blend_backward", 1, [](Case& c) {
      Images k(c);
      auto x = c.in("x", k.image()), other = c.in("other", k.image()), dy = c.in("dy", k.whole()), dm = c.out("dm", k.rows * k.h * k.w);
      int64_t far = c.size("far", {4, 4, 40, INT32_MAX}, {4});
      auto shift = c.numbers<int32_t>("shift", 2 * k.rows, -far, far);
      c.moves(4 * (2 * k.image() + k.rows * k.h * k.w + k.whole()));
      CALL(c, cd_blend_backward, k.rows, k.c, k.h, k.w, x, other, shift, dy, dm);
    }},
    {"cd_mask_penalty", 1, [](Case& c) {
      int64_t h = c.size("h", {1, 7, 33}, {kSide}), w = c.size("w", {1, 3, 32, 37}, {kSide});
      bool joint = c.flag("joint"), two = c.flag("beta=2");
      auto m = c.in("m", h * w, 0, 0.9f), g = c.out("g", h * w, true);
      c.moves(12 * h * w);
      CALL(c, cd_mask_penalty, h, w, 0.1f, 0.2f, two ? 2.0f : 3.0f, joint, m, g);
    }},
    {"cd_blur", 2, [](Case& c) {
      int64_t planes = c.size("planes", {1, 3, 7}, {64 * 3}), h = c.size("h", {1, 7, 33, 70}, {kSide}), w = c.size("w", {1, 3, 32, 37, 70}, {kSide}), radius = c.size("radius", {0, 1, 5, 40}, {10, 30});
      std::vector<float> bell;
      for (int64_t i = -radius; i <= radius; i++) bell.push_back(std::exp(-static_cast<float>(i * i) / static_cast<float>(radius * radius + 1)));
      auto weight = c.given("weight", bell), x = c.in("x", planes * h * w), scratch = c.scratch("scratch", planes * h * w);
      auto y = c.outOver("y", planes * h * w, false, x);
      c.moves(16 * planes * h * w);
      CALL(c, cd_blur, planes, h, w, radius, weight, x, scratch, y);
    }},
    {"cd_score", 1, [](Case& c) {
      int kind = c.each("kind", 5, CD_PROBABILITY);
      int64_t rows = c.size("rows", {1, 3, 33}, {64}), classes = c.size("classes", {1, 3, 33, 1000}, {1000});
      bool seeded = c.flag("seed", true);
      auto logits = c.in("logits", rows * classes, -8, 8), scores = c.out("scores", rows), seed = seeded ? c.out("seed", rows * classes) : Ref<float>{};
      auto target = c.numbers<int64_t>("target", rows, -1, classes);
      c.result(target);
      c.moves(8 * rows * classes);
      CALL(c, cd_score, kind, rows, classes, logits, target, scores, seed);
    }},
    {"cd_cross_entropy", 1, [](Case& c) {
      int64_t rows = c.size("rows", {1, 3, 33}, {64}), classes = c.size("classes", {2, 3, 33, 1000}, {1000});
      bool seeded = c.flag("seed", true);
      auto logits = c.in("logits", rows * classes, -8, 8), loss = c.out("loss", rows), seed = seeded ? c.out("seed", rows * classes) : Ref<float>{};
      auto target = c.numbers<int64_t>("target", rows, 0, classes);
      c.moves(8 * rows * classes);
      CALL(c, cd_cross_entropy, rows, classes, 0.1f, 0.5f, logits, target, loss, seed);
    }},
    {"cd_sgd_step", 1, [](Case& c) {
      int64_t n = c.size("n", {1, 3, 33, 1000}, {25'600'000});
      bool nesterov = c.flag("nesterov");
      auto g = c.in("g", n), velocity = c.out("velocity", n, true), w = c.out("w", n, true);
      c.moves(20 * n);
      CALL(c, cd_sgd_step, n, 0.1f, 0.9f, nesterov, 1e-4f, g, velocity, w);
    }},
    {"cd_adam_step", 1, [](Case& c) {
      int64_t n = c.size("n", {1, 3, 33, 1000}, {25'600'000}), step = c.size("step", {1, 2, 1000}, {1000});
      bool decoupled = c.flag("decoupled");
      auto g = c.in("g", n), first = c.out("first", n, true), second = c.in("second", n, 0, 1), w = c.out("w", n, true);
      c.result(second);
      c.moves(28 * n);
      CALL(c, cd_adam_step, n, step, 0.1f, 0.9f, 0.999f, 1e-8f, 0.01f, decoupled, g, first, second, w);
    }},
    {"cd_attack_step", 1, [](Case& c) {
      int kind = c.each("kind", 3, CD_STEP_SIGN), ball = c.flag("l2", false) ? CD_BALL_L2 : CD_BALL_LINF;
      int64_t rows = c.size("rows", {1, 3, 7}, {64}), channels = c.size("channels", {1, 3}, {3}), pixels = c.size("pixels", {1, 7, 33, 1000}, {kSide * kSide});
      int64_t n = channels * pixels;
      auto deviation = c.in("deviation", channels, 0.2f, 0.3f), lo = c.in("lo", channels, -2, -1.5f), hi = c.in("hi", channels, 1.5f, 2);
      auto x = c.in("x", rows * n), direction = c.in("direction", rows * n), y = c.in("y", rows * n);
      c.result(y);
      c.moves(16 * rows * n);
      CALL(c, cd_attack_step, kind, ball, rows, channels, pixels, 0.01f, 0.1f, deviation, lo, hi, x, direction, y);
    }},
    {"cd_quotient", 1, [](Case& c) {
      int64_t n = c.size("n", {1, 3, 33, 1000}, {64 * 56 * 56 * 256});
      auto r = c.in("r", n), z = c.wild("z", n), q = c.outOver("q", n, false, z);
      c.moves(12 * n);
      CALL(c, cd_quotient, n, 0.5f, 1e-3f, r, z, q);
    }},
    {"cd_product", 1, [](Case& c) {
      int64_t n = c.size("n", {1, 3, 33, 1000}, {64 * 56 * 56 * 256});
      bool add = c.flag("accumulate"), one = c.flag("one");
      auto a = c.in("a", n), b = one ? Ref<float>{} : c.in("b", n), y = c.outOver("y", n, add, a);
      c.moves(12 * n);
      CALL(c, cd_product, add, n, 0.5f, a, b, y);
    }},
    {"cd_pair_parts", 1, [](Case& c) {
      Pairs k(c);
      bool swap = c.flag("swap");
      auto x = c.in("x", k.whole()), y = c.out("y", k.whole());
      c.moves(8 * k.whole());
      CALL(c, cd_pair_parts, k.pairs, k.n, swap, x, y);
    }},
    {"cd_pair_resolve", 1, [](Case& c) {
      Pairs k(c);
      auto x = c.wild("x", k.whole()), m = c.in("m", k.whole()), y = c.outOver("y", k.whole(), false, m);
      c.moves(12 * k.whole());
      CALL(c, cd_pair_resolve, k.pairs, k.n, x, m, y);
    }},
    {"cd_pair_cross", 1, [](Case& c) {
      Pairs k(c);
      bool least = c.flag("least");
      auto y = c.in("y", k.whole()), m = c.in("m", k.whole()), t = c.outOver("t", k.whole(), false, m);
      c.moves(12 * k.whole());
      CALL(c, cd_pair_cross, k.pairs, k.n, least, y, m, t);
    }},
    {"cd_pair_within", 1, [](Case& c) {
      Pairs k(c);
      auto y = c.in("y", k.whole()), m = c.in("m", k.whole()), t = c.outOver("t", k.whole(), false, m);
      c.moves(12 * k.whole());
      CALL(c, cd_pair_within, k.pairs, k.n, y, m, t);
    }},
    {"cd_pair_ratio", 1, [](Case& c) {
      Pairs k(c);
      bool add = c.flag("accumulate");
      auto x = c.in("x", k.whole()), t = c.in("t", k.whole()), g = c.in("g", k.whole()), dx = c.outOver("dx", k.whole(), add, g);
      c.moves(16 * k.whole());
      CALL(c, cd_pair_ratio, add, k.pairs, k.n, 0.25f, x, t, g, dx);
    }},
    {"cd_pair_shift", 1, [](Case& c) {
      Pairs k(c);
      auto z = c.in("z", k.whole()), parts = c.in("parts", k.whole()), y = c.out("y", k.whole());
      c.moves(10 * k.whole());
      CALL(c, cd_pair_shift, k.pairs, k.n, z, parts, y);
    }},
    {"cd_pair_reveal", 1, [](Case& c) {
      Pairs k(c);
      bool add = c.flag("accumulate");
      auto parts = c.in("parts", k.whole()), y = c.in("y", k.whole()), v = c.in("v", k.whole()), m = c.in("m", k.whole()), dx = c.outOver("dx", k.whole(), add, m);
      c.moves(20 * k.whole());
      CALL(c, cd_pair_reveal, add, k.pairs, k.n, 0.25f, parts, y, v, m, dx);
    }},
    {"cd_pair_join", 1, [](Case& c) {
      Pairs k(c);
      bool add = c.flag("accumulate");
      auto x = c.wild("x", k.whole()), p = c.in("p", k.whole()), q = c.in("q", k.whole()), dx = c.out("dx", k.whole(), add);
      c.moves(16 * k.whole());
      CALL(c, cd_pair_join, add, k.pairs, k.n, x, p, q, dx);
    }},
    {"cd_pair_mean", 1, [](Case& c) {
      Pairs k(c);
      bool add = c.flag("accumulate");
      auto g = c.in("g", k.whole()), dx = c.outOver("dx", k.whole(), add, g);
      c.moves(8 * k.whole());
      CALL(c, cd_pair_mean, add, k.pairs, k.n, g, dx);
    }},
    {"cd_softmax_multiplier", 1, [](Case& c) {
      bool log = c.flag("log"), add = c.flag("accumulate");
      int64_t pairs = c.size("pairs", {1, 3}, {32}), rows = c.size("rows", {1, 3}, {197}), n = c.size("n", {1, 3, 33, 200}, {197});
      int64_t whole = 2 * pairs * rows * n;
      auto x = c.in("x", whole, -4, 4), m = c.in("m", whole), dx = c.out("dx", whole, add);
      c.moves(10 * whole);
      CALL(c, cd_softmax_multiplier, log, add, pairs, rows, n, x, m, dx);
    }},
    {"cd_norm_multiplier", 1, [](Case& c) {
      bool add = c.flag("accumulate"), scaled = c.flag("scale", true);
      int64_t pairs = c.size("pairs", {1, 3}, {32}), blocks = c.size("blocks", {1, 3}, {197}), groups = c.size("groups", {1, 3}, {1});
      int64_t width = c.size("width", {1, 4, 7, 260}, {768}), n = width * c.size("steps", {1, 3, 5}, {1});
      int64_t whole = 2 * pairs * blocks * n * groups;
      auto x = c.in("x", whole), scale = scaled ? c.in("scale", groups * width) : Ref<float>{}, m = c.in("m", whole), dx = c.out("dx", whole, add);
      c.within(1e-4, 1e-5);
      c.moves(10 * whole);
      CALL(c, cd_norm_multiplier, add, pairs, blocks, groups, width, n, 1e-5f, x, scale, m, dx);
    }},
    {"cd_divisor_between", 1, [](Case& c) {
      Pairs k(c);
      auto x = c.in("x", k.whole(), -2, 2), t = c.out("t", k.whole());
      c.moves(8 * k.whole());
      CALL(c, cd_divisor_between, k.pairs, k.n, x, t);
    }},
    {"cd_divisor_multiplier", 1, [](Case& c) {
      Pairs k(c);
      bool add = c.flag("accumulate");
      auto x = c.in("x", k.whole(), 0.5f, 2), g = c.in("g", k.whole()), dx = c.outOver("dx", k.whole(), add, g);
      c.moves(12 * k.whole());
      CALL(c, cd_divisor_multiplier, add, k.pairs, k.n, x, g, dx);
    }},
    {"cd_smooth_backward", 1, [](Case& c) {
      int64_t n = c.size("n", {1, 3, 33, 1000}, {64 * 56 * 56 * 256});
      bool add = c.flag("accumulate");
      auto x = c.in("x", n, -2, 2), dy = c.in("dy", n), dx = c.outOver("dx", n, add, dy);
      c.moves(12 * n);
      CALL(c, cd_smooth_backward, add, n, 3.0f, 0.0f, INFINITY, x, dy, dx);
    }},
    {"cd_percentile", 1, [](Case& c) {
      int64_t rows = c.size("rows", {1, 3, 7}, {64}), n = c.size("n", {1, 3, 33, 1000, 1024, 5001}, {56 * 56 * 64});
      auto x = c.wild("x", rows * n), y = c.out("y", rows);
      c.moves(4 * rows * n);
      CALL(c, cd_percentile, rows, n, c.timed() ? 90.0f : c.flag("most") ? 100.0f : 33.3f, x, y);
    }},
    {"cd_pass_above", 1, [](Case& c) {
      int64_t rows = c.size("rows", {1, 3, 7}, {64}), n = c.size("n", {1, 3, 33, 1000}, {56 * 56 * 256});
      bool add = c.flag("accumulate");
      auto threshold = c.in("threshold", rows), worth = c.wild("worth", rows * n), dy = c.in("dy", rows * n), dx = c.outOver("dx", rows * n, add, dy);
      c.moves(12 * rows * n);
      CALL(c, cd_pass_above, add, rows, n, threshold, worth, dy, dx);
    }},
};

}  // namespace candela::check
