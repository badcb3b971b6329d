# One folder is one library and all its .cpp files belong to it. What it may include is what it links: the
# layers are drawn here and in tests/layering.cmake, nowhere else.
#
#   sluice_folder(parse NEEDS base dep_simdjson)          library sluice_parse from this folder
#   sluice_test(parse NEEDS parse)                        program parse_test from tests/.../*_test.cpp
function(sluice_names out)
  set(names)
  foreach(name IN LISTS ARGN)
    if(name MATCHES "^(dep_|absl::|spdlog|GTest|benchmark|Threads|sluice_)")
      list(APPEND names ${name})
    else()
      list(APPEND names sluice_${name})
    endif()
  endforeach()
  set(${out} ${names} PARENT_SCOPE)
endfunction()

function(sluice_folder name)
  cmake_parse_arguments(ARG "" "" "NEEDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  sluice_names(needs ${ARG_NEEDS})
  if(sources)
    add_library(sluice_${name} STATIC ${sources})
    target_link_libraries(sluice_${name} PUBLIC ${needs})
  else()
    add_library(sluice_${name} INTERFACE)
    target_link_libraries(sluice_${name} INTERFACE ${needs})
  endif()
endfunction()

function(sluice_test name)
  cmake_parse_arguments(ARG "" "FOLDER" "NEEDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${ARG_FOLDER}/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  sluice_names(needs ${ARG_NEEDS})
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE ${needs} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE SLUICE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")  # for tests of documents
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120)
endfunction()
