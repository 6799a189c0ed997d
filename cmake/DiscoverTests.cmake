# cmake -DPROGRAM=… -DFOLDER=… -DOUTPUT=… -DTIMEOUT_S=… -DALONE=… -P DiscoverTests.cmake: asks a Catch2 program for its test cases and writes an add_test for each.
# A test that cannot be run here says so with WARN("SKIPPED: why") and returns (Catch2 2.13 has no SKIP): ctest does not count it as passed.
# Catch2's own catch_discover_tests splits names at semicolons and takes a name that starts with "--" for an option.

execute_process(COMMAND "${PROGRAM}" --list-test-names-only OUTPUT_VARIABLE names RESULT_VARIABLE count)
if(NOT count MATCHES "^[0-9]+$")
  message(FATAL_ERROR "${PROGRAM} does not list its tests: ${count}")
endif()
set(script "")
# A list would be split at semicolons: take line by line.
while(names MATCHES "^([^\n]*)\n")
  string(LENGTH "${CMAKE_MATCH_0}" length)
  set(name "${CMAKE_MATCH_1}")
  string(SUBSTRING "${names}" ${length} -1 names)
  # Quoted, a name is taken as it is, but for the backslash, the quote and the comma.
  string(REGEX REPLACE "([\\\\\",])" "\\\\\\1" pattern "${name}")
  # Without NoTests a pattern that matches nothing would count as passed.
  string(APPEND script "add_test([==[${FOLDER}: ${name}]==] [==[${PROGRAM}]==] [==[\"${pattern}\"]==] --warn NoTests)\n"
                       "set_tests_properties([==[${FOLDER}: ${name}]==] PROPERTIES TIMEOUT ${TIMEOUT_S} SKIP_REGULAR_EXPRESSION [==[ SKIPPED: ]==])\n")
  if(ALONE AND name MATCHES "${ALONE}")
    string(APPEND script "set_tests_properties([==[${FOLDER}: ${name}]==] PROPERTIES RUN_SERIAL TRUE)\n")
  endif()
endwhile()
file(WRITE "${OUTPUT}" "${script}")
