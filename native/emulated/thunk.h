// What the generated thunks use.
#pragma once
#include <vector>

#include "emulated.h"

// As Candela has it: what follows is the emulator's.
struct cd_stream;
struct card_stream {
  uint64_t magic;
  emulated::Stream* queue;
};

constexpr uint64_t kMagic = 0xcda5cda5;
inline emulated::Stream* streamOf(cd_stream* s) { return reinterpret_cast<card_stream*>(s)->queue; }
inline cd_stream* onCpu() { return static_cast<cd_stream*>(emulated::cpuStream()); }

// The same layout as entry.h's: of the three files that are built in.
cd_stream* onRounding();
int refused(cd_stream* s, const char* name);
bool isHost(const void* p, const char* name, const char* which);
int illegal(const char* name, const char* which);
int told(const char* name, int status);
void ran(const char* name, int status);
int after();

// Room for what an entry reads before it refuses.
inline std::vector<int> hostCopy(const int* p, int n) {
  if (p == nullptr || n < 0 || n > 64) n = 0;
  std::vector<int> v(p, p + n);
  v.resize(64);
  return v;
}
