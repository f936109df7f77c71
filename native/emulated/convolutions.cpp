// Convolutions of the emulated card: by the CPU library on copies that are rounded, pointwise ends in float.
#include <algorithm>

#include "candela.h"
#include "cudnn.h"

namespace emulated {

namespace {

// Gives every element of t its place in a dense array.
template <class Body>
void each(const Tensor& t, bool channelsLast, const Body& body) {
  auto &d = t.dims, &s = t.strides;
  size_t at = 0;
  for (int64_t n = 0; n < d[0]; n++) {
    if (channelsLast) {
      for (int64_t h = 0; h < d[2]; h++)
        for (int64_t w = 0; w < d[3]; w++)
          for (int64_t c = 0; c < d[1]; c++) body(at++, n * s[0] + c * s[1] + h * s[2] + w * s[3], n, c, h, w);
    } else {
      for (int64_t c = 0; c < d[1]; c++)
        for (int64_t h = 0; h < d[2]; h++)
          for (int64_t w = 0; w < d[3]; w++) body(at++, n * s[0] + c * s[1] + h * s[2] + w * s[3], n, c, h, w);
    }
  }
}

std::vector<float> pack(const char* p, const Tensor& t, Rounding r, bool channelsLast) {
  std::vector<float> v(t.dims[0] * t.dims[1] * t.dims[2] * t.dims[3]);
  each(t, channelsLast, [&](size_t i, int64_t place, int64_t, int64_t, int64_t, int64_t) { v[i] = rounded(load(p, t.type, place), r); });
  return v;
}

struct Prepared {
  cd_conv* conv = nullptr;
  std::vector<float> weights;
  bool impossible = false;
};
template <class F>
F cpu(const char* name) {
  return reinterpret_cast<F>(cpuEntry(name));
}

std::vector<int> shapeOf(const Convolved& c) {
  auto i = [](int64_t v) { return static_cast<int>(v); };
  return {i(c.x.dims[2]), i(c.x.dims[3]), i(c.x.dims[1]), i(c.y.dims[1]), i(c.w.dims[2]), i(c.w.dims[3]), i(c.strides[0]),
          i(c.strides[1]), i(c.dilations[0]), i(c.dilations[1]), i(c.pre[0]), i(c.pre[1]), i(c.post[0]), i(c.post[1]), i(c.groups),
          0, 0, 0};
}

Prepared& prepared(const Convolved& c, std::vector<float>&& weights, int half) {
  static std::map<std::vector<int>, Prepared> all;
  auto shape = shapeOf(c);
  auto key = shape;
  key.push_back(half);
  auto& p = all[key];
  if (p.impossible) return p;
  static auto create = cpu<int (*)(const int*, const float*, const float*, int, float, float, int, int64_t, int, cd_conv**)>("cd_conv_create");
  static auto update = cpu<int (*)(cd_conv*)>("cd_conv_update");
  if (!p.conv) {
    p.weights = std::move(weights);
    if (create(shape.data(), p.weights.data(), nullptr, 0, 0, 0, 0, c.y.dims[1], 1, &p.conv)) {
      p.conv = nullptr;
      p.impossible = true;
    }
  } else if (memcmp(p.weights.data(), weights.data(), weights.size() * 4)) {
    std::copy(weights.begin(), weights.end(), p.weights.begin());
    if (update(p.conv)) fault("cd_conv_update");
  }
  return p;
}

// body(x index, w index, y index) for all products; dense layouts.
template <class Body>
void products(const Convolved& c, const Body& body) {
  int64_t cg = c.w.dims[1], og = c.y.dims[1] / c.groups, H = c.x.dims[2], W = c.x.dims[3], OH = c.y.dims[2], OW = c.y.dims[3];
  for (int64_t n = 0; n < c.x.dims[0]; n++)
    for (int64_t oh = 0; oh < OH; oh++)
      for (int64_t ow = 0; ow < OW; ow++)
        for (int64_t a = 0; a < c.w.dims[2]; a++)
          for (int64_t b = 0; b < c.w.dims[3]; b++) {
            int64_t h = oh * c.strides[0] - c.pre[0] + a * c.dilations[0], w = ow * c.strides[1] - c.pre[1] + b * c.dilations[1];
            if (h < 0 || h >= H || w < 0 || w >= W) continue;
            for (int64_t o = 0; o < c.y.dims[1]; o++)
              for (int64_t k = 0; k < cg; k++)
                body(((n * H + h) * W + w) * c.x.dims[1] + o / og * cg + k, ((o * cg + k) * c.w.dims[2] + a) * c.w.dims[3] + b,
                     ((n * OH + oh) * OW + ow) * c.y.dims[1] + o);
          }
}

bool isFinite(const std::vector<float>& v) {
  return std::all_of(v.begin(), v.end(), [](float f) { return std::isfinite(f); });
}

// Weights of the first or second half of every sum, the others 0.
std::vector<float> halfOf(const std::vector<float>& w, const Convolved& c, int half) {
  std::vector<float> v(w.size());
  size_t i = 0;
  for (int64_t o = 0; o < c.w.dims[0]; o++)
    for (int64_t k = 0; k < c.w.dims[1]; k++)
      for (int64_t a = 0; a < c.w.dims[2]; a++)
        for (int64_t b = 0; b < c.w.dims[3]; b++, i++) v[i] = (o + k + a + b) % 2 == half ? w[i] : 0;
  return v;
}

// out (+)= the convolution or its transpose of in by these weights.
void sum(const Convolved& c, int half, const std::vector<float>& w, const std::vector<float>& in, std::vector<float>& out) {
  auto stream = static_cast<cd_stream*>(cpuStream());
  std::vector<float> one(out.size());
  auto copy = w;
  Prepared& conv = prepared(c, std::move(copy), half);
  static auto forward = cpu<int (*)(cd_stream*, cd_conv*, int64_t, const float*, const float*, float*, uint8_t*)>("cd_conv_forward");
  static auto backward = cpu<int (*)(cd_stream*, cd_conv*, int64_t, const float*, const uint8_t*, int, float*, int, float*)>("cd_conv_backward");
  int status = conv.conv == nullptr ? -1
               : c.kind == FORWARD  ? forward(stream, conv.conv, c.x.dims[0], in.data(), nullptr, one.data(), nullptr)
                                    : backward(stream, conv.conv, c.x.dims[0], in.data(), nullptr, 0, one.data(), 0, nullptr);
  if (status) {
    std::fill(one.begin(), one.end(), 0.0f);
    if (c.kind == FORWARD) products(c, [&](int64_t i, int64_t j, int64_t k) { one[k] += in[i] * w[j]; });
    else products(c, [&](int64_t i, int64_t j, int64_t k) { one[i] += in[k] * w[j]; });
  }
  for (size_t i = 0; i < out.size(); i++) out[i] += one[i];
}

}  // namespace

void run(const Plan& p, const std::map<int64_t, void*>& at, void* workspace) {
  const Convolved& c = p.c;
  if (p.workspace) memset(seen(workspace, p.workspace, "cudnn workspace"), 0xff, p.workspace);
  Rounding r = p.type == F32 && p.engine < 2 ? TF32 : PLAIN;
  auto data = [&](const Tensor& t) {
    return seen(static_cast<char*>(at.at(t.name)), t.extent(), "cudnn tensor");
  };
  auto stream = static_cast<cd_stream*>(cpuStream());
  int64_t rows = c.x.dims[0];
  std::vector<float> out;
  const Tensor& result = !p.after.empty() ? p.after.back().y : c.kind == FORWARD ? c.y : c.kind == DATA ? c.x : c.w;
  if (c.kind == FILTER) {
    auto x = pack(data(c.x), c.x, r, true), dy = pack(data(c.y), c.y, r, true);
    out.assign(c.w.dims[0] * c.w.dims[1] * c.w.dims[2] * c.w.dims[3], 0);
    static auto create = cpu<int (*)(const int*, cd_conv_weights**)>("cd_conv_weights_create");
    static auto backward = cpu<int (*)(cd_stream*, cd_conv_weights*, int64_t, const float*, const float*, int, float*, int, float*)>("cd_conv_weights_backward");
    static auto destroy = cpu<int (*)(cd_conv_weights*)>("cd_conv_weights_destroy");
    cd_conv_weights* made = nullptr;
    if (create(shapeOf(c).data(), &made) || backward(stream, made, rows, x.data(), dy.data(), 0, out.data(), 0, nullptr)) {
      std::fill(out.begin(), out.end(), 0.0f);
      products(c, [&](int64_t i, int64_t j, int64_t k) { out[j] += x[i] * dy[k]; });
    }
    destroy(made);
  } else {
    auto w = pack(data(c.w), c.w, r, false);
    auto in = c.kind == FORWARD ? pack(data(c.x), c.x, r, true) : pack(data(c.y), c.y, r, true);
    const Tensor& to = c.kind == FORWARD ? c.y : c.x;
    out.assign(to.dims[0] * to.dims[1] * to.dims[2] * to.dims[3], 0);
    if (regroups(hash(c, p.engine)) && isFinite(w) && isFinite(in)) {
      for (int half : {0, 1}) sum(c, half, halfOf(w, c, half), in, out);
    } else {
      sum(c, 2, w, in, out);
    }
  }
  for (const Point& o : p.after) {
    if (o.mode == 100) {
      for (float& v : out) v = v > 0 || v != v ? v : 0;
      continue;
    }
    const char* b = data(o.b);
    auto &d = o.b.dims, &s = o.b.strides;
    each(o.y, true, [&](size_t i, int64_t, int64_t n, int64_t k, int64_t h, int64_t w) {
      float v = load(b, o.b.type, (d[0] > 1 ? n * s[0] : 0) + (d[1] > 1 ? k * s[1] : 0) + (d[2] > 1 ? h * s[2] : 0) + (d[3] > 1 ? w * s[3] : 0));
      out[i] = o.mode == 0 ? out[i] + v : v > 0 ? out[i] : 0;
    });
  }
  char* to = data(result);
  each(result, c.kind != FILTER, [&](size_t i, int64_t place, int64_t, int64_t, int64_t, int64_t) {
    float v = c.alpha * out[i];
    if (c.beta != 0) v += c.beta * load(to, result.type, place);
    store(to, result.type, place, v);
  });
}

}  // namespace emulated
