# Writes declared.h for native/check: what candela.h declares between its elementwise and its dense section must have a case.
file(STRINGS "${ROOT}/native/candela.h" lines REGEX "^(int cd_[a-z0-9_]+\\(|/\\* ---- )")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${ROOT}/native/candela.h")
set(DECLARED "")
set(within OFF)
foreach(line IN LISTS lines)
  if(line MATCHES "^/\\* ---- (elementwise|dense)")
    string(COMPARE EQUAL "${CMAKE_MATCH_1}" "elementwise" within)
  elseif(within AND line MATCHES "^int (cd_[a-z0-9_]+)")
    string(APPEND DECLARED
        "static_assert(listed(\"${CMAKE_MATCH_1}\"), \"native/check: no case of ${CMAKE_MATCH_1}; write one\");\n")
  endif()
endforeach()
file(CONFIGURE OUTPUT declared.h CONTENT "${DECLARED}" @ONLY)
