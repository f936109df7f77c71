// libcuda.so.1 of the emulated card: context, memory, copies, streams, events, captures and graphs.
#include <cuda.h>
#undef cuEventElapsedTime
#undef cuDevicePrimaryCtxRelease

#include <algorithm>

#include "emulated.h"

using namespace emulated;

namespace {

struct Event {
  bool timing;
  Stream* stream = nullptr;
  uint64_t place = 0;
  Capture* capture = nullptr;
  std::vector<int> nodes;
  bool recorded = false;
};
struct Graph {
  std::vector<Node> nodes;
};
struct Exec {
  std::shared_ptr<std::vector<Node>> nodes;
  bool launched = false;
};
int timed;  // between two events with times
std::set<Event*> events;
std::set<Exec*> execs;
std::set<Graph*> graphs;
std::map<char*, size_t> pinned;
int retained;
char context;
thread_local void* current;

Stream* S(CUstream s) { return reinterpret_cast<Stream*>(s); }
Event* E(CUevent e) { return reinterpret_cast<Event*>(e); }

bool bound(const char* who) {
  if (current) return true;
  fault("%s: no context is current on this thread", who);
  return false;
}

// Calls that a thread that captures may not make: these spoil its capture.
bool refusedInCapture(const char* who) {
  if (!capturingThread) return false;
  fault("%s during a capture of this thread", who);
  capturingThread->error = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  return true;
}

// In an order that the dependencies allow, drawn.
void runGraph(const std::vector<Node>& nodes) {
  std::vector<int> waits(nodes.size());
  std::vector<std::vector<int>> then(nodes.size());
  std::vector<int> ready;
  for (size_t i = 0; i < nodes.size(); i++) {
    std::set<int> deps(nodes[i].deps.begin(), nodes[i].deps.end());
    waits[i] = static_cast<int>(deps.size());
    for (int d : deps) then[d].push_back(static_cast<int>(i));
    if (waits[i] == 0) ready.push_back(static_cast<int>(i));
  }
  while (!ready.empty()) {
    size_t pick = ready.size() > 1 ? dice() % ready.size() : 0;
    int i = ready[pick];
    ready.erase(ready.begin() + pick);
    nodes[i].op();
    for (int t : then[i]) {
      if (--waits[t] == 0) ready.push_back(t);
    }
  }
}

bool isPinned(const void* p, size_t bytes) {
  auto at = static_cast<char*>(const_cast<void*>(p));
  auto i = pinned.upper_bound(at);
  if (i == pinned.begin()) return false;
  --i;
  return at + bytes <= i->first + i->second;
}

void* D(CUdeviceptr p) { return reinterpret_cast<void*>(p); }
}  // namespace

