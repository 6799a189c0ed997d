// The program test_consent: Catch2's main, and libsodium made ready once for all tests.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <iostream>

#include "crypto/hardening.hpp"

int main(int argc, char* argv[]) {
  if (const auto ready = unavoce::crypto::init(); !ready) {
    std::cerr << ready.error().text << '\n';
    return 2;
  }
  return Catch::Session().run(argc, argv);
}
