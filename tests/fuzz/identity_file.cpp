// Identity files: no crash, and what is accepted reads back as the same keys. Recipients and tails beside it.
#include "crypto/identity_file.hpp"

#include "crypto/track_sealer.hpp"
#include "tests/fuzz/require.hpp"

using namespace unavoce::crypto;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto identities = parse_identities(as_text(bytes));
  if (identities) {
    for (const Identity& identity : identities.value()) {
      const auto text = identity.secret_text();
      require(Identity::parse(as_text(text.view())).value().recipient() == identity.recipient());
    }
  }
  if (const auto recipient = Recipient::parse(as_text(bytes))) require(recipient.value().text() == as_text(bytes));
  static_cast<void>(read_tail_header(bytes));
  return 0;
}
