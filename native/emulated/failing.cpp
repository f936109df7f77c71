// Failures that a test of the emulated card asks for, and what it counts then.
#include "emulated.h"

namespace emulated {

namespace {
std::string chosen;
int64_t before;  // calls until it fails
int wanted;
bool breaks;
bool happened;
}  // namespace

int failing(const char* call, int later) {
  Guard g(lock);
  if (happened) return breaks ? later : 0;
  if (chosen != call || --before > 0) return 0;
  happened = true;
  return wanted;
}

}  // namespace emulated

using namespace emulated;

// The n-th such call from here on gives this status instead of what it should do; all calls after it fail, too, where it
// breaks the card. An empty name: none, and the card is whole.
EXPORT void card_fail(const char* call, int64_t n, int status, int broken) {
  Guard g(lock);
  chosen = call;
  before = n;
  wanted = status;
  breaks = broken;
  happened = false;
}

// Whether that has come.
EXPORT int card_failed() {
  Guard g(lock);
  return happened;
}

// Blocks of the card, pinned ones, streams, events, graphs, cuDNN's handles and descriptors, cuBLASLt's.
EXPORT void card_held(int64_t* held) {
  Guard g(lock);
  size_t all[] = {liveBlocks(),   pinnedBlocks(),      livingStreams(),  livingEvents(),
                  livingGraphs(), livingDescriptors(), livingProducts()};
  std::copy(std::begin(all), std::end(all), held);
}