EXPORT CUresult cuInit(unsigned) { return CUDA_SUCCESS; }
EXPORT CUresult cuDriverGetVersion(int* v) { return *v = 13000, CUDA_SUCCESS; }
EXPORT CUresult cuDeviceGetCount(int* n) { return *n = 1, CUDA_SUCCESS; }
EXPORT CUresult cuDeviceGet(CUdevice* d, int i) { return *d = i, i == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE; }
EXPORT CUresult cuDeviceGetName(char* name, int n, CUdevice) {
  snprintf(name, n, "Emulated card");
  return CUDA_SUCCESS;
}
EXPORT CUresult cuDeviceTotalMem_v2(size_t* n, CUdevice) { return *n = cardBytes(), CUDA_SUCCESS; }
EXPORT CUresult cuDeviceGetAttribute(int* v, CUdevice_attribute a, CUdevice) {
  switch (a) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *v = 9; break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *v = 0; break;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *v = 132; break;
    default: fault("attribute %d", a); *v = 0;
  }
  return CUDA_SUCCESS;
}
EXPORT CUresult cuGetErrorString(CUresult e, const char** text) {
  switch (int(e)) {
    case 1: *text = "invalid argument"; break;
    case 2: *text = "out of memory"; break;
    case 201: *text = "invalid device context"; break;
    case 600: *text = "device not ready"; break;
    case 400: *text = "invalid resource handle"; break;
    case 719: *text = "unspecified launch failure"; break;
    default: *text = "emulated error";
  }
  return CUDA_SUCCESS;
}
EXPORT CUresult cuGetErrorName(CUresult e, const char** text) { return cuGetErrorString(e, text); }
EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext* c, CUdevice) {
  Guard g(lock);
  retained++;
  *c = reinterpret_cast<CUcontext>(&context);
  return CUDA_SUCCESS;
}
EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  Guard g(lock);
  runAll();
  // The CUDA runtime of libcandela_cuda.so keeps the context alive: what was not freed stays.
  if (--retained == 0 && (liveBlocks() || !execs.empty() || !graphs.empty())) {
    note("after the last device: %zu blocks of %zu bytes, %zu pinned, %zu graphs, %zu events live on", liveBlocks(), liveBytes(),
         pinned.size(), execs.size() + graphs.size(), events.size());
  }
  return CUDA_SUCCESS;
}
EXPORT CUresult cuCtxSetCurrent(CUcontext c) { return current = c, CUDA_SUCCESS; }
EXPORT CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
  Guard g(lock);
  if (!bound("cuMemGetInfo")) return CUDA_ERROR_INVALID_CONTEXT;
  *total = cardBytes();
  *free = cardBytes() - liveBytes();
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* p, size_t n) {
  Guard g(lock);
  if (!bound("cuMemAlloc")) return CUDA_ERROR_INVALID_CONTEXT;
  if (refusedInCapture("cuMemAlloc")) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (n == 0) return CUDA_ERROR_INVALID_VALUE;
  void* at = allocate(n);
  *p = reinterpret_cast<CUdeviceptr>(at);
  return at ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
EXPORT CUresult cuMemFree_v2(CUdeviceptr p) {
  Guard g(lock);
  if (p == 0) return CUDA_SUCCESS;
  if (!bound("cuMemFree")) return CUDA_ERROR_INVALID_CONTEXT;
  if (refusedInCapture("cuMemFree")) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  runAll();
  if (!release(D(p))) {
    fault("cuMemFree of %p", D(p));
    return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemAllocHost_v2(void** p, size_t n) {
  Guard g(lock);
  if (!bound("cuMemAllocHost")) return CUDA_ERROR_INVALID_CONTEXT;
  if (refusedInCapture("cuMemAllocHost")) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  *p = aligned_alloc(4096, (n + 4095) / 4096 * 4096);
  pinned[static_cast<char*>(*p)] = n;
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemFreeHost(void* p) {
  Guard g(lock);
  if (refusedInCapture("cuMemFreeHost")) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (!pinned.erase(static_cast<char*>(p))) {
    fault("cuMemFreeHost of %p", p);
    return CUDA_ERROR_INVALID_VALUE;
  }
  runAll();
  free(p);
  return CUDA_SUCCESS;
}

// ---- copies ----
EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t n, CUstream s) {
  Guard g(lock);
  if (!bound("cuMemcpyHtoDAsync")) return CUDA_ERROR_INVALID_CONTEXT;
  if (isDevice(from) || !isLive(D(to), n)) {
    fault("cuMemcpyHtoDAsync of %zu bytes from %p to %p", n, from, D(to));
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (S(s)->capture) note("cuMemcpyHtoDAsync in a capture");
  if (isPinned(from, n)) {
    enqueue(S(s), "HtoD", [=] { memcpy(seen(D(to), n, "HtoD"), from, n); });
  } else {
    note("cuMemcpyHtoDAsync from memory that is not pinned");
    auto copy = std::make_shared<std::string>(static_cast<const char*>(from), n);
    enqueue(S(s), "HtoD", [=] { memcpy(seen(D(to), n, "HtoD"), copy->data(), n); });
  }
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t n, CUstream s) {
  Guard g(lock);
  if (!bound("cuMemcpyDtoHAsync")) return CUDA_ERROR_INVALID_CONTEXT;
  if (isDevice(to) || !isLive(D(from), n)) {
    fault("cuMemcpyDtoHAsync of %zu bytes from %p to %p", n, D(from), to);
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (S(s)->capture) note("cuMemcpyDtoHAsync in a capture");
  if (!isPinned(to, n)) fault("cuMemcpyDtoHAsync to memory that is not pinned");
  enqueue(S(s), "DtoH", [=] { memcpy(to, seen(D(from), n, "DtoH"), n); });
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream s) {
  Guard g(lock);
  if (!bound("cuMemcpyDtoDAsync")) return CUDA_ERROR_INVALID_CONTEXT;
  if (!isLive(D(from), n) || !isLive(D(to), n)) {
    fault("cuMemcpyDtoDAsync of %zu bytes from %p to %p", n, D(from), D(to));
    return CUDA_ERROR_INVALID_VALUE;
  }
  enqueue(S(s), "DtoD", [=] { memmove(seen(D(to), n, "DtoD"), seen(D(from), n, "DtoD"), n); });
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char v, size_t n, CUstream s) {
  Guard g(lock);
  if (!bound("cuMemsetD8Async")) return CUDA_ERROR_INVALID_CONTEXT;
  if (!isLive(D(to), n)) {
    fault("cuMemsetD8Async of %zu bytes at %p", n, D(to));
    return CUDA_ERROR_INVALID_VALUE;
  }
  enqueue(S(s), "memset", [=] { clear(D(to), v, n); });
  return CUDA_SUCCESS;
}

// ---- streams and events ----
EXPORT CUresult cuStreamCreate(CUstream* s, unsigned) {
  Guard g(lock);
  if (!bound("cuStreamCreate")) return CUDA_ERROR_INVALID_CONTEXT;
  *s = reinterpret_cast<CUstream>(newStream());
  return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamDestroy_v2(CUstream s) {
  Guard g(lock);
  if (!isStream(S(s))) {
    fault("cuStreamDestroy of what is no stream");
    return CUDA_ERROR_INVALID_HANDLE;
  }
  runUntil(S(s), S(s)->next());
  for (Event* e : events) {
    if (e->stream == S(s)) e->stream = nullptr;
  }
  drop(S(s));
  return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamSynchronize(CUstream s) {
  Guard g(lock);
  if (!isStream(S(s))) {
    fault("cuStreamSynchronize of what is no stream");
    return CUDA_ERROR_INVALID_HANDLE;
  }
  if (S(s)->capture || capturingThread) {
    fault("cuStreamSynchronize in a capture");
    if (S(s)->capture) S(s)->capture->error = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  runUntil(S(s), S(s)->next());
  return broken ? CUDA_ERROR_LAUNCH_FAILED : CUDA_SUCCESS;
}
EXPORT CUresult cuStreamQuery(CUstream s) {
  Guard g(lock);
  if (S(s)->capture) {
    fault("cuStreamQuery in a capture");
    S(s)->capture->error = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  if (S(s)->queue.empty()) return CUDA_SUCCESS;
  runUntil(S(s), S(s)->done + 1);  // whoever asks again and again gets there
  return CUDA_ERROR_NOT_READY;
}
EXPORT CUresult cuEventCreate(CUevent* e, unsigned flags) {
  Guard g(lock);
  if (!bound("cuEventCreate")) return CUDA_ERROR_INVALID_CONTEXT;
  auto made = new Event;
  made->timing = !(flags & CU_EVENT_DISABLE_TIMING);
  events.insert(made);
  *e = reinterpret_cast<CUevent>(made);
  return CUDA_SUCCESS;
}
EXPORT CUresult cuEventDestroy_v2(CUevent e) {
  Guard g(lock);
  if (!events.erase(E(e))) {
    fault("cuEventDestroy of what is no event");
    return CUDA_ERROR_INVALID_HANDLE;
  }
  delete E(e);
  return CUDA_SUCCESS;
}
EXPORT CUresult cuEventRecord(CUevent ev, CUstream s) {
  Guard g(lock);
  Event* e = E(ev);
  if (!events.count(e) || !isStream(S(s))) {
    fault("cuEventRecord: no event or no stream");
    return CUDA_ERROR_INVALID_HANDLE;
  }
  e->recorded = true;
  if (S(s)->capture) {
    e->capture = S(s)->capture;
    e->nodes = S(s)->last;
    return CUDA_SUCCESS;
  }
  if (e->timing) timed = 1 - timed;
  e->capture = nullptr;
  e->stream = S(s);
  e->place = e->stream->next();
  return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamWaitEvent(CUstream s, CUevent ev, unsigned) {
  Guard g(lock);
  Event* e = E(ev);
  Stream* to = S(s);
  if (!events.count(e) || !isStream(to)) {
    fault("cuStreamWaitEvent: no event or no stream");
    return CUDA_ERROR_INVALID_HANDLE;
  }
  if (e->capture) {
    static bool noForks = setting("CANDELA_CARD_NO_FORKS", 0);
    if (noForks && to != e->capture->origin) {
      e->capture->error = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    if (to->capture == nullptr) {
      to->capture = e->capture;
      to->last = e->nodes;
      e->capture->joined.insert(to);
    } else if (to->capture == e->capture) {
      for (int n : e->nodes) {
        if (std::find(to->last.begin(), to->last.end(), n) == to->last.end()) to->last.push_back(n);
      }
    } else {
      fault("cuStreamWaitEvent would merge two captures");
      return CUDA_ERROR_STREAM_CAPTURE_MERGE;
    }
    return CUDA_SUCCESS;
  }
  if (to->capture) {
    if (!e->recorded) return CUDA_SUCCESS;
    fault("cuStreamWaitEvent: a capture waits for an event outside of it");
    to->capture->error = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  }
  Stream* from = e->stream;
  if (!e->recorded || from == nullptr || from == to) return CUDA_SUCCESS;
  uint64_t place = e->place;
  enqueue(to, "wait", [from, place] {
    if (isStream(from)) runUntil(from, place);
  });
  return CUDA_SUCCESS;
}
EXPORT CUresult cuEventSynchronize(CUevent ev) {
  Guard g(lock);
  Event* e = E(ev);
  if (!events.count(e)) {
    fault("cuEventSynchronize: no event");
    return CUDA_ERROR_INVALID_HANDLE;
  }
  if (e->capture) {
    fault("cuEventSynchronize of an event in a capture");
    return CUDA_ERROR_CAPTURED_EVENT;
  }
  if (refusedInCapture("cuEventSynchronize")) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (e->stream) runUntil(e->stream, e->place);
  return broken ? CUDA_ERROR_LAUNCH_FAILED : CUDA_SUCCESS;
}
EXPORT CUresult cuEventElapsedTime(float* ms, CUevent a, CUevent b) {
  Guard g(lock);
  if (!E(a)->timing || !E(b)->timing) return CUDA_ERROR_INVALID_HANDLE;
  *ms = 0.01f + (dice() % 10000) * 1e-4f;
  return CUDA_SUCCESS;
}

// ---- captures ----
EXPORT CUresult cuStreamBeginCapture_v2(CUstream s, CUstreamCaptureMode) {
  Guard g(lock);
  static bool refuse = setting("CANDELA_CARD_NO_GRAPHS", 0);
  if (refuse) return CUDA_ERROR_NOT_SUPPORTED;
  if (S(s)->capture) {
    fault("cuStreamBeginCapture within a capture");
    return CUDA_ERROR_ILLEGAL_STATE;
  }
  auto c = new Capture;
  c->origin = S(s);
  c->joined.insert(S(s));
  S(s)->capture = c;
  S(s)->last.clear();
  capturingThread = c;
  return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamEndCapture(CUstream s, CUgraph* graph) {
  Guard g(lock);
  *graph = nullptr;
  Capture* c = S(s)->capture;
  if (!c || c->origin != S(s)) {
    fault("cuStreamEndCapture of what is no capture's origin");
    return CUDA_ERROR_ILLEGAL_STATE;
  }
  int error = c->error;
  // All that joined has come back.
  std::vector<char> reached(c->nodes.size());
  std::vector<int> todo = S(s)->last;
  while (!todo.empty()) {
    int n = todo.back();
    todo.pop_back();
    if (reached[n]) continue;
    reached[n] = 1;
    for (int d : c->nodes[n].deps) todo.push_back(d);
  }
  for (Stream* j : c->joined) {
    if (!isStream(j)) continue;
    for (int n : j->last) {
      if (!reached[n] && !error) {
        fault("cuStreamEndCapture: a stream that joined has not come back (%s)", c->nodes[n].name.c_str());
        error = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
      }
    }
    j->capture = nullptr;
    j->last.clear();
  }
  for (Event* e : events) {
    if (e->capture == c) {
      e->capture = nullptr;
      e->recorded = false;
      e->stream = nullptr;
    }
  }
  capturingThread = nullptr;
  if (!error) {
    auto made = new Graph{std::move(c->nodes)};
    graphs.insert(made);
    *graph = reinterpret_cast<CUgraph>(made);
  }
  delete c;
  return static_cast<CUresult>(error);
}
EXPORT CUresult cuGraphDestroy(CUgraph graph) {
  Guard g(lock);
  auto at = reinterpret_cast<Graph*>(graph);
  if (!graphs.erase(at)) {
    if (at) fault("cuGraphDestroy of what is no graph");
    return CUDA_ERROR_INVALID_VALUE;
  }
  delete at;
  return CUDA_SUCCESS;
}
EXPORT CUresult cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long) {
  Guard g(lock);
  auto at = reinterpret_cast<Graph*>(graph);
  if (!graphs.count(at)) {
    fault("cuGraphInstantiate of what is no graph");
    return CUDA_ERROR_INVALID_VALUE;
  }
  auto made = new Exec{std::make_shared<std::vector<Node>>(at->nodes)};
  execs.insert(made);
  *exec = reinterpret_cast<CUgraphExec>(made);
  return CUDA_SUCCESS;
}
EXPORT CUresult cuGraphLaunch(CUgraphExec exec, CUstream s) {
  Guard g(lock);
  auto at = reinterpret_cast<Exec*>(exec);
  if (!execs.count(at) || !isStream(S(s))) {
    fault("cuGraphLaunch: no graph or no stream");
    return CUDA_ERROR_INVALID_HANDLE;
  }
  // What is repeated to be timed is not run: times are drawn anyhow, and each was run before its capture.
  if (timed) return CUDA_SUCCESS;
  at->launched = true;
  auto nodes = at->nodes;
  enqueue(S(s), "graph", [nodes] { runGraph(*nodes); });
  return CUDA_SUCCESS;
}
EXPORT CUresult cuGraphExecDestroy(CUgraphExec exec) {
  Guard g(lock);
  auto at = reinterpret_cast<Exec*>(exec);
  if (!execs.erase(at)) {
    fault("cuGraphExecDestroy of what is no graph");
    return CUDA_ERROR_INVALID_VALUE;
  }
  delete at;
  return CUDA_SUCCESS;
}
namespace emulated {
void bindContext() { current = &context; }
bool hasContext() { return current != nullptr; }
}  // namespace emulated
