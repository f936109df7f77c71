// What every entry of candela.h is wrapped in: argument checks that become exceptions, exceptions that become status codes.
#pragma once

#include "candela.h"

// CPU: queue is the workspace of the dense entries, once used. CUDA: queue is the cudaStream_t, device the card's index.
struct cd_stream {
  int threads;
  int device;
  void* queue;
};

namespace candela {

// Throws what entry() turns into this status and message (printf style).
[[noreturn]] void fail(int status, const char* format, ...) __attribute__((format(printf, 2, 3)));

// Called inside a catch block: keeps the message of the exception in flight, returns its status.
int caught() noexcept;

// CPU only, in dense.cpp; NULL is allowed.
void releaseWorkspace(void* queue) noexcept;

void checkStream(const cd_stream* stream, const char* where);
void checkCount(int64_t value, const char* where, const char* name);
void checkPointer(const void* pointer, const char* where, const char* name);

template <class Body>
int entry(const Body& body) noexcept {
  try {
    body();
    return CD_OK;
  } catch (...) {
    return caught();
  }
}

}  // namespace candela
