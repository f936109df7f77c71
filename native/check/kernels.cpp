// candela_kernels: every kernel entry of candela.h on both libraries, the same inputs, the results compared; --speed: how
// fast the card's are. Leaves 0 when all agree, 1 on a difference, 2 for what it cannot read, 3 without a GPU.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include "convolutions.h"
#include "maps.h"
#include "network.h"
#include "timing.h"

namespace candela::check {
namespace {

// Calls use with each table of cases.
template <class Use>
constexpr void forTables(const Use& use) {
  use(kNetwork);
  use(kConvolutions);
  use(kMaps);
}

constexpr bool listed(std::string_view name) {
  bool found = false;
  forTables([&](const auto& table) {
    for (const Entry& e : table) found = found || name == e.name;
  });
  return found;
}

// A static_assert(listed("cd_x"), …) for each kernel that candela.h declares; written by cmake.
#include "declared.h"

struct Options {
  std::string cpu, card, only;
  // Twice as many as the longest list has, and a few more.
  int variants = 96;
  // The library's card, and that of this program's own calls.
  int device = 0;
  bool speed = false;
};

constexpr const char* kUsage =
    "candela_kernels [--speed] [--device cuda:N] [--only NAME] [--variants N] [--cpu LIBRARY] [--cuda LIBRARY]\n"
    "  holds every kernel of libcandela_cuda.so against libcandela_cpu.so; --speed: times and shares of the card's copy\n"
    "  bandwidth; NAME: entries whose name holds it; libraries are looked for beside the program\n";

// What /proc says the program is, up to its folder.
std::string folder() {
  char path[4096];
  char* real = realpath("/proc/self/exe", path);
  std::string whole = real == nullptr ? "./" : real;
  return whole.substr(0, whole.rfind('/') + 1);
}

// N of cuda:N.
int cardOf(const std::string& device) {
  int card = -1, end = 0;
  bool named = std::sscanf(device.c_str(), "cuda:%d%n", &card, &end) == 1 && static_cast<size_t>(end) == device.size();
  if (named && card >= 0) return card;
  std::fprintf(stderr, "candela_kernels: --device takes cuda:N, as cuda:0, got '%s'\n", device.c_str());
  std::exit(2);
}

Options read(int count, char** words) {
  Options o;
  o.cpu = folder() + "libcandela_cpu.so";
  o.card = folder() + "libcandela_cuda.so";
  for (int i = 1; i < count; i++) {
    std::string word = words[i];
    if (word == "--speed") {
      o.speed = true;
      continue;
    }
    if (word == "--help") {
      std::fputs(kUsage, stdout);
      std::exit(0);
    }
    bool known = word == "--device" || word == "--only" || word == "--variants" || word == "--cpu" || word == "--cuda";
    if (i + 1 == count || !known) {
      std::fprintf(stderr, "candela_kernels: '%s' is no option, or its value is missing\n%s", word.c_str(), kUsage);
      std::exit(2);
    }
    std::string value = words[++i];
    if (word == "--device") o.device = cardOf(value);
    if (word == "--only") o.only = value;
    if (word == "--variants") o.variants = std::atoi(value.c_str());
    if (word == "--cpu") o.cpu = value;
    if (word == "--cuda") o.card = value;
  }
  if (o.variants < 1) {
    std::fprintf(stderr, "candela_kernels: --variants takes a whole number of 1 or more\n");
    std::exit(2);
  }
  return o;
}

// Ends the program with 3 and one sentence where there is no such card.
void needCard(int device) {
  int count = 0;
  cudaError_t code = cudaGetDeviceCount(&count);
  if (code == cudaSuccess && count > device) return;
  if (code == cudaSuccess && count > 0) {
    std::fprintf(stderr, "candela_kernels: cuda:%d is not there, cards here: %d\n", device, count);
  } else if (code == cudaErrorInsufficientDriver) {
    std::fprintf(stderr, "candela_kernels: no CUDA driver (code 35) of 580 or newer; run it on a machine with an NVIDIA GPU\n");
  } else {
    std::fprintf(stderr, "candela_kernels: no CUDA card (code %d, %s); run it on a machine with an NVIDIA GPU\n",
                 static_cast<int>(code), cudaGetErrorString(code));
  }
  std::exit(3);
}

template <class Use>
void forEntries(const Options& options, const Use& use) {
  forTables([&](const auto& table) {
    for (const Entry& e : table) {
      if (std::string(e.name).find(options.only) != std::string::npos) use(e);
    }
  });
}

int compare(const Options& options, const Library& cpu, const Library& card) {
  int entries = 0, cases = 0, wrong = 0;
  forEntries(options, [&](const Entry& e) {
    entries++;
    int found = 0;
    // Three are enough to see what is wrong with an entry.
    for (int variant = 0; variant < options.variants && found < 3; variant++) {
      Case c(cpu, card, e.name, variant, false);
      e.body(c);
      found += c.differences() > 0 ? 1 : 0;
      cases++;
    }
    wrong += found > 0 ? 1 : 0;
  });
  if (entries == 0) throw std::runtime_error("no entry's name holds '" + options.only + "'");
  std::printf("%d entries, %d cases: %d entries differ\n", entries, cases, wrong);
  return wrong > 0 ? 1 : 0;
}

void time(const Options& options, const Library& cpu, const Library& card) {
  cudaDeviceProp properties;
  require(cudaGetDeviceProperties(&properties, options.device), "cudaGetDeviceProperties");
  double copy = copyBandwidth(card);
  std::printf("%s: %d processors, copies %.0f GB/s (read and write counted)\n\n", properties.name, properties.multiProcessorCount, copy);
  std::printf("%-26s %9s %7s %6s  %s\n", "entry", "us", "GB/s", "share", "shape");
  forEntries(options, [&](const Entry& e) {
    for (int variant = 0; variant < e.speeds; variant++) {
      Case c(cpu, card, e.name, variant, true);
      e.body(c);
      double rate = static_cast<double>(c.moved) / c.microseconds * 1e-3;
      std::printf("%-26s %9.1f %7.0f %5.0f%%  %s", e.name + 3, c.microseconds, rate, 100 * rate / copy, c.shape().c_str());
      if (c.computed > 0) std::printf(" (%.0f TFLOP/s)", static_cast<double>(c.computed) / c.microseconds * 1e-6);
      std::printf("\n");
      std::fflush(stdout);
    }
  });
}

}  // namespace
}  // namespace candela::check

int main(int count, char** words) {
  using namespace candela::check;
  Options options = read(count, words);
  try {
    needCard(options.device);
    require(cudaSetDevice(options.device), "cudaSetDevice");
    cudaStream_t queue;
    require(cudaStreamCreateWithFlags(&queue, cudaStreamNonBlocking), "cudaStreamCreate");
    Library cpu(options.cpu, 1, nullptr), card(options.card, options.device + 1, queue);
    if (options.speed) {
      time(options, cpu, card);
      return 0;
    }
    return compare(options, cpu, card);
  } catch (const std::exception& e) {
    std::fflush(stdout);
    std::fprintf(stderr, "candela_kernels: %s\n", e.what());
    return 1;
  }
}
