// CUDA only: products of matrices by a warpgroup, four warps, of which one factor stays in shared memory. Cards of compute
// capability 9.0 alone have them, in code for just these ("sm_90a"). PTX ISA, chapter 9.7.15.
#pragma once

#include <stdint.h>

#ifndef CANDELA_CAPABILITIES
#error "list the source that includes this in cmake/cuda, among OF_EACH, or else it is compiled without what 9.0 has to itself"
#endif

namespace candela {

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
// What this thread copied to shared memory is there for products too, behind the next barrier.
__device__ __forceinline__ void showToProducts() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// Sums and factors that stand in registers are as they are now for the products that follow.
__device__ __forceinline__ void beginProducts() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

__device__ __forceinline__ void commitProducts() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Until all are done.
__device__ __forceinline__ void waitForProducts() { asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory"); }

// Names rows of 128 bytes, from one at a multiple of 1024 bytes on, in which chunk q of 16 bytes of row r stands at
// q ^ r % 8. Add 2 for each 32 bytes further along the rows.
__device__ __forceinline__ uint64_t rowsAt(const float* first) {
  constexpr uint64_t kSwizzled128 = uint64_t{1} << 62, kGroupsOf8 = uint64_t{1024 / 16} << 32, kUnused = uint64_t{1} << 16;
  return kSwizzled128 | kGroupsOf8 | kUnused | (static_cast<uint32_t>(__cvta_generic_to_shared(first)) & 0x3ffff) >> 4;
}

// d[64,64] += a[64,8] * b[8,64], of which warp i of the group has rows 16 i … 16 i + 15; its lanes hold a and, for 8 columns
// each, d as multiplyAdd's do. Bits of b beyond TF32's are left out.
__device__ __forceinline__ void multiplyAdd(float (*d)[4], const uint32_t (&a)[4], uint64_t b) {
  asm volatile(
      "{\n\t"
      ".reg .pred p;\n\t"
      "setp.ne.b32 p, 1, 0;\n\t"
      "wgmma.mma_async.sync.aligned.m64n64k8.f32.tf32.tf32 "
      "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
      "{%32, %33, %34, %35}, %36, p, 1, 1;\n\t"
      "}"
      : "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]),
        "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]),
        "+f"(d[3][2]), "+f"(d[3][3]), "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]),
        "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]), "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]),
        "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}
#endif

}  // namespace candela
