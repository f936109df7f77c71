// Streams and devices of the CPU library.
#include <new>

#include "entry.h"

using namespace candela;

int cd_device_count(int* count) {
  return entry([&] {
    checkPointer(count, "device_count", "count");
    *count = 1;
  });
}

int cd_stream_create(int threads, void* queue, cd_stream** out) {
  return entry([&] {
    checkPointer(out, "stream_create", "out");
    if (threads < 1 || threads > 4096) {
      fail(CD_INVALID, "stream_create: threads must be in 1..4096, is %d", threads);
    }
    if (queue != nullptr) fail(CD_INVALID, "stream_create: queue must be NULL on the CPU");
    *out = new cd_stream{threads, 0, nullptr, nullptr};
  });
}

int cd_stream_wait(cd_stream* stream) {
  return entry([&] { checkStream(stream, "stream_wait"); });
}

int cd_stream_destroy(cd_stream* stream) {
  return entry([&] {
    if (stream == nullptr) return;
    releaseTeam(stream->team);
    releaseWorkspace(stream->queue);
    delete stream;
  });
}
