# Flags that every host compilation shares. Floating point follows the source: no fast-math, and no contraction into fused
# multiply-add unless a kernel writes fma, so that all instruction sets give the same bits. Nobody reads errno or the
# floating-point exception flags; without them sqrtf, floorf and choices between numbers become vector instructions.
set(HOST_FLAGS -Wall -Wextra -Werror -fvisibility=hidden -fvisibility-inlines-hidden -fno-gnu-unique
    -ffp-contract=off -fno-math-errno -fno-trapping-math)
set(OPTIMISE -O3)
if(CANDELA_SANITIZE)
  list(APPEND HOST_FLAGS -g1 -fno-omit-frame-pointer -fsanitize=address,undefined
       -fno-sanitize-recover=undefined)
  set(OPTIMISE -O1)
endif()
