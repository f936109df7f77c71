// Cases of convolutions by kernels of our own.
#pragma once

#include <array>

#include "case.h"

namespace candela::check {

// First layers that are timed: ResNet's for a batch of 50 and for one, VGG's and AlexNet's.
struct FewTransposeSpeed {
  int64_t rows;
  int oc, taps, stride, pad;
};

inline constexpr FewTransposeSpeed kFewTransposes[] = {{50, 64, 7, 2, 3}, {1, 64, 7, 2, 3}, {64, 64, 3, 1, 1}, {64, 96, 11, 4, 2}};
constexpr int kFewTransposeTimes = 4;

// A convolution of few channels: most often of sizes that tensor cores take, and once in four of so many rows that tiles are
// large.
struct TransposedFew {
  int64_t rows;
  std::array<int, 12> shape;

  explicit TransposedFew(Case& k) {
    const FewTransposeSpeed& s = kFewTransposes[k.timed() ? k.number() : 0];
    rows = k.size("rows", {1, 3, 1, 270}, {s.rows});
    bool many = rows > 200;
    int h = static_cast<int>(k.size("h", {1, 9, 23, 40}, {224})), w = static_cast<int>(k.size("w", {2, 7, 21, 70}, {224}));
    if (many) h = h % 20 + 1, w = w % 20 + 1;
    int c = static_cast<int>(k.size("c", {3, 3, 1, 2, 4}, {3})), oc = static_cast<int>(k.size("oc", {8, 4, 7, 36, 64, 72}, {s.oc}));
    if (many) oc = oc % 40 + 4;
    int kh = static_cast<int>(k.size("kh", {3, 7, 2, 11, 5, 1, 16}, {s.taps}));
    int kw = static_cast<int>(k.size("kw", {3, 7, 2, 11, 5, 1, 16, 9}, {s.taps}));
    int sh = static_cast<int>(k.size("sh", {2, 1, 4, 3}, {s.stride})), sw = static_cast<int>(k.size("sw", {2, 1, 4, 3, 2}, {s.stride}));
    int top = static_cast<int>(k.size("top", {0, 1, 3, 2}, {s.pad})), left = static_cast<int>(k.size("left", {0, 1, 3, 2, 5}, {s.pad}));
    int oh = h + 2 * top - kh, ow = w + 2 * left - kw;
    shape = {h, w, c, oc, kh, kw, sh, sw, top, left, oh < 0 ? 1 : oh / sh + 1, ow < 0 ? 1 : ow / sw + 1};
  }

  int64_t ins() const { return rows * shape[0] * shape[1] * shape[2]; }
  int64_t outs() const { return rows * shape[10] * shape[11] * shape[3]; }
  int64_t factors() const { return int64_t{1} * shape[3] * shape[2] * shape[4] * shape[5]; }
};

// Convolutions of ResNet-50 and of its backward pass, for 64 images and for one, and the variants that they are timed with.
struct ConvolveSpeed {
  int64_t rows, side, c, oc, taps;
  int variants[5];
};

inline constexpr ConvolveSpeed kConvolveSpeeds[] = {
    {64, 56, 256, 64, 1, {0, 4, 8, 12, 16}}, {64, 56, 64, 256, 1, {0, 4, 8, 12, 16}},
    {64, 14, 256, 256, 3, {0, 1, 4, 8, 12}}, {1, 56, 64, 64, 3, {8, 9, 10, 12, 17}},
    {1, 14, 256, 256, 3, {10, 11, 15, 18, 19}}, {1, 14, 1024, 256, 1, {10, 11, 15, 18, 19}},
    {1, 7, 512, 512, 3, {7, 11, 14, 15, 19}}, {1, 7, 512, 2048, 1, {8, 10, 12, 13, 17}}};
constexpr int kConvolveTimes = 40;

using Sizes = std::initializer_list<int64_t>;

// A convolution whose windows may lie beside the image.
struct Windows {
  int64_t rows;
  // Of what channels and distances of pixels are multiples: 4, which tiles need, three times in four.
  int each;
  std::array<int, 12> shape;

