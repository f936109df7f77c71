// libcudnn.so.9: the backend's descriptors, convolutions by the CPU library on rounded copies, pointwise ends in float.
#include <algorithm>
#include <tuple>

#include "candela.h"
#include "values.h"

using namespace emulated;

namespace {

enum Kind {
  POINTWISE, CONVOLUTION, ENGINE, ENGINECFG, ENGINEHEUR, PLAN, INTERMEDIATE, KNOB, KNOBINFO, LAYOUTINFO, FORWARD, FILTER, DATA,
  OP_POINTWISE, GENSTATS, GRAPH, PACK, TENSOR
};

struct Desc;
using Ref = std::shared_ptr<Desc>;
struct Attribute {
  int type;
  std::string bytes;       // of numbers
  std::vector<Ref> refs;   // of descriptors
};
struct Desc {
  int kind;
  bool finished = false;
  std::map<int, Attribute> at;
  int engine = -1;  // of ENGINE, ENGINECFG
  Ref graph;        // of ENGINECFG
};
std::map<void*, Ref> living;

struct Handle {
  Stream* stream = nullptr;
};
thread_local std::string words;

int refuse(int status, std::string text) {
  words = std::move(text);
  return status;
}
constexpr int kBadParam = 2000, kNotSupported = 3000, kMisaligned = 2003;

Ref find(void* d) {
  auto i = living.find(d);
  return i == living.end() ? nullptr : i->second;
}

struct Missing {
  std::string what;
};

template <class T>
std::vector<T> get(const Ref& d, int a) {
  auto i = d->at.find(a);
  if (i == d->at.end()) throw Missing{"attribute " + std::to_string(a)};
  std::vector<T> v(i->second.bytes.size() / sizeof(T));
  memcpy(v.data(), i->second.bytes.data(), v.size() * sizeof(T));
  return v;
}
template <class T>
T one(const Ref& d, int a) {
  auto v = get<T>(d, a);
  if (v.size() != 1) throw Missing{"one value of attribute " + std::to_string(a)};
  return v[0];
}
Ref ref(const Ref& d, int a) {
  auto i = d->at.find(a);
  if (i == d->at.end() || i->second.refs.size() != 1) throw Missing{"descriptor " + std::to_string(a)};
  return i->second.refs[0];
}

struct Tensor {
  Type type;
  std::vector<int64_t> dims, strides;
  int64_t name, alignment;
  bool isVirtual;
  // Elements from first to last.
  size_t extent() const {
    int64_t last = 0;
    for (int i = 0; i < 4; i++) {
      if (dims[i] == 0) return 0;
      last += (dims[i] - 1) * strides[i];
    }
    return (last + 1) * bytesOf(type);
  }
};

Tensor tensor(const Ref& d) {
  if (d->kind != TENSOR || !d->finished) throw Missing{"a finished tensor"};
  Tensor t;
  int type = one<int>(d, 901);
  t.type = type == 0 ? F32 : type == 2 ? F16 : type == 9 ? BF16 : throw Missing{"data type"};
  t.dims = get<int64_t>(d, 902);
  t.strides = get<int64_t>(d, 903);
  t.name = one<int64_t>(d, 906);
  t.alignment = one<int64_t>(d, 900);
  t.isVirtual = d->at.count(907) && one<char>(d, 907);
  if (t.dims.size() != 4 || t.strides.size() != 4) throw Missing{"four dimensions"};
  for (int64_t n : t.dims) if (n <= 0) throw Missing{"dimensions above 0"};
  return t;
}

struct Convolved {
  int kind;
  float alpha, beta;
  Tensor x, w, y;
  std::vector<int64_t> pre, post, dilations, strides;
  int64_t groups;
};
struct Point {
  int mode;
  Tensor x, b, y;
};
struct Plan {
  Convolved c;
  std::vector<Point> after;
  int engine;
  Type type;
  size_t workspace;
};

Convolved convolved(const Ref& op) {
  Convolved c;
  c.kind = op->kind;
  int first = op->kind == FORWARD ? 700 : op->kind == DATA ? 706 : 712;
  c.alpha = one<float>(op, first);
  c.beta = one<float>(op, first + 1);
  Ref conv = ref(op, first + 2);
  c.w = tensor(ref(op, first + 3));
  c.x = tensor(ref(op, first + 4));
  c.y = tensor(ref(op, first + 5));
  c.pre = get<int64_t>(conv, 105);
  c.post = get<int64_t>(conv, 104);
  c.dilations = get<int64_t>(conv, 102);
  c.strides = get<int64_t>(conv, 103);
  if (one<int64_t>(conv, 106) != 2 || one<int>(conv, 101) != 1 || one<int>(conv, 100) != 0) throw Missing{"a cross correlation"};
  if (c.w.dims[1] == 0 || c.x.dims[1] % c.w.dims[1]) throw Missing{"groups"};
  c.groups = c.x.dims[1] / c.w.dims[1];
  if (c.w.dims[0] % c.groups || c.y.dims[1] != c.w.dims[0] || c.y.dims[0] != c.x.dims[0]) throw Missing{"channels that fit"};
  for (int i = 0; i < 2; i++) {
    int64_t rest = c.x.dims[2 + i] + c.pre[i] + c.post[i] - (c.w.dims[2 + i] - 1) * c.dilations[i] - 1;
    int64_t out = rest < 0 ? 0 : rest / c.strides[i] + 1;
    if (out != c.y.dims[2 + i]) throw Missing{"sizes that fit"};
    if (c.pre[i] != c.post[i]) throw Missing{"the same padding on both sides"};
  }
  return c;
}

unsigned hash(const Convolved& c) {
  unsigned h = 17 + c.kind;
  for (const Tensor* t : {&c.x, &c.w, &c.y})
    for (int64_t n : t->dims) h = h * 31 + static_cast<unsigned>(n);
  return h ^ h >> 13;
}

struct Problem {
  Convolved c;
  std::vector<Point> after;
};

Problem problem(const Ref& graph) {
  Problem p;
  auto& ops = graph->at.at(801).refs;
  p.c = convolved(ops.at(0));
  int64_t passing = p.c.y.name;
  bool isVirtual = p.c.y.isVirtual;
  if (p.c.kind != FORWARD && ops.size() > 1) throw Missing{"a gradient alone"};
  for (size_t i = 1; i < ops.size(); i++) {
    if (ops[i]->kind != OP_POINTWISE) throw Missing{"pointwise"};
    Point o;
    o.mode = one<int>(ref(ops[i], 750), 0);
    o.x = tensor(ref(ops[i], 751));
    o.y = tensor(ref(ops[i], 753));
    if (o.mode == 0) o.b = tensor(ref(ops[i], 752));
    else if (o.mode != 100) throw Missing{"add or relu"};
    if (o.x.name != passing || !isVirtual || o.x.dims != o.y.dims) throw Missing{"a chain"};
    passing = o.y.name;
    isVirtual = o.y.isVirtual;
    p.after.push_back(o);
  }
  if (isVirtual) throw Missing{"a result that is not virtual"};
  if (!p.after.empty() && p.c.beta != 0) throw Missing{"no beta before what is fused"};
  return p;
}

// Engines: 0 and 1 with tensor cores (1 wants a workspace), 2 not deterministic, 3 plain.
constexpr int kEngines[] = {0, 1, 2, 3};

std::vector<int> notes(int engine) {
  if (engine < 2) return {0};
  if (engine == 2) return {4};
  return {};
}

// ---- running ----

Plan plan(const Ref& config) {
  Problem p = problem(config->graph);
  Plan r{p.c, p.after, config->engine, p.c.x.type, config->engine == 1 ? size_t{1} << 16 : 0};
  return r;
}

std::vector<float> pack(const char* p, const Tensor& t, Rounding r, bool channelsLast) {
  auto& d = t.dims;
  std::vector<float> v(d[0] * d[1] * d[2] * d[3]);
  size_t at = 0;
  auto& s = t.strides;
  for (int64_t n = 0; n < d[0]; n++) {
    if (channelsLast) {
      for (int64_t h = 0; h < d[2]; h++)
        for (int64_t w = 0; w < d[3]; w++)
          for (int64_t c = 0; c < d[1]; c++) v[at++] = rounded(load(p, t.type, n * s[0] + c * s[1] + h * s[2] + w * s[3]), r);
    } else {
      for (int64_t c = 0; c < d[1]; c++)
        for (int64_t h = 0; h < d[2]; h++)
          for (int64_t w = 0; w < d[3]; w++) v[at++] = rounded(load(p, t.type, n * s[0] + c * s[1] + h * s[2] + w * s[3]), r);
    }
  }
  return v;
}

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

Prepared& prepared(const Convolved& c, std::vector<float>&& weights) {
  static std::map<std::vector<int>, Prepared> all;
  auto shape = shapeOf(c);
  auto& p = all[shape];
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
  const Tensor& result = c.kind == FORWARD ? (p.after.empty() ? c.y : p.after.back().y) : c.kind == DATA ? c.x : c.w;
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
    auto keep = w;
    Prepared& conv = prepared(c, std::move(w));
    static auto forward = cpu<int (*)(cd_stream*, cd_conv*, int64_t, const float*, const float*, float*, uint8_t*)>("cd_conv_forward");
    static auto backward = cpu<int (*)(cd_stream*, cd_conv*, int64_t, const float*, const uint8_t*, int, float*, int, float*)>("cd_conv_backward");
    int status = conv.conv == nullptr ? -1
                 : c.kind == FORWARD  ? forward(stream, conv.conv, rows, in.data(), nullptr, out.data(), nullptr)
                                      : backward(stream, conv.conv, rows, in.data(), nullptr, 0, out.data(), 0, nullptr);
    if (status) {
      std::fill(out.begin(), out.end(), 0.0f);
      if (c.kind == FORWARD) products(c, [&](int64_t i, int64_t j, int64_t k) { out[k] += in[i] * keep[j]; });
      else products(c, [&](int64_t i, int64_t j, int64_t k) { out[i] += in[k] * keep[j]; });
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
      out[i] += load(b, o.b.type, (d[0] > 1 ? n * s[0] : 0) + (d[1] > 1 ? k * s[1] : 0) + (d[2] > 1 ? h * s[2] : 0) + (d[3] > 1 ? w * s[3] : 0));
    });
  }
  char* to = data(result);
  each(result, c.kind != FILTER, [&](size_t i, int64_t place, int64_t, int64_t, int64_t, int64_t) {
    float v = c.alpha * out[i];
    if (c.beta != 0) v += c.beta * load(to, result.type, place);
    store(to, result.type, place, v);
  });
}

}  // namespace

