// Blocks one after another, those of a cluster at once. CANDELA_CARD_SEED draws another order of their threads.
#include "fibers.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cuda_runtime.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#define LEAVES(save, stack, bytes) __sanitizer_start_switch_fiber(save, stack, bytes)
#define ARRIVES(save, stack, bytes) __sanitizer_finish_switch_fiber(save, stack, bytes)
#else
#define LEAVES(save, stack, bytes)
#define ARRIVES(save, stack, bytes)
#endif

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

// Keeps what a function must keep on this stack, and goes on where the other was left.
extern "C" void fibersSwitch(void** from, void* to);
asm(R"(
.text
.globl fibersSwitch
.hidden fibersSwitch
.type fibersSwitch, @function
fibersSwitch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size fibersSwitch, .-fibersSwitch
)");

namespace fibers {
namespace {

constexpr size_t kStack = 256 * 1024, kPage = 4096;
constexpr int kPushed = 6;
constexpr unsigned char kPoison = 0xff;
constexpr bool kHopper = __CUDA_ARCH__ >= 900;
constexpr int kMostShared = (kHopper ? 227 : 163) * 1024;
// What a launch may have of it without being asked for.
constexpr size_t kPlainShared = 48 * 1024;
constexpr unsigned kMostThreads = 1024, kMostAcross = 65535;

// A mistake of the kernel's that has no other way out.
[[noreturn]] void wrong(const char* what) {
  std::fprintf(stderr, "fibers: block %u,%u,%u of %u,%u,%u, thread %u,%u,%u of %u,%u,%u: %s\n", blockIdx.x, blockIdx.y, blockIdx.z,
               gridDim.x, gridDim.y, gridDim.z, threadIdx.x, threadIdx.y, threadIdx.z, blockDim.x, blockDim.y, blockDim.z, what);
  std::abort();
}

struct Copy {
  void* to;
  const void* from;
  size_t bytes;
  bool inside;

  void run() const {
    if (inside) {
      std::memcpy(to, from, bytes);
    } else {
      std::memset(to, 0, bytes);
    }
  }
};

enum class State { READY, WARP, BLOCK, CLUSTER, ENDED };

struct Thread {
  uint3 index{};
  size_t block = 0, warp = 0;
  int lane = 0;
  State state = State::READY;
  // Whom it waits for in its warp, and which slots it brings to the next exchange: others may still read the last ones.
  Lanes who = Lanes::LIVING;
  int turn = 0;
  char* stack = nullptr;
  void* at = nullptr;
  void* kept = nullptr;
  std::vector<Copy> open;
  std::vector<std::vector<Copy>> groups;
  std::vector<std::function<void()>> later;
};

// Threads from first on that wait for each other.
struct Party {
  size_t first = 0, count = 0;
};

struct Warp {
  Party party;
  Slot slots[2][kLanes];
};

struct Block {
  uint3 index{};
  Party party;
  std::map<std::string, std::unique_ptr<unsigned char[]>> memory;
  std::map<std::string, unsigned char*> places;
};

struct Running {
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<Block> blocks;
  size_t sharedBytes = 0, sharedMost = kPlainShared;
  const std::function<void()>* body = nullptr;
  Thread* thread = nullptr;
  // Of whoever gives threads their turns.
  void* at = nullptr;
  const void* stack = nullptr;
  size_t stackBytes = 0;
  uint64_t state = 0;

