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

// At the start of a call that a test may have asked to fail.
#define MAY_FAIL(call) \
  if (int status = failing(call, CUDA_ERROR_ILLEGAL_ADDRESS)) return static_cast<CUresult>(status)

// Calls that a thread that captures may not make: these spoil its capture.
bool refusedInCapture(const char* who);

// No event is of this stream any more.
void forget(Stream* s);

}  // namespace emulated
