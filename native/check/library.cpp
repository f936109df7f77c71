#include "library.h"

#include <dlfcn.h>

#include <stdexcept>

namespace candela::check {

namespace {

template <class F>
F as(void* symbol) {
  return reinterpret_cast<F>(symbol);
}

}  // namespace

Library::Library(const std::string& path, int threads, void* queue)
    : path(path), handle(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle == nullptr) throw std::runtime_error(dlerror());
  auto create = as<decltype(&cd_stream_create)>(find("cd_stream_create"));
  if (create(threads, queue, &stream) != CD_OK) refused("cd_stream_create");
}

Library::~Library() {
  as<decltype(&cd_stream_destroy)>(find("cd_stream_destroy"))(stream);
  dlclose(handle);
}

void* Library::find(const char* entry) const {
  void* symbol = dlsym(handle, entry);
  if (symbol == nullptr) throw std::runtime_error(path + ": no entry " + entry + "; build it from this source");
  return symbol;
}

void Library::wait() const {
  if (as<decltype(&cd_stream_wait)>(find("cd_stream_wait"))(stream) != CD_OK) refused("cd_stream_wait");
}

void Library::refused(const char* entry) const {
  throw std::runtime_error(path + ": " + entry + " failed: " + as<decltype(&cd_last_error)>(find("cd_last_error"))());
}

}  // namespace candela::check
