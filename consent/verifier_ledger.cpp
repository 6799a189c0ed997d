// Step 2: the ledger. Every entry file is the opening of a leaf of one signed tree, the chain of the recording has no
// gap, and every envelope is a statement of the kind that its entry says.
#include <algorithm>

#include "consent/verifier_evidence.hpp"
#include "crypto/dsse.hpp"

namespace unavoce::consent {
namespace {

constexpr std::size_t kMaxEntryFileBytes = 256 * 1024;
constexpr std::string_view kFolder = "data/entries/";
constexpr std::string_view kRoomPrefix = "room-";

/// An entry file whose leaf and envelope were checked, waiting for its place in a chain.
struct Link {
  std::string path;
  EntryFile file;
  EntryBody body;
  crypto::Digest commitment{};
  StatementId id;  // all zero if the envelope is unreadable
};

StatementId id_of_envelope(std::string_view text) {
  const auto envelope = crypto::parse_envelope(text);
  if (!envelope) return {};
  return StatementId(crypto::statement_id(envelope.value().payload_type, envelope.value().payload));
}

class LedgerCheck {
 public:
  LedgerCheck(const Bundle& bundle, Evidence& evidence, Findings& findings)
      : bundle_(bundle), evidence_(evidence), findings_(findings) {}

  void run() {
    read_key_and_checkpoint();
    for (const BundleFile& file : bundle_.files()) {
      if (file.path.starts_with(kFolder)) read_entry(file.path);
    }
    if (!entries_.empty()) {
      findings_.checked(Rule::ledger);
      findings_.checked(Rule::chain);
    }
    check_chain(entries_, "");
    check_chain(rooms_, kRoomPrefix);
    evidence_.entries = entries_.size();
    for (const Link& link : rooms_) take_in<Room>(link, Rule::room, evidence_.rooms);
    for (const Link& link : entries_) take_in_statement(link);
    check_key_of_room();
  }

 private:
  void read_key_and_checkpoint() {
    const auto vkey = bundle_.read("data/ledger.vkey", 1024);
    if (!vkey) return findings_.against(Rule::ledger, "data/ledger.vkey: " + vkey.error().text);
    std::string_view text = vkey.value();
    if (!text.ends_with('\n')) return findings_.against(Rule::ledger, "data/ledger.vkey: does not end in a line feed");
    text.remove_suffix(1);
    const auto key = crypto::NoteVerifier::parse(text);
    if (!key) return findings_.against(Rule::ledger, "data/ledger.vkey: " + key.error().text);
    evidence_.ledger_key = key.value();

    const auto checkpoint = bundle_.read("data/checkpoint", kMaxCheckpointBytes);
    if (!checkpoint) return findings_.against(Rule::ledger, "data/checkpoint: " + checkpoint.error().text);
    checkpoint_ = checkpoint.value();
    auto opened = open_checkpoint(checkpoint_, key.value());
    if (!opened) return findings_.against(Rule::ledger, "data/checkpoint: " + opened.error().text);
    evidence_.checkpoint = std::move(opened).value();
  }

  void read_entry(const std::string& path) {
    const auto text = bundle_.read(path, kMaxEntryFileBytes);
    if (!text) return findings_.against(Rule::ledger, path + ": " + text.error().text);
    auto file = parse_entry_file(text.value());
    if (!file) return findings_.against(Rule::ledger, path + ": " + file.error().text);
    Link link{path, std::move(file).value(), {}, {}, {}};
    auto body = parse_entry(link.file.entry);
    if (!body) return findings_.against(Rule::ledger, path + ": " + body.error().text);
    link.body = std::move(body).value();
    link.commitment = commitment(link.file.r, link.file.entry);
    link.id = id_of_envelope(link.file.envelope);
    check_leaf(link);
    const bool is_room = path.substr(kFolder.size()).starts_with(kRoomPrefix);
    (is_room ? rooms_ : entries_).push_back(std::move(link));
  }

  void check_leaf(const Link& link) {
    const auto against = [&](std::string_view why) {
      findings_.against(Rule::ledger, link.id, link.path + ": " + std::string(why));
    };
    if (link.body.kind != link.file.kind) against("file and ledger entry name different kinds");
    if (crypto::sha256(crypto::as_bytes(link.file.envelope)) != link.body.envelope_sha256) {
      against("the envelope is not the one in the ledger");
    }
    const auto proof = parse_proof(link.file.proof);
    if (!proof) return against(proof.error().text);
    if (proof.value().index != link.file.index) against("the proof is about another leaf");
    if (proof.value().checkpoint != checkpoint_) against("the proof leads to another checkpoint than data/checkpoint");
    if (!evidence_.ledger_key) return;
    if (const auto verified = verify_proof(proof.value(), link.commitment, *evidence_.ledger_key); !verified) {
      against(verified.error().text);
    }
  }

