// libcudnn.so.9 of the emulated card: the backend's descriptors.
#include <algorithm>

#include "cudnn.h"

using namespace emulated;

namespace {

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
size_t handles;

struct Handle {
  Stream* stream = nullptr;
};
thread_local std::string words;

int refuse(int status, std::string text) {
  words = std::move(text);
  return status;
}
constexpr int kBadParam = 2000, kNotSupported = 3000, kMisaligned = 2003, kDeviceAllocation = 4004, kFailed = 5000;

// At the start of a call that a test may have asked to fail.
#define MAY_FAIL(call) \
  if (int status = failing(call, kFailed)) return refuse(status, "asked for")

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

Convolved convolved(const Ref& op) {
  Convolved c;
  c.kind = op->kind;
  int first = op->kind == FORWARD ? 700 : op->kind == DATA ? 706 : 712;
  c.alpha = one<float>(op, first);
  c.beta = one<float>(op, first + 1);
  if (c.alpha != 1) throw Missing{"alpha 1"};
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

struct Problem {
  Convolved c;
  std::vector<Point> after;
};

Problem problem(const Ref& graph) {
  Problem p;
  auto& ops = graph->at.at(801).refs;
  p.c = convolved(ops.at(0));
  const Tensor& first = p.c.kind == DATA ? p.c.x : p.c.y;
  int64_t passing = first.name;
  bool isVirtual = first.isVirtual;
  if (p.c.kind == FILTER && ops.size() > 1) throw Missing{"a gradient of weights alone"};
  for (size_t i = 1; i < ops.size(); i++) {
    if (ops[i]->kind != OP_POINTWISE) throw Missing{"pointwise"};
    Point o;
    o.mode = one<int>(ref(ops[i], 750), 0);
    if (p.c.kind == DATA) {
      if (o.mode != 200 || ops.size() > 2) throw Missing{"the gradient of a ReLU"};
      o.b = tensor(ref(ops[i], 751));
      o.y = tensor(ref(ops[i], 756));
      o.x = tensor(ref(ops[i], 757));
      if (o.b.dims != o.y.dims) throw Missing{"values like the result"};
    } else {
      o.x = tensor(ref(ops[i], 751));
      o.y = tensor(ref(ops[i], 753));
      if (o.mode == 0) o.b = tensor(ref(ops[i], 752));
      else if (o.mode != 100) throw Missing{"add or relu"};
    }
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
std::vector<int> notes(int engine) {
  if (engine < 2) return {0};
  if (engine == 2) return {4};
  return {};
}

Plan plan(const Ref& config) {
  Problem p = problem(config->graph);
  Plan r{p.c, p.after, config->engine, p.c.x.type, config->engine == 1 ? size_t{1} << 16 : 0};
  return r;
}

}  // namespace

unsigned emulated::hash(const Convolved& c, int engine) {
  unsigned h = 17 + c.kind + 1000 * engine;
  for (const Tensor* t : {&c.x, &c.w, &c.y})
    for (int64_t n : t->dims) h = h * 31 + static_cast<unsigned>(n);
  return h ^ h >> 13;
}

size_t emulated::livingDescriptors() { return living.size() + handles; }

EXPORT int cudnnCreate(Handle** h) {
  MAY_FAIL("cudnnCreate");
  handles++;
  return *h = new Handle, 0;
}
EXPORT int cudnnDestroy(Handle* h) {
  handles--;
  delete h;
  return 0;
}
EXPORT int cudnnSetStream(Handle* h, Stream* s) {
  Guard g(lock);
  MAY_FAIL("cudnnSetStream");
  if (!isStream(s)) fault("cudnnSetStream: no stream");
  h->stream = s;
  return 0;
}
EXPORT size_t cudnnGetVersion() { return 91900; }
EXPORT const char* cudnnGetErrorString(int s) {
  switch (s) {
    case kBadParam: return "CUDNN_STATUS_BAD_PARAM";
    case kNotSupported: return "CUDNN_STATUS_NOT_SUPPORTED";
    case kDeviceAllocation: return "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED";
    case kFailed: return "CUDNN_STATUS_EXECUTION_FAILED";
    case kMisaligned: return "CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER";
    default: return "CUDNN_STATUS";
  }
}
EXPORT void cudnnGetLastErrorString(char* to, size_t n) {
  snprintf(to, n, "%s", words.c_str());
}
EXPORT int cudnnBackendCreateDescriptor(int kind, void** out) {
  Guard g(lock);
  MAY_FAIL("cudnnBackendCreateDescriptor");
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
  MAY_FAIL("cudnnBackendSetAttribute");
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
  MAY_FAIL("cudnnBackendFinalize");
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
  MAY_FAIL("cudnnBackendGetAttribute");
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
  MAY_FAIL("cudnnBackendExecute");
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
    if (o.mode != 100) all.push_back(o.b);
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