  // The last five: what is drawn from; stride: what is timed.
  Windows(Case& k, const ConvolveSpeed& s, int64_t stride, Sizes heights, Sizes cs, Sizes ocs, Sizes downs, Sizes acrosses) {
    rows = k.size("rows", {1, 3}, {s.rows});
    each = !k.timed() && k.size("odd", {0, 0, 0, 1}, {0}) == 1 ? 1 : 4;
    int h = static_cast<int>(k.size("h", heights, {s.side})), w = static_cast<int>(k.size("w", {1, 4, 7}, {s.side}));
    int c = static_cast<int>(k.size("c", cs, {s.c})), oc = static_cast<int>(k.size("oc", ocs, {s.oc}));
    if (each == 1) c -= 1, oc -= 3;
    int kh = static_cast<int>(k.size("kh", {1, 1, 2, 3, 5}, {s.taps})), kw = static_cast<int>(k.size("kw", {1, 1, 3, 5}, {s.taps}));
    int top = static_cast<int>(k.size("top", {0, 1, 2, 4}, {s.taps / 2})), left = static_cast<int>(k.size("left", {0, 1, 2}, {s.taps / 2}));
    int more = static_cast<int>(k.size("more", {0, 1, 3}, {k.timed() ? s.taps / 2 : 0}));
    int sh = static_cast<int>(k.size("sh", downs, {stride})), sw = static_cast<int>(k.size("sw", acrosses, {stride}));
    int oh = h + top + more - kh + 1, ow = w + left + more - kw + 1;
    shape = {h, w, c, oc, kh, kw, sh, sw, top, left, oh < 1 ? 1 : (oh - 1) / sh + 1, ow < 1 ? 1 : (ow - 1) / sw + 1};
  }

  // Elements from a pixel to the next.
  int64_t apart(Case& k, const char* name, int channels) const { return channels + each * k.size(name, {0, 0, 1, 3}, {0}); }
};

// What it works on; factors are whole numbers, all of whose sums are exact, or such whose rounding to 11 bits is off by
// less than 2^-8 in all.
struct Convolved : Windows {
  int64_t wide, yWide;

  explicit Convolved(Case& k)
      : Windows(k, kConvolveSpeeds[k.timed() ? k.number() / 5 : 0], 1, {1, 3, 5, 9}, {4, 12, 36, 68}, {4, 36, 64, 132},
                {1, 1, 2, 3}, {1, 1, 2}),
        wide(apart(k, "beyond", shape[2])),
        yWide(apart(k, "y beyond", shape[3])) {}

  int64_t ins() const { return rows * shape[0] * shape[1] * wide; }
  int64_t depth() const { return int64_t{1} * shape[4] * shape[5] * shape[2]; }
  int64_t outs() const { return rows * shape[10] * shape[11] * yWide; }
  int64_t sums() const { return rows * shape[10] * shape[11] * shape[3]; }
};

// ResNet-50's strided convolutions for one image and for 64: rows, side of x, c, oc, taps.
inline constexpr ConvolveSpeed kTransposedSpeeds[] = {
    {1, 56, 128, 128, 3, {10, 11, 14, 15, 18}}, {1, 14, 512, 512, 3, {11, 14, 15, 18, 19}},
    {1, 28, 512, 1024, 1, {8, 10, 12, 13, 16}}, {64, 56, 128, 128, 3, {0, 4, 8, 12, 16}},
    {64, 56, 256, 512, 1, {0, 4, 8, 12, 16}}};
constexpr int kTransposedTimes = 25;

// Also such whose windows leave out pixels.
struct Transposed : Windows {
  int64_t gWide;

  explicit Transposed(Case& k)
      : Windows(k, kTransposedSpeeds[k.timed() ? k.number() / 5 : 0], 2, {1, 3, 6, 9}, {4, 36, 64, 132}, {4, 12, 36, 68},
                {1, 2, 2}, {1, 2, 2}),
        gWide(apart(k, "beyond", shape[3])) {}

  int64_t ins() const { return rows * shape[10] * shape[11] * gWide; }
  int64_t depth() const { return int64_t{1} * shape[4] * shape[5] * shape[3]; }
  int64_t outs() const { return rows * shape[0] * shape[1] * shape[2]; }
};

// First layers of ResNet-50 for 50 images and for one, of VGG-16 and of AlexNet for 64, and the variants that they are timed
// with.
struct ConvolveFewSpeed {
  int64_t rows, oc, taps, stride, pad;
  int variants[5];
};

inline constexpr ConvolveFewSpeed kConvolveFewSpeeds[] = {{50, 64, 7, 2, 3, {0, 1, 2, 3, 4}},
                                                          {1, 64, 7, 2, 3, {1, 2, 3, 4, 5}},
                                                          {64, 64, 3, 1, 1, {0, 1, 2, 3, 4}},
                                                          {64, 96, 11, 4, 2, {1, 2, 3, 4, 5}}};
constexpr int kConvolveFewTimes = 20;

struct ConvolvedFew {
  int64_t rows, wide;
  std::array<int, 12> shape;

