// A card on host memory, for tests of everything that lies above the kernels: libcuda, cuDNN, cuBLASLt and
// libcandela_cuda in one library.
//
// Device addresses are without rights, so that Java which reads one crashes as it would; every copy and entry checks its
// pointers. Streams run when somebody waits for them, captured graphs in an order drawn among those that their
// dependencies allow. Times are drawn, so that other algorithms are chosen with each seed. Entries are the CPU library's;
// convolutions and products round to TF32, BF16 and FP16 where a card does.
//
// Environment: CANDELA_CARD_LOG (file of faults and notes, else stderr), CANDELA_CARD_SEED, CANDELA_CARD_MIB (memory),
// CANDELA_CARD_EAGER=1 (run at once: entries then refuse when they are called), CANDELA_CARD_NO_GRAPHS=1,
// CANDELA_CARD_NO_FORKS=1, CANDELA_CARD_FUSE=0|2 (no fused graph of cuDNN is taken, or every other),
// CANDELA_CARD_REFUSE, CANDELA_CARD_REFUSE_LATE (per cent of engines that cannot be planned, or run), CANDELA_CARD_REGROUP=1
// (half of all sizes sum in another order, as a card's algorithm for another number of rows may: what tests demand of several
// batch sizes must stand that).
//
// A test makes calls fail by card_fail, and counts by card_held what is left, see failing.cpp.
//
// One lock for everything.
#pragma once
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace emulated {

using Op = std::function<void()>;

extern std::recursive_mutex lock;
using Guard = std::lock_guard<std::recursive_mutex>;

int setting(const char* name, int otherwise);
// Whether what has this hash sums in another order than most: algorithms are chosen for a size, and others with each seed.
bool regroups(unsigned hash);
// To $CANDELA_CARD_LOG or stderr. After a fault all waiting fails, as on a card.
extern bool broken;
void fault(const char* format, ...) __attribute__((format(printf, 1, 2)));
void note(const char* format, ...) __attribute__((format(printf, 1, 2)));

// ---- memory: device addresses are of a range without rights; the same pages lie elsewhere, for the emulator alone ----
bool isDevice(const void* p);
// Whether [p, p + bytes) is within one living block of the card.
bool isLive(const void* p, size_t bytes);
void* allocate(size_t bytes);
bool release(void* p);
size_t liveBytes();
size_t liveBlocks();
size_t cardBytes();
void clear(void* device, unsigned char value, size_t n);
// Where the emulator finds what stands there; complains where it is not device memory that lives.
void* seenRaw(const void* p, size_t bytes, const char* who);
template <class T>
T* seen(T* p, size_t bytes, const char* who) {
  return p == nullptr ? nullptr : static_cast<T*>(seenRaw(p, bytes, who));
}
// At a call: device pointer or NULL?
bool checkDevice(const void* p, const char* who, const char* name);

// ---- streams ----
struct Capture;
struct Stream {
  std::deque<std::pair<std::string, Op>> queue;
  uint64_t done = 0;
  Capture* capture = nullptr;
  std::vector<int> last;
  uint64_t next() const { return done + queue.size(); }
};

struct Node {
  std::string name;
  Op op;
  std::vector<int> deps;
};

struct Capture {
  Stream* origin;
  std::vector<Node> nodes;
  std::set<Stream*> joined;
  int error = 0;
};

// Queues or captures.
void enqueue(Stream* s, std::string name, Op op);
// Runs what was queued before this place.
void runUntil(Stream* s, uint64_t place);
void runAll();
Stream* newStream();
void drop(Stream* s);
bool isStream(Stream* s);
extern thread_local Capture* capturingThread;

uint32_t dice();

// ---- failures that a test asks for ----
// The status that this call is to give: 0, or what was asked for; `later` of all calls after one that broke the card.
int failing(const char* call, int later);

// What nobody has given back.
size_t pinnedBlocks();
size_t livingStreams();
size_t livingEvents();
size_t livingGraphs();
size_t livingDescriptors();
size_t livingProducts();

// ---- the context of this thread ----
void bindContext();
bool hasContext();

// ---- the CPU library ----
void* cpuEntry(const char* name);
void* cpuStream();

float toTf32(float v);
float toBf16(float v);
}  // namespace emulated
