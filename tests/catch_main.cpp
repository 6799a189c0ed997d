// Catch2's own code and the main of every test program, compiled once: it takes longer than any test file.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <iostream>

/// What a folder's tests need before the first one runs; its main.cpp defines it, if there is anything.
[[gnu::weak]] bool prepare_tests() {
  return true;
}

int main(int argc, char* argv[]) {
  if (!prepare_tests()) {
    std::cerr << "what the tests need before the first one runs is not there\n";
    return 2;
  }
  return Catch::Session().run(argc, argv);
}
