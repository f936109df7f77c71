// Cases of what networks are made of, convolutions aside: elementwise to move. Bytes count each element once, however often it is read.
#pragma once

#include <array>

#include "case.h"

namespace candela::check {

// The feature maps of ResNet-50's second stage for 64 images.
constexpr int64_t kImages = 64, kPixels = 56 * 56, kChannels = 256, kMap = kImages * kPixels * kChannels;

inline int64_t counts(Case& c) { return c.size("n", {1, 3, 7, 33, 256, 1000, 4099}, {kMap}); }

// Dims and strides of two operands that broadcast to [a,b,c]: by `way` both whole, a bias over the channels, one number,
// one number per channel of planes, or both in part.
struct Operands {
  std::array<int, 3> dims, a, b;
  int64_t n, aCount, bCount;

  Operands(Case& c, int way) {
    int d0 = static_cast<int>(c.size("d0", {1, 3, 5}, {kImages}));
    int d1 = static_cast<int>(c.size("d1", {1, 3, 7, 33}, {kPixels}));
    int d2 = static_cast<int>(c.size("d2", {1, 4, 7, 33, 64}, {kChannels}));
    dims = {d0, d1, d2};
    n = int64_t{1} * d0 * d1 * d2;
    a = {d1 * d2, d2, 1};
    aCount = n;
    if (way == 0) b = a, bCount = n;
    if (way == 1) b = {0, 0, 1}, bCount = d2;
    if (way == 2) b = {0, 0, 0}, bCount = 1;
    if (way == 3) b = {0, 1, 0}, bCount = d1;
    if (way == 4) {
      a = {d2, 0, 1}, aCount = int64_t{1} * d0 * d2;
      b = {0, d2, 1}, bCount = int64_t{1} * d1 * d2;
    }
  }
};

// Numbers of n elements, from the front and from the end, one of them outside.
inline Ref<float> placesOf(Case& c, int64_t n, int64_t count) {
  std::vector<float> at(static_cast<size_t>(count));
  for (size_t j = 0; j < at.size(); j++) at[j] = static_cast<float>(static_cast<int64_t>(j * 7) % (2 * n + 1) - n);
  return c.given("index", at);
}

// Window of a pooling layer and the image under it.
struct Pool {
  int64_t images, h, w, c;
  std::array<int, 10> window;

  Pool(Case& k, bool average) {
    images = k.size("images", {1, 3}, {kImages});
    h = k.size("h", {1, 5, 9, 14}, {112, 28, 7});
    w = k.size("w", {3, 7, 12}, {112, 28, 7});
    c = k.size("c", {1, 3, 4, 8, 33, 64, 132}, {64, 256, 2048});
    int kh = static_cast<int>(k.size("kh", {1, 1, 2, 3, 5}, {3, 3, 7})), kw = static_cast<int>(k.size("kw", {1, 2, 3}, {3, 3, 7}));
    int sh = static_cast<int>(k.size("sh", {1, 2, 3}, {2, 1, 1})), sw = static_cast<int>(k.size("sw", {1, 2, 3}, {2, 1, 1}));
    int dh = static_cast<int>(k.size("dh", {1, 1, 1, 2}, {1})), dw = static_cast<int>(k.size("dw", {1, 1, 1, 2}, {1}));
    int top = static_cast<int>(k.size("top", {0, 1, 2}, {1, 1, 0})), left = static_cast<int>(k.size("left", {0, 1}, {1, 1, 0}));
    // Side and stride of the common windows, -1 the whole image; a few windows more than there is room for, or less.
    int common = static_cast<int>(k.size("common", {0, 32, 31, 22, 32, 31, 22, -1}, {0}));
    int more = static_cast<int>(k.size("more", {0, 0, 0, 1, 3, -1}, {0}));
    if (common > 0) kh = kw = common / 10, sh = sw = common % 10;
    if (common < 0) kh = static_cast<int>(h) + 2 * top, kw = static_cast<int>(w) + 2 * left;
    if (common != 0) dh = dw = 1;
    if (common > 0 && k.flag("cropped")) top = -2 - top, left = -3 * left;
    if (average && (kh == 1 || more > 0)) top = 0;
    if (average) more = more < 0 ? more : 0;
    int oh = static_cast<int>(h) + 2 * top - (kh - 1) * dh - 1, ow = static_cast<int>(w) + 2 * left - (kw - 1) * dw - 1;
    auto windows = [&](int room, int stride) { return std::max(1, (room < 0 ? 0 : room / stride) + 1 + more); };
    window = {kh, kw, sh, sw, dh, dw, top, left, windows(oh, sh), windows(ow, sw)};
  }

  int64_t ins() const { return images * h * w * c; }
  int64_t outs() const { return images * window[8] * window[9] * c; }
};

// Pixels that stand among the channels of others.
struct Gated {
  int64_t rows, pixels, channels, wide;

  explicit Gated(Case& c)
      : rows(c.size("rows", {1, 3, 7}, {kImages})),
        pixels(c.size("pixels", {1, 2, 5, 49}, {kPixels})),
        channels(c.size("channels", {1, 3, 8, 16, 33, 64}, {kChannels, 64})),
        wide(channels + c.size("more", {0, 0, 1, 4, 8}, {0, 192})) {}
  int64_t n() const { return pixels * channels; }
};

struct Columns {
  int64_t outer, n, inner;

