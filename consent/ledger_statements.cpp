// Which parts of a statement the ledger needs to know: new_entry() of ledger.hpp.
#include "consent/ledger.hpp"

namespace unavoce::consent {
namespace {

template <class S>
NewEntry plain(const Signed<S>& statement, std::string recording) {
  NewEntry entry;
  entry.recording = std::move(recording);
  entry.kind = kind_name<S>();
  entry.envelope = statement.envelope;
  entry.id = statement.id;
  return entry;
}

template <class S>
NewEntry of_recording(const Signed<S>& statement) {
  return plain(statement, statement.body.recording.hex());
}

}  // namespace

NewEntry new_entry(const Signed<Room>& room) {
  return plain(room, room.body.room.hex());
}

NewEntry new_entry(const Signed<Request>& request) {
  NewEntry entry = of_recording(request);
  entry.room = request.body.room.hex();
  return entry;
}

NewEntry new_entry(const Signed<Approval>& approval, std::optional<crypto::Bytes> wrapped) {
  NewEntry entry = of_recording(approval);
  entry.wrapped = std::move(wrapped);
  if (approval.body.consent_recipient) entry.consent_recipient = approval.body.consent_recipient->text();
  entry.consumes_challenge = approval.body.challenge;
  entry.seen = approval.body.checkpoint;
  return entry;
}

NewEntry new_entry(const Signed<Refusal>& refusal) {
  NewEntry entry = of_recording(refusal);
  entry.consumes_challenge = refusal.body.challenge;
  return entry;
}

NewEntry new_entry(const Signed<Withdrawal>& withdrawal) {
  return of_recording(withdrawal);
}
NewEntry new_entry(const Signed<Take>& take) {
  NewEntry entry = of_recording(take);
  entry.seen = take.body.checkpoint;
  return entry;
}
NewEntry new_entry(const Signed<Track>& track) {
  return of_recording(track);
}
NewEntry new_entry(const Signed<Seal>& seal) {
  return of_recording(seal);
}
NewEntry new_entry(const Signed<Erased>& erased) {
  return of_recording(erased);
}

}  // namespace unavoce::consent
