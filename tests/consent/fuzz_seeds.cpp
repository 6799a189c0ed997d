// Makes the seeds of tests/fuzz/corpus that need keys and a ledger. Not a test: run
//   UNAVOCE_WRITE_SEEDS=1 test_consent "[seeds]"
// after a format changed, and commit what it wrote.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "consent/withdrawal_confirmation.hpp"
#include "tests/program.hpp"
#include "tests/synthetic/bag.hpp"
#include "tests/synthetic/meeting.hpp"

using namespace unavoce::testing;

TEST_CASE("seeds for the fuzz targets of bundles, proofs and receipts", "[.][seeds]") {
  if (std::getenv("UNAVOCE_WRITE_SEEDS") == nullptr) return;
  const std::filesystem::path corpus = UNAVOCE_SOURCE_DIR "/tests/fuzz/corpus";
  const TemporaryFolder folder;
  SyntheticMeeting meeting(folder.path());
  meeting.add_room();
  meeting.request();
  meeting.approve(meeting.host());
  meeting.take();
  meeting.track(meeting.host(), 0);
  meeting.seal_take();
  meeting.seal_recording();

  std::filesystem::create_directories(corpus / "bundle_tar");
  meeting.write_tar(corpus / "bundle_tar" / "recording");
  put_text(corpus / "tlog_proof" / "proof", must(meeting.ledger.proof(2)));
  put_text(corpus / "tlog_proof" / "checkpoint", meeting.ledger.signed_checkpoint());
  put_text(corpus / "tlog_proof" / "consistency", meeting.contents().consistency.at(3));
  put_text(corpus / "receipt" / "receipt", meeting.receipt(meeting.host()));
  put_text(corpus / "receipt" / "key_file", meeting.key_file(meeting.host()));
  const auto withdrawn = meeting.withdraw(meeting.host());
  put_text(corpus / "receipt" / "confirmation",
           unavoce::consent::format_withdrawal_confirmation({withdrawn.envelope, withdrawn.entry_json, withdrawn.r,
                                                             must(meeting.ledger.proof(withdrawn.index)),
                                                             meeting.ledger.vkey()}));
  put_text(corpus / "receipt" / "consent_key", meeting.wrap(meeting.host()));
  put_text(corpus / "receipt" / "entry_file", unavoce::consent::format_entry_file(meeting.contents().entries.front()));
}

TEST_CASE("a seed of a recording of which something was taken back", "[.][seeds]") {
  if (std::getenv("UNAVOCE_WRITE_SEEDS") == nullptr) return;
  const TemporaryFolder folder;
  SyntheticMeeting meeting(folder.path());
  Person& ben = meeting.add_person("Ben", unavoce::consent::Role::participant);
  meeting.add_room();
  meeting.request();
  meeting.approve(meeting.host());
  meeting.approve(ben);
  meeting.take();
  meeting.track(meeting.host(), 10, Ending::interrupted);
  meeting.track(ben, 0);
  meeting.seal_take();
  meeting.withdraw(ben);
  meeting.erase_person(ben);
  meeting.seal_recording();
  meeting.write_tar(UNAVOCE_SOURCE_DIR "/tests/fuzz/corpus/bundle_tar/withdrawn");
}
