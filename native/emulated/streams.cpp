// Settings, faults, streams and the CPU library of the emulated card.
#include <dlfcn.h>
#include <unistd.h>

#include "candela.h"
#include "emulated.h"

namespace emulated {

std::recursive_mutex lock;
thread_local Capture* capturingThread = nullptr;
bool broken = false;

int setting(const char* name, int otherwise) {
  const char* set = getenv(name);
  return set == nullptr ? otherwise : atoi(set);
}

bool regroups(unsigned hash) {
  static bool asked = setting("CANDELA_CARD_REGROUP", 0);
  static unsigned seed = setting("CANDELA_CARD_SEED", 1);
  return asked && (hash * 2654435761u ^ seed * 40503u) >> 16 & 1;
}

static FILE* log() {
  static FILE* f = [] {
    const char* name = getenv("CANDELA_CARD_LOG");
    FILE* to = name ? fopen(name, "a") : nullptr;
    return to ? to : stderr;
  }();
  return f;
}

static void say(const char* kind, const char* format, va_list a) {
  char text[1000];
  vsnprintf(text, sizeof text, format, a);
  fprintf(log(), "emulated card: %s: %s\n", kind, text);
  fflush(log());
}

void fault(const char* format, ...) {
  va_list a;
  va_start(a, format);
  say("FAULT", format, a);
  va_end(a);
  broken = true;
}

void note(const char* format, ...) {
  va_list a;
  va_start(a, format);
  say("note", format, a);
  va_end(a);
}

uint32_t dice() {
  static uint64_t state = 0x9e3779b97f4a7c15ull * (setting("CANDELA_CARD_SEED", 1) + 1);
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return static_cast<uint32_t>(state >> 33);
}

// ---- streams ----

namespace {
std::set<Stream*> streams;
bool eager() {
  static bool e = setting("CANDELA_CARD_EAGER", 0);
  return e;
}
}  // namespace

Stream* newStream() { return *streams.insert(new Stream).first; }

void drop(Stream* s) {
  streams.erase(s);
  delete s;
}

bool isStream(Stream* s) { return streams.count(s) > 0; }
size_t livingStreams() { return streams.size(); }

void enqueue(Stream* s, std::string name, Op op) {
  Guard g(lock);
  if (!isStream(s)) {
    fault("%s on what is no stream", name.c_str());
    return;
  }
  if (s->capture) {
    auto& nodes = s->capture->nodes;
    nodes.push_back({std::move(name), std::move(op), s->last});
    s->last = {static_cast<int>(nodes.size()) - 1};
    return;
  }
  s->queue.emplace_back(std::move(name), std::move(op));
  if (eager() || s->queue.size() > 2000) runUntil(s, s->next());
}

void runUntil(Stream* s, uint64_t place) {
  while (s->done < place && !s->queue.empty()) {
    auto op = std::move(s->queue.front().second);
    s->queue.pop_front();
    s->done++;
    op();
  }
}

void runAll() {
  for (Stream* s : std::vector<Stream*>(streams.begin(), streams.end())) runUntil(s, s->next());
}

// ---- the CPU library ----

void* cpuEntry(const char* name) {
  static void* library = [] {
    Dl_info self;
    dladdr(reinterpret_cast<void*>(&isDevice), &self);
    std::string here = self.dli_fname;
    here.resize(here.rfind('/') + 1);
    void* l = dlopen((here + "libcandela_cpu.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!l) {
      fault("%s", dlerror());
      abort();
    }
    return l;
  }();
  void* f = dlsym(library, name);
  if (!f) {
    fault("no %s", name);
    abort();
  }
  return f;
}

void* cpuStream() {
  static cd_stream* s = [] {
    cd_stream* made = nullptr;
    reinterpret_cast<int (*)(int, void*, cd_stream**)>(cpuEntry("cd_stream_create"))(2, nullptr, &made);
    return made;
  }();
  return s;
}

// To nearest, ties to even; what is not finite stays.
float shortened(float v, int bits) {
  uint32_t b;
  memcpy(&b, &v, 4);
  if ((b & 0x7f800000u) == 0x7f800000u) return v;
  uint32_t unit = uint32_t{1} << bits;
  b += unit / 2 - 1 + ((b >> bits) & 1);
  b &= ~(unit - 1);
  memcpy(&v, &b, 4);
  return v;
}

float toTf32(float v) { return shortened(v, 13); }

float toBf16(float v) { return shortened(v, 16); }

}  // namespace emulated

