// One of the two kernel libraries, opened by its path, with a stream of its own.
#pragma once

#include <string>

#include "candela.h"

namespace candela::check {

class Library {
 public:
  // Opens it and makes a stream: threads on the CPU; 1 for the first card, on this queue of its.
  Library(const std::string& path, int threads, void* queue);
  ~Library();
  Library(const Library&) = delete;

  void* find(const char* entry) const;
  void wait() const;
  // Throws the library's last error.
  [[noreturn]] void refused(const char* entry) const;

  cd_stream* stream = nullptr;

 private:
  std::string path;
  void* handle;
};

}  // namespace candela::check
