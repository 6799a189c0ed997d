// Receipts, key files, checkpoints and proofs: good ones pass, changed ones do not.
#include "consent/receipt.hpp"

#include <catch2/catch.hpp>

#include "consent/wrapped_key.hpp"
#include "tests/program.hpp"
#include "tests/synthetic/meeting.hpp"

using namespace unavoce;
using namespace unavoce::consent;
using namespace unavoce::testing;

namespace {

struct Stage {
  TemporaryFolder folder;
  SyntheticMeeting meeting{folder.path()};
  Stage() { meeting.complete(); }
  Receipt receipt() { return must(parse_receipt(meeting.receipt(meeting.host()))); }
};

crypto::NoteVerifier key_of(const Ledger& ledger) {
  return must(crypto::NoteVerifier::parse(ledger.vkey()));
}

}  // namespace

TEST_CASE("a receipt proves the approval to anyone, offline") {
  Stage stage;
  const ReceiptContent content = must(verify_receipt(stage.receipt()));
  CHECK(content.approval.id == *stage.meeting.host().approval);
  CHECK(content.fingerprint == room_fingerprint(stage.meeting.room_key.public_key()));
  CHECK(content.fingerprint.size() == 43);
}

TEST_CASE("a receipt still proves the approval after the recording was erased") {
  Stage stage;
  const Receipt receipt = stage.receipt();
  must(stage.meeting.ledger.erase_recording(stage.meeting.recording.hex()));
  CHECK(verify_receipt(receipt));
}

TEST_CASE("a receipt with any byte changed is refused") {
  Stage stage;
  const std::string text = stage.meeting.receipt(stage.meeting.host());
  for (std::size_t at = 0; at < text.size(); at += 5) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 0x01);
    const auto receipt = parse_receipt(changed);
    CAPTURE(at);
    CHECK((!receipt || !verify_receipt(receipt.value())));
  }
}

TEST_CASE("a receipt with a part of another one is refused") {
  Stage stage;
  Stage other;
  const Receipt good = stage.receipt();
  const Receipt foreign = other.receipt();
  for (auto part : {&Receipt::room, &Receipt::request, &Receipt::approval, &Receipt::entry, &Receipt::proof}) {
    Receipt mixed = good;
    mixed.*part = foreign.*part;
    CHECK_FALSE(verify_receipt(mixed));
  }
  Receipt mixed = good;
  mixed.r = foreign.r;
  CHECK_FALSE(verify_receipt(mixed));
}

TEST_CASE("a key file gives the consent key and a withdrawal that is good for its recording") {
  Stage stage;
  Person& paul = stage.meeting.people.at(1);
  const KeyFile file = must(parse_key_file(stage.meeting.key_file(paul)));
  CHECK(file.approval == *paul.approval);
  CHECK(file.server == "https://unavoce.example.org");
  CHECK(file.identity->recipient() == paul.consent_key.recipient());
  CHECK(file.withdrawal.body.key == paul.key.public_key());
  CHECK(file.withdrawal.body.recording == stage.meeting.recording);
}

TEST_CASE("a key file of somebody who granted nothing has no key") {
  const TemporaryFolder folder;
  SyntheticMeeting meeting(folder.path());
  meeting.add_room();
  meeting.request();
  meeting.host().scope = {};
  meeting.approve(meeting.host());
  CHECK_FALSE(must(parse_key_file(meeting.key_file(meeting.host()))).identity.has_value());
}

TEST_CASE("key files that are cut off, doubled or about something else are refused") {
  Stage stage;
  const std::string good = stage.meeting.key_file(stage.meeting.host());
  const auto without = [&](std::string_view line_start) {
    const std::size_t at = good.find(line_start);
    return good.substr(0, at) + good.substr(good.find('\n', at) + 1);
  };
  CHECK_FALSE(parse_key_file(without("# approval")));
  CHECK_FALSE(parse_key_file(without("# withdrawal")));
  CHECK_FALSE(parse_key_file(without("# unavoce key file")));
  CHECK_FALSE(parse_key_file(good + "# recording: " + stage.meeting.recording.hex() + "\n"));
  CHECK_FALSE(parse_key_file(good + "AGE-PLUGIN-RUNME-1QQQQ\n"));
  std::string other = good;
  const std::string id = stage.meeting.recording.hex();
  other.replace(other.find(id), id.size(), RecordingId::random().hex());
  CHECK_FALSE(parse_key_file(other));
}