  explicit Columns(Case& c)
      : outer(c.size("outer", {1, 3, 7}, {kImages, kImages, kImages * kPixels, kImages})),
        n(c.size("n", {1, 3, 33, 200, 1100}, {kPixels, 49, kChannels, 3 * 224 * 224})),
        inner(c.size("inner", {1, 1, 3, 4, 33, 64}, {kChannels, 2048, 1, 1})) {}
  int64_t whole() const { return outer * n * inner; }
  int64_t less() const { return outer * inner; }
};

struct Rows {
  int64_t rows, n;

  explicit Rows(Case& c)
      : rows(c.size("rows", {1, 3, 7, 33, 1100}, {kImages, 64 * 197, 64 * 197 * 12})),
        n(rows > 1000 && !c.timed() ? c.size("n", {33, 197, 260, 768, 1000}, {})
                                    : c.size("n", {1, 3, 7, 33, 64, 1000, 1028, 5000}, {1000, 768, 197})) {}
  int64_t whole() const { return rows * n; }
};

struct Planes {
  int64_t images, pixels, channels, groups;

  explicit Planes(Case& c)
      : images(c.size("images", {1, 3}, {kImages})),
        pixels(c.size("pixels", {1, 7, 33, 200, 1100}, {kPixels})),
        channels(c.size("channels", {6, 24, 64}, {kChannels})),
        groups(c.size("groups", {1, 2, 3, 6}, {32})) {
    if (channels % groups != 0) groups = 2;
  }
  int64_t whole() const { return images * pixels * channels; }
};

struct Response {
  int64_t pixels, channels, size;
  float beta;