EXPORT int cudnnCreate(Handle** h) { return *h = new Handle, 0; }
EXPORT int cudnnDestroy(Handle* h) {
  delete h;
  return 0;
}
EXPORT int cudnnSetStream(Handle* h, Stream* s) {
  Guard g(lock);
  if (!isStream(s)) fault("cudnnSetStream: no stream");
  h->stream = s;
  return 0;
}
EXPORT size_t cudnnGetVersion() { return 91900; }
EXPORT const char* cudnnGetErrorString(int s) {
  switch (s) {
    case kBadParam: return "CUDNN_STATUS_BAD_PARAM";
    case kNotSupported: return "CUDNN_STATUS_NOT_SUPPORTED";
    case kMisaligned: return "CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER";
    default: return "CUDNN_STATUS";
  }
}
EXPORT void cudnnGetLastErrorString(char* to, size_t n) {
  snprintf(to, n, "%s", words.c_str());
}
EXPORT int cudnnBackendCreateDescriptor(int kind, void** out) {
  Guard g(lock);
  if (kind < 0 || kind > TENSOR) return refuse(kBadParam, "kind");
  auto d = std::make_shared<Desc>();
  d->kind = kind;
  *out = d.get();
  living[*out] = d;
  return 0;
}
EXPORT int cudnnBackendDestroyDescriptor(void* d) {
  Guard g(lock);
  if (!living.erase(d)) {
    fault("cudnnBackendDestroyDescriptor of what is none");
    return kBadParam;
  }
  return 0;
}
EXPORT int cudnnBackendSetAttribute(void* at, int name, int type, int64_t n, const void* values) {
  Guard g(lock);
  Ref d = find(at);
  if (!d || d->finished) {
    fault("cudnnBackendSetAttribute %d of %s", name, d ? "a finished descriptor" : "what is no descriptor");
    return kBadParam;
  }
  static const int sizes[] = {8, 4, 1, 8, 4, 8, 8, 4, 4, 4, 4, 4, 4, 4, 4, 8};
  Attribute a{type, {}, {}};
  if (type == 15) {
    for (int64_t i = 0; i < n; i++) {
      Ref r = find(static_cast<void* const*>(values)[i]);
      if (!r || (!r->finished && r->kind != ENGINECFG)) {
        fault("cudnnBackendSetAttribute %d: descriptor %ld is none or not finished", name, long(i));
        return kBadParam;
      }
      a.refs.push_back(r);
    }
  } else {
    a.bytes.assign(static_cast<const char*>(values), n * sizes[type]);
  }
  d->at[name] = std::move(a);
  return 0;
}
EXPORT int cudnnBackendFinalize(void* at) {
  Guard g(lock);
  Ref d = find(at);
  if (!d) return fault("cudnnBackendFinalize of what is no descriptor"), kBadParam;
  static int fuse = setting("CANDELA_CARD_FUSE", 1);
  try {
    switch (d->kind) {
      case TENSOR:
        d->finished = true;
        tensor(d);
        break;
      case FORWARD: case DATA: case FILTER: convolved(d); break;
      case GRAPH: {
        Problem p = problem(d);
        if (!p.after.empty() && (fuse == 0 || (fuse == 2 && hash(p.c) % 2))) return refuse(kNotSupported, "nothing fused");
        break;
      }
      case PLAN: {
        Plan p = plan(ref(d, 401));
        static unsigned percent = setting("CANDELA_CARD_REFUSE", 0);
        if (p.engine < 2 && (hash(p.c) + 7u * p.engine) % 100 < percent) return refuse(kNotSupported, "this engine cannot");
        break;
      }
      default: break;
    }
  } catch (const Missing& m) {
    d->finished = false;
    note("cudnnBackendFinalize of kind %d refuses: expects %s", d->kind, m.what.c_str());
    return refuse(kBadParam, "expects " + m.what);
  }
  d->finished = true;
  return 0;
}
EXPORT int cudnnBackendGetAttribute(void* at, int name, int, int64_t most, int64_t* n, void* to) {
  Guard g(lock);
  Ref d = find(at);
  if (!d || (!d->finished && d->kind != ENGINECFG && d->kind != ENGINE)) {
    fault("cudnnBackendGetAttribute %d of what is no finished descriptor", name);
    return kBadParam;
  }
  if (d->kind == ENGINEHEUR && name == 202) {
    int mode = one<int>(d, 200);
    std::vector<int> which = mode == 3 ? std::vector<int>{0, 1, 2, 3} : std::vector<int>{3};
    *n = which.size();
    for (int64_t i = 0; i < std::min<int64_t>(most, *n); i++) {
      Ref c = find(static_cast<void**>(to)[i]);
      if (!c || c->kind != ENGINECFG) return fault("heuristics into what is no configuration"), kBadParam;
      c->engine = which[i];
      c->graph = ref(d, 201);
      c->finished = true;
    }
    return 0;
  }
  if (d->kind == ENGINECFG && name == 300) {
    Ref e = find(static_cast<void**>(to)[0]);
    if (!e) return kBadParam;
    e->engine = d->engine;
    e->finished = true;
    *n = 1;
    return 0;
  }
  if (d->kind == ENGINE && name == 1303) {
    auto v = notes(d->engine);
    *n = v.size();
    for (int64_t i = 0; i < std::min<int64_t>(most, *n); i++) static_cast<int*>(to)[i] = v[i];
    return 0;
  }
  if (d->kind == PLAN && name == 402) {
    *n = 1;
    *static_cast<int64_t*>(to) = plan(ref(d, 401)).workspace;
    return 0;
  }
  fault("cudnnBackendGetAttribute %d of kind %d", name, d->kind);
  return kBadParam;
}
EXPORT int cudnnBackendExecute(Handle* h, void* planAt, void* packAt) {
  Guard g(lock);
  Ref pd = find(planAt), pack = find(packAt);
  if (!pd || !pack || pd->kind != PLAN || pack->kind != PACK || !pd->finished || !pack->finished) {
    fault("cudnnBackendExecute: plan or pack");
    return kBadParam;
  }
  Plan p = plan(ref(pd, 401));
  auto names = get<int64_t>(pack, 1000);
  auto pointers = get<void*>(pack, 1001);
  auto workspace = one<void*>(pack, 1003);
  if (names.size() != pointers.size()) return fault("cudnnBackendExecute: names and pointers"), kBadParam;
  std::map<int64_t, void*> at;
  for (size_t i = 0; i < names.size(); i++) at[names[i]] = pointers[i];
  std::vector<Tensor> all{p.c.x, p.c.w, p.c.y};
  for (auto& o : p.after) {
    all.push_back(o.y);
    if (o.mode == 0) all.push_back(o.b);
  }
  for (auto& t : all) {
    if (t.isVirtual) continue;
    auto i = at.find(t.name);
    if (i == at.end()) {
      fault("cudnnBackendExecute: no tensor %c", char(t.name));
      return kBadParam;
    }
    if (!isDevice(i->second) || !isLive(i->second, t.extent())) {
      fault("cudnnBackendExecute: tensor %c, %zu bytes at %p are no living device memory", char(t.name), t.extent(), i->second);
      return kBadParam;
    }
    if (reinterpret_cast<uintptr_t>(i->second) % t.alignment) {
      fault("cudnnBackendExecute: tensor %c at %p is not aligned to %ld bytes", char(t.name), i->second, long(t.alignment));
      return kMisaligned;
    }
  }
  if (p.workspace && !isLive(workspace, p.workspace)) {
    fault("cudnnBackendExecute: workspace at %p", workspace);
    return kBadParam;
  }
  static unsigned late = setting("CANDELA_CARD_REFUSE_LATE", 0);
  if (p.engine < 2 && (hash(p.c) + 13u * p.engine) % 100 < late) return refuse(kNotSupported, "refused when it came to it");
  auto shared = std::make_shared<Plan>(p);
  enqueue(h->stream, "cudnn", [shared, at, workspace] { run(*shared, at, workspace); });
  return 0;
}
