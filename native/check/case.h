// One case of an entry: its sizes, its buffers on both sides, the calls, and what the results are held against.
//
// A case is written once and run as many variants: size, flag and each choose by the variant's number, so that a run of
// all variants meets odd sizes, pointers that are not aligned to 16 bytes, aliases and both ways of every switch. With
// speed set they choose the large sizes, and nothing is compared.
#pragma once

#include <cuda_runtime.h>

#include <cstring>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "library.h"

namespace candela::check {

enum class Role { INPUT, OUTPUT, SCRATCH };

// A buffer of a case; index -1 is NULL.
template <class T>
struct Ref {
  int index = -1;
};

// An argument that is not the same for both libraries, as host memory that they write is.
template <class T>
struct Both {
  T cpu, card;
};

struct Buffer {
  std::string name;
  Role role;
  char type;
  int64_t n;
  std::vector<unsigned char> host;
  size_t shift;
  void* card;
};

// Throws with a sentence for a CUDA call that failed.
void require(cudaError_t code, const char* what);

class Case {
 public:
  Case(const Library& cpu, const Library& card, const char* entry, int variant, bool speed);
  ~Case();
  Case(const Case&) = delete;

  // One of `small`; with speed the variant's number among `large`.
  int64_t size(const char* name, std::initializer_list<int64_t> small, std::initializer_list<int64_t> large);
  // Every number below count in turn, each with both alignments of pointers and with every number of those asked for before;
  // with speed `large`.
  int each(const char* name, int count, int large = 0);
  bool flag(const char* name, bool large = false);
  bool timed() const { return speed; }
  int number() const { return variant; }
  // Whether pointers are aligned to more than their element.
  bool aligned() const { return shift == 0; }

  // Inputs between lo and hi.
  Ref<float> in(const char* name, int64_t n, float lo = -1, float hi = 1);
  // Multiples of 1/8 with NaN, infinities and zeros among them.
  Ref<float> wild(const char* name, int64_t n);
  // Whole numbers lo..hi.
  template <class T>
  Ref<T> numbers(const char* name, int64_t n, int64_t lo, int64_t hi) {
    return add<T>(name, n, Role::INPUT, [&] { return static_cast<T>(lo + static_cast<int64_t>(random() % static_cast<uint64_t>(hi - lo + 1))); });
  }
  template <class T>
  Ref<T> given(const char* name, const std::vector<T>& values) {
    size_t i = 0;
    return add<T>(name, static_cast<int64_t>(values.size()), Role::INPUT, [&] { return values[i++]; }, false);
  }
  // NaN (all bits set) before the call; with accumulate numbers to be added to.
  template <class T = float>
  Ref<T> out(const char* name, int64_t n, bool accumulate = false) {
    return add<T>(name, n, Role::OUTPUT, [&] { return accumulate ? static_cast<T>(between(-1, 1)) : poison<T>(); });
  }
  // The same, or in some variants `over`, which the entry lets it alias.
  Ref<float> outOver(const char* name, int64_t n, bool accumulate, Ref<float> over);
  Ref<float> scratch(const char* name, int64_t n);
  // The same in a type of the header, CD_FLOAT32 and so on. Results in 16 bits may be a unit apart.
  Ref<void> inAs(int type, const char* name, int64_t n, float lo = -1, float hi = 1) {
    return held(type, name, n, Role::INPUT, [&] { return between(lo, hi); });
  }
  Ref<void> wildAs(int type, const char* name, int64_t n) {
    return held(type, name, n, Role::INPUT, [&] { return wildly(); });
  }
  Ref<void> outAs(int type, const char* name, int64_t n, bool accumulate = false) {
    return held(type, name, n, Role::OUTPUT, [&] { return accumulate ? between(-1, 1) : poison<float>(); });
  }
  Ref<void> outOverAs(int type, const char* name, int64_t n, bool accumulate, Ref<void> over);

  // An input that the entry changes.
  template <class T>
  void result(Ref<T> changed) {
    buffers[static_cast<size_t>(changed.index)].role = Role::OUTPUT;
  }

  // Bytes that the call whose name is the entry's must move; by default no share of the bandwidth is stated.
  void moves(int64_t bytes) { moved = bytes; }
  // Operations of that call, where they are what it takes its time for.
  void computes(int64_t operations) { computed = operations; }
  // |card - cpu| <= absolute + relative * |cpu|. The default allows for sums in another order and for the last place of
  // each library's own functions.
  void within(double relative, double absolute) {
    this->relative = relative;
    this->absolute = absolute;
  }

