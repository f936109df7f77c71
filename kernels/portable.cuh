// What g++ and nvcc spell differently.
#pragma once

#include <math.h>
#include <stdint.h>

#ifdef __CUDACC__
#define BOTH __host__ __device__ __forceinline__
#else
#define BOTH inline __attribute__((always_inline))
#endif
