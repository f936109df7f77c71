// What both libraries answer alike.
#include "candela.h"

int cd_version(void) { return 1; }
