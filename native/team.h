// The threads of a stream, the caller among them. Each takes the parts of its share of a job one after another, those of the
// same rows in one job as in the next, which are in its cache; then it takes what others have left. A thread that the system has
// not woken yet is not waited for, so that a busy machine costs its share of time and no more.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "entry.h"

namespace candela {

class Team {
 public:
  // threads, the caller counted in: 1 or more.
  explicit Team(int threads);
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team();

  // As runParts, for one caller at a time.
  void run(int64_t parts, PartBody part, const void* context);

 private:
  void work(int member);
  void take(int member);
  bool enter(uint64_t& last);
  void leave();
  void close();

  // Workers inside the job in the low half, whether it is open in bit 32, its number above.
  static constexpr uint64_t kOpen = uint64_t{1} << 32, kInside = kOpen - 1, kNumber = kOpen << 1;

  // Parts from next on, below end.
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };

  std::chrono::steady_clock::duration watch;
  PartBody part = nullptr;
  const void* context = nullptr;
  std::vector<Share> shares;
  alignas(64) std::atomic<uint64_t> job{0};
  std::atomic<int> parked{0};
  std::atomic<bool> callerWaits{false}, stopping{false};
  std::mutex mutex;
  std::condition_variable opened, left;
  std::vector<std::thread> workers;
};

}  // namespace candela
