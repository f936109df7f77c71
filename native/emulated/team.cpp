// Kernels that round run on one thread.
#include "entry.h"
namespace candela {
void runParts(cd_stream*, int64_t parts, PartBody part, const void* context) {
  for (int64_t i = 0; i < parts; i++) part(context, i, 0);
}
}  // namespace candela
