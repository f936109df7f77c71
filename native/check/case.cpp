#include "case.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

namespace candela::check {

namespace {

size_t itemOf(char type) {
  return type == 'b' ? 1 : type == 'g' || type == 'h' ? 2 : type == 'd' || type == 'l' ? 8 : 4;
}

double valueOf(char type, const unsigned char* at) {
  if (type == 'f') {
    float v;
    std::memcpy(&v, at, sizeof v);
    return static_cast<double>(v);
  }
  if (type == 'd') {
    double v;
    std::memcpy(&v, at, sizeof v);
    return v;
  }
  if (type == 'g') {
    uint16_t upper;
    std::memcpy(&upper, at, sizeof upper);
    uint32_t bits = static_cast<uint32_t>(upper) << 16;
    float v;
    std::memcpy(&v, &bits, sizeof v);
    return static_cast<double>(v);
  }
  if (type == 'h') {
    _Float16 v;
    std::memcpy(&v, at, sizeof v);
    return static_cast<double>(v);
  }
  if (type == 'b') return static_cast<double>(*at);
  if (type == 'l') {
    int64_t v;
    std::memcpy(&v, at, sizeof v);
    return static_cast<double>(v);
  }
  int32_t v;
  std::memcpy(&v, at, sizeof v);
  return static_cast<double>(v);
}

}  // namespace

void require(cudaError_t code, const char* what) {
  if (code == cudaSuccess) return;
  throw std::runtime_error(std::string(what) + ": CUDA error " + std::to_string(static_cast<int>(code)) + ", " +
                           cudaGetErrorString(code));
}

Case::Case(const Library& cpu, const Library& card, const char* entry, int variant, bool speed)
    : cpu(cpu), card(card), entry(entry), variant(variant), speed(speed), turn(variant / 2),
      state(static_cast<uint64_t>(variant) + 1) {
  for (const char* c = entry; *c != 0; c++) state = state * 1099511628211u + static_cast<unsigned char>(*c);
  // Every other variant has pointers that are aligned to their element alone.
  shift = !speed && variant % 2 == 1 ? 1 : 0;
}

Case::~Case() {
  for (Buffer& b : buffers) cudaFree(b.card);
}

// SplitMix64 (Steele, Lea, Flood 2014): the same numbers wherever it runs.
uint64_t Case::random() {
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

float Case::between(float lo, float hi) {
  return lo + (hi - lo) * static_cast<float>(random() >> 40) * 0x1p-24f;
}

int64_t Case::size(const char* name, std::initializer_list<int64_t> small, std::initializer_list<int64_t> large) {
  const auto& from = speed ? large : small;
  size_t at = speed ? static_cast<size_t>(variant) : static_cast<size_t>(random() % small.size());
  int64_t value = from.begin()[at < from.size() ? at : from.size() - 1];
  text += (text.empty() ? "" : " ") + std::string(name) + "=" + std::to_string(value);
  return value;
}

int Case::each(const char* name, int count, int large) {
  int value = speed ? large : turn % count;
  turn /= count;
  text += (text.empty() ? "" : " ") + std::string(name) + "=" + std::to_string(value);
  return value;
}

bool Case::flag(const char* name, bool large) {
  bool set = speed ? large : random() % 2 == 1;
  if (set) text += (text.empty() ? "" : " ") + std::string(name);
  return set;
}

Ref<float> Case::in(const char* name, int64_t n, float lo, float hi) {
  return add<float>(name, n, Role::INPUT, [&] { return between(lo, hi); });
}

Ref<float> Case::wild(const char* name, int64_t n) {
  return add<float>(name, n, Role::INPUT, [&] { return wildly(); });
}

float Case::wildly() {
  uint64_t r = random() % 256;
  if (speed || r > 3) return std::round(between(-24, 24)) * 0.125f;
  float infinity = std::numeric_limits<float>::infinity();
  return r == 0 ? std::numeric_limits<float>::quiet_NaN() : r == 1 ? infinity : r == 2 ? -infinity : -0.0f;
}

// Bfloat16 towards zero will do: both libraries are given the same bits.
uint16_t Case::rounded(int type, float v) {
  uint16_t bits;
  if (type == CD_FLOAT16) {
    auto half = static_cast<_Float16>(v);
    std::memcpy(&bits, &half, sizeof bits);
    return bits;
  }
  uint32_t whole;
  std::memcpy(&whole, &v, sizeof whole);
  return static_cast<uint16_t>(whole >> 16);
}

Ref<float> Case::outOver(const char* name, int64_t n, bool accumulate, Ref<float> over) {
  if (speed || random() % 2 == 0) return out(name, n, accumulate);
  text += std::string(text.empty() ? "" : " ") + name + "=" + buffers[static_cast<size_t>(over.index)].name;
  buffers[static_cast<size_t>(over.index)].role = Role::OUTPUT;
  return over;
}

Ref<void> Case::outOverAs(int type, const char* name, int64_t n, bool accumulate, Ref<void> over) {
  if (speed || random() % 2 == 0) return outAs(type, name, n, accumulate);
  text += std::string(text.empty() ? "" : " ") + name + "=" + buffers[static_cast<size_t>(over.index)].name;
  buffers[static_cast<size_t>(over.index)].role = Role::OUTPUT;
  return over;
}

Ref<float> Case::scratch(const char* name, int64_t n) {
  return add<float>(name, n, Role::SCRATCH, [&] { return poison<float>(); });
}

// Each buffer is an allocation of its own and exactly as long as it has to be, so that a memory checker sees a step beyond.
int Case::place(const char* name, char type, size_t item, int64_t n, Role role, const void* values, int64_t made) {
  size_t bytes = static_cast<size_t>(n) * item, filled = static_cast<size_t>(made) * item, lead = shift * item;
  Buffer b{name, role, type, n, {}, lead, nullptr};
  if (!speed) {
    b.host.resize(lead + bytes);
    std::memcpy(b.host.data() + lead, values, filled);
  }
  require(cudaMalloc(&b.card, lead + bytes > 0 ? lead + bytes : 1), "cudaMalloc");
  buffers.push_back(std::move(b));
  auto to = static_cast<unsigned char*>(buffers.back().card) + lead;
  require(cudaMemcpy(to, values, filled, cudaMemcpyHostToDevice), "cudaMemcpy");
  for (size_t done = filled; done < bytes;) {
    size_t more = done < bytes - done ? done : bytes - done;
    require(cudaMemcpy(to + done, to, more, cudaMemcpyDeviceToDevice), "cudaMemcpy");
    done += more;
  }
  // The library's streams do not wait for the default stream, and a short copy is still on its way when its call is back.
  require(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  return static_cast<int>(buffers.size()) - 1;
}

void* Case::pointer(int index, bool onCard) const {
  if (index < 0) return nullptr;
  const Buffer& b = buffers[static_cast<size_t>(index)];
  auto base = onCard ? static_cast<unsigned char*>(b.card) : const_cast<unsigned char*>(b.host.data());
  return base + b.shift;
}

void Case::same(const char* name, int64_t onCard, int64_t onCpu) {
  if (onCard == onCpu) return;
  std::printf("%s (%s): %s is %lld by the card's library, %lld by the CPU's\n", entry, text.c_str(), name,
              static_cast<long long>(onCard), static_cast<long long>(onCpu));
  unequal++;
}

int Case::differences() {
  int found = unequal;
  for (int i = 0; i < static_cast<int>(buffers.size()); i++) {
    const Buffer& b = buffers[static_cast<size_t>(i)];
    if (b.role == Role::SCRATCH) continue;
    size_t item = itemOf(b.type), bytes = static_cast<size_t>(b.n) * item;
    std::vector<unsigned char> got(bytes);
    require(cudaMemcpy(got.data(), pointer(i, true), bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
    auto want = static_cast<const unsigned char*>(pointer(i, false));
    int64_t wrong = 0;
    for (int64_t k = 0; k < b.n; k++) {
      const unsigned char* p = got.data() + static_cast<size_t>(k) * item;
      const unsigned char* q = want + static_cast<size_t>(k) * item;
      if (std::memcmp(p, q, item) == 0) continue;
      double a = valueOf(b.type, p), e = valueOf(b.type, q);
      bool real = b.type == 'f' || b.type == 'd' || b.type == 'g' || b.type == 'h';
      // An input must be what it was; numbers that are no floats are equal or not.
      if (real && b.role == Role::OUTPUT) {
        if ((std::isnan(a) && std::isnan(e)) || a == e) continue;
        if (std::isfinite(e) && std::fabs(a - e) <= absolute + relative * std::fabs(e)) continue;
      }
      if (wrong++ == 0) {
        std::printf("%s (%s, pointers %saligned): %s[%lld of %lld] is %.9g on the card, %.9g on the CPU\n", entry,
                    text.c_str(), shift == 0 ? "" : "un", b.name.c_str(), static_cast<long long>(k),
                    static_cast<long long>(b.n), a, e);
      }
    }
    if (wrong > 0) {
      std::printf("%s:   %lld of %lld elements of %s differ\n", entry, static_cast<long long>(wrong),
                  static_cast<long long>(b.n), b.name.c_str());
      found++;
    }
  }
  return found;
}

}  // namespace candela::check
