// What every entry of candela.h is wrapped in: argument checks that become exceptions, exceptions that become status codes.
#pragma once

#include "candela.h"

namespace candela {
class Team;
}

// CPU: queue is the workspace of the dense entries and team the threads, once used. CUDA: queue is the cudaStream_t, device
// the card's index.
struct cd_stream {
  int threads;
  int device;
  void* queue;
  candela::Team* team;
};

namespace candela {

// Throws what entry() turns into this status and message (printf style).
[[noreturn]] void fail(int status, const char* format, ...) __attribute__((format(printf, 2, 3)));

// Called inside a catch block: keeps the message of the exception in flight, returns its status.
int caught() noexcept;

// CPU only, in dense.cpp and team.cpp; NULL is allowed.
void releaseWorkspace(void* queue) noexcept;
void releaseTeam(Team* team) noexcept;

// One part of a job: member, below the stream's threads, is whoever does it. Must not throw.
using PartBody = void (*)(const void* context, int64_t part, int member);

// CPU only: every part below parts, each once, on the stream's threads.
void runParts(cd_stream* stream, int64_t parts, PartBody part, const void* context);

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
