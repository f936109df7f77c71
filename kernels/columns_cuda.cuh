// CUDA only: sums over the rows of [outer,rows,columns] with many threads a column. The lines of a block, 32 columns wide,
// take the chains of kChain rows in turn, and the first joins them in their order: the bits are those of sumColumns.
#pragma once

#include "sum.cuh"
#include "wide.cuh"

namespace candela {

constexpr int kAcross = 32, kMostLines = 32;

// Every thread of the block must call it; each gets its column's sum. at(row) = term of the thread's own column.
template <class At>
__device__ __forceinline__ float sumColumn(int64_t rows, bool inside, const At& at) {
  __shared__ float parts[kMostLines][kAcross];
  int lines = static_cast<int>(blockDim.y);
  float sum = 0.0f;
  for (int64_t round = 0; round < rows; round += lines * kChain) {
    int64_t first = round + threadIdx.y * kChain, end = first + kChain < rows ? first + kChain : rows;
    float part = 0.0f;
    if (inside) {
#pragma unroll 8
      for (int64_t r = first; r < end; r++) part += at(r);
    }
    parts[threadIdx.y][threadIdx.x] = part;
    __syncthreads();
    int64_t left = (rows - round + kChain - 1) / kChain;
    int chains = left < lines ? static_cast<int>(left) : lines;
    for (int k = 0; k < chains; k++) sum += parts[k][threadIdx.x];
    __syncthreads();
  }
  return sum;
}

// Grid and block for it: blocks over columns first, then over outer.
struct ColumnBlocks {
  dim3 block;
  Divide across;
  int64_t count;

  ColumnBlocks(int64_t outer, int64_t rows, int64_t columns) {
    int64_t chains = (rows + kChain - 1) / kChain, tiles = (columns + kAcross - 1) / kAcross;
    // As many rounds as the most lines need, and no more lines than fill these.
    int64_t rounds = (chains + kMostLines - 1) / kMostLines;
    block = dim3(kAcross, rounds > 0 ? static_cast<unsigned>((chains + rounds - 1) / rounds) : 1);
    count = outer * tiles;
    across = Divide(tiles < kDivisible ? tiles : 1);
  }

  // Short columns are left to one thread each.
  bool fit(int64_t rows) const { return rows >= 4 * kChain && count > 0 && count <= kMostBlocks; }
};

}  // namespace candela
