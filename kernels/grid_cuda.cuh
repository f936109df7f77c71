// CUDA only: blocks that work together, and kernels that begin before the one in front of them has ended. Cards from compute
// capability 9.0 on have both; on others the latter do nothing. PTX ISA, chapters 9.7.9 and 9.7.13.
#pragma once

#include <stdint.h>

#include <atomic>

#include "launch.cuh"

#ifndef CANDELA_CAPABILITIES
#error "list the source that includes this in cmake/cuda, among OF_EACH, or else it is compiled without what 9.0 has to itself"
#endif

namespace candela {

// Waits until all that this kernel's launch waits for has ended, and is seen. Before that only what no kernel writes may be
// read. Then lets the next kernel's blocks come onto the card, up to where they wait for this one.
__device__ __forceinline__ void awaitEarlier() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// All threads of all blocks of a cluster; what they wrote before is seen by all behind it.
__device__ __forceinline__ void clusterBarrier() {
  // The instructions are for all lanes at once.
  __syncwarp();
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.aligned;\n\tbarrier.cluster.wait.aligned;" ::: "memory");
#endif
}

// What stands at this place of the shared memory of another block of the cluster.
__device__ __forceinline__ float4 readOf(int block, const float4* place) {
  float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  uint32_t there;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;"
               : "=r"(there)
               : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(place))), "r"(block));
  asm volatile("ld.shared::cluster.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
               : "r"(there)
               : "memory");
#endif
  return v;
}

inline int attributeOf(int device, cudaDeviceAttr attribute) {
  int value = 0;
  cudaError_t code = cudaDeviceGetAttribute(&value, attribute, device);
  if (code != cudaSuccess) {
    cudaGetLastError();
    fail(CD_DEVICE, "attribute %d of card %d: CUDA error %d, %s", static_cast<int>(attribute), device, static_cast<int>(code),
         cudaGetErrorString(code));
  }
  return value;
}

// More than 48 KiB of shared memory must be asked for. Before each launch: the last device of a card that closes may take the
// context with it, and the next one's knows nothing of what was asked of that.
template <class Kernel>
void allowShared(Kernel* kernel, int bytes, const char* where) {
  cudaError_t code = cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                          cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  if (code != cudaSuccess) {
    cudaGetLastError();
    fail(CD_DEVICE, "%s: %d bytes of shared memory: CUDA error %d, %s", where, bytes, static_cast<int>(code),
         cudaGetErrorString(code));
  }
}

inline bool hasClusters(int device) {
  // Per card: 0 not asked yet, 1 no, 2 yes.
  static std::atomic<char> known[64];
  std::atomic<char>& of = known[device & 63];
  if (of.load() == 0) of = attributeOf(device, cudaDevAttrComputeCapabilityMajor) >= 9 ? 2 : 1;
  return of.load() == 2;
}

// Tiles x parts x layers blocks, those of a tile a cluster, that await the kernels before with awaitEarlier(). Where there
// are no clusters one block has all parts: the kernel looks at gridDim.y.
template <class Job>
void launchGrid(cd_stream* stream, void (*kernel)(Job), const Job& job, int64_t tiles, int parts, int layers, int threads,
                int shared) {
  bool clusters = hasClusters(stream->device);
  auto height = static_cast<unsigned>(clusters ? parts : 1);
  cudaLaunchAttribute attributes[2] = {};
  attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attributes[0].val.programmaticStreamSerializationAllowed = 1;
  attributes[1].id = cudaLaunchAttributeClusterDimension;
  attributes[1].val.clusterDim.x = 1;
  attributes[1].val.clusterDim.y = height;
  attributes[1].val.clusterDim.z = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(tiles), height, static_cast<unsigned>(layers));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = static_cast<size_t>(shared);
  config.stream = queueOf(stream);
  config.attrs = attributes;
  config.numAttrs = clusters ? (height > 1 ? 2 : 1) : 0;
  cudaLaunchKernelEx(&config, kernel, job);
  checkLaunch();
}

}  // namespace candela
