// libcandela_cuda.so of the emulated card: streams, and what the entries of thunks.py say.
#include "entry.h"

#include "thunk.h"

using namespace emulated;

namespace {
thread_local std::string lastError;
thread_local int lastRan;

int refuse(int status, std::string text) {
  lastError = std::move(text);
  return status;
}
const char* cpuError() { return reinterpret_cast<const char* (*)()>(cpuEntry("cd_last_error"))(); }
}  // namespace

// What an entry that rounds refused.
extern "C" const char* rounding_last_error();

cd_stream* onRounding() {
  static cd_stream s{1, 0, nullptr, nullptr};
  return &s;
}

EXPORT int cd_version(void) { return 1; }
EXPORT const char* cd_level(void) { return "cuda"; }
EXPORT const char* cd_last_error(void) { return lastError.c_str(); }

EXPORT int cd_device_count(int* count) { return *count = 1, 0; }

EXPORT int cd_stream_create(int threads, void* queue, cd_stream** out) {
  Guard g(lock);
  if (int status = failing("cd_stream_create", CD_DEVICE)) return refuse(status, "stream_create: asked for");
  if (!out) return refuse(CD_INVALID, "stream_create: out is NULL");
  if (!queue) return refuse(CD_INVALID, "stream_create: queue is NULL");
  if (threads != 1) return refuse(threads < 1 ? CD_INVALID : CD_DEVICE, "stream_create: card");
  if (!isStream(static_cast<Stream*>(queue))) fault("cd_stream_create: queue is no stream");
  bindContext();
  *out = reinterpret_cast<cd_stream*>(new card_stream{kMagic, static_cast<Stream*>(queue)});
  return 0;
}

EXPORT int cd_stream_wait(cd_stream* s) {
  Guard g(lock);
  if (int status = refused(s, "cd_stream_wait")) return status;
  runUntil(streamOf(s), streamOf(s)->next());
  return 0;
}

EXPORT int cd_stream_destroy(cd_stream* s) {
  Guard g(lock);
  if (!s) return 0;
  if (int status = refused(s, "cd_stream_destroy")) return status;
  runUntil(streamOf(s), streamOf(s)->next());
  reinterpret_cast<card_stream*>(s)->magic = 0;
  return 0;  // not freed: a later use is seen
}

int refused(cd_stream* s, const char* name) {
  lastRan = 0;
  if (!s) return refuse(CD_INVALID, std::string(name + 3) + ": stream is NULL");
  if (reinterpret_cast<card_stream*>(s)->magic != kMagic) {
    fault("%s: no stream, or one that was destroyed", name);
    return refuse(CD_INVALID, "no stream");
  }
  // The runtime would take the first card, and refuses another's stream.
  if (!hasContext()) {
    fault("%s: no context is current on this thread", name);
    return refuse(CD_DEVICE, std::string(name + 3) + ": invalid resource handle");
  }
  int status = failing("kernel", CD_DEVICE);
  return status ? refuse(status, std::string(name + 3) + ": asked for") : 0;
}

bool isHost(const void* p, const char* name, const char* which) {
  if (!isDevice(p)) return true;
  fault("%s: %s is device memory, host memory expected", name, which);
  return refuse(CD_DEVICE, "device memory"), false;
}

int illegal(const char* name, const char* which) {
  return refuse(CD_DEVICE, std::string(name) + ": " + which + " is an illegal address");
}

static std::string words(const char* name) {
  std::string a = cpuError(), b = rounding_last_error();
  return b.empty() || b.compare(0, strlen(name) - 3, name + 3) != 0 ? a : b;
}

int told(const char* name, int status) { return status ? refuse(status, words(name)) : 0; }

void ran(const char* name, int status) {
  if (!status) return;
  note("%s ran with status %d: %s", name, status, words(name).c_str());
  lastRan = refuse(status, words(name));
}

// Eagerly run, a refusal is told at once, as the card's entries tell it.
int after() {
  int status = lastRan;
  lastRan = 0;
  return status;
}
