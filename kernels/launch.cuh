// Runs one body per element or per row: a grid-stride kernel under nvcc, an OpenMP loop under g++.
//
// A body is a named struct of plain pointers and numbers. forEach gives it an index, forEachRow a row and Lanes: the
// threads that share the row (a warp on CUDA, one lane on the CPU). Each output element is written by one body, so
// nothing depends on the number of threads.
#pragma once

#include "entry.h"
#include "portable.cuh"

namespace candela {

#ifdef __CUDACC__

class Lanes {
 public:
  __device__ int rank() const { return static_cast<int>(threadIdx.x & 31); }
  __device__ int count() const { return 32; }
  // The same tree in every lane, so all lanes get the same bits.
  template <class T>
  __device__ T sum(T v) const {
    for (int step = 16; step > 0; step >>= 1) v += __shfl_xor_sync(0xffffffffu, v, step);
    return v;
  }
  template <class T>
  __device__ T max(T v) const {
    for (int step = 16; step > 0; step >>= 1) {
      T other = __shfl_xor_sync(0xffffffffu, v, step);
      v = other > v ? other : v;
    }
    return v;
  }
};

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

inline unsigned blocks(int64_t threads) {
  int64_t wanted = (threads + kBlock - 1) / kBlock;
  return static_cast<unsigned>(wanted < kBlocks ? wanted : kBlocks);
}

inline void checkLaunch() {
  cudaError_t code = cudaGetLastError();
  if (code != cudaSuccess) {
    fail(CD_DEVICE, "kernel launch: CUDA error %d, %s", static_cast<int>(code), cudaGetErrorString(code));
  }
}

template <class Body>
void forEach(cd_stream* stream, int64_t n, const Body& body, int64_t = 1) {
  if (n <= 0) return;
  overElements<<<blocks(n), kBlock, 0, static_cast<cudaStream_t>(stream->queue)>>>(n, body);
  checkLaunch();
}

template <class Body>
void forEachRow(cd_stream* stream, int64_t rows, const Body& body, int64_t = 1) {
  if (rows <= 0) return;
  overRows<<<blocks(rows * 32), kBlock, 0, static_cast<cudaStream_t>(stream->queue)>>>(rows, body);
  checkLaunch();
}

#else

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

// cost: steps of one body, so that few long bodies are shared out as well.
template <class Body>
void forEach(cd_stream* stream, int64_t n, const Body& shared, int64_t cost = 1) {
  const Body body = shared;
  if (stream->threads == 1 || n * cost < kSerial) {
    for (int64_t i = 0; i < n; i++) body(i);
  } else {
#pragma omp parallel for schedule(static) num_threads(stream->threads) firstprivate(body)
    for (int64_t i = 0; i < n; i++) body(i);
  }
}

template <class Body>
void forEachRow(cd_stream* stream, int64_t rows, const Body& shared, int64_t cost = 1) {
  const Body body = shared;
  if (stream->threads == 1 || rows * cost < kSerial) {
    for (int64_t r = 0; r < rows; r++) body(r, Lanes());
  } else {
#pragma omp parallel for schedule(static) num_threads(stream->threads) firstprivate(body)
    for (int64_t r = 0; r < rows; r++) body(r, Lanes());
  }
}

#endif

}  // namespace candela
