#include "timing.h"

#include <algorithm>
#include <vector>

#include "case.h"
#include "entry.h"

namespace candela::check {

namespace {

// Calls in one graph, so that a launch's own few microseconds do not count, and replays of it.
constexpr int kCalls = 20, kReplays = 7;

struct Event {
  cudaEvent_t event;
  Event() { require(cudaEventCreate(&event), "cudaEventCreate"); }
  ~Event() { cudaEventDestroy(event); }
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Microseconds between the two events, per call.
template <class Work>
double measure(cudaStream_t queue, const Work& work) {
  Event begin, end;
  std::vector<double> times;
  for (int i = 0; i <= kReplays; i++) {
    require(cudaEventRecord(begin.event, queue), "cudaEventRecord");
    work();
    require(cudaEventRecord(end.event, queue), "cudaEventRecord");
    require(cudaEventSynchronize(end.event), "cudaEventSynchronize");
    float milliseconds;
    require(cudaEventElapsedTime(&milliseconds, begin.event, end.event), "cudaEventElapsedTime");
    // The first one warms up.
    if (i > 0) times.push_back(static_cast<double>(milliseconds) * 1000 / kCalls);
  }
  return median(times);
}

}  // namespace

double timeOf(const Library& card, void (*call)(const void*), const void* context) {
  auto queue = static_cast<cudaStream_t>(card.stream->queue);
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  require(cudaStreamBeginCapture(queue, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  for (int i = 0; i < kCalls; i++) call(context);
  require(cudaStreamEndCapture(queue, &graph), "cudaStreamEndCapture");
  require(cudaGraphInstantiate(&exec, graph, 0), "cudaGraphInstantiate");
  double time = measure(queue, [&] { require(cudaGraphLaunch(exec, queue), "cudaGraphLaunch"); });
  require(cudaGraphExecDestroy(exec), "cudaGraphExecDestroy");
  require(cudaGraphDestroy(graph), "cudaGraphDestroy");
  return time;
}

double copyBandwidth(const Library& card) {
  constexpr size_t kBytes = size_t{1} << 29;
  auto queue = static_cast<cudaStream_t>(card.stream->queue);
  void* from;
  void* to;
  require(cudaMalloc(&from, kBytes), "cudaMalloc");
  require(cudaMalloc(&to, kBytes), "cudaMalloc");
  require(cudaMemset(from, 1, kBytes), "cudaMemset");
  require(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  double time = measure(queue, [&] {
    for (int i = 0; i < kCalls; i++) {
      require(cudaMemcpyAsync(to, from, kBytes, cudaMemcpyDeviceToDevice, queue), "cudaMemcpyAsync");
    }
  });
  require(cudaFree(from), "cudaFree");
  require(cudaFree(to), "cudaFree");
  return 2 * static_cast<double>(kBytes) / time * 1e-3;
}

}  // namespace candela::check
