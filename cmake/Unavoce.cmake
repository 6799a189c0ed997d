# Settings and the few functions that every folder's CMakeLists.txt uses.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# CMake's own -O3 costs compile time and nothing here computes: media is passed on, and ciphers are in libraries.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(UNAVOCE_CCACHE ccache)
if(UNAVOCE_CCACHE)
  # What it needs to know precompiled headers by their content (its manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${UNAVOCE_CCACHE})
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(unavoce_options INTERFACE)
target_include_directories(unavoce_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(unavoce_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                                 -Wnon-virtual-dtor -fstack-protector-strong
                                                 # GCC 12 warns about libstdc++'s own string concatenation (GCC bug 105651)
                                                 $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
target_compile_definitions(unavoce_options INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2> UNAVOCE_VERSION="${PROJECT_VERSION}")
target_link_options(unavoce_options INTERFACE -Wl,-z,relro,-z,now)
if(UNAVOCE_WERROR)
  target_compile_options(unavoce_options INTERFACE -Werror)
endif()
if(UNAVOCE_SANITIZE)
  target_compile_options(unavoce_options INTERFACE -fsanitize=${UNAVOCE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(unavoce_options INTERFACE -fsanitize=${UNAVOCE_SANITIZE})
endif()

set(UNAVOCE_ASIO_HEADERS <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/detached.hpp> <boost/asio/io_context.hpp>
    <boost/asio/redirect_error.hpp> <boost/asio/steady_timer.hpp> <boost/asio/thread_pool.hpp> <boost/asio/use_awaitable.hpp>)

# Eight files of a folder at a time are compiled as one: their headers cost far more than they do themselves. A file that shares a name of its own with
# another one of its folder is named in UNAVOCE_COMPILED_ALONE. Presets dev and fuzz compile file by file: a change costs one file there, and an include
# that a file forgot is missing.
option(UNAVOCE_TOGETHER "Compile the files of a folder eight at a time" ON)
function(unavoce_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${UNAVOCE_TOGETHER} UNITY_BUILD_BATCH_SIZE 8)
  set_source_files_properties(${UNAVOCE_COMPILED_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(UNAVOCE_TOGETHER AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # It takes a file's own unnamed namespace for that of a header.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# unavoce_library(NAME PUBLIC other folders… PRIVATE C and C++ libraries… PRECOMPILED further headers of libraries…): every *.cpp of the folder.
function(unavoce_library name)
  cmake_parse_arguments(arg "" "" "PUBLIC;PRIVATE;PRECOMPILED" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp" "${CMAKE_CURRENT_SOURCE_DIR}/*.hpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(unavoce_${name} STATIC ${sources})
  set_target_properties(unavoce_${name} PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(unavoce_${name} PUBLIC unavoce_options Threads::Threads ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  unavoce_compile_together(unavoce_${name})
  unavoce_precompile(unavoce_${name} <boost/outcome/basic_result.hpp> <boost/outcome/policy/terminate.hpp> <boost/outcome/try.hpp> ${arg_PRECOMPILED})
endfunction()

# unavoce_precompile(TARGET headers of libraries…): reads them once for all files of the target, which include them all the same: the fuzzers are
# built without. Headers of ours are none of these, or every change would compile everything.
function(unavoce_precompile target)
  target_precompile_headers(${target} PRIVATE ${ARGN} <algorithm> <array> <chrono> <filesystem> <functional> <map> <memory> <optional> <set> <span>
                                              <string> <string_view> <utility> <vector>)
  if(UNAVOCE_CCACHE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  endif()
endfunction()

# unavoce_test(NAME libraries…): every *.cpp of the folder becomes the Catch2 program test_NAME; ctest runs each test case by itself, with a time limit
# (UNAVOCE_TEST_TIMEOUT_S of the folder); those whose names match UNAVOCE_TESTS_ALONE while no other test runs.
set(UNAVOCE_TEST_TIMEOUT_S 300)
# Sanitizers make everything several times slower. Limits within tests grow as well (tests/patience.hpp).
set(UNAVOCE_SLOWER 1)
if(UNAVOCE_SANITIZE)
  set(UNAVOCE_SLOWER 5)
endif()
function(unavoce_test name)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE ${ARGN} unavoce_catch)
  unavoce_compile_together(test_${name})
  if("unavoce_server" IN_LIST ARGN OR "unavoce_test_client" IN_LIST ARGN)
    unavoce_precompile(test_${name} <catch2/catch.hpp> <nlohmann/json.hpp> ${UNAVOCE_ASIO_HEADERS})
  endif()
  target_compile_definitions(test_${name} PRIVATE UNAVOCE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" UNAVOCE_BINARY_DIR="${CMAKE_BINARY_DIR}")
  math(EXPR timeout_s "${UNAVOCE_TEST_TIMEOUT_S} * ${UNAVOCE_SLOWER}")
  set(discovered "${CMAKE_CURRENT_BINARY_DIR}/test_${name}.cmake")
  add_custom_command(TARGET test_${name} POST_BUILD VERBATIM BYPRODUCTS "${discovered}"
    COMMAND "${CMAKE_COMMAND}" "-DPROGRAM=$<TARGET_FILE:test_${name}>" "-DFOLDER=${name}" "-DOUTPUT=${discovered}"
            "-DTIMEOUT_S=${timeout_s}" "-DALONE=${UNAVOCE_TESTS_ALONE}" -P "${CMAKE_SOURCE_DIR}/cmake/DiscoverTests.cmake")
  # A program that was not built has no tests yet.
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/test_${name}_if_built.cmake" "include([==[${discovered}]==] OPTIONAL)\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${CMAKE_CURRENT_BINARY_DIR}/test_${name}_if_built.cmake")
endfunction()
