// Runs one body per element or per row: a grid-stride kernel under nvcc, parts of a loop on threads under g++.
//
// A body is a named struct of plain pointers and numbers. forEach gives it an index, forEachSpan a piece of a row (one
// element on CUDA, up to kSpan on the CPU: loop over it), forEachRow a row and Lanes: the threads that share the row (a
// warp on CUDA, one lane on the CPU). Each output element is written by one body, so nothing depends on the number of
// threads.
#pragma once

#include "divide.cuh"
#include "entry.h"
#include "portable.cuh"

namespace candela {

// Elements begin <= i < end of a row.
struct Span {
  int64_t row, begin, end;
  BOTH int64_t size() const { return end - begin; }
};

#ifdef __CUDACC__

// Longest span: the size of a body's local arrays.
constexpr int64_t kSpan = 1;

// nvcc compiles bodies for the host as well, where no lane ever runs.
#ifdef __CUDA_ARCH__
#define ON_CARD(value, host) (value)
#else
#define ON_CARD(value, host) (host)
#endif

class Lanes {
 public:
  BOTH int rank() const { return ON_CARD(static_cast<int>(threadIdx.x & 31), 0); }
  BOTH int count() const { return 32; }
  // The same tree in every lane, so all lanes get the same bits.
  template <class T>
  BOTH T sum(T v) const {
    for (int step = 16; step > 0; step >>= 1) v += ON_CARD(__shfl_xor_sync(0xffffffffu, v, step), v);
    return v;
  }
  template <class T>
  BOTH T max(T v) const {
    for (int step = 16; step > 0; step >>= 1) {
      T other = ON_CARD(__shfl_xor_sync(0xffffffffu, v, step), v);
      v = other > v ? other : v;
    }
    return v;
  }
};

#undef ON_CARD

constexpr int kBlock = 256;
constexpr int64_t kBlocks = 1 << 16;

template <class Body>
__global__ void overElements(int64_t n, Body body) {
  int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) body(i);
}

template <class Body>
__global__ void overRows(int64_t rows, Body body) {
  int64_t step = static_cast<int64_t>(gridDim.x) * (blockDim.x / 32);
  for (int64_t r = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / 32; r < rows; r += step) {
    body(r, Lanes());
  }
}

// Rows from firstRow on, n elements of each from `first` on; below 2^31 in all, which spares 64-bit divisions.
template <class Body>
__global__ void overSpans(uint32_t all, Divide n, int64_t firstRow, int64_t first, Body body) {
  uint32_t step = gridDim.x * blockDim.x;
  for (uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < all; i += step) {
    uint32_t at = i, row = n.split(at);
    int64_t begin = first + at;
    body(Span{firstRow + row, begin, begin + 1});
  }
}

inline unsigned blocks(int64_t threads) {
  int64_t wanted = (threads + kBlock - 1) / kBlock;
  return static_cast<unsigned>(wanted < kBlocks ? wanted : kBlocks);
}

inline cudaStream_t queueOf(const cd_stream* stream) { return static_cast<cudaStream_t>(stream->queue); }

inline void checkLaunch() {
  cudaError_t code = cudaGetLastError();
  if (code != cudaSuccess) {
    // A kernel's first launch takes memory for its code.
    int status = code == cudaErrorMemoryAllocation ? CD_MEMORY : CD_DEVICE;
    fail(status, "kernel launch: CUDA error %d, %s", static_cast<int>(code), cudaGetErrorString(code));
  }
}

template <class Body>
void forEach(cd_stream* stream, int64_t n, const Body& body, int64_t = 1) {
  if (n <= 0) return;
  overElements<<<blocks(n), kBlock, 0, queueOf(stream)>>>(n, body);
  checkLaunch();
}

template <class Body>
void forEachSpan(cd_stream* stream, int64_t rows, int64_t n, const Body& body, int64_t = 1) {
  if (rows <= 0 || n <= 0) return;
  auto queue = queueOf(stream);
  // A launch does as many whole rows as have 32-bit numbers, or a part of one.
  constexpr int64_t kMost = kDivisible - 1;
  int64_t wide = n < kMost ? n : kMost, tall = kMost / wide;
  for (int64_t row = 0; row < rows; row += tall) {
    for (int64_t first = 0; first < n; first += wide) {
      int64_t down = rows - row < tall ? rows - row : tall, across = n - first < wide ? n - first : wide;
      auto all = static_cast<uint32_t>(down * across);
      overSpans<<<blocks(all), kBlock, 0, queue>>>(all, Divide(across), row, first, body);
    }
  }
  checkLaunch();
}

template <class Body>
void forEachRow(cd_stream* stream, int64_t rows, const Body& body, int64_t = 1) {
  if (rows <= 0) return;
  overRows<<<blocks(rows * 32), kBlock, 0, queueOf(stream)>>>(rows, body);
  checkLaunch();
}

#else

constexpr int64_t kSpan = 512;

class Lanes {
 public:
  int rank() const { return 0; }
  int count() const { return 1; }
  template <class T>
  T sum(T v) const {
    return v;
  }
  template <class T>
  T max(T v) const {
    return v;
  }
};

// Fewer simple steps than this are done before a second thread would have started (about 10 us).
constexpr int64_t kSerial = 16384;

// Parts for each thread: one that starts late leaves its parts to the others.
constexpr int64_t kParts = 4;

// Runs work(begin, end) on equal parts of 0..n; its loops are compiled once, for one thread and for many.
template <class Work>
void share(cd_stream* stream, int64_t n, int64_t steps, const Work& work) {
  struct Job {
    const Work& work;
    int64_t n, parts;

    [[gnu::noinline]] static void run(const void* context, int64_t part, int) {
      const Job& job = *static_cast<const Job*>(context);
      job.work(job.n * part / job.parts, job.n * (part + 1) / job.parts);
    }
  };
  if (stream->threads == 1 || n < 2 || steps < kSerial) {
    Job job{work, n, 1};
    Job::run(&job, 0, 0);
    return;
  }
  int64_t wanted = kParts * stream->threads;
  Job job{work, n, wanted < n ? wanted : n};
  runParts(stream, job.parts, Job::run, &job);
}

// cost: steps of one body (of one element of a span), so that few long bodies are shared out as well.
template <class Body>
void forEach(cd_stream* stream, int64_t n, const Body& shared, int64_t cost = 1) {
  share(stream, n, n * cost, [shared](int64_t begin, int64_t end) {
    const Body body = shared;
    INDEPENDENT for (int64_t i = begin; i < end; i++) body(i);
  });
}

template <class Body>
void forEachSpan(cd_stream* stream, int64_t rows, int64_t n, const Body& shared, int64_t cost = 1) {
  if (rows <= 0 || n <= 0) return;
  int64_t spans = (n + kSpan - 1) / kSpan;
  share(stream, rows * spans, rows * n * cost, [shared, spans, n](int64_t begin, int64_t end) {
    const Body body = shared;
    int64_t row = begin / spans, at = begin % spans * kSpan;
    for (int64_t i = begin; i < end; i++) {
      body(Span{row, at, at + kSpan < n ? at + kSpan : n});
      at += kSpan;
      if (at >= n) {
        at = 0;
        row++;
      }
    }
  });
}

template <class Body>
void forEachRow(cd_stream* stream, int64_t rows, const Body& shared, int64_t cost = 1) {
  share(stream, rows, rows * cost, [shared](int64_t begin, int64_t end) {
    const Body body = shared;
    for (int64_t r = begin; r < end; r++) body(r, Lanes());
  });
}

#endif

}  // namespace candela
