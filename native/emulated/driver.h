// What the two halves of libcuda share.
#pragma once
#include <cuda.h>
#undef cuEventElapsedTime
#undef cuDevicePrimaryCtxRelease

#include "emulated.h"

namespace emulated {

inline Stream* S(CUstream s) { return reinterpret_cast<Stream*>(s); }

// Whether a context is current on this thread.
bool bound(const char* who);

// Calls that a thread that captures may not make: these spoil its capture.
bool refusedInCapture(const char* who);

// No event is of this stream any more.
void forget(Stream* s);

// Graphs that nobody has destroyed.
size_t livingGraphs();

}  // namespace emulated
