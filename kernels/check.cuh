// Checks of the arguments of one entry; each throws what becomes CD_INVALID.
#pragma once

#include <initializer_list>

#include "entry.h"

namespace candela {

class Check {
 public:
  Check(const cd_stream* stream, const char* where) : where(where) { checkStream(stream, where); }

  // Product of the counts.
  int64_t counts(std::initializer_list<int64_t> values) const {
    int64_t product = 1;
    bool zero = false;
    for (int64_t v : values) {
      checkCount(v, where, "every count");
      if (v == 0) {
        zero = true;
      } else if (__builtin_mul_overflow(product, v, &product) || product > (int64_t{1} << 48)) {
        fail(CD_INVALID, "%s: the product of the counts must be at most 2^48; use a smaller batch", where);
      }
    }
    return zero ? 0 : product;
  }

  template <class T>
  void data(const T* pointer, const char* name) const {
    checkPointer(pointer, where, name);
    optional(pointer, name);
  }

  // May be NULL.
  template <class T>
  void optional(const T* pointer, const char* name) const {
    if (reinterpret_cast<uintptr_t>(pointer) % alignof(T) != 0) {
      fail(CD_INVALID, "%s: %s must be aligned to %d bytes", where, name, static_cast<int>(alignof(T)));
    }
  }

  void range(int64_t value, int64_t least, int64_t most, const char* name) const {
    if (value < least || value > most) {
      fail(CD_INVALID, "%s: %s must be in %lld..%lld, is %lld", where, name, static_cast<long long>(least),
           static_cast<long long>(most), static_cast<long long>(value));
    }
  }

  const char* const where;
};

}  // namespace candela