  explicit Response(Case& c)
      : pixels(c.size("pixels", {1, 3, 33}, {kImages * kPixels})),
        channels(c.size("channels", {1, 3, 4, 7, 64, 67, 300}, {64, 192})),
        size(c.size("size", {1, 2, 5, 5, 63}, {5})),
        beta(c.flag("beta=0.75", true) ? 0.75f : 0.6f) {}
  int64_t whole() const { return pixels * channels; }
};

// How values are held; the last of the speed variants takes bfloat16.
inline int typeOf(Case& c, std::initializer_list<int64_t> large) {
  return static_cast<int>(c.size("type", {CD_FLOAT32, CD_BFLOAT16, CD_FLOAT16}, large));
}

inline int64_t bytesOf(int type) { return type == CD_FLOAT32 ? 4 : 2; }

inline constexpr Entry kNetwork[] = {
    {"cd_unary_forward", 1, [](Case& c) {
      int kind = c.each("kind", CD_UNARY_KINDS, CD_SIGMOID);
      int64_t n = counts(c);
      auto x = c.wild("x", n), y = c.outOver("y", n, false, x);
      c.moves(8 * n);
      CALL(c, cd_unary_forward, kind, 0.5f, 1.25f, n, x, y);
    }},
    {"cd_unary_backward", 1, [](Case& c) {
      int kind = c.each("kind", CD_UNARY_KINDS, CD_SIGMOID);
      int64_t n = counts(c);
      bool add = c.flag("accumulate");
      auto x = c.in("x", n, 0.1f, 3), y = c.in("y", n, 0.1f, 3), dy = c.in("dy", n), dx = c.outOver("dx", n, add, dy);
      c.moves(12 * n);
      CALL(c, cd_unary_backward, kind, 0.5f, 1.25f, add, n, x, y, dy, dx);
    }},
    {"cd_rectify_forward", 3, [](Case& c) {
      int type = typeOf(c, {0, 0, 1});
      int64_t rows = c.size("rows", {1, 3, 7}, {kImages}), n = c.size("n", {1, 3, 7, 8, 31, 33, 256, 1000, 4100}, {kPixels * kChannels});
      bool bitsToo = c.flag("bits", true), clamped = c.flag("clamped");
      auto x = c.wildAs(type, "x", rows * n);
      auto y = c.outOverAs(type, "y", rows * n, false, x);
      Ref<uint8_t> bits;
      if (bitsToo) bits = c.out<uint8_t>("bits", rows * ((n + 7) / 8));
      c.moves(2 * bytesOf(type) * rows * n + rows * ((n + 7) / 8));
      CALL(c, cd_rectify_forward, type, rows, n, 0.0f, clamped ? 2.0f : INFINITY, x, y, bits);
    }},
    {"cd_rectify_backward", 2, [](Case& c) {
      int type = typeOf(c, {0, 1});
      int64_t rows = c.size("rows", {1, 3, 7}, {kImages}), n = c.size("n", {1, 3, 7, 8, 31, 33, 256, 1000, 4100}, {kPixels * kChannels});
      bool add = c.flag("accumulate");
      auto bits = c.numbers<uint8_t>("bits", rows * ((n + 7) / 8), 0, 255);
      auto dy = c.wildAs(type, "dy", rows * n), dx = c.outOverAs(type, "dx", rows * n, add, dy);
      c.moves(2 * bytesOf(type) * rows * n + rows * ((n + 7) / 8));
      CALL(c, cd_rectify_backward, type, rows, n, add, bits, dy, dx);
    }},
    {"cd_add", 2, [](Case& c) {
      int type = typeOf(c, {0, 1});
      int64_t n = counts(c);
      auto a = c.inAs(type, "a", n), b = c.inAs(type, "b", n), y = c.outOverAs(type, "y", n, false, b);
      c.moves(3 * bytesOf(type) * n);
      CALL(c, cd_add, type, n, a, b, y);
    }},
    {"cd_fill", 2, [](Case& c) {
      int type = typeOf(c, {0, 1});
      int64_t n = counts(c);
      auto y = c.outAs(type, "y", n);
      c.moves(bytesOf(type) * n);
      CALL(c, cd_fill, type, n, 0.25f, y);
    }},
    {"cd_convert", 2, [](Case& c) {
      int from = static_cast<int>(c.size("from", {0, 1, 2}, {0, 1})), to = static_cast<int>(c.size("to", {0, 1, 2}, {1, 0}));
      int64_t n = counts(c);
      bool add = c.flag("accumulate");
      auto x = c.wildAs(from, "x", n), y = c.outAs(to, "y", n, add);
      c.moves((bytesOf(from) + bytesOf(to)) * n);
      CALL(c, cd_convert, from, to, add, 0.5f, n, x, y);
    }},
    {"cd_round_tf32", 1, [](Case& c) {
      int64_t n = counts(c);
      auto x = c.in("x", n), y = c.outOver("y", n, false, x);
      c.moves(8 * n);
      c.within(0, 0);
      CALL(c, cd_round_tf32, n, x, y);
    }},
    {"cd_gate_forward", 3, [](Case& c) {
      int type = typeOf(c, {0, 0, 1});
      int kind = c.each("kind", CD_ACTIVATION_LEAKY, CD_ACTIVATION_RELU - 1) + 1;
      Gated s(c);
      bool apply = c.flag("apply"), marks = c.flag("bits", true);
      auto y = c.wildAs(type, "y", s.rows * s.pixels * s.wide);
      c.result(y);
      Ref<uint8_t> bits;
      if (marks) bits = c.out<uint8_t>("bits", s.rows * ((s.n() + 7) / 8));
      c.moves(bytesOf(type) * s.rows * s.n() + s.rows * ((s.n() + 7) / 8));
      CALL(c, cd_gate_forward, type, kind, 0.25f, 0.5f, apply, s.rows, s.n(), s.channels, s.wide, y, bits);
    }},
    {"cd_gate_backward", 3, [](Case& c) {
      int type = typeOf(c, {0, 0, 1});
      int kind = c.each("kind", CD_ACTIVATION_LEAKY, CD_ACTIVATION_RELU - 1) + 1;
      Gated s(c);
      auto bits = c.numbers<uint8_t>("bits", s.rows * ((s.n() + 7) / 8), 0, 255);
      auto dy = c.wildAs(type, "dy", s.rows * s.pixels * s.wide);
      auto g = c.outAs(type, "g", s.rows * s.n());
      c.moves(2 * bytesOf(type) * s.rows * s.n() + s.rows * ((s.n() + 7) / 8));
      CALL(c, cd_gate_backward, type, kind, 0.25f, 0.5f, s.rows, s.n(), s.channels, s.wide, dy, bits, g);
    }},
    {"cd_gate_sift", 2, [](Case& c) {
      int type = typeOf(c, {0, 0, 1});
      int kind = c.each("kind", CD_ACTIVATION_LEAKY, CD_ACTIVATION_RELU - 1) + 1;
      int64_t n = counts(c);
      auto y = c.wildAs(type, "y", n), g = c.wildAs(type, "g", n);
      c.result(g);
      c.moves(3 * bytesOf(type) * n);
      CALL(c, cd_gate_sift, type, kind, 0.25f, 0.5f, n, y, g);
    }},
    {"cd_widen", 2, [](Case& c) {
      int type = typeOf(c, {0, 1});
      int64_t pixels = c.size("pixels", {1, 3, 33, 1000}, {kImages * 224 * 224}), own = c.size("own", {1, 2, 3, 4}, {3});
      int64_t wide = own + c.size("more", {0, 1, 2, 3, 4, 5, 6, 7}, {1, 5});
      auto x = c.inAs(type, "x", pixels * own), y = c.outAs(type, "y", pixels * wide);
      c.moves(bytesOf(type) * pixels * (own + wide));
      CALL(c, cd_widen, type, pixels, own, wide, x, y);
    }},
    {"cd_narrow", 2, [](Case& c) {
      int type = typeOf(c, {0, 1});
      int64_t pixels = c.size("pixels", {1, 3, 33, 1000}, {kImages * 224 * 224}), own = c.size("own", {1, 2, 3, 4}, {3});
      int64_t wide = own + c.size("more", {0, 1, 2, 3, 4, 5, 6, 7}, {1, 5});
      bool add = c.flag("accumulate");
      auto x = c.inAs(type, "x", pixels * wide), y = c.outAs(type, "y", pixels * own, add);
      c.moves(bytesOf(type) * pixels * (own + wide));
      CALL(c, cd_narrow, type, add, pixels, own, wide, x, y);
    }},
    {"cd_fold", 2, [](Case& c) {
      int type = typeOf(c, {0, 1});
      int64_t images = c.size("images", {1, 3}, {kImages});
      int64_t h = c.size("h", {1, 5, 9, 14, 140}, {224}), w = c.size("w", {1, 5, 9, 14, 140}, {224});
      int64_t own = c.size("own", {1, 2, 3, 4}, {3}), more = c.size("more", {0, 1, 3}, {1});
      int kh = static_cast<int>(c.size("kh", {1, 2, 3, 7}, {7})), kw = static_cast<int>(c.size("kw", {1, 2, 3, 7}, {7}));
      int sh = static_cast<int>(c.size("sh", {1, 2, 3}, {2})), sw = static_cast<int>(c.size("sw", {1, 2, 3}, {2}));
      int dh = static_cast<int>(c.size("dh", {1, 1, 1, 2}, {1})), dw = static_cast<int>(c.size("dw", {1, 1, 1, 2}, {1}));
      int top = static_cast<int>(c.size("top", {0, 1, 3}, {3})), left = static_cast<int>(c.size("left", {0, 1, 3}, {3}));
      auto windows = [](int64_t size, int pad, int taps, int dilation, int stride) {
        int room = static_cast<int>(size) + 2 * pad - (taps - 1) * dilation - 1;
        return room < 0 ? 1 : room / stride + 1;
      };
      int oh = windows(h, top, kh, dh, sh), ow = windows(w, left, kw, dw, sw);
      std::array<int, 10> window = {kh, kw, sh, sw, dh, dw, top, left, oh, ow};
      int64_t columns = kh * kw * own + more, count = images * oh * ow * columns;
      bool add = c.flag("accumulate");
      auto p = c.inAs(type, "p", count), dx = c.outAs(type, "dx", images * h * w * own, add);
      c.moves(bytesOf(type) * (count + images * h * w * own));
      CALL(c, cd_fold, type, add, images, h, w, own, window.data(), columns, p, dx);
    }},
    {"cd_binary_forward", 4, [](Case& c) {
      int kind = c.each("kind", CD_BINARY_KINDS, CD_MUL);
      int way = static_cast<int>(c.size("way", {0, 1, 2, 3, 4}, {0, 1, 3, 4}));
      Operands o(c, way);
      auto a = c.in("a", o.aCount, -2, 2), b = c.in("b", o.bCount, -2, 2), y = c.out("y", o.n);
      c.moves(4 * (o.n + o.aCount + o.bCount));
      CALL(c, cd_binary_forward, kind, 3, o.dims.data(), o.a.data(), o.b.data(), a, b, y);
    }},
    {"cd_binary_backward", 3, [](Case& c) {
      int kind = c.each("kind", CD_BINARY_KINDS, CD_MUL);
      bool add = c.flag("accumulate"), second = c.flag("second", false);
      int way = static_cast<int>(c.size("way", {0, 1, 2, 3, 4}, {0, 1, 3}));
      Operands o(c, way);
      int64_t wanted = second ? o.bCount : o.aCount;
      auto a = c.in("a", o.aCount, 0.5f, 2), b = c.in("b", o.bCount, 0.5f, 2), dy = c.in("dy", o.n), dx = c.out("dx", wanted, add);
      c.within(1e-5, 1e-4);
      c.moves(4 * (o.n + o.bCount + wanted));
      CALL(c, cd_binary_backward, kind, second, add, 3, o.dims.data(), o.a.data(), o.b.data(), a, b, dy, dx);
    }},
    {"cd_where_forward", 1, [](Case& c) {
      Operands o(c, static_cast<int>(c.size("way", {0, 1, 2, 3, 4}, {1})));
      auto on = c.numbers<float>("c", o.n, 0, 1);
      auto a = c.in("a", o.aCount), b = c.in("b", o.bCount), y = c.out("y", o.n);
      std::array<int, 3> whole = {o.dims[1] * o.dims[2], o.dims[2], 1};
      c.moves(4 * (2 * o.n + o.aCount + o.bCount));
      CALL(c, cd_where_forward, 3, o.dims.data(), whole.data(), o.a.data(), o.b.data(), on, a, b, y);
    }},
    {"cd_where_backward", 1, [](Case& c) {
      bool add = c.flag("accumulate"), second = c.flag("second", false);
      Operands o(c, static_cast<int>(c.size("way", {0, 1, 2, 3, 4}, {1})));
      auto on = c.numbers<float>("c", o.n, 0, 1);
      int64_t wanted = second ? o.bCount : o.aCount;
      auto dy = c.in("dy", o.n), dx = c.out("dx", wanted, add);
      std::array<int, 3> whole = {o.dims[1] * o.dims[2], o.dims[2], 1};
      c.within(1e-5, 1e-4);
      c.moves(4 * (2 * o.n + wanted));
      CALL(c, cd_where_backward, second ? 2 : 1, add, 3, o.dims.data(), whole.data(), (second ? o.b : o.a).data(),
           on, dy, dx);
    }},
    {"cd_affine_forward", 2, [](Case& c) {
      int type = typeOf(c, {0, 1});
      int64_t rows = c.size("rows", {1, 3, 33}, {kImages * kPixels}), channels = c.size("channels", {1, 3, 7, 32, 33, 64}, {kChannels});
      auto x = c.inAs(type, "x", rows * channels);
      auto scale = c.in("scale", channels), shift = c.in("shift", channels);
      auto y = c.outOverAs(type, "y", rows * channels, false, x);
      c.moves(2 * bytesOf(type) * rows * channels);
      CALL(c, cd_affine_forward, type, rows, channels, x, scale, shift, y);
    }},
    {"cd_affine_backward", 2, [](Case& c) {
      int type = typeOf(c, {0, 1});
      int64_t rows = c.size("rows", {1, 3, 33}, {kImages * kPixels}), channels = c.size("channels", {1, 3, 7, 32, 33, 64}, {kChannels});
      bool add = c.flag("accumulate");
      auto scale = c.in("scale", channels);
      auto dy = c.inAs(type, "dy", rows * channels), dx = c.outOverAs(type, "dx", rows * channels, add, dy);
      c.moves(2 * bytesOf(type) * rows * channels);
      CALL(c, cd_affine_backward, type, rows, channels, add, scale, dy, dx);
    }},
    {"cd_reduce_forward", 4, [](Case& c) {
      int kind = c.each("kind", CD_REDUCE_KINDS, CD_REDUCE_MEAN);
      Columns k(c);
      auto x = kind == CD_REDUCE_PROD ? c.in("x", k.whole(), 0.9f, 1.1f) : kind < CD_REDUCE_MAX ? c.in("x", k.whole()) : c.wild("x", k.whole());
      auto y = c.out("y", k.less());
      c.within(1e-4, 1e-4);
      c.moves(4 * (k.whole() + k.less()));
      CALL(c, cd_reduce_forward, kind, k.outer, k.n, k.inner, x, y);
    }},
    {"cd_reduce_backward", 4, [](Case& c) {
      int kind = c.each("kind", CD_REDUCE_KINDS, CD_REDUCE_MEAN);
      bool add = c.flag("accumulate");
      Columns k(c);
      auto x = kind == CD_REDUCE_PROD ? c.in("x", c.timed() ? 1 : k.whole(), 0.9f, 1.1f) : c.in("x", c.timed() ? 1 : k.whole());
      auto y = c.out("y", k.less()), dy = c.in("dy", k.less()), dx = c.out("dx", k.whole(), add);
      c.within(1e-4, 1e-4);
      if (!c.timed()) CALL(c, cd_reduce_forward, kind, k.outer, k.n, k.inner, x, y);
      c.moves(4 * (k.whole() + k.less()));
      CALL(c, cd_reduce_backward, kind, add, k.outer, k.n, k.inner, x, y, dy, dx);
    }},
    {"cd_reduce_channels", 1, [](Case& c) {
      int kind = c.each("kind", CD_CHANNELS_KINDS, CD_CHANNELS_MAX_ABSOLUTE);
      int64_t channels = c.size("channels", {1, 3, 7}, {3}), n = c.size("n", {1, 3, 33, 1000}, {224 * 224});
      auto x = c.in("x", channels * n), y = c.out("y", n);
      c.moves(4 * (channels + 1) * n);
      CALL(c, cd_reduce_channels, kind, channels, n, x, y);
    }},
    {"cd_arg_reduce", 1, [](Case& c) {
      int kind = c.each("kind", 2) + CD_REDUCE_MAX;
      bool last = c.flag("last");
      int64_t outer = c.size("outer", {1, 3, 7}, {kImages * kPixels}), n = c.size("n", {1, 3, 33, 200}, {21}), inner = c.size("inner", {1, 3, 33}, {1});
      auto x = c.wild("x", outer * n * inner), y = c.out("y", outer * inner);
      c.moves(4 * (outer * n * inner + outer * inner));
      CALL(c, cd_arg_reduce, kind, last, outer, n, inner, x, y);
    }},
    {"cd_top", 2, [](Case& c) {
      bool largest = c.flag("largest", true);
      int64_t outer = c.size("outer", {1, 3, 7}, {kImages, kImages * 196}), n = c.size("n", {1, 3, 33, 200}, {1000, 196}), inner = c.size("inner", {1, 3}, {1});
      int64_t k = n < 5 ? n : c.size("k", {1, 5, 33}, {5, 9});
      auto x = c.wild("x", outer * n * inner), y = c.out("y", outer * k * inner);
      c.moves(4 * outer * (n + k) * inner);
      CALL(c, cd_top, largest, outer, n, inner, k, x, y);
    }},
    {"cd_softmax_forward", 3, [](Case& c) {
      bool log = c.flag("log");
      Rows k(c);
      auto x = c.in("x", k.whole(), -8, 8), y = c.outOver("y", k.whole(), false, x);
      c.moves(8 * k.whole());
      CALL(c, cd_softmax_forward, log, k.rows, k.n, x, y);
    }},
    {"cd_softmax_backward", 3, [](Case& c) {
      bool log = c.flag("log"), add = c.flag("accumulate");
      Rows k(c);
      auto y = log ? c.in("y", k.whole(), -8, -1) : c.in("y", k.whole(), 0, 0.01f);
      auto dy = c.in("dy", k.whole()), dx = c.outOver("dx", k.whole(), add, dy);
      // With log the gradient is a difference of numbers up to the sum of a row.
      c.within(1e-5, 1e-5);
      c.moves(12 * k.whole());
      CALL(c, cd_softmax_backward, log, add, k.rows, k.n, y, dy, dx);
    }},
    {"cd_layer_norm_forward", 3, [](Case& c) {
      Rows k(c);
      bool scaled = c.flag("scale", true), shifted = c.flag("shift", true), stated = c.flag("stats", true);
      auto x = c.in("x", k.whole());
      auto scale = scaled ? c.in("scale", k.n) : Ref<float>{}, shift = shifted ? c.in("shift", k.n) : Ref<float>{};
      auto y = c.outOver("y", k.whole(), false, x), stats = stated ? c.out("stats", 2 * k.rows) : Ref<float>{};
      c.within(1e-4, 1e-5);
      c.moves(8 * k.whole());
      CALL(c, cd_layer_norm_forward, k.rows, k.n, 1e-5f, x, scale, shift, y, stats);
    }},
    {"cd_layer_norm_backward", 3, [](Case& c) {
      Rows k(c);
      bool add = c.flag("accumulate"), scaled = c.flag("scale", true);
      auto x = c.in("x", k.whole()), stats = c.in("stats", 2 * k.rows, 0.5f, 2);
      auto scale = scaled ? c.in("scale", k.n) : Ref<float>{};
      auto dy = c.in("dy", k.whole()), dx = c.outOver("dx", k.whole(), add, dy);
      c.within(1e-4, 1e-5);
      c.moves(12 * k.whole());
      CALL(c, cd_layer_norm_backward, add, k.rows, k.n, x, scale, stats, dy, dx);
    }},
    {"cd_batch_norm_forward", 1, [](Case& c) {
      bool training = c.flag("training"), relu = c.flag("relu", true), added = c.flag("residual");
      int64_t m = c.size("m", {2, 3, 33, 300}, {kImages * kPixels}), n = c.size("channels", {1, 3, 7, 33, 64}, {kChannels});
      auto x = c.in("x", m * n), scale = c.in("scale", n), shift = c.in("shift", n), residual = added ? c.in("residual", m * n) : Ref<float>{};
      auto mean = c.out("mean", n, true);
      auto variance = c.in("variance", n, 0.5f, 2);
      auto scratch = c.scratch("scratch", 2 * ((m + 127) / 128 + 1) * n), y = c.out("y", m * n), stats = c.out("stats", 2 * n);
      c.within(1e-4, 1e-5);
      c.result(variance);
      c.moves(8 * m * n);
      CALL(c, cd_batch_norm_forward, training, relu, m, n, 1e-5f, 0.1f, x, scale, shift, residual, mean, variance, scratch, y, stats);
    }},
    {"cd_batch_norm_backward", 1, [](Case& c) {
      bool training = c.flag("training"), relu = c.flag("relu", true), dxToo = c.flag("dx", true), more = c.flag("more");
      int add = static_cast<int>(c.size("accumulate", {0, 1, 6, 15}, {0}));
      int64_t m = c.size("m", {2, 3, 33, 300}, {kImages * kPixels}), n = c.size("channels", {1, 3, 7, 33, 64}, {kChannels});
      auto x = c.in("x", m * n), y = c.in("y", m * n), scale = c.in("scale", n), stats = c.in("stats", 2 * n, 0.5f, 2), dy = c.in("dy", m * n);
      auto scratch = c.scratch("scratch", 2 * ((m + 127) / 128 + 1) * n);
      auto dx = dxToo ? c.out("dx", m * n, (add & 1) != 0) : Ref<float>{};
      auto dresidual = more ? c.out("dresidual", m * n, (add & 2) != 0) : Ref<float>{};
      auto dscale = more ? c.out("dscale", n, (add & 4) != 0) : Ref<float>{};
      auto dshift = more ? c.out("dshift", n, (add & 8) != 0) : Ref<float>{};
      c.within(1e-4, 1e-4);
      c.moves(12 * m * n);
      CALL(c, cd_batch_norm_backward, training, relu, add, m, n, x, y, scale, stats, dy, scratch, dx, dresidual, dscale, dshift);
    }},
    {"cd_instance_norm_forward", 1, [](Case& c) {
      Planes k(c);
      bool scaled = c.flag("scale", true), stated = c.flag("stats", true);
      auto x = c.in("x", k.whole()), scale = scaled ? c.in("scale", k.channels) : Ref<float>{}, shift = scaled ? c.in("shift", k.channels) : Ref<float>{};
      auto y = c.outOver("y", k.whole(), false, x), stats = stated ? c.out("stats", 2 * k.images * k.channels) : Ref<float>{};
      c.within(1e-4, 1e-5);
      c.moves(8 * k.whole());
      CALL(c, cd_instance_norm_forward, k.images, k.pixels, k.channels, 1e-5f, x, scale, shift, y, stats);
    }},
    {"cd_instance_norm_backward", 1, [](Case& c) {
      Planes k(c);
      bool add = c.flag("accumulate"), scaled = c.flag("scale", true);
      auto x = c.in("x", k.whole()), scale = scaled ? c.in("scale", k.channels) : Ref<float>{}, stats = c.in("stats", 2 * k.images * k.channels, 0.5f, 2);
      auto dy = c.in("dy", k.whole()), dx = c.outOver("dx", k.whole(), add, dy);
      c.within(1e-4, 1e-5);
      c.moves(12 * k.whole());
      CALL(c, cd_instance_norm_backward, add, k.images, k.pixels, k.channels, x, scale, stats, dy, dx);
    }},
    {"cd_group_norm_forward", 1, [](Case& c) {
      Planes k(c);
      bool scaled = c.flag("scale", true), stated = c.flag("stats", true);
      auto x = c.in("x", k.whole()), scale = scaled ? c.in("scale", k.channels) : Ref<float>{}, shift = scaled ? c.in("shift", k.channels) : Ref<float>{};
      auto y = c.outOver("y", k.whole(), false, x), stats = stated ? c.out("stats", 2 * k.images * k.groups) : Ref<float>{};
      c.within(1e-4, 1e-5);
      c.moves(8 * k.whole());
      CALL(c, cd_group_norm_forward, k.images, k.pixels, k.channels, k.groups, 1e-5f, x, scale, shift, y, stats);
    }},
    {"cd_group_norm_backward", 1, [](Case& c) {
      Planes k(c);
      bool add = c.flag("accumulate"), scaled = c.flag("scale", true);
      auto x = c.in("x", k.whole()), scale = scaled ? c.in("scale", k.channels) : Ref<float>{}, stats = c.in("stats", 2 * k.images * k.groups, 0.5f, 2);
      auto dy = c.in("dy", k.whole()), dx = c.outOver("dx", k.whole(), add, dy);
      c.within(1e-4, 1e-5);
      c.moves(12 * k.whole());
      CALL(c, cd_group_norm_backward, add, k.images, k.pixels, k.channels, k.groups, x, scale, stats, dy, dx);
    }},
    {"cd_lrn_forward", 2, [](Case& c) {
      Response k(c);
      auto x = c.in("x", k.whole(), -3, 3), y = c.out("y", k.whole());
      c.moves(8 * k.whole());
      CALL(c, cd_lrn_forward, k.pixels, k.channels, k.size, 0.5f, k.beta, 1.0f, x, y);
    }},
    {"cd_lrn_backward", 2, [](Case& c) {
      Response k(c);
      bool add = c.flag("accumulate");
      auto x = c.in("x", k.whole(), -3, 3), y = c.out("y", k.whole()), dy = c.in("dy", k.whole()), dx = c.out("dx", k.whole(), add);
      CALL(c, cd_lrn_forward, k.pixels, k.channels, k.size, 0.5f, k.beta, 1.0f, x, y);
      c.moves(16 * k.whole());
      CALL(c, cd_lrn_backward, add, k.pixels, k.channels, k.size, 0.5f, k.beta, 1.0f, x, y, dy, dx);
    }},
    {"cd_max_pool_forward", 3, [](Case& c) {
      int type = typeOf(c, {0, 0, 1});
      Pool k(c, false);
      int bytes = c.size("whichBytes", {1, 1, 4}, {1}) == 4 ? 4 : 1;
      bool indexed = c.flag("which", true);
      auto x = c.wildAs(type, "x", k.ins()), y = c.outAs(type, "y", k.outs());
      c.moves(bytesOf(type) * (k.ins() + k.outs()) + k.outs());
      if (bytes == 4) {
        auto which = indexed ? c.out<int32_t>("which", k.outs()) : Ref<int32_t>{};
        CALL(c, cd_max_pool_forward, type, k.images, k.h, k.w, k.c, k.window.data(), x, y, which, bytes);
      } else {
        auto which = indexed ? c.out<uint8_t>("which", k.outs()) : Ref<uint8_t>{};
        CALL(c, cd_max_pool_forward, type, k.images, k.h, k.w, k.c, k.window.data(), x, y, which, bytes);
      }
    }},
    {"cd_max_pool_backward", 3, [](Case& c) {
      int type = typeOf(c, {0, 0, 1});
      Pool k(c, false);
      int bytes = c.size("whichBytes", {1, 1, 4}, {1}) == 4 ? 4 : 1, taps = k.window[0] * k.window[1];
      bool add = c.flag("accumulate");
      auto dy = c.inAs(type, "dy", k.outs()), dx = c.outAs(type, "dx", k.ins(), add);
      c.moves(bytesOf(type) * (k.ins() + k.outs()) + k.outs());
      if (bytes == 4) {
        auto which = c.numbers<int32_t>("which", k.outs(), 0, taps - 1);
        CALL(c, cd_max_pool_backward, type, add, k.images, k.h, k.w, k.c, k.window.data(), which, bytes, dy, dx);
      } else {
        auto which = c.numbers<uint8_t>("which", k.outs(), 0, taps - 1);
        CALL(c, cd_max_pool_backward, type, add, k.images, k.h, k.w, k.c, k.window.data(), which, bytes, dy, dx);
      }
    }},
    {"cd_max_unpool", 2, [](Case& c) {
      Pool k(c, false);
      int bytes = c.size("whichBytes", {1, 1, 4}, {1}) == 4 ? 4 : 1, taps = k.window[0] * k.window[1];
      auto v = c.in("v", k.outs()), x = c.out("x", k.ins());
      c.moves(4 * k.ins() + 5 * k.outs());
      if (bytes == 4) {
        auto which = c.numbers<int32_t>("which", k.outs(), 0, taps - 1);
        CALL(c, cd_max_unpool, k.images, k.h, k.w, k.c, k.window.data(), which, bytes, v, x);
      } else {
        auto which = c.numbers<uint8_t>("which", k.outs(), 0, taps - 1);
        CALL(c, cd_max_unpool, k.images, k.h, k.w, k.c, k.window.data(), which, bytes, v, x);
      }
    }},
    {"cd_average_pool_forward", 4, [](Case& c) {
      int type = typeOf(c, {0, 0, 0, 1});
      Pool k(c, true);
      bool padding = c.flag("padding");
      int power = static_cast<int>(c.size("power", {1, 0, 2}, {1}));
      auto x = c.inAs(type, "x", k.ins()), y = c.outAs(type, "y", k.outs());
      c.moves(bytesOf(type) * (k.ins() + k.outs()));
      CALL(c, cd_average_pool_forward, type, k.images, k.h, k.w, k.c, k.window.data(), k.window[6], k.window[7], padding, power, x, y);
    }},
    {"cd_average_pool_backward", 4, [](Case& c) {
      int type = typeOf(c, {0, 0, 0, 1});
      Pool k(c, true);
      bool add = c.flag("accumulate"), padding = c.flag("padding");
      int power = static_cast<int>(c.size("power", {1, 0, 2}, {1}));
      auto dy = c.inAs(type, "dy", k.outs()), dx = c.outAs(type, "dx", k.ins(), add);
      c.moves(bytesOf(type) * (k.ins() + k.outs()));
      CALL(c, cd_average_pool_backward, type, add, k.images, k.h, k.w, k.c, k.window.data(), k.window[6], k.window[7], padding, power, dy, dx);
    }},
    {"cd_copy_strided", 6, [](Case& c) {
      int type = typeOf(c, {0, 0, 0, 0, 0, 1});
      // 0 planes to pixels, 1 pixels to planes, 2 as it lies, 3 a slice of channels, 4 one value repeated.
      int way = static_cast<int>(c.size("way", {0, 1, 2, 3, 4}, {0, 1, 2, 3, 0, 3}));
      bool add = c.flag("accumulate");
      int rows = static_cast<int>(c.size("rows", {1, 3}, {kImages}));
      int planes = static_cast<int>(c.size("channels", {1, 2, 3, 4, 5, 33, 64, 70}, {3, 3, 256, 64, 256, 64}));
      int pixels = static_cast<int>(c.size("pixels", {1, 7, 32, 33, 100, 1025, 2052}, {224 * 224, 224 * 224, 56 * 56, 56 * 56, 56 * 56}));
      int64_t n = int64_t{1} * rows * planes * pixels;
      int wide = planes + static_cast<int>(c.size("more", {5, 4, 8}, {192})), each = planes * pixels;
      std::array<int, 3> dims = {rows, pixels, planes}, xs = {each, 1, pixels}, ys = {each, planes, 1};
      if (way == 1) std::swap(xs, ys);
      if (way == 2) xs = ys;
      if (way == 3) xs = ys, ys = {pixels * wide, wide, 1};
      if (way == 4) xs = {0, 0, 1}, ys = {each, planes, 1};
      auto x = c.inAs(type, "x", way == 4 ? planes : n), y = c.outAs(type, "y", way == 3 ? n / planes * wide : n, add);
      c.moves(2 * bytesOf(type) * n);
      CALL(c, cd_copy_strided, type, add, 3, dims.data(), xs.data(), ys.data(), x, y);
    }},
    {"cd_pick_forward", 1, [](Case& c) {
      int64_t outer = c.size("outer", {1, 3}, {kImages}), n = c.size("n", {1, 3, 33}, {197}), inner = c.size("inner", {1, 3, 4, 33}, {768});
      int64_t k = c.size("k", {1, 3, 50}, {138});
      auto index = placesOf(c, n, outer * k * inner);
      auto x = c.in("x", outer * n * inner), y = c.out("y", outer * k * inner);
      c.moves(4 * outer * (n + 2 * k) * inner);
      CALL(c, cd_pick_forward, outer, n, inner, k, index, x, y);
    }},
    {"cd_pick_backward", 1, [](Case& c) {
      int64_t outer = c.size("outer", {1, 3}, {kImages}), n = c.size("n", {1, 3, 33}, {197}), inner = c.size("inner", {1, 3, 4, 33}, {768});
      int64_t k = c.size("k", {1, 3, 50}, {138});
      bool add = c.flag("accumulate");
      auto index = placesOf(c, n, outer * k * inner);
      auto dy = c.in("dy", outer * k * inner), dx = c.out("dx", outer * n * inner, add);
      c.moves(4 * outer * (n + 2 * k) * inner);
      CALL(c, cd_pick_backward, add, outer, n, inner, k, index, dy, dx);
    }},
};

}  // namespace candela::check
