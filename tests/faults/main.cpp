#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "crypto/hardening.hpp"

int main(int argc, char* argv[]) {
  if (!unavoce::crypto::init()) return 1;
  return Catch::Session().run(argc, argv);
}
