// libcuda.so.1 of the emulated card: streams, events, captures and graphs.
#include <algorithm>

#include "driver.h"

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
};
// Between two events with times: what is repeated to be timed.
bool timed;
std::set<Event*> events;
std::set<Exec*> execs;
std::set<Graph*> graphs;

Event* E(CUevent e) { return reinterpret_cast<Event*>(e); }

bool isThere(CUstream s, const char* who) {
  if (isStream(S(s))) return true;
  fault("%s: no stream", who);
  return false;
}

bool isThere(CUevent e, const char* who) {
  if (events.count(E(e))) return true;
  fault("%s: no event", who);
  return false;
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

}  // namespace

namespace emulated {

void forget(Stream* s) {
  for (Event* e : events) {
    if (e->stream == s) e->stream = nullptr;
  }
}

size_t livingGraphs() { return graphs.size() + execs.size(); }
size_t livingEvents() { return events.size(); }

}  // namespace emulated

EXPORT CUresult cuStreamCreate(CUstream* s, unsigned) {
  MAY_FAIL("cuStreamCreate");
  Guard g(lock);
  if (!bound("cuStreamCreate")) return CUDA_ERROR_INVALID_CONTEXT;
  *s = reinterpret_cast<CUstream>(newStream());
  return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamDestroy_v2(CUstream s) {
  MAY_FAIL("cuStreamDestroy");
  Guard g(lock);
  if (!isThere(s, "cuStreamDestroy")) return CUDA_ERROR_INVALID_HANDLE;
  runUntil(S(s), S(s)->next());
  forget(S(s));
  drop(S(s));
  return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamSynchronize(CUstream s) {
  MAY_FAIL("cuStreamSynchronize");
  Guard g(lock);
  if (!isThere(s, "cuStreamSynchronize")) return CUDA_ERROR_INVALID_HANDLE;
  if (S(s)->capture || capturingThread) {
    fault("cuStreamSynchronize in a capture");
    if (S(s)->capture) S(s)->capture->error = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  runUntil(S(s), S(s)->next());
  return broken ? CUDA_ERROR_LAUNCH_FAILED : CUDA_SUCCESS;
}
EXPORT CUresult cuStreamQuery(CUstream s) {
  MAY_FAIL("cuStreamQuery");
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
  MAY_FAIL("cuEventCreate");
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
  if (E(e)->timing) timed = false;
  delete E(e);
  return CUDA_SUCCESS;
}
EXPORT CUresult cuEventRecord(CUevent ev, CUstream s) {
  MAY_FAIL("cuEventRecord");
  Guard g(lock);
  Event* e = E(ev);
  if (!isThere(ev, "cuEventRecord") || !isThere(s, "cuEventRecord")) return CUDA_ERROR_INVALID_HANDLE;
  e->recorded = true;
  if (S(s)->capture) {
    e->capture = S(s)->capture;
    e->nodes = S(s)->last;
    return CUDA_SUCCESS;
  }
  if (e->timing) timed = !timed;
  e->capture = nullptr;
  e->stream = S(s);
  e->place = e->stream->next();
  return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamWaitEvent(CUstream s, CUevent ev, unsigned) {
  MAY_FAIL("cuStreamWaitEvent");
  Guard g(lock);
  Event* e = E(ev);
  Stream* to = S(s);
  if (!isThere(ev, "cuStreamWaitEvent") || !isThere(s, "cuStreamWaitEvent")) return CUDA_ERROR_INVALID_HANDLE;
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
  MAY_FAIL("cuEventSynchronize");
  Guard g(lock);
  Event* e = E(ev);
  if (!isThere(ev, "cuEventSynchronize")) return CUDA_ERROR_INVALID_HANDLE;
  if (e->capture) {
    fault("cuEventSynchronize of an event in a capture");
    return CUDA_ERROR_CAPTURED_EVENT;
  }
  if (refusedInCapture("cuEventSynchronize")) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (e->stream) runUntil(e->stream, e->place);
  return broken ? CUDA_ERROR_LAUNCH_FAILED : CUDA_SUCCESS;
}
EXPORT CUresult cuEventElapsedTime(float* ms, CUevent a, CUevent b) {
  MAY_FAIL("cuEventElapsedTime");
  Guard g(lock);
  if (!E(a)->timing || !E(b)->timing) return CUDA_ERROR_INVALID_HANDLE;
  *ms = 0.01f + (dice() % 10000) * 1e-4f;
  return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamBeginCapture_v2(CUstream s, CUstreamCaptureMode) {
  MAY_FAIL("cuStreamBeginCapture");
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
  if (!error) error = failing("cuStreamEndCapture", CUDA_ERROR_ILLEGAL_ADDRESS);
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
  MAY_FAIL("cuGraphInstantiate");
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
  MAY_FAIL("cuGraphLaunch");
  Guard g(lock);
  auto at = reinterpret_cast<Exec*>(exec);
  if (!execs.count(at) || !isStream(S(s))) {
    fault("cuGraphLaunch: no graph or no stream");
    return CUDA_ERROR_INVALID_HANDLE;
  }
  // What is repeated to be timed is not run: times are drawn anyhow, and each was run before its capture.
  if (timed) return CUDA_SUCCESS;
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
