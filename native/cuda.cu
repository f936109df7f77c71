// Streams and devices of the CUDA library.
#include <cuda_runtime.h>

#include <new>

#include "entry.h"

using namespace candela;

namespace {

void check(cudaError_t code, const char* where) {
  if (code != cudaSuccess) {
    cudaGetLastError();
    fail(CD_DEVICE, "%s: CUDA error %d, %s", where, static_cast<int>(code), cudaGetErrorString(code));
  }
}

}  // namespace

const char* cd_level(void) { return "cuda"; }

int cd_device_count(int* count) {
  return entry([&] {
    checkPointer(count, "device_count", "count");
    check(cudaGetDeviceCount(count), "device_count");
  });
}

int cd_stream_create(int threads, void* queue, cd_stream** out) {
  return entry([&] {
    checkPointer(out, "stream_create", "out");
    checkPointer(queue, "stream_create", "queue");
    if (threads < 1) fail(CD_INVALID, "stream_create: card must be 0 or more, is %d", threads - 1);
    check(cudaSetDevice(threads - 1), "stream_create");
    *out = new cd_stream{1, threads - 1, queue, nullptr};
  });
}

int cd_stream_wait(cd_stream* stream) {
  return entry([&] {
    checkStream(stream, "stream_wait");
    check(cudaStreamSynchronize(static_cast<cudaStream_t>(stream->queue)), "stream_wait");
  });
}

int cd_stream_destroy(cd_stream* stream) {
  return entry([&] {
    if (stream == nullptr) return;
    auto queue = static_cast<cudaStream_t>(stream->queue);
    delete stream;
    check(cudaStreamSynchronize(queue), "stream_destroy");
  });
}
