#!/bin/sh
# no_initialisers.sh OBJDUMP OBJECT: fails where the object runs code when it is loaded.
if "$1" -h "$2" | grep -qE '\.(init_array|ctors)'; then
  echo "error: $2: a kernel has a static initialiser; make it constexpr, or build it in the entry" >&2
  rm -f "$2"
  exit 1
fi
