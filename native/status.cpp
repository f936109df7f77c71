// Exceptions to status codes, and the message of the last failure, one per thread.
#include <cstdarg>
#include <cstdio>
#include <exception>
#include <new>

#include "entry.h"

namespace candela {
namespace {

constexpr int kMessage = 512;
thread_local char lastError[kMessage] = "";

struct Fault {
  int status;
  char message[kMessage];
};

int keep(int status, const char* message) noexcept {
  std::snprintf(lastError, kMessage, "%s", message);
  return status;
}

}  // namespace

void fail(int status, const char* format, ...) {
  Fault fault{status, {}};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(fault.message, kMessage, format, arguments);
  va_end(arguments);
  throw fault;
}

int caught() noexcept {
  try {
    throw;
  } catch (const Fault& fault) {
    return keep(fault.status, fault.message);
  } catch (const std::bad_alloc&) {
    return keep(CD_MEMORY, "out of memory; use a smaller batch");
  } catch (const std::exception& e) {
    return keep(CD_INTERNAL, e.what());
  } catch (...) {
    return keep(CD_INTERNAL, "unknown native exception");
  }
}

void checkStream(const cd_stream* stream, const char* where) {
  if (stream == nullptr) fail(CD_INVALID, "%s: stream is NULL", where);
}

void checkCount(int64_t value, const char* where, const char* name) {
  if (value < 0) {
    fail(CD_INVALID, "%s: %s must be 0 or more, is %lld", where, name, static_cast<long long>(value));
  }
}

void checkPointer(const void* pointer, const char* where, const char* name) {
  if (pointer == nullptr) fail(CD_INVALID, "%s: %s is NULL", where, name);
}

}  // namespace candela

const char* cd_last_error(void) { return candela::lastError; }