  // Runs the entry on the CPU library and on the card's; with speed on the card's alone, and times it if it is the
  // case's own.
  template <class... P, class... A>
  void call(int (*)(cd_stream*, P...), const char* name, A... arguments) {
    static_assert(sizeof...(P) == sizeof...(A), "as many arguments as the header declares");
    using Entry = int (*)(cd_stream*, P...);
    if (!speed) {
      auto entry = reinterpret_cast<Entry>(cpu.find(name));
      if (entry(cpu.stream, pass<P>(arguments, false)...) != CD_OK) cpu.refused(name);
    }
    auto entry = reinterpret_cast<Entry>(card.find(name));
    run(name, [&] {
      if (entry(card.stream, pass<P>(arguments, true)...) != CD_OK) card.refused(name);
    });
  }

  // Finds a difference where two numbers in host memory are not equal.
  void same(const char* name, int64_t onCard, int64_t onCpu);
  // Differences found, each printed.
  int differences();

  // "rows=3 n=33 accumulate"
  const std::string& shape() const { return text; }
  double microseconds = 0;
  int64_t moved = 0, computed = 0;

 private:
  template <class T>
  static T poison() {
    T v;
    std::memset(&v, 0xff, sizeof v);
    return v;
  }

  template <class T>
  static char typeOf() {
    return std::is_same_v<T, float> ? 'f' : std::is_same_v<T, double> ? 'd' : std::is_same_v<T, uint8_t> ? 'b'
           : sizeof(T) == 8 ? 'l' : 'i';
  }

  template <class T, class Value>
  Ref<T> add(const char* name, int64_t n, Role role, const Value& value, bool repeats = true) {
    // With speed the first million of values are repeated over the card's memory: what they are does not matter.
    int64_t made = speed && repeats && n > kPattern ? kPattern : n;
    std::vector<T> values(static_cast<size_t>(made));
    for (T& v : values) v = value();
    return {place(name, typeOf<T>(), sizeof(T), n, role, values.data(), made)};
  }

  template <class Value>
  Ref<void> held(int type, const char* name, int64_t n, Role role, const Value& value) {
    if (type == CD_FLOAT32) return {add<float>(name, n, role, value).index};
    double unit = type == CD_BFLOAT16 ? 0x1p-7 : 0x1p-10;
    relative = relative > unit ? relative : unit;
    int64_t made = speed && n > kPattern ? kPattern : n;
    std::vector<uint16_t> bits(static_cast<size_t>(made));
    for (uint16_t& v : bits) v = rounded(type, value());
    return {place(name, type == CD_BFLOAT16 ? 'g' : 'h', sizeof(uint16_t), n, role, bits.data(), made)};
  }

  template <class P, class T>
  P pass(Ref<T> ref, bool onCard) const {
    return static_cast<P>(static_cast<T*>(pointer(ref.index, onCard)));
  }
  template <class P, class T>
  P pass(Both<T> both, bool onCard) const {
    return onCard ? both.card : both.cpu;
  }
  template <class P, class A>
  P pass(A value, bool) const {
    return static_cast<P>(value);
  }

  static constexpr int64_t kPattern = 1 << 20;

  static uint16_t rounded(int type, float v);

  uint64_t random();
  float wildly();
  float between(float lo, float hi);
  int place(const char* name, char type, size_t item, int64_t n, Role role, const void* values, int64_t made);
  void* pointer(int index, bool onCard) const;
  template <class Call>
  void run(const char* name, const Call& call);

  const Library& cpu;
  const Library& card;
  const char* const entry;
  const int variant;
  const bool speed;
  int turn;
  uint64_t state;
  size_t shift;
  double relative = 1e-5, absolute = 1e-6;
  int unequal = 0;
  std::string text;
  std::vector<Buffer> buffers;
};

// Microseconds of one call: median over replays of a graph of several. In timing.cpp.
double timeOf(const Library& card, void (*call)(const void*), const void* context);

template <class Call>
void Case::run(const char* name, const Call& call) {
  call();
  if (speed && std::strcmp(name, entry) == 0) {
    microseconds = timeOf(card, [](const void* context) { (*static_cast<const Call*>(context))(); }, &call);
  }
  card.wait();
}

// A case of a table: how many speed variants it has, and what it does.
struct Entry {
  const char* name;
  int speeds;
  void (*body)(Case&);
};

}  // namespace candela::check

#define CALL(c, entry, ...) (c).call(static_cast<decltype(&(entry))>(nullptr), #entry, __VA_ARGS__)
