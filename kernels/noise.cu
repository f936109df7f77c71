// Perturbed inputs whose randomness is a function of (seed, sample, element).
#include "launch.cuh"
#include "philox.cuh"

using namespace candela;

namespace {

// One body per block of four neighbouring elements of a row.
struct GaussianNoise {
  int64_t n, blocks, seed;
  float sigma;
  const float* __restrict__ x;
  const int64_t* __restrict__ sample;
  float* __restrict__ y;

  BOTH void operator()(int64_t i) const {
    int64_t row = i / blocks, block = i % blocks;
    Four z = normals(seed, sample[row], block);
    for (int64_t k = 0, at = 4 * block; k < 4 && at < n; k++, at++) {
      y[row * n + at] = x[at] + sigma * z.at[k];
    }
  }
};

}  // namespace

int cd_gaussian_noise(cd_stream* stream, int64_t rows, int64_t n, const float* x, float sigma, int64_t seed,
                      const int64_t* sample, float* y) {
  return entry([&] {
    checkStream(stream, "gaussian_noise");
    checkCount(rows, "gaussian_noise", "rows");
    checkCount(n, "gaussian_noise", "n");
    int64_t blocks = (n + 3) / 4;
    forEach(stream, rows * blocks, GaussianNoise{n, blocks, seed, sigma, x, sample, y}, 100);
  });
}
