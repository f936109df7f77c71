// Times on the card, by its own events.
#pragma once

#include "library.h"

namespace candela::check {

// GB/s of a copy within the card's memory, reading and writing counted.
double copyBandwidth(const Library& card);

}  // namespace candela::check
