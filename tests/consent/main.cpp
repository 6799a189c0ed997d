// libsodium is made ready once for all tests of this program (tests/catch_main.cpp).
#include "crypto/hardening.hpp"

bool prepare_tests() {
  return unavoce::crypto::init().has_value();
}
