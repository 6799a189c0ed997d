// Receipts, confirmations, key files, entry files and what is inside W, from strangers: no crash; a receipt that
// verifies says what it is written as.
#include "consent/receipt.hpp"

#include "consent/bundle.hpp"
#include "consent/withdrawal_confirmation.hpp"
#include "consent/wrapped_key.hpp"
#include "crypto/hardening.hpp"
#include "tests/fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace consent = unavoce::consent;
  static const bool ready = unavoce::crypto::init().has_value();
  require(ready);
  const auto text = unavoce::crypto::as_text({bytes, size});
  if (const auto receipt = consent::parse_receipt(text)) {
    const auto again = consent::parse_receipt(consent::format_receipt(receipt.value()));
    require(again && again.value().entry == receipt.value().entry);
    const auto content = consent::verify_receipt(receipt.value());
    if (content) require(content.value().approval.body.request == content.value().request.id);
  }
  if (const auto confirmation = consent::parse_withdrawal_confirmation(text)) {
    const auto again =
        consent::parse_withdrawal_confirmation(consent::format_withdrawal_confirmation(confirmation.value()));
    require(again && again.value().proof == confirmation.value().proof);
    if (const auto ledger = unavoce::crypto::NoteVerifier::parse(confirmation.value().ledger_vkey))
      (void)consent::verify_withdrawal_confirmation(confirmation.value(), ledger.value());
  }
  (void)consent::withdrawal_confirmation_from_answer(text, {});
  static const auto ledger =
      unavoce::crypto::NoteSigner::create("example.org/fuzz", unavoce::crypto::SigningKey::generate());
  require(ledger.has_value());
  require(!consent::verify_whole_erasure(text, consent::RecordingId(), ledger.value().verifier()));
  (void)consent::parse_key_file(text);
  (void)consent::parse_entry_file(text);
  (void)consent::parse_entry(text);
  (void)consent::parse_consent_key(text);
  return 0;
}