  /// `links` come in the order of their paths, which carry the number.
  void check_chain(const std::vector<Link>& links, std::string_view prefix) {
    const Link* previous = nullptr;
    std::uint64_t expected = 0;
    for (const Link& link : links) {
      const auto against = [&](std::string why) { findings_.against(Rule::chain, link.id, link.path + ": " + why); };
      // Room statements are numbered by version, which starts at 1; the sequence starts at 0.
      const std::uint64_t number = expected + (prefix.empty() ? 0 : 1);
      std::string digits = std::to_string(number);
      digits.insert(0, digits.size() < 6 ? 6 - digits.size() : 0, '0');
      if (link.path != std::string(kFolder) + std::string(prefix) + digits + ".json") {
        against("number " + std::to_string(number) + " should come here: an entry is missing or was renamed");
      }
      if (link.body.sequence != expected) {
        against("its sequence number is " + std::to_string(link.body.sequence) + ", expected " +
                std::to_string(expected));
      }
      if (link.body.previous != (previous ? std::optional(previous->commitment) : std::nullopt)) {
        against("does not continue the entry before it");
      }
      if (previous != nullptr &&
          (link.file.index <= previous->file.index || link.body.recording != previous->body.recording)) {
        against("lies before the entry it continues, or is about another recording");
      }
      previous = &link;
      expected = link.body.sequence + 1;
    }
  }

  template <class S>
  void take_in(const Link& link, Rule rule, std::vector<Found<S>>& into) {
    findings_.checked(rule);
    if (link.body.kind != kind_name<S>()) {
      return findings_.against(rule, link.path + ": is a statement of kind " + link.body.kind + " here");
    }
    auto statement = parse_statement<S>(link.file.envelope);
    if (!statement) return findings_.against(rule, link.path + ": " + statement.error().text);
    const std::string subject = subject_of(statement.value().body);
    if (subject != link.body.recording) {
      return findings_.against(
          rule, link.path + ": the statement is about " + subject + ", its entry about " + link.body.recording);
    }
    if (std::ranges::find(into, statement.value().id, &Found<S>::id) != into.end()) {
      return findings_.against(rule, link.path + ": this statement is there twice");
    }
    into.push_back({std::move(statement).value(), link.path, link.file.index, link.body.sequence, link.body.received});
  }

  static std::string subject_of(const Room& room) { return room.room.hex(); }
  template <class S>
  static std::string subject_of(const S& body) {
    return body.recording.hex();
  }

  void take_in_statement(const Link& link) {
    const std::string& kind = link.body.kind;
    if (kind == kind_name<Request>()) return take_in(link, Rule::request, evidence_.requests);
    if (kind == kind_name<Approval>()) return take_in(link, Rule::answers, evidence_.approvals);
    if (kind == kind_name<Refusal>()) return take_in(link, Rule::answers, evidence_.refusals);
    if (kind == kind_name<Withdrawal>()) return take_in(link, Rule::withdrawals, evidence_.withdrawals);
    if (kind == kind_name<Take>()) return take_in(link, Rule::takes, evidence_.takes);
    if (kind == kind_name<Track>()) return take_in(link, Rule::tracks, evidence_.tracks);
    if (kind == kind_name<Seal>()) return take_in(link, Rule::seals, evidence_.seals);
    if (kind == kind_name<Erased>()) return take_in(link, Rule::withdrawals, evidence_.erased);
    findings_.against(Rule::chain, link.path + ": a recording has no statements of kind \"" + kind + "\"");
  }

  /// The key we checked with must be the one that everybody who approved had in front of them.
  void check_key_of_room() {
    const Found<Room>* room = evidence_.room();
    if (room == nullptr || !evidence_.ledger_key) return;
    if (room->body().ledger.vkey != evidence_.ledger_key->vkey() ||
        room->body().ledger.origin != evidence_.ledger_key->name()) {
      findings_.against(Rule::ledger, "data/ledger.vkey: is not the ledger key that " + room->path + " names");
    }
  }

  const Bundle& bundle_;
  Evidence& evidence_;
  Findings& findings_;
  std::string checkpoint_;
  std::vector<Link> entries_;
  std::vector<Link> rooms_;
};

}  // namespace

void verify_ledger(const Bundle& bundle, Evidence& evidence, Findings& findings) {
  LedgerCheck(bundle, evidence, findings).run();
}

}  // namespace unavoce::consent
