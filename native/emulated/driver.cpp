// libcuda.so.1 of the emulated card: context, memory and copies.
#include "driver.h"

using namespace emulated;

namespace {

std::map<char*, size_t> pinned;
int retained;
char context;
thread_local void* current;

bool isPinned(const void* p, size_t bytes) {
  auto at = static_cast<char*>(const_cast<void*>(p));
  auto i = pinned.upper_bound(at);
  if (i == pinned.begin()) return false;
  --i;
  return at + bytes <= i->first + i->second;
}

void* D(CUdeviceptr p) { return reinterpret_cast<void*>(p); }
}  // namespace

size_t emulated::pinnedBlocks() { return pinned.size(); }

EXPORT CUresult cuInit(unsigned) { return CUDA_SUCCESS; }
EXPORT CUresult cuDriverGetVersion(int* v) { return *v = 13000, CUDA_SUCCESS; }
EXPORT CUresult cuDeviceGet(CUdevice* d, int i) { return *d = i, i == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE; }
EXPORT CUresult cuDeviceGetName(char* name, int n, CUdevice) {
  snprintf(name, n, "Emulated card");
  return CUDA_SUCCESS;
}
EXPORT CUresult cuDeviceTotalMem_v2(size_t* n, CUdevice) { return *n = cardBytes(), CUDA_SUCCESS; }
EXPORT CUresult cuDeviceGetAttribute(int* v, CUdevice_attribute a, CUdevice) {
  switch (a) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *v = 9; break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *v = 0; break;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *v = 132; break;
    default: fault("attribute %d", a); *v = 0;
  }
  return CUDA_SUCCESS;
}
EXPORT CUresult cuGetErrorString(CUresult e, const char** text) {
  switch (int(e)) {
    case 1: *text = "invalid argument"; break;
    case 2: *text = "out of memory"; break;
    case 201: *text = "invalid device context"; break;
    case 600: *text = "device not ready"; break;
    case 400: *text = "invalid resource handle"; break;
    case 700: *text = "an illegal memory access was encountered"; break;
    case 719: *text = "unspecified launch failure"; break;
    default: *text = "emulated error";
  }
  return CUDA_SUCCESS;
}
EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext* c, CUdevice) {
  MAY_FAIL("cuDevicePrimaryCtxRetain");
  Guard g(lock);
  retained++;
  *c = reinterpret_cast<CUcontext>(&context);
  return CUDA_SUCCESS;
}
EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  Guard g(lock);
  runAll();
  // The CUDA runtime of libcandela_cuda.so keeps the context alive: what was not freed stays.
  if (--retained == 0 && (liveBlocks() || livingGraphs())) {
    note("after the last device: %zu blocks of %zu bytes, %zu pinned, %zu graphs live on", liveBlocks(), liveBytes(), pinned.size(),
         livingGraphs());
  }
  return CUDA_SUCCESS;
}
EXPORT CUresult cuCtxSetCurrent(CUcontext c) {
  MAY_FAIL("cuCtxSetCurrent");
  return current = c, CUDA_SUCCESS;
}
EXPORT CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
  MAY_FAIL("cuMemGetInfo");
  Guard g(lock);
  if (!bound("cuMemGetInfo")) return CUDA_ERROR_INVALID_CONTEXT;
  *total = cardBytes();
  *free = cardBytes() - liveBytes();
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* p, size_t n) {
  MAY_FAIL("cuMemAlloc");
  Guard g(lock);
  if (!bound("cuMemAlloc")) return CUDA_ERROR_INVALID_CONTEXT;
  if (refusedInCapture("cuMemAlloc")) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (n == 0) return CUDA_ERROR_INVALID_VALUE;
  void* at = allocate(n);
  *p = reinterpret_cast<CUdeviceptr>(at);
  return at ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
EXPORT CUresult cuMemFree_v2(CUdeviceptr p) {
  MAY_FAIL("cuMemFree");
  Guard g(lock);
  if (p == 0) return CUDA_SUCCESS;
  if (!bound("cuMemFree")) return CUDA_ERROR_INVALID_CONTEXT;
  if (refusedInCapture("cuMemFree")) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  runAll();
  if (!release(D(p))) {
    fault("cuMemFree of %p", D(p));
    return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemAllocHost_v2(void** p, size_t n) {
  MAY_FAIL("cuMemAllocHost");
  Guard g(lock);
  if (!bound("cuMemAllocHost")) return CUDA_ERROR_INVALID_CONTEXT;
  if (refusedInCapture("cuMemAllocHost")) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  *p = aligned_alloc(4096, (n + 4095) / 4096 * 4096);
  pinned[static_cast<char*>(*p)] = n;
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemFreeHost(void* p) {
  MAY_FAIL("cuMemFreeHost");
  Guard g(lock);
  if (refusedInCapture("cuMemFreeHost")) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (!pinned.erase(static_cast<char*>(p))) {
    fault("cuMemFreeHost of %p", p);
    return CUDA_ERROR_INVALID_VALUE;
  }
  runAll();
  free(p);
  return CUDA_SUCCESS;
}

// ---- copies ----
EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t n, CUstream s) {
  MAY_FAIL("cuMemcpyHtoDAsync");
  Guard g(lock);
  if (!bound("cuMemcpyHtoDAsync")) return CUDA_ERROR_INVALID_CONTEXT;
  if (isDevice(from) || !isLive(D(to), n)) {
    fault("cuMemcpyHtoDAsync of %zu bytes from %p to %p", n, from, D(to));
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (S(s)->capture) note("cuMemcpyHtoDAsync in a capture");
  if (isPinned(from, n)) {
    enqueue(S(s), "HtoD", [=] { memcpy(seen(D(to), n, "HtoD"), from, n); });
  } else {
    note("cuMemcpyHtoDAsync from memory that is not pinned");
    auto copy = std::make_shared<std::string>(static_cast<const char*>(from), n);
    enqueue(S(s), "HtoD", [=] { memcpy(seen(D(to), n, "HtoD"), copy->data(), n); });
  }
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t n, CUstream s) {
  MAY_FAIL("cuMemcpyDtoHAsync");
  Guard g(lock);
  if (!bound("cuMemcpyDtoHAsync")) return CUDA_ERROR_INVALID_CONTEXT;
  if (isDevice(to) || !isLive(D(from), n)) {
    fault("cuMemcpyDtoHAsync of %zu bytes from %p to %p", n, D(from), to);
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (S(s)->capture) note("cuMemcpyDtoHAsync in a capture");
  if (!isPinned(to, n)) fault("cuMemcpyDtoHAsync to memory that is not pinned");
  enqueue(S(s), "DtoH", [=] { memcpy(to, seen(D(from), n, "DtoH"), n); });
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream s) {
  MAY_FAIL("cuMemcpyDtoDAsync");
  Guard g(lock);
  if (!bound("cuMemcpyDtoDAsync")) return CUDA_ERROR_INVALID_CONTEXT;
  if (!isLive(D(from), n) || !isLive(D(to), n)) {
    fault("cuMemcpyDtoDAsync of %zu bytes from %p to %p", n, D(from), D(to));
    return CUDA_ERROR_INVALID_VALUE;
  }
  enqueue(S(s), "DtoD", [=] { memmove(seen(D(to), n, "DtoD"), seen(D(from), n, "DtoD"), n); });
  return CUDA_SUCCESS;
}
EXPORT CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char v, size_t n, CUstream s) {
  MAY_FAIL("cuMemsetD8Async");
  Guard g(lock);
  if (!bound("cuMemsetD8Async")) return CUDA_ERROR_INVALID_CONTEXT;
  if (!isLive(D(to), n)) {
    fault("cuMemsetD8Async of %zu bytes at %p", n, D(to));
    return CUDA_ERROR_INVALID_VALUE;
  }
  enqueue(S(s), "memset", [=] { clear(D(to), v, n); });
  return CUDA_SUCCESS;
}

namespace emulated {

bool bound(const char* who) {
  if (current) return true;
  fault("%s: no context is current on this thread", who);
  return false;
}

bool refusedInCapture(const char* who) {
  if (!capturingThread) return false;
  fault("%s during a capture of this thread", who);
  capturingThread->error = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  return true;
}

void bindContext() { current = &context; }
bool hasContext() { return current != nullptr; }

}  // namespace emulated
