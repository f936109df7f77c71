// Threads that sleep between jobs, after a short watch for the next one.
#include "team.h"

#include <immintrin.h>
#include <omp.h>

#include <chrono>
#include <system_error>

namespace candela {
namespace {

using Clock = std::chrono::steady_clock;

// Operators follow each other within microseconds, and one that runs on a single thread is soon over: this long a watch
// bridges the gap without a system call.
constexpr Clock::duration kWatch = std::chrono::microseconds(100);

}  // namespace

// With more threads than processors, watching takes time from those who work.
Team::Team(int threads)
    : watch(threads <= omp_get_num_procs() ? kWatch : Clock::duration::zero()), shares(static_cast<size_t>(threads)) {
  workers.reserve(static_cast<size_t>(threads - 1));
  for (int member = 1; member < threads; member++) {
    try {
      workers.emplace_back([this, member] { work(member); });
    } catch (const std::system_error&) {
      break;  // the system gives no more threads: those there are do the work
    }
  }
}

Team::~Team() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
  }
  opened.notify_all();
  for (std::thread& worker : workers) worker.join();
}

void Team::run(int64_t count, PartBody body, const void* data) {
  part = body;
  context = data;
  auto members = static_cast<int64_t>(shares.size());
  for (int64_t m = 0; m < members; m++) {
    Share& share = shares[static_cast<size_t>(m)];
    share.next.store(count * m / members, std::memory_order_relaxed);
    share.end = count * (m + 1) / members;
  }
  job.store((job.load() & ~kOpen) + kNumber + kOpen);
  if (parked.load() > 0) {
    { std::lock_guard lock(mutex); }
    opened.notify_all();
  }
  take(0);
  close();
}

// A member's own share, then what others have left of theirs.
void Team::take(int member) {
  for (size_t m = 0; m < shares.size(); m++) {
    Share& share = shares[(static_cast<size_t>(member) + m) % shares.size()];
    for (int64_t i = share.next.fetch_add(1); i < share.end; i = share.next.fetch_add(1)) part(context, i, member);
  }
}

// Joins the job that is open, unless it is the last one that was joined.
bool Team::enter(uint64_t& last) {
  uint64_t now = job.load();
  while ((now & kOpen) != 0 && now / kNumber != last) {
    if (job.compare_exchange_weak(now, now + 1)) {
      last = now / kNumber;
      return true;
    }
  }
  return false;
}

void Team::leave() {
  uint64_t before = job.fetch_sub(1);
  if ((before & kInside) == 1 && callerWaits.load()) {
    { std::lock_guard lock(mutex); }
    left.notify_one();
  }
}

// Nobody comes in any more; waits for those inside.
void Team::close() {
  job.fetch_and(~kOpen);
  for (auto until = Clock::now() + watch; (job.load() & kInside) != 0 && Clock::now() < until;) _mm_pause();
  if ((job.load() & kInside) == 0) return;
  callerWaits = true;
  std::unique_lock lock(mutex);
  left.wait(lock, [this] { return (job.load() & kInside) == 0; });
  callerWaits = false;
}

void Team::work(int member) {
  // oneDNN's own loops run on the thread that calls them.
  omp_set_num_threads(1);
  uint64_t last = 0;
  while (true) {
    for (auto until = Clock::now() + watch; Clock::now() < until && !stopping.load(std::memory_order_relaxed);) {
      if (enter(last)) {
        take(member);
        leave();
        until = Clock::now() + watch;
      }
      _mm_pause();
    }
    std::unique_lock lock(mutex);
    parked++;
    bool inside = false;
    opened.wait(lock, [&] { return stopping.load() || (inside = enter(last)); });
    parked--;
    lock.unlock();
    if (inside) {
      take(member);
      leave();
    }
    if (stopping) return;
  }
}

void runParts(cd_stream* stream, int64_t parts, PartBody part, const void* context) {
  if (parts <= 1 || stream->threads == 1) {
    for (int64_t i = 0; i < parts; i++) part(context, i, 0);
    return;
  }
  if (stream->team == nullptr) stream->team = new Team(stream->threads);
  stream->team->run(parts, part, context);
}

void releaseTeam(Team* team) noexcept { delete team; }

}  // namespace candela
