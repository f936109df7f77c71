// Kernels of a card as plain C++: each thread of a block is a fiber, and they run in turns, in an order that is drawn, until
// they wait for each other. So a barrier that is missing shows. Shared memory is poisoned before a block begins; what is copied
// to it, or multiplied out of it, in the background is there when it is waited for, and no sooner.
#pragma once

#include <stddef.h>

#include <functional>

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// Of the thread that runs.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

namespace fibers {

constexpr int kLanes = 32;

// What a lane brings to an exchange.
struct Slot {
  alignas(16) unsigned char bytes[32];
};

// Whom an exchange is for: all lanes of a warp, of which none may have ended, or those that have not.
enum class Lanes { ALL, LIVING };

// Waits for the other lanes of the warp; gives what each has brought.
const Slot* exchange(const void* mine, size_t bytes, Lanes who);
int lane();

void blockBarrier();
void clusterBarrier();

// Memory of the block; that without a name is as large as the launch says.
void* shared(const char* name, size_t bytes, size_t alignment);

template <class T>
T& shared(const char* name) {
  return *static_cast<T*>(shared(name, sizeof(T), alignof(T) > 16 ? alignof(T) : 16));
}

// Where another block of the cluster has this place of its memory without a name.
const void* placeOf(int block, const void* place, size_t bytes);

// Copies, zeros where inside is false, that are done when their group is waited for.
void copyLater(void* to, const void* from, size_t bytes, bool inside);
void commitCopies();
void waitForCopies(size_t groups);

// Work that is done when this thread waits for its work.
void workLater(std::function<void()> work);
void waitForWork();

// What the next launch may have of it, beyond what every one may.
void allowShared(int bytes);

// Runs a grid; `cluster` blocks on end along y are one.
void run(dim3 grid, dim3 block, size_t sharedBytes, unsigned cluster, const std::function<void()>& thread);

template <class Kernel, class... Arguments>
void launch(dim3 grid, dim3 block, size_t sharedBytes, const void*, const Kernel& kernel, const Arguments&... arguments) {
  run(grid, block, sharedBytes, 1, [&] { kernel(arguments...); });
}

}  // namespace fibers
