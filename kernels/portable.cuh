// What g++ and nvcc spell differently.
#pragma once

#include <math.h>
#include <stdint.h>

// BOTH: part of a body. INDEPENDENT: no step of the loop reads what another step writes.
#ifdef __CUDACC__
#define BOTH __host__ __device__ __forceinline__
#define INDEPENDENT
#else
#define BOTH inline __attribute__((always_inline))
#define INDEPENDENT _Pragma("GCC ivdep")
#endif
