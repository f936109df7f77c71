// The library is built for one instruction set: no dispatch.
#include "candela.h"

const char* cd_level(void) { return "generic"; }
