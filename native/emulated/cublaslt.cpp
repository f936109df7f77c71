// libcublasLt.so.13: products, by the CPU library's cd_matmul on rounded copies.
#include <algorithm>
#include <atomic>

#include "candela.h"
#include "values.h"

using namespace emulated;

namespace {
struct Desc {
  int compute, scale, transA = 0, transB = 0, epilogue = 1;
  const void* bias = nullptr;
};
struct Layout {
  int type;
  uint64_t rows, cols;
  int64_t ld;
  int batch = 1;
  int64_t stride = 0;
};
struct Preference {
  uint64_t workspace = 0;
  uint32_t align[4] = {256, 256, 256, 256};
};
struct Algo {
  uint64_t magic;
  int engine;
  uint32_t align[4];
  uint64_t workspace;
};
static_assert(sizeof(Algo) <= 64);
constexpr uint64_t kAlgo = 0xa190a190;

// At the start of a call that a test may have asked to fail.
#define MAY_FAIL(call) \
  if (int status = failing(call, 13)) return status
std::atomic<size_t> living;

bool typeOf(int t, Type& out) {
  if (t == 0) out = F32;
  else if (t == 2) out = F16;
  else if (t == 14) out = BF16;
  else return false;
  return true;
}

size_t extent(const Layout& l) {
  Type t = F32;
  typeOf(l.type, t);
  if (l.rows == 0 || l.cols == 0) return 0;
  return (l.stride * (l.batch - 1) + l.ld * (l.cols - 1) + l.rows) * bytesOf(t);
}

std::vector<float> pack(const void* p, const Layout& l, Rounding r) {
  Type t = F32;
  typeOf(l.type, t);
  int batches = l.stride == 0 ? 1 : l.batch;
  std::vector<float> v(batches * l.rows * l.cols);
  size_t at = 0;
  for (int b = 0; b < batches; b++)
    for (uint64_t c = 0; c < l.cols; c++)
      for (uint64_t i = 0; i < l.rows; i++) v[at++] = rounded(load(p, t, b * l.stride + c * l.ld + i), r);
  return v;
}

// The first or second half of every sum, 0 in place of the others; along says that a column is one.
std::vector<float> halfOf(const std::vector<float>& v, const Layout& l, bool along, size_t half) {
  std::vector<float> h(v.size());
  for (size_t i = 0; i < v.size(); i++) h[i] = (along ? i % l.rows : i / l.rows % l.cols) % 2 == half ? v[i] : 0;
  return h;
}

bool isFinite(const std::vector<float>& v) {
  return std::all_of(v.begin(), v.end(), [](float f) { return std::isfinite(f); });
}
}  // namespace

size_t emulated::livingProducts() { return living; }

