// Statements from strangers. The first byte picks the kind, the rest is taken as a body (as if its signature were good:
// a fuzzer cannot sign) and as an envelope. No crash; an accepted body is written back to one that reads the same.
#include "consent/statements.hpp"

#include <cstdlib>

#include "consent/statement_json.hpp"
#include "crypto/hardening.hpp"

namespace {

using namespace unavoce;

template <class S>
void read(crypto::ByteView bytes) {
  (void)consent::parse_statement<S>(crypto::as_text(bytes));
  const auto body = consent::read_body<S>(bytes);
  if (!body) return;
  (void)consent::check_body(body.value());
  const auto text = consent::write_body(body.value());
  const auto again = consent::read_body<S>(crypto::as_bytes(text));
  if (!again || consent::write_body(again.value()) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const bool ready = crypto::init().has_value();
  if (!ready || size == 0) return 0;
  const crypto::ByteView rest(bytes + 1, size - 1);
  switch (bytes[0]) {
    case 'r':
      read<consent::Room>(rest);
      break;
    case 'q':
      read<consent::Request>(rest);
      break;
    case 'a':
      read<consent::Approval>(rest);
      break;
    case 'f':
      read<consent::Refusal>(rest);
      break;
    case 'c':
      read<consent::Confirmation>(rest);
      break;
    case 'w':
      read<consent::Withdrawal>(rest);
      break;
    case 't':
      read<consent::Take>(rest);
      break;
    case 'k':
      read<consent::Track>(rest);
      break;
    case 's':
      read<consent::Seal>(rest);
      break;
    case 'e':
      read<consent::Erased>(rest);
      break;
    default:
      (void)consent::kind_of(crypto::as_text(rest));
      break;
  }
  return 0;
}