  explicit ConvolvedFew(Case& k) {
    const ConvolveFewSpeed& s = kConvolveFewSpeeds[k.timed() ? k.number() / 5 : 0];
    // Sometimes more tiles than a card does at a time.
    rows = k.size("rows", {1, 3, 3, 2000}, {s.rows});
    bool many = !k.timed() && rows > 3;
    int each = !k.timed() && k.size("odd", {0, 0, 0, 1}, {0}) == 1 ? 1 : 4;
    int h = static_cast<int>(k.size("h", {1, 5, 19, 37}, {224})), w = static_cast<int>(k.size("w", {1, 7, 18, 67}, {224}));
    int c = static_cast<int>(k.size("c", {1, 2, 3, 3, 4}, {3})), oc = static_cast<int>(k.size("oc", {4, 32, 36, 64, 100}, {s.oc}));
    if (each == 1) oc -= 1;
    int kh = static_cast<int>(k.size("kh", {1, 2, 3, 7, 11}, {s.taps})), kw = static_cast<int>(k.size("kw", {1, 3, 5, 7, 11, 16}, {s.taps}));
    int down = static_cast<int>(k.size("down", {1, 2, 3, 4}, {s.stride})), across = static_cast<int>(k.size("across", {1, 2, 3, 4}, {s.stride}));
    int top = static_cast<int>(k.size("top", {0, 1, 3, 12}, {s.pad})), left = static_cast<int>(k.size("left", {0, 1, 3, 17}, {s.pad}));
    int more = static_cast<int>(k.size("more", {0, 1, 3}, {s.pad}));
    if (many) h = 3, w = 2, oc = 8, kh = kh < 3 ? kh : 3, kw = kw < 3 ? kw : 3, top = top < 1 ? top : 1, left = left < 1 ? left : 1;
    int tall = h + top + more - kh, broad = w + left + more - kw;
    shape = {h, w, c, oc, kh, kw, down, across, top, left, tall < 0 ? 1 : tall / down + 1, broad < 0 ? 1 : broad / across + 1};
    wide = oc + each * k.size("beyond", {0, 0, 1, 3}, {0});
  }