EXPORT int cublasLtCreate(void** h) {
  MAY_FAIL("cublasLtCreate");
  living++;
  if (!hasContext()) fault("cublasLtCreate without a context");
  *h = malloc(8);
  return 0;
}
EXPORT int cublasLtDestroy(void* h) {
  living--;
  free(h);
  return 0;
}
EXPORT size_t cublasLtGetVersion() { return 130100; }
EXPORT const char* cublasLtGetStatusString(int s) {
  switch (s) {
    case 3: return "CUBLAS_STATUS_ALLOC_FAILED";
    case 7: return "CUBLAS_STATUS_INVALID_VALUE";
    case 13: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case 15: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "emulated";
  }
}
EXPORT int cublasLtMatmulDescCreate(Desc** d, int compute, int scale) {
  MAY_FAIL("cublasLtMatmulDescCreate");
  living++;
  if (scale != 0 || (compute != 68 && compute != 75 && compute != 77)) fault("cublasLtMatmulDescCreate %d %d", compute, scale);
  *d = new Desc{compute, scale};
  return 0;
}
EXPORT int cublasLtMatmulDescDestroy(Desc* d) {
  living--;
  delete d;
  return 0;
}
EXPORT int cublasLtMatmulDescSetAttribute(Desc* d, int a, const void* v, size_t n) {
  MAY_FAIL("cublasLtMatmulDescSetAttribute");
  switch (a) {
    case 3: memcpy(&d->transA, v, 4); break;
    case 4: memcpy(&d->transB, v, 4); break;
    case 7: memcpy(&d->epilogue, v, 4); break;
    case 8: memcpy(&d->bias, v, 8); break;
    default: fault("cublasLtMatmulDescSetAttribute %d", a); return 7;
  }
  return n == 4 || (a == 8 && n == 8) ? 0 : 7;
}
EXPORT int cublasLtMatrixLayoutCreate(Layout** l, int type, uint64_t rows, uint64_t cols, int64_t ld) {
  MAY_FAIL("cublasLtMatrixLayoutCreate");
  living++;
  *l = new Layout{type, rows, cols, ld};
  return 0;
}
EXPORT int cublasLtMatrixLayoutDestroy(Layout* l) {
  living--;
  delete l;
  return 0;
}
EXPORT int cublasLtMatrixLayoutSetAttribute(Layout* l, int a, const void* v, size_t) {
  if (a == 5) memcpy(&l->batch, v, 4);
  else if (a == 6) memcpy(&l->stride, v, 8);
  else return fault("cublasLtMatrixLayoutSetAttribute %d", a), 7;
  return 0;
}
EXPORT int cublasLtMatmulPreferenceCreate(Preference** p) {
  MAY_FAIL("cublasLtMatmulPreferenceCreate");
  living++;
  return *p = new Preference, 0;
}
EXPORT int cublasLtMatmulPreferenceDestroy(Preference* p) {
  living--;
  delete p;
  return 0;
}
EXPORT int cublasLtMatmulPreferenceSetAttribute(Preference* p, int a, const void* v, size_t) {
  if (a == 1) memcpy(&p->workspace, v, 8);
  else if (a == 3) return 0;
  else if (a >= 5 && a <= 8) memcpy(&p->align[a - 5], v, 4);
  else return fault("cublasLtMatmulPreferenceSetAttribute %d", a), 7;
  return 0;
}

namespace {
int sane(const Desc* d, const Layout* a, const Layout* b, const Layout* c, const Layout* e) {
  uint64_t m = d->transA ? a->cols : a->rows, k = d->transA ? a->rows : a->cols;
  uint64_t k2 = d->transB ? b->cols : b->rows, n = d->transB ? b->rows : b->cols;
  bool ok = k == k2 && e->rows == m && e->cols == n && c->rows == m && c->cols == n && m > 0 && n > 0 && k > 0;
  for (const Layout* l : {a, b, c, e}) ok = ok && l->ld >= static_cast<int64_t>(l->rows) && l->batch == e->batch;
  Type ta, tb, te;
  ok = ok && typeOf(a->type, ta) && typeOf(b->type, tb) && typeOf(e->type, te) && ta == tb && tb == te && a->type == c->type;
  if (ok && d->compute != 68 && ta != F32) ok = false;
  if (!ok) fault("cublasLt: a product that does not fit together (m %lu n %lu k %lu, ld %ld %ld %ld)", m, n, k, a->ld, b->ld, e->ld);
  return ok ? 0 : 7;
}
}  // namespace

EXPORT int cublasLtMatmulAlgoGetHeuristic(void*, const Desc* d, const Layout* a, const Layout* b, const Layout* c, const Layout* e,
                                          const Preference* p, int most, char* results, int* found) {
  MAY_FAIL("cublasLtMatmulAlgoGetHeuristic");
  *found = 0;
  if (int bad = sane(d, a, b, c, e)) return bad;
  for (int i = 0; i < 2 && i < most; i++) {
    char* r = results + 96 * i;
    memset(r, 0, 96);
    Algo algo{kAlgo, i, {p->align[0], p->align[1], p->align[2], p->align[3]}, i == 1 ? uint64_t{65536} : 0};
    if (algo.workspace > p->workspace) continue;
    memcpy(r, &algo, sizeof algo);
    memcpy(r + 64, &algo.workspace, 8);
    float waves = 1;
    memcpy(r + 76, &waves, 4);
    (*found)++;
  }
  return 0;
}

