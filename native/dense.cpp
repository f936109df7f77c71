// oneDNN's engine, tasks over threads, working memory.
#include "dense.h"

#include <omp.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

namespace candela {

// A huge page.
constexpr size_t kHuge = size_t{2} << 20;

Buffer::~Buffer() { std::free(data); }

void* Buffer::bytes(size_t size) {
  if (size > capacity) {
    std::free(data);
    data = nullptr;
    capacity = 0;
    size_t page = size >= kHuge ? kHuge : 4096;
    size_t rounded = (size + page - 1) / page * page;
    data = std::aligned_alloc(page, rounded);
    if (data == nullptr) throw std::bad_alloc();
    if (page == kHuge) madvise(data, rounded, MADV_HUGEPAGE);
    capacity = rounded;
  }
  return data;
}

Lane::Lane() : queue(cpu()) {}

const dnnl::engine& cpu() {
  static const auto* engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

Workspace& workspace(cd_stream* stream) {
  if (stream->queue == nullptr) {
    stream->queue = new Workspace(stream->threads);
  }
  return *static_cast<Workspace*>(stream->queue);
}

void releaseWorkspace(void* queue) noexcept { delete static_cast<Workspace*>(queue); }

void parallel(cd_stream* stream, int64_t count, const std::function<void(int64_t, Lane&)>& body) {
  struct Job {
    const std::function<void(int64_t, Lane&)>& body;
    std::vector<Lane>& lanes;
    mutable std::mutex mutex;
    mutable std::exception_ptr thrown;
  };
  Job job{body, workspace(stream).lanes, {}, {}};
  OneThread one;
  runParts(
      stream, count,
      [](const void* context, int64_t part, int member) {
        const Job& job = *static_cast<const Job*>(context);
        try {
          job.body(part, job.lanes[static_cast<size_t>(member)]);
        } catch (...) {
          std::lock_guard lock(job.mutex);
          if (!job.thrown) job.thrown = std::current_exception();
        }
      },
      &job);
  if (job.thrown) std::rethrow_exception(job.thrown);
}

// Weyl's sequence, its bits mixed by two rounds of multiplying: a loop that becomes vector instructions.
std::vector<float> randomNumbers(int64_t count) {
  std::vector<float> numbers(static_cast<size_t>(count));
  float* to = numbers.data();
  for (int64_t i = 0; i < count; i++) {
    auto bits = static_cast<uint32_t>(i) * 0x9e3779b9u;
    bits = (bits ^ bits >> 16) * 0x7feb352du;
    bits = (bits ^ bits >> 15) * 0x846ca68bu;
    to[i] = static_cast<float>(static_cast<int32_t>(bits >> 8)) * 0x1p-24f - 0.5f;
  }
  return numbers;
}

OneThread::OneThread() : before(omp_get_max_threads()) { omp_set_num_threads(1); }

OneThread::~OneThread() { omp_set_num_threads(before); }

dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

dnnl::memory pack(const Desc& plain, const float* weights, const Desc& wanted) {
  dnnl::memory packed(wanted, cpu());
  dnnl::stream queue(cpu());
  dnnl::memory from = at(plain, weights);
  dnnl::reorder(from, packed).execute(queue, from, packed);
  queue.wait();
  return packed;
}

void checkRange(int64_t value, int64_t low, int64_t high, const char* where, const char* name) {
  if (value < low || value > high) {
    fail(CD_INVALID, "%s: %s must be in %lld..%lld, is %lld", where, name, static_cast<long long>(low),
         static_cast<long long>(high), static_cast<long long>(value));
  }
}

void copy(int64_t n, const float* x, float* y) { std::memcpy(y, x, static_cast<size_t>(n) * sizeof(float)); }

void add(int64_t n, const float* __restrict__ x, float* __restrict__ y) {
  for (int64_t i = 0; i < n; i++) y[i] += x[i];
}

}  // namespace candela