  int64_t ins() const { return rows * shape[0] * shape[1] * shape[2]; }
  int64_t depth() const { return int64_t{1} * shape[4] * shape[5] * shape[2]; }
  int64_t pixels() const { return rows * shape[10] * shape[11]; }
  int64_t factors() const { return shape[3] * depth(); }
  int64_t arranged() const {
    int64_t steps = shape[4] * int64_t{(shape[5] * shape[2] + 7) / 8};
    return 128 * steps * ((shape[3] + 15) / 16);
  }
};

inline constexpr Entry kConvolutions[] = {
    {"cd_convolve_blocks", 0, [](Case& c) {
      Convolved s(c);
      std::array<int64_t, CD_CONVOLVE_VARIANTS> cpu{}, card{};
      CALL(c, cd_convolve_blocks, s.rows, s.shape.data(), s.wide, s.yWide, Both<int64_t*>{cpu.data(), card.data()});
      for (size_t v = 0; v < cpu.size(); v++) c.same("blocks", card[v], cpu[v]);
    }},
    {"cd_convolve", kConvolveTimes, [](Case& c) {
      Convolved s(c);
      int kind = static_cast<int>(c.size("kind", {CD_ACTIVATION_NONE, CD_ACTIVATION_RELU, CD_ACTIVATION_CLIP, CD_ACTIVATION_LEAKY}, {CD_ACTIVATION_RELU}));
      bool whole = c.flag("whole", true), add = c.flag("add", true), inPlace = c.flag("in place", true);
      float most = 4.0f / static_cast<float>(s.depth());
      int64_t factors = s.shape[3] * s.depth();
      auto x = whole ? c.numbers<float>("x", s.ins(), -8, 8) : c.in("x", s.ins());
      auto weights = whole ? c.numbers<float>("weights", factors, -8, 8) : c.in("weights", factors, -most, most);
      if (!whole) c.within(0, 0x1p-8);
      Ref<float> bias, other, gate;
      if (c.flag("bias", false)) bias = c.numbers<float>("bias", s.shape[3], -8, 8);
      if (add && !inPlace) other = c.in("other", s.outs());
      if (kind != CD_ACTIVATION_NONE && c.flag("gated", true)) gate = c.wild("gate", s.outs());
      c.moves(4 * (s.ins() + factors + (add ? 3 : 2) * s.outs()));
      c.computes(2 * s.sums() * s.depth());
      std::array<int64_t, CD_CONVOLVE_VARIANTS> blocks{};
      CALL(c, cd_convolve_blocks, s.rows, s.shape.data(), s.wide, s.yWide, blocks.data());
      int only = kConvolveSpeeds[c.timed() ? c.number() / 5 : 0].variants[c.number() % 5];
      if (c.timed()) only = static_cast<int>(c.size("variant", {}, {only}));
      for (int v = -1; v < CD_CONVOLVE_VARIANTS; v++) {
        if (c.timed() ? v != only : v >= 0 && (!c.aligned() || blocks[static_cast<size_t>(v)] == 0)) continue;
        auto y = c.out(("y of variant " + std::to_string(v)).c_str(), s.outs(), add || s.yWide > s.shape[3]);
        Ref<float> added = add ? inPlace ? y : other : Ref<float>();
        CALL(c, cd_convolve, v, kind, 0.25f, 0.5f, s.rows, s.shape.data(), s.wide, s.yWide, x, weights, bias, added, gate, y);
      }
    }},
    {"cd_convolve_transposed_blocks", 0, [](Case& c) {
      Transposed s(c);
      std::array<int64_t, CD_CONVOLVE_VARIANTS> cpu{}, card{};
      CALL(c, cd_convolve_transposed_blocks, s.rows, s.shape.data(), s.gWide, Both<int64_t*>{cpu.data(), card.data()});
      for (size_t v = 0; v < cpu.size(); v++) c.same("blocks", card[v], cpu[v]);
    }},
    {"cd_convolve_transposed", kTransposedTimes, [](Case& c) {
      Transposed s(c);
      int kind = static_cast<int>(c.size("kind", {CD_ACTIVATION_NONE, CD_ACTIVATION_RELU, CD_ACTIVATION_CLIP, CD_ACTIVATION_LEAKY}, {CD_ACTIVATION_RELU}));
      bool whole = c.flag("whole", true), add = c.flag("add", true), inPlace = c.flag("in place", true);
      float most = 4.0f / static_cast<float>(s.depth());
      int64_t factors = s.shape[2] * s.depth();
      auto g = whole ? c.numbers<float>("g", s.ins(), -8, 8) : c.in("g", s.ins());
      auto weights = whole ? c.numbers<float>("weights", factors, -8, 8) : c.in("weights", factors, -most, most);
      if (!whole) c.within(0, 0x1p-8);
      Ref<float> other, gate;
      if (add && !inPlace) other = c.in("other", s.outs());
      if (kind != CD_ACTIVATION_NONE) gate = c.wild("gate", s.outs());
      c.moves(4 * (s.ins() + factors + (add ? 3 : 2) * s.outs()));
      c.computes(2 * s.rows * s.shape[10] * s.shape[11] * factors);
      std::array<int64_t, CD_CONVOLVE_VARIANTS> blocks{};
      CALL(c, cd_convolve_transposed_blocks, s.rows, s.shape.data(), s.gWide, blocks.data());
      int only = kTransposedSpeeds[c.timed() ? c.number() / 5 : 0].variants[c.number() % 5];
      if (c.timed()) only = static_cast<int>(c.size("variant", {}, {only}));
      for (int v = -1; v < CD_CONVOLVE_VARIANTS; v++) {
        if (c.timed() ? v != only : v >= 0 && (!c.aligned() || blocks[static_cast<size_t>(v)] == 0)) continue;
        auto dx = c.out(("dx of variant " + std::to_string(v)).c_str(), s.outs(), add);
        Ref<float> added = add ? inPlace ? dx : other : Ref<float>();
        CALL(c, cd_convolve_transposed, v, kind, 0.25f, 0.5f, s.rows, s.shape.data(), s.gWide, g, weights, added, gate, dx);
      }
    }},
    {"cd_transpose_few_size", 0, [](Case& c) {
      TransposedFew s(c);
      int64_t cpu = 0, card = 0;
      CALL(c, cd_transpose_few_size, s.shape.data(), Both<int64_t*>{&cpu, &card});
      c.same("floats", card, cpu);
    }},
    {"cd_transpose_few_arrange", 1, [](Case& c) {
      TransposedFew s(c);
      int64_t floats = 0;
      CALL(c, cd_transpose_few_size, s.shape.data(), Both<int64_t*>{&floats, &floats});
      auto weights = c.in("weights", s.factors()), arranged = c.out("arranged", floats);
      c.within(0, 0);
      c.moves(4 * (s.factors() + floats));
      CALL(c, cd_transpose_few_arrange, s.shape.data(), weights, arranged);
    }},
    {"cd_transpose_few", kFewTransposeTimes, [](Case& c) {
      TransposedFew s(c);
      bool whole = c.flag("whole", true), add = c.flag("accumulate");
      int64_t floats = 0, parts = s.factors() / s.shape[2];
      CALL(c, cd_transpose_few_size, s.shape.data(), Both<int64_t*>{&floats, &floats});
      // All sums of whole numbers are exact; factors rounded to 11 bits are off by less than 2^-8 in all.
      float most = 4.0f / static_cast<float>(parts);
      auto g = whole ? c.numbers<float>("g", s.outs(), -8, 8) : c.in("g", s.outs());
      auto weights = whole ? c.numbers<float>("weights", s.factors(), -8, 8) : c.in("weights", s.factors(), -most, most);
      auto arranged = c.out("arranged", floats), dx = c.out("dx", s.ins(), add);
      if (!whole) c.within(0, 0x1p-8);
      CALL(c, cd_transpose_few_arrange, s.shape.data(), weights, arranged);
      c.moves(4 * (s.outs() + s.ins()));
      c.computes(2 * s.outs() * parts / s.shape[3] * s.shape[2]);
      CALL(c, cd_transpose_few, add, s.rows, s.shape.data(), g, arranged, dx);
    }},
    {"cd_convolve_few_shared", 0, [](Case& c) {
      ConvolvedFew s(c);
      std::array<int64_t, CD_CONVOLVE_FEW_VARIANTS> cpu{}, card{};
      CALL(c, cd_convolve_few_shared, s.rows, s.shape.data(), s.wide, Both<int64_t*>{cpu.data(), card.data()});
      for (size_t v = 0; v < cpu.size(); v++) c.same("bytes", card[v], cpu[v]);
    }},
    {"cd_convolve_few_weights", 1, [](Case& c) {
      ConvolvedFew s(c);
      auto weights = c.wild("weights", s.factors()), arranged = c.out("arranged", s.arranged());
      c.within(0, 0);
      c.moves(4 * (s.factors() + s.arranged()));
      CALL(c, cd_convolve_few_weights, s.shape.data(), weights, arranged);
    }},
    {"cd_convolve_few", kConvolveFewTimes, [](Case& c) {
      ConvolvedFew s(c);
      int kind = static_cast<int>(c.size("kind", {CD_ACTIVATION_NONE, CD_ACTIVATION_RELU, CD_ACTIVATION_CLIP, CD_ACTIVATION_LEAKY}, {CD_ACTIVATION_RELU}));
      bool whole = c.flag("whole", true), wild = whole && c.flag("wild"), biased = c.flag("bias", true);
      auto x = wild ? c.wild("x", s.ins()) : whole ? c.numbers<float>("x", s.ins(), -8, 8) : c.in("x", s.ins());
      float most = 4.0f / static_cast<float>(s.depth());
      auto weights = whole ? c.numbers<float>("weights", s.factors(), -8, 8) : c.in("weights", s.factors(), -most, most);
      if (!whole) c.within(0, 0x1p-8);
      Ref<float> bias;
      if (biased) bias = c.numbers<float>("bias", s.shape[3], -8, 8);
      auto arranged = c.scratch("arranged", s.arranged());
      c.moves(4 * (s.ins() + s.factors() + s.pixels() * s.shape[3]));
      c.computes(2 * s.pixels() * s.factors());
      std::array<int64_t, CD_CONVOLVE_FEW_VARIANTS> bytes{};
      CALL(c, cd_convolve_few_shared, s.rows, s.shape.data(), s.wide, bytes.data());
      CALL(c, cd_convolve_few_weights, s.shape.data(), weights, arranged);
      int only = kConvolveFewSpeeds[c.timed() ? c.number() / 5 : 0].variants[c.number() % 5];
      if (c.timed()) only = static_cast<int>(c.size("variant", {}, {only}));
      for (int v = -1; v < CD_CONVOLVE_FEW_VARIANTS; v++) {
        if (c.timed() ? v != only : v >= 0 && (!c.aligned() || bytes[static_cast<size_t>(v)] < 0)) continue;
        auto y = c.out(("y of variant " + std::to_string(v)).c_str(), s.pixels() * s.wide);
        CALL(c, cd_convolve_few, v, kind, 0.25f, 0.5f, s.rows, s.shape.data(), s.wide, x, arranged, bias, y);
      }
    }},
};

}  // namespace candela::check