EXPORT int cublasLtMatmul(void*, const Desc* d, const float* alpha, const void* A, const Layout* a, const void* B, const Layout* b,
                          const float* beta, const void* C, const Layout* c, void* E, const Layout* e, const Algo* algo,
                          void* workspace, size_t bytes, Stream* stream) {
  MAY_FAIL("cublasLtMatmul");
  if (int bad = sane(d, a, b, c, e)) return bad;
  if (algo->magic != kAlgo) return fault("cublasLtMatmul: no algorithm"), 7;
  if (isDevice(alpha) || isDevice(beta)) return fault("cublasLtMatmul: alpha or beta on the device"), 7;
  const void* at[] = {A, B, C, E};
  const char* names[] = {"A", "B", "C", "D"};
  const Layout* layouts[] = {a, b, c, e};
  for (int i = 0; i < 4; i++) {
    if (at[i] == nullptr || !checkDevice(at[i], "cublasLtMatmul", names[i])) return fault("cublasLtMatmul: %s", names[i]), 7;
    if (reinterpret_cast<uintptr_t>(at[i]) % algo->align[i]) {
      fault("cublasLtMatmul: %s = %p is not aligned to the %u bytes that were promised", names[i], at[i], algo->align[i]);
      return 15;
    }
    if (!isLive(at[i], extent(*layouts[i]))) {
      fault("cublasLtMatmul: %s: %zu bytes at %p reach beyond living memory", names[i], extent(*layouts[i]), at[i]);
      return 7;
    }
  }
  if (bytes < algo->workspace || (algo->workspace && !isLive(workspace, bytes))) {
    fault("cublasLtMatmul: workspace of %zu bytes at %p", bytes, workspace);
    return 7;
  }
  bool biased = d->epilogue & 4, relu = d->epilogue & 2;
  Type type = F32;
  typeOf(e->type, type);
  if (biased && (!checkDevice(d->bias, "cublasLtMatmul", "bias") || !isLive(d->bias, e->rows * bytesOf(type)))) {
    fault("cublasLtMatmul: bias at %p", d->bias);
    return 7;
  }
  size_t poison = algo->workspace;
  bool halves = regroups(((e->rows * 31 + e->cols) * 31 + e->batch) * 31 + algo->engine);
  enqueue(stream, "matmul", [=, d = *d, a = *a, b = *b, c = *c, e = *e, alpha = *alpha, beta = *beta] {
    Rounding r = d.compute == 77 ? TF32 : d.compute == 75 ? TO_BF16 : PLAIN;
    auto left = pack(seen(B, extent(b), "matmul B"), b, r), right = pack(seen(A, extent(a), "matmul A"), a, r);
    int64_t m = e.rows, n = e.cols, k = d.transA ? a.rows : a.cols;
    if (poison) memset(seen(workspace, poison, "matmul workspace"), 0xff, poison);
    std::vector<float> out(size_t(e.batch) * m * n);
    using Matmul = int(cd_stream*, int64_t, int64_t, int64_t, int64_t, int, int, int64_t, int64_t, float, int, const float*,
                       const float*, float*);
    static auto matmul = reinterpret_cast<Matmul*>(cpuEntry("cd_matmul"));
    auto add = [&](const std::vector<float>& part, bool accumulate) {
      int status = matmul(static_cast<cd_stream*>(cpuStream()), e.batch, n, k, m, d.transB, d.transA, b.stride ? n * k : 0,
                          a.stride ? k * m : 0, alpha, accumulate, part.data(), right.data(), out.data());
      if (status) fault("cd_matmul: status %d", status);
    };
    if (halves && isFinite(left) && isFinite(right)) {
      for (size_t half : {0, 1}) add(halfOf(left, b, !d.transB, half), half > 0);
    } else {
      add(left, false);
    }
    const void* from = seen(C, extent(c), "matmul C");
    const void* bias = biased ? seen(d.bias, m * bytesOf(type), "matmul bias") : nullptr;
    void* to = seen(E, extent(e), "matmul D");
    for (int i = 0; i < e.batch; i++)
      for (int64_t col = 0; col < n; col++)
        for (int64_t row = 0; row < m; row++) {
          float v = out[(i * n + col) * m + row];
          if (beta != 0) v += beta * load(from, type, i * c.stride + col * c.ld + row);
          if (biased) v += load(bias, type, row);
          if (relu) v = v > 0 || v != v ? v : 0;
          store(to, type, i * e.stride + col * e.ld + row, v);
        }
  });
  return 0;
}
