// Part of a product of two activations: some columns of c (+)= alpha * a * b. Included once per instruction set, within its
// target and a namespace, with WIDE, the floats of a vector, and SUMS, how many of them hold sums beside what they read.
// Nothing of the standard library: an inline function compiled here could run anywhere.

typedef float Vector __attribute__((vector_size(4 * WIDE), may_alias));
typedef float Loose __attribute__((vector_size(4 * WIDE), aligned(4), may_alias));

// Vectors that a panel of columns is wide at most: with as many rows as their sums leave, few loads feed many products.
constexpr int kAcross = SUMS >= 24 ? 4 : 2;
constexpr int kMostRows = 14;

constexpr int rowsOf(int vectors) { return SUMS / vectors < kMostRows ? SUMS / vectors : kMostRows; }

// Elements of a begin at `row` and `step` from row to row and along k, rows of b at `down`; `last` columns of the last vector
// are written.
struct Part {
  int64_t k;
  const float* a;
  int64_t row, step;
  const float* b;
  int64_t down;
  float alpha;
  bool accumulate;
  int64_t last;
  float* c;
  int64_t n;
};

template <int kRows, int kVectors>
void tile(const Part& p) {
  Vector sum[kRows][kVectors] = {};
  const float* a = p.a;
  const float* b = p.b;
  for (int64_t i = 0; i < p.k; i++, a += p.step, b += p.down) {
    Vector w[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; v++) w[v] = *reinterpret_cast<const Loose*>(b + v * WIDE);
#pragma GCC unroll 14
    for (int r = 0; r < kRows; r++) {
      float x = a[r * p.row];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; v++) sum[r][v] += x * w[v];
    }
  }
#pragma GCC unroll 14
  for (int r = 0; r < kRows; r++) {
    float* y = p.c + r * p.n;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; v++, y += WIDE) {
      Vector scaled = p.alpha * sum[r][v];
      if (v + 1 < kVectors || p.last == WIDE) {
        Loose* whole = reinterpret_cast<Loose*>(y);
        *whole = p.accumulate ? *whole + scaled : scaled;
      } else {
        for (int64_t j = 0; j < p.last; j++) y[j] = p.accumulate ? y[j] + scaled[j] : scaled[j];
      }
    }
  }
}

template <int kVectors, int kRows = rowsOf(kVectors)>
void tileOf(int64_t rows, const Part& p) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return tileOf<kVectors, kRows - 1>(rows, p);
  }
  tile<kRows, kVectors>(p);
}

// All rows, in tiles of about as many.
template <int kVectors>
void down(int64_t m, Part p) {
  int64_t tiles = (m + rowsOf(kVectors) - 1) / rowsOf(kVectors);
  for (int64_t t = 0; t < tiles; t++) {
    int64_t rows = m * (t + 1) / tiles - m * t / tiles;
    tileOf<kVectors>(rows, p);
    p.a += rows * p.row;
    p.c += rows * p.n;
  }
}

template <int kVectors = kAcross>
void downOf(int64_t vectors, int64_t m, const Part& p) {
  if constexpr (kVectors > 1) {
    if (vectors < kVectors) return downOf<kVectors - 1>(vectors, m, p);
  }
  down<kVectors>(m, p);
}

// Four columns of b[n,k] become rows of to[k,wide].
inline void turnFour(int64_t k, const float* b, int64_t wide, float* to) {
  typedef float Four __attribute__((vector_size(16), may_alias));
  typedef float LooseFour __attribute__((vector_size(16), aligned(4), may_alias));
  typedef int32_t Order __attribute__((vector_size(16)));
  int64_t i = 0;
  for (; i + 4 <= k; i += 4) {
    Four x[4];
    for (int j = 0; j < 4; j++) x[j] = *reinterpret_cast<const LooseFour*>(b + j * k + i);
    Four low = __builtin_shuffle(x[0], x[1], Order{0, 4, 1, 5}), high = __builtin_shuffle(x[0], x[1], Order{2, 6, 3, 7});
    Four low2 = __builtin_shuffle(x[2], x[3], Order{0, 4, 1, 5}), high2 = __builtin_shuffle(x[2], x[3], Order{2, 6, 3, 7});
    Four y[4] = {__builtin_shuffle(low, low2, Order{0, 1, 4, 5}), __builtin_shuffle(low, low2, Order{2, 3, 6, 7}),
                 __builtin_shuffle(high, high2, Order{0, 1, 4, 5}), __builtin_shuffle(high, high2, Order{2, 3, 6, 7})};
    for (int j = 0; j < 4; j++) *reinterpret_cast<LooseFour*>(to + (i + j) * wide) = y[j];
  }
  for (; i < k; i++) {
    for (int j = 0; j < 4; j++) to[i * wide + j] = b[j * k + i];
  }
}

// to[k,wide] = columns first to first + count of b[k,n], transposed: [n,k], then zeros.
inline void pack(const Multiplication& x, const float* b, int64_t first, int64_t count, int64_t wide, float* to) {
  if (!x.transB) {
    for (int64_t i = 0; i < x.k; i++) {
      __builtin_memcpy(to + i * wide, b + i * x.n + first, static_cast<size_t>(count) * sizeof(float));
      for (int64_t j = count; j < wide; j++) to[i * wide + j] = 0;
    }
    return;
  }
  int64_t j = 0;
  for (; j + 4 <= count; j += 4) turnFour(x.k, b + (first + j) * x.k, wide, to + j);
  for (; j < wide; j++) {
    for (int64_t i = 0; i < x.k; i++) to[i * wide + j] = j < count ? b[(first + j) * x.k + i] : 0;
  }
}

int64_t panels(const Multiplication& x) {
  int64_t vectors = (x.n + WIDE - 1) / WIDE;
  return (vectors + kAcross - 1) / kAcross;
}

void panel(const Multiplication& x, int64_t index, const float* a, const float* b, float* c, Buffer& room) {
  int64_t all = panels(x), vectors = (x.n + WIDE - 1) / WIDE;
  int64_t from = vectors * index / all, across = vectors * (index + 1) / all - from;
  int64_t first = from * WIDE, wide = across * WIDE, count = x.n - first < wide ? x.n - first : wide;
  // Rows of a wide b lie far apart, and few rows of a are not worth a copy of b.
  bool inPlace = !x.transB && count == wide && (all == 1 || x.m <= kMostRows);
  float* packed = nullptr;
  if (!inPlace) {
    packed = room.floats(x.k * wide);
    pack(x, b, first, count, wide, packed);
  }
  downOf(across, x.m,
         Part{x.k, a, x.transA ? 1 : x.k, x.transA ? x.m : 1, inPlace ? b + first : packed, inPlace ? x.n : wide, x.alpha,
              x.accumulate, count - (across - 1) * WIDE, c + first, x.n});
}
