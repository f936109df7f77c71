// Memory of the emulated card: addresses without rights, whose pages the emulator sees elsewhere.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emulated.h"

namespace emulated {

namespace {
constexpr size_t kPage = 4096;
constexpr size_t kPoisoned = 2 << 20;
constexpr size_t kRange = size_t{256} << 30;
char* base;   // device addresses
char* alias;  // the same pages
int file = -1;
size_t used;
std::map<char*, size_t> live;    // device address to bytes asked for
std::map<size_t, size_t> empty;  // offset to length

size_t pages(size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

void begin() {
  if (base) return;
  file = memfd_create("emulated-card", 0);
  if (file < 0 || ftruncate(file, kRange)) abort();
  base = static_cast<char*>(mmap(nullptr, kRange, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file, 0));
  alias = static_cast<char*>(mmap(nullptr, kRange, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file, 0));
  if (base == MAP_FAILED || alias == MAP_FAILED) abort();
  empty[0] = kRange;
}
}  // namespace

size_t cardBytes() { return size_t(setting("CANDELA_CARD_MIB", 8192)) << 20; }
size_t liveBytes() { return used; }
size_t liveBlocks() { return live.size(); }

bool isDevice(const void* p) {
  auto at = static_cast<const char*>(p);
  return base && at >= base && at < base + kRange;
}

void* allocate(size_t bytes) {
  begin();
  if (bytes == 0) return nullptr;
  size_t whole = pages(bytes);
  if (used + whole > cardBytes()) return nullptr;
  // Next fit: an address is not used again soon.
  static size_t cursor = 0;
  auto fits = [&](auto i) { return i->second >= whole + kPage; };
  auto i = empty.lower_bound(cursor);
  while (i != empty.end() && !fits(i)) ++i;
  if (i == empty.end()) {
    i = empty.begin();
    while (i != empty.end() && !fits(i)) ++i;
    if (i == empty.end()) return nullptr;
  }
  size_t at = i->first, length = i->second;
  empty.erase(i);
  if (length > whole + kPage) empty[at + whole + kPage] = length - whole - kPage;
  cursor = at + whole + kPage;
  if (mprotect(alias + at, whole, PROT_READ | PROT_WRITE)) {
    fault("mprotect failed");
    return nullptr;
  }
  used += whole;
  live[base + at] = bytes;
  // What was there before: not numbers.
  if (bytes <= kPoisoned) memset(alias + at, 0xff, bytes);
  return base + at;
}

bool release(void* p) {
  auto i = live.find(static_cast<char*>(p));
  if (i == live.end()) return false;
  size_t whole = pages(i->second), at = i->first - base;
  live.erase(i);
  used -= whole;
  mprotect(alias + at, whole, PROT_NONE);
  fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, whole);
  auto put = empty.emplace(at, whole + kPage).first;
  auto next = std::next(put);
  if (next != empty.end() && put->first + put->second == next->first) {
    put->second += next->second;
    empty.erase(next);
  }
  if (put != empty.begin()) {
    auto before = std::prev(put);
    if (before->first + before->second == put->first) {
      before->second += put->second;
      empty.erase(put);
    }
  }
  return true;
}

bool isLive(const void* p, size_t bytes) {
  auto at = static_cast<char*>(const_cast<void*>(p));
  auto i = live.upper_bound(at);
  if (i == live.begin()) return false;
  --i;
  return at + bytes <= i->first + i->second && at <= i->first + i->second;
}

void* seenRaw(const void* p, size_t bytes, const char* who) {
  if (!isDevice(p)) {
    fault("%s: %p is no device memory", who, p);
  } else if (!isLive(p, bytes)) {
    fault("%s: %zu bytes at %p are not within living device memory", who, bytes, p);
  }
  return alias + (static_cast<const char*>(p) - base);
}

bool checkDevice(const void* p, const char* who, const char* name) {
  if (p == nullptr) return true;
  Guard g(lock);
  if (!isDevice(p)) {
    fault("%s: %s = %p is no device memory", who, name, p);
    return false;
  }
  if (!isLive(p, 0)) {
    fault("%s: %s = %p is device memory that does not live", who, name, p);
    return false;
  }
  return true;
}

void clear(void* device, unsigned char value, size_t n) {
  auto at = static_cast<char*>(seenRaw(device, n, "memset"));
  if (value != 0 || n <= size_t{64} << 20) {
    memset(at, value, n);
    return;
  }
  // Pages that nobody has written cost nothing.
  size_t offset = static_cast<char*>(device) - base;
  size_t first = pages(offset), end = (offset + n) / kPage * kPage;
  memset(at, 0, first - offset);
  fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first, end - first);
  memset(at + (end - offset), 0, offset + n - end);
}

}  // namespace emulated