TEST_CASE("a proof is the text of c2sp.org/tlog-proof and round-trips") {
  Stage stage;
  const std::string text = must(stage.meeting.ledger.proof(3));
  CHECK(text.starts_with("c2sp.org/tlog-proof@v1\nindex 3\n"));
  CHECK(text.ends_with("\n\n" + stage.meeting.ledger.signed_checkpoint()));
  CHECK(format_proof(must(parse_proof(text))) == text);
}

TEST_CASE("the example of c2sp.org/tlog-proof is read, extra line included") {
  const std::string example =
      "c2sp.org/tlog-proof@v1\nextra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\n"
      "index 73894\ngSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n\nexample.com/fancylog\n";
  const Proof proof = must(parse_proof(example));
  CHECK(proof.index == 73894);
  CHECK(proof.hashes.size() == 1);
  CHECK(proof.checkpoint == "example.com/fancylog\n");
}

TEST_CASE("proofs and checkpoints have one spelling of every number and hash") {
  const std::string root = crypto::to_base64(crypto::sha256({}));
  CHECK(parse_checkpoint("origin\n0\n" + root + "\n"));
  CHECK(parse_checkpoint("origin\n0\n" + root + "\nextension\n"));
  for (const std::string& text :
       {"origin\n00\n" + root + "\n", "origin\n-1\n" + root + "\n", "origin\n0\n" + root, "\n0\n" + root + "\n",
        "origin\n18446744073709551616\n" + root + "\n", "origin\n0\n" + root.substr(1) + "\n",
        "origin\n0\n" + root + "\n\n", std::string("origin\n0\n")}) {
    CAPTURE(text);
    CHECK_FALSE(parse_checkpoint(text));
  }
  const std::string magic = "c2sp.org/tlog-proof@v1\n";
  for (const std::string& text :
       {std::string(), magic, magic + "index 01\n\nx\n", magic + "index 1\nAAAA\n\nx\n", magic + "index 1\n\n",
        magic + "index 1\n" + root + "\n", std::string("c2sp.org/tlog-proof@v2\nindex 1\n\nx\n")}) {
    CAPTURE(text);
    CHECK_FALSE(parse_proof(text));
  }
}

TEST_CASE("a proof does not pass for another leaf, another index or another ledger's key") {
  Stage stage;
  const Ledger& ledger = stage.meeting.ledger;
  const auto entries = must(ledger.entries(stage.meeting.recording.hex()));
  const auto leaf = [](const Entry& entry) { return commitment(entry.r, entry.entry_json); };
  Proof proof = must(parse_proof(must(ledger.proof(entries[1].index))));
  CHECK(verify_proof(proof, leaf(entries[1]), key_of(ledger)));
  CHECK_FALSE(verify_proof(proof, leaf(entries[2]), key_of(ledger)));
  const auto stranger = must(crypto::NoteSigner::create(ledger.origin(), crypto::SigningKey::generate()));
  CHECK_FALSE(verify_proof(proof, leaf(entries[1]), stranger.verifier()));
  ++proof.index;
  CHECK_FALSE(verify_proof(proof, leaf(entries[1]), key_of(ledger)));
}

TEST_CASE("hostile texts inside W are refused") {
  const auto identity = crypto::Identity::generate();
  const auto secret = identity.secret_text();
  const std::string key(crypto::as_text(secret.view()));
  CHECK(must(parse_consent_key(key + "\n# name: Zoë\n# colour: red\n")).name == "Zoë");
  for (const std::string& text :
       {std::string(), "AGE-PLUGIN-RUNME-1QQQQ\n" + key, key + "\nAGE-PLUGIN-RUNME-1QQQQ\n", key + "\r\n",
        key + "\n# name: \x1b[2J\n", key + "\n" + key + "\n", key + "\n# name: a\n# name: b\n", key + "\n#name\n",
        key + "\n# name: \xff\n", key + "\n# x: " + std::string(4096, 'x')}) {
    CAPTURE(text.size());
    CHECK_FALSE(parse_consent_key(text));
  }
}