  // Knuth's MMIX.
  uint64_t draw() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  }
} now;

// What a kernel does not wait for may be done when its memory is another's.
void checkDone() {
  const Thread& t = *now.thread;
  bool copies = !t.open.empty();
  for (const std::vector<Copy>& g : t.groups) copies |= !g.empty();
  if (copies || !t.later.empty()) wrong("it ends before its copies or products do");
}

void begin() {
  ARRIVES(nullptr, &now.stack, &now.stackBytes);
  (*now.body)();
  checkDone();
  now.thread->state = State::ENDED;
  LEAVES(nullptr, now.stack, now.stackBytes);
  fibersSwitch(&now.thread->at, now.at);
  std::abort();
}

void wait(State state) {
  Thread& t = *now.thread;
  t.state = state;
  LEAVES(&t.kept, now.stack, now.stackBytes);
  fibersSwitch(&t.at, now.at);
  ARRIVES(t.kept, &now.stack, &now.stackBytes);
}

void makeCurrent(Thread& t) {
  now.thread = &t;
  threadIdx = t.index;
  blockIdx = now.blocks[t.block].index;
}

void resume(Thread& t) {
  makeCurrent(t);
  [[maybe_unused]] void* kept;
  LEAVES(&kept, t.stack, kStack);
  fibersSwitch(&now.at, t.at);
  ARRIVES(kept, nullptr, nullptr);
}

// Lets a party go on when all of it that have not ended wait for it in this way.
bool release(const Party& p, State state) {
  size_t waiting = 0, ended = 0;
  Thread* whole = nullptr;
  for (size_t i = p.first; i < p.first + p.count; i++) {
    Thread& t = now.threads[i];
    waiting += t.state == state ? 1 : 0;
    ended += t.state == State::ENDED ? 1 : 0;
    if (t.state == state && t.who == Lanes::ALL) whole = &t;
  }
  if (waiting == 0 || waiting + ended < p.count) return false;
  if (state == State::WARP && whole != nullptr && waiting < kLanes) {
    makeCurrent(*whole);
    wrong("what it asks of all lanes of its warp some cannot do: they have ended, or never were");
  }
  for (size_t i = p.first; i < p.first + p.count; i++) {
    Thread& t = now.threads[i];
    if (t.state == state) t.state = State::READY;
  }
  return true;
}

// A turn of each lane that is ready.
bool runLanes(const Party& warp) {
  bool any = false, backwards = now.draw() % 2 == 1;
  size_t first = now.draw() % warp.count;
  for (size_t i = 0; i < warp.count; i++) {
    Thread& t = now.threads[warp.first + (first + (backwards ? warp.count - i : i)) % warp.count];
    if (t.state != State::READY) continue;
    resume(t);
    any = true;
  }
  return any;
}

void runThreads() {
  for (bool moved = true; moved;) {
    moved = false;
    size_t first = now.draw() % now.warps.size();
    for (size_t i = 0; i < now.warps.size(); i++) {
      const Party& warp = now.warps[(first + i) % now.warps.size()].party;
      do {
        moved |= runLanes(warp);
      } while (release(warp, State::WARP));
    }
    for (const Block& b : now.blocks) moved |= release(b.party, State::BLOCK);
    moved |= release({0, now.threads.size()}, State::CLUSTER);
  }
  for (Thread& t : now.threads) {
    if (t.state == State::ENDED) continue;
    makeCurrent(t);
    wrong("it waits for others that wait elsewhere, or have ended");
  }
}

char* stackOf(size_t number) {
  static std::vector<char*> stacks;
  while (stacks.size() <= number) {
    // Below is a page without rights.
    void* stack = mmap(nullptr, kPage + kStack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) wrong("no memory for its stack");
    stacks.push_back(static_cast<char*>(stack) + kPage);
    if (mprotect(stacks.back(), kStack, PROT_READ | PROT_WRITE) != 0) wrong("no memory for its stack");
  }
  return stacks[number];
}

// A thread that has not begun: switching to it returns to begin(), with the stack as behind a call.
void place(Thread& t, size_t number) {
  t.stack = stackOf(number);
  auto top = reinterpret_cast<void**>(t.stack + kStack);
  top[-2] = reinterpret_cast<void*>(&begin);
  for (int i = 0; i < kPushed; i++) top[-3 - i] = nullptr;
  t.at = top - 2 - kPushed;
}

void placeBlock(uint3 index) {
  Party party{now.threads.size(), size_t{blockDim.x} * blockDim.y * blockDim.z};
  now.blocks.emplace_back();
  now.blocks.back().index = index;
  now.blocks.back().party = party;
  for (unsigned i = 0; i < party.count; i++) {
    size_t number = now.threads.size();
    if (i % kLanes == 0) {
      now.warps.emplace_back();
      now.warps.back().party.first = number;
    }
    now.warps.back().party.count++;
    Thread& t = now.threads.emplace_back();
    t.index = {i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
    t.block = now.blocks.size() - 1;
    t.warp = now.warps.size() - 1;
    t.lane = static_cast<int>(i % kLanes);
    place(t, number);
  }
}

}  // namespace

int lane() { return now.thread->lane; }

const Slot* exchange(const void* mine, size_t bytes, Lanes who) {
  Thread& t = *now.thread;
  Slot* slots = now.warps[t.warp].slots[t.turn];
  t.turn = 1 - t.turn;
  t.who = who;
  if (bytes > 0) std::memcpy(slots[t.lane].bytes, mine, bytes);
  wait(State::WARP);
  return slots;
}

void blockBarrier() { wait(State::BLOCK); }

void clusterBarrier() { wait(State::CLUSTER); }

// It ends where its memory ends, so that a checker sees what lies beyond.
void* shared(const char* name, size_t bytes, size_t alignment) {
  Block& b = now.blocks[now.thread->block];
  unsigned char*& place = b.places[name];
  if (place == nullptr) {
    size_t wanted = *name == 0 ? now.sharedBytes : bytes, room = wanted + alignment;
    auto& memory = b.memory[name];
    memory.reset(new unsigned char[room]);
    std::memset(memory.get(), kPoison, room);
    place = memory.get() + room - wanted;
    place -= reinterpret_cast<uintptr_t>(place) % alignment;
  }
  return place;
}

const void* placeOf(int block, const void* place, size_t bytes) {
  unsigned char* own = now.blocks[now.thread->block].places[""];
  unsigned char* other = now.blocks[static_cast<size_t>(block)].places[""];
  auto at = static_cast<size_t>(static_cast<const unsigned char*>(place) - own);
  if (at > now.sharedBytes || bytes > now.sharedBytes - at || other == nullptr) wrong("it reads what no other block has");
  return other + at;
}

void copyLater(void* to, const void* from, size_t bytes, bool inside) {
  bool aligned = reinterpret_cast<uintptr_t>(to) % bytes == 0 && (!inside || reinterpret_cast<uintptr_t>(from) % bytes == 0);
  if (!aligned) wrong("it copies between places that are not aligned");
  std::memset(to, kPoison, bytes);
  now.thread->open.push_back({to, from, bytes, inside});
}

void commitCopies() { now.thread->groups.push_back(std::exchange(now.thread->open, {})); }

void waitForCopies(size_t most) {
  std::vector<std::vector<Copy>>& groups = now.thread->groups;
  while (groups.size() > most) {
    for (const Copy& c : groups.front()) c.run();
    groups.erase(groups.begin());
  }
}

void workLater(std::function<void()> work) { now.thread->later.push_back(std::move(work)); }

void waitForWork() {
  for (const auto& work : std::exchange(now.thread->later, {})) work();
}

void allowShared(int bytes) {
  auto asked = static_cast<size_t>(bytes);
  now.sharedMost = asked > kPlainShared ? asked : kPlainShared;
}

void run(dim3 grid, dim3 block, size_t sharedBytes, unsigned cluster, const std::function<void()>& thread) {
  if (now.state == 0) {
    const char* seed = std::getenv("CANDELA_CARD_SEED");
    now.state = seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
  }
  gridDim = grid;
  blockDim = block;
  size_t threads = size_t{block.x} * block.y * block.z;
  bool some = threads > 0 && grid.x > 0 && grid.y > 0 && grid.z > 0;
  bool fits = threads <= kMostThreads && grid.y <= kMostAcross && grid.z <= kMostAcross && sharedBytes <= size_t{kMostShared};
  if (!some || !fits || grid.y % cluster != 0) wrong("a card has no such grid");
  // A context that is made anew has forgotten what was asked for.
  if (sharedBytes > std::exchange(now.sharedMost, kPlainShared)) wrong("more shared memory than was asked for before this launch");
  now.body = &thread;
  now.sharedBytes = sharedBytes;
  now.threads.reserve(threads * cluster);
  for (unsigned z = 0; z < grid.z; z++) {
    for (unsigned y = 0; y < grid.y; y += cluster) {
      for (unsigned x = 0; x < grid.x; x++) {
        now.threads.clear();
        now.warps.clear();
        now.blocks.clear();
        for (unsigned b = 0; b < cluster; b++) placeBlock({x, y + b, z});
        runThreads();
      }
    }
  }
}

}  // namespace fibers

const char* cudaGetErrorString(cudaError_t code) { return code == cudaSuccess ? "no error" : "out of memory"; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::snprintf(properties->name, sizeof properties->name, "fibers");
  properties->multiProcessorCount = 1;
  return cudaSuccess;
}

// As an H200, or an A100.
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor: *value = __CUDA_ARCH__ / 100; break;
    case cudaDevAttrMultiProcessorCount: *value = fibers::kHopper ? 132 : 108; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = fibers::kMostShared; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = fibers::kMostShared + 1024; break;
  }
  return cudaSuccess;
}

// Aligned as a card's.
cudaError_t cudaMalloc(void** p, size_t bytes) {
  return posix_memalign(p, 256, bytes) == 0 ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void* p) {
  std::free(p);
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  std::memmove(to, from, bytes);
  return cudaSuccess;
}
