// What the dense entries share: oneDNN primitives made for one task and one thread, tasks spread over the threads of
// the stream, working memory per thread. The shape of a task never depends on rows or threads, hence neither do bits.
#pragma once

#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "entry.h"

namespace candela {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using Dims = dnnl::memory::dims;
constexpr auto F32 = dnnl::memory::data_type::f32;

// Aligned memory that grows and is not copied.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  // Room for so many bytes; what was there is lost when it grows.
  void* bytes(size_t size);
  float* floats(int64_t count) { return static_cast<float*>(bytes(static_cast<size_t>(count) * sizeof(float))); }

 private:
  void* data = nullptr;
  size_t capacity = 0;
};

// What one thread works with.
struct Lane {
  dnnl::stream queue;
  Buffer pad;     // oneDNN's scratchpad
  Buffer room;    // of a convolution's image
  Buffer result;  // what is added to its destination afterwards
  Buffer columns;

  Lane();
};

struct Product {
  dnnl::matmul::primitive_desc shape;
  dnnl::matmul primitive;
};

// Hangs on the stream from its first dense entry on.
struct Workspace {
  std::vector<Lane> lanes;
  Buffer shared;

  explicit Workspace(int threads) : lanes(static_cast<size_t>(threads)) {}
};

const dnnl::engine& cpu();

Workspace& workspace(cd_stream* stream);

// body(task, lane) for every task below count, on the stream's threads; the first exception is thrown again.
void parallel(cd_stream* stream, int64_t count, const std::function<void(int64_t, Lane&)>& body);

// Whether threads that take an image each would wait for others.
inline bool isFew(int64_t images, int64_t threads) { return images % threads != 0 && images < 2 * threads; }

// Products that a part of an image is worth to a thread: some 20 us.
constexpr int64_t kWork = 1 << 20;

// Of -0.5 to 0.5, always the same.
std::vector<float> randomNumbers(int64_t count);

// While it lives, oneDNN sees one OpenMP thread: both when it plans a primitive and when it runs one.
class OneThread {
 public:
  OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread();

 private:
  int before;
};

// For parts of an image, which take over the layout of its weights: where oneDNN has no code for the part with that, it takes
// loops that are hundreds of times slower. Throws then: unimplemented.
inline void checkFast(const dnnl::primitive_desc_base& part) {
  if (std::strncmp(part.impl_info_str(), "ref", 3) == 0) {
    throw dnnl::error(dnnl_unimplemented, "oneDNN has no fast code for a part of the image with the weights of the whole");
  }
}

// Attributes that every primitive has: working memory comes from the lane.
dnnl::primitive_attr attributes();

inline dnnl::memory at(const Desc& desc, const void* data) {
  return dnnl::memory(desc, cpu(), const_cast<void*>(data));
}

// Plain weights in the layout that a primitive asked for.
dnnl::memory pack(const Desc& plain, const float* weights, const Desc& wanted);

// entry() for bodies that call oneDNN: its errors get a place and a status.
template <class Body>
int denseEntry(const char* where, const Body& body) noexcept {
  return entry([&] {
    try {
      body(where);
    } catch (const dnnl::error& e) {
      if (e.status == dnnl_out_of_memory) throw std::bad_alloc();
      fail(CD_DEVICE, "%s: oneDNN refused (status %d, %s)", where, static_cast<int>(e.status), e.message);
    }
  });
}

// A dimension, and the elements of a matrix, at most.
constexpr int64_t kMatrixSide = (int64_t{1} << 31) - 1;
constexpr int64_t kMatrixElements = int64_t{1} << 40;

void checkRange(int64_t value, int64_t low, int64_t high, const char* where, const char* name);

// An activation behind a convolution or product, and its bits: one per element, lowest first, set where lo < y < hi.
struct Activation {
  int kind;
  float lo;
  float hi;
  float slope;  // gradient where the bit is not set

  static Activation of(int kind, float alpha, float beta, const char* where);

  bool none() const { return kind == CD_ACTIVATION_NONE; }
  void append(dnnl::post_ops& steps) const;
  void apply(int64_t n, float* y) const;
  void pack(int64_t n, const float* y, uint8_t* bits) const;

  // g = dy where the bit is set, slope * dy elsewhere. g may be dy.
  void mask(int64_t n, const uint8_t* bits, const float* dy, float* g) const;
};

void copy(int64_t n, const float* x, float* y);
void add(int64_t n, const float* x, float* y);

}  // namespace candela
