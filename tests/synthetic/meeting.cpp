#include "meeting.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "consent/receipt.hpp"
#include "crypto/random.hpp"
#include "crypto/track_sealer.hpp"

namespace unavoce::testing {
namespace {

using namespace consent;

constexpr std::int64_t kHourMs = 3'600'000;

template <class S>
void apply(const Change<S>& change, S& body) {
  if (change) change(body);
}

std::string nonce() {
  return crypto::to_base64url(crypto::random_array<32>());
}

std::string secret_line(const crypto::Identity& identity) {
  const crypto::SecretBytes text = identity.secret_text();
  return std::string(crypto::as_text(text.view()));
}

/// Writes a file as the recorder does: header first, chunks over the final chunk, then padded or left with its tail.
void seal_content(crypto::TrackSealer& sealer, std::size_t bytes, Ending ending, SyntheticTrack& track) {
  const auto write = [&](const crypto::FileWrite& part) {
    track.main.resize(std::max<std::size_t>(track.main.size(), part.offset + part.bytes.size()));
    std::ranges::copy(part.bytes, track.main.begin() + static_cast<std::ptrdiff_t>(part.offset));
  };
  for (std::size_t i = 0; i < bytes; ++i) track.plaintext += static_cast<char>('a' + (i + i / 26) % 26);
  if (ending == Ending::finished) track.plaintext += crypto::as_text(crypto::pad_to_chunk(bytes % crypto::chunk_bytes));
  write(sealer.begin());
  crypto::ByteView rest = crypto::as_bytes(track.plaintext);
  for (; rest.size() >= crypto::chunk_bytes; rest = rest.subspan(crypto::chunk_bytes)) {
    write(sealer.append(rest.first<crypto::chunk_bytes>()));
  }
  if (ending == Ending::interrupted) track.tail = sealer.tail(rest);
  if (ending == Ending::finished) track.plaintext += "\xEC\x80";
}

crypto::Digest header_hash(crypto::ByteView file) {
  return crypto::sha256(file.first(must(crypto::parse_whole_header(file)).size_bytes));
}

}  // namespace

SyntheticMeeting::SyntheticMeeting(const std::filesystem::path& folder)
    : recipients{room_identity.recipient()},
      folder_(folder),
      slots_(must(storage::ErasureSlots::open(folder / "slots"))),
      ledger(must(
          Ledger::open(must(storage::Database::open(folder / "ledger.db")), slots_,
                       must(crypto::NoteSigner::create("example.org/unavoce-test", crypto::SigningKey::generate()))))) {
  add_person("Hanna Host", Role::host);
}

void SyntheticMeeting::complete() {
  add_person("Paul <b>Participant</b>", Role::participant);
  add_person("Ängström", Role::participant);
  add_room();
  request();
  for (Person& person : people) approve(person);
  for (int round = 0; round < 2; ++round) {
    take();
    for (const Person& person : people) track(person, 70'000);
    seal_take();
  }
  seal_recording();
}

Person& SyntheticMeeting::add_person(std::string name, Role role) {
  Person& person = people.emplace_back();
  person.name = std::move(name);
  person.role = role;
  return person;
}

TimeMs SyntheticMeeting::tick() {
  return now = now + SpanMs{1000};
}

template <class S>
Entry SyntheticMeeting::append(const std::string& envelope) {
  std::vector<NewEntry> fresh{new_entry(must(parse_statement<S>(envelope)))};
  fresh.front().seen.reset();
  return must(ledger.append(fresh, tick())).front();
}

std::string SyntheticMeeting::fresh_challenge() {
  std::string challenge = nonce();
  must(ledger.add_challenge(challenge, now + SpanMs{kHourMs}, now));
  return challenge;
}

Entry SyntheticMeeting::add_room(const Change<Room>& change) {
  std::vector<RoomRecipient> r;
  for (const crypto::Recipient& recipient : recipients) {
    r.push_back(
        {recipient, "Holder " + std::to_string(r.size() + 1), r.empty() ? RecipientRole::host : RecipientRole::escrow});
  }
  Room body{room_id_,
            room ? room->body.version + 1 : 1,
            room ? std::optional(room->id) : std::nullopt,
            "A room <i>for</i> tests",
            {{"Example e.V.", "privacy@example.org"}},
            "An authority",
            "Germany",
            {"A hoster"},
            std::nullopt,
            false,
            WithdrawalErases::own_tracks,
            room_key.public_key(),
            {{host_key.public_key(), "Hanna"}},
            std::move(r),
            service_key.public_key(),
            {ledger.origin(), ledger.vkey()},
            "none",
            {},
            now};
  apply(change, body);
  const std::string envelope = sign_statement(body, room_key);
  Entry entry = append<Room>(envelope);
  room = must(parse_statement<Room>(envelope));
  return entry;
}

Entry SyntheticMeeting::request(const Change<Request>& change) {
  Request body{recording,
               room_id_,
               room->id,
               SessionId::random(),
               "Minutes & <script>memory</script>",
               {Kind::audio, Kind::video, Kind::screen},
               {},
               now + SpanMs{1000 * kHourMs},
               false,
               {1, "en", crypto::sha256(crypto::as_bytes("notice"))},
               crypto::sha256(crypto::as_bytes("page")),
               host_key.public_key(),
               now,
               now + SpanMs{10 * kHourMs}};
  apply(change, body);
  const std::string envelope = sign_statement(body, host_key);
  Entry entry = append<Request>(envelope);
  asked = must(parse_statement<Request>(envelope));
  return entry;
}

std::string SyntheticMeeting::wrap(const Person& person) const {
  return secret_line(person.consent_key) + "\n# name: " + person.name + "\n# request: " + asked->id.hex() +
         "\n# participant: " + person.key.public_key().text() + "\n";
}

Entry SyntheticMeeting::approve(Person& person, const Change<Approval>& change) {
  std::optional<crypto::Bytes> wrapped;
  if (!person.scope.empty()) wrapped = must(crypto::seal(crypto::as_bytes(wrap(person)), recipients));
  Approval body{asked->id,
                recording,
                person.id,
                person.role,
                person.key.public_key(),
                person.scope,
                wrapped ? std::optional(person.consent_key.recipient()) : std::nullopt,
                wrapped ? std::optional(crypto::sha256(*wrapped)) : std::nullopt,
                fresh_challenge(),
                nonce(),
                SeenCheckpoint{ledger.checkpoint().size, ledger.checkpoint().root},
                std::nullopt,
                std::nullopt,
                now,
                now + SpanMs{5 * kHourMs}};
  apply(change, body);
  const auto approval = must(parse_statement<Approval>(sign_statement(body, person.key)));
  person.approval = approval.id;
  person.wrapped = wrapped.value_or(crypto::Bytes());
  std::vector<NewEntry> fresh{new_entry(approval, std::move(wrapped))};
  fresh.front().seen.reset();
  return must(ledger.append(fresh, tick())).front();
}

Entry SyntheticMeeting::refuse(Person& person, const Change<Refusal>& change) {
  Refusal body{asked->id, recording, person.id, person.role, person.key.public_key(), fresh_challenge(), nonce(), now};
  apply(change, body);
  return append<Refusal>(sign_statement(body, person.key));
}

Entry SyntheticMeeting::withdraw(Person& person, const Change<Withdrawal>& change) {
  Withdrawal body{recording, person.key.public_key(), Scope::all(), false, now};
  apply(change, body);
  return append<Withdrawal>(sign_statement(body, person.key));
}

Entry SyntheticMeeting::take(Countersigned countersigned, const Change<Take>& change) {
  std::vector<StatementId> approvals;
  for (const Person& person : people) {
    if (person.approval) approvals.push_back(*person.approval);
  }
  std::ranges::sort(approvals);
  const Checkpoint seen = ledger.checkpoint();
  Take body{recording, ++take_number, approvals, {seen.size, seen.root}, service_key.public_key(), now};
  apply(change, body);
  std::string envelope = sign_statement(body, service_key);
  if (countersigned == Countersigned::yes) envelope = must(add_signature<Take>(envelope, host_key));
  unsealed.clear();
  return append<Take>(envelope);
}

Entry SyntheticMeeting::track(const Person& person, std::size_t bytes, Ending ending, const Change<Track>& change) {
  const std::string approval = person.approval->hex();
  std::uint32_t file = 1;
  for (const SealedTrack& sealed : unsealed) file += sealed.approval == *person.approval ? 1 : 0;
  auto sealer =
      must(crypto::TrackSealer::create(person.consent_key.recipient(), {recording.hex(), take_number, approval, file}));
  char name[80];
  std::snprintf(name, sizeof name, "t%03u-%.16s-f%03u.webm.age", take_number, approval.c_str(), file);
  Track body{recording, take_number,  *person.approval,       file,
             name,      person.scope, sealer.header_sha256(), service_key.public_key(),
             now};
  apply(change, body);
  Entry entry = append<Track>(sign_statement(body, service_key));

  SyntheticTrack made{body, {}, {}, {}};
  seal_content(sealer, bytes, ending, made);
  const auto note_sealed = [&](const std::string& file_name, const crypto::Bytes& content) {
    unsealed.push_back({file_name,
                        *person.approval,
                        file,
                        header_hash(content),
                        content.size(),
                        crypto::sha256(content),
                        false,
                        {"vp8", "opus"},
                        1000,
                        0,
                        1000,
                        0,
                        now.value,
                        50,
                        25,
                        0});
  };
  note_sealed(body.name, made.main);
  if (made.tail) note_sealed(std::string(body.name, 0, body.name.size() - 4) + ".tail.age", *made.tail);
  tracks.insert_or_assign(body.name, std::move(made));
  return entry;
}

Entry SyntheticMeeting::seal_take(const Change<Seal>& change) {
  Seal body{recording, take_number, EndReason::stopped, unsealed, std::nullopt, service_key.public_key(), now};
  apply(change, body);
  unsealed.clear();
  return append<Seal>(sign_statement(body, service_key));
}

Entry SyntheticMeeting::seal_recording(const Change<Seal>& change) {
  const std::uint64_t entries = must(ledger.entries(recording.hex())).size() + 1;
  Seal body{recording, std::nullopt, EndReason::ended, {}, entries, service_key.public_key(), now};
  apply(change, body);
  return append<Seal>(sign_statement(body, service_key));
}

Entry SyntheticMeeting::erased(std::vector<std::string> what, const Change<Erased>& change) {
  Erased body{recording, std::move(what), ErasedReason::withdrawal, service_key.public_key(), now};
  apply(change, body);
  return append<Erased>(sign_statement(body, service_key));
}

void SyntheticMeeting::erase_person(const Person& person) {
  must(ledger.erase_wrapped(*person.approval));
  std::vector<std::string> what{"wrapped:" + person.approval->hex()};
  for (auto track = tracks.begin(); track != tracks.end();) {
    if (track->second.statement.approval != *person.approval) {
      ++track;
      continue;
    }
    what.push_back(track->first);
    track = tracks.erase(track);
  }
  erased(std::move(what));
}

void SyntheticMeeting::erase_everything(ErasedReason reason) {
  const Erased body{recording, {"recording"}, reason, service_key.public_key(), now};
  const auto signed_body = must(parse_statement<Erased>(sign_statement(body, service_key)));
  must(ledger.erase_recording(new_entry(signed_body), now));
}

BundleContents SyntheticMeeting::contents() {
  BundleContents contents = must(collect_bundle(ledger, recording.hex(), now));
  // Whatever is not erased, as a service hands it out that does not know better.
  for (const Person& person : people) {
    if (!person.approval) continue;
    if (auto kept = must(ledger.wrapped(*person.approval)))
      contents.keys.emplace(person.approval->hex(), std::move(*kept));
  }
  for (const auto& [name, track] : tracks) {
    contents.tracks.push_back({name, track.main.size()});
    if (track.tail)
      contents.tracks.push_back({std::string(name, 0, name.size() - 4) + ".tail.age", track.tail->size()});
  }
  if (forge) forge(contents);
  return contents;
}

void SyntheticMeeting::write_tar(const std::filesystem::path& path) {
  const auto read = [&](std::string_view name, std::uint64_t offset,
                        std::span<std::uint8_t> out) -> Result<std::size_t> {
    const bool is_tail = name.ends_with(".tail.age");
    const std::string main_name = is_tail ? std::string(name.substr(0, name.size() - 9)) + ".age" : std::string(name);
    const SyntheticTrack& track = tracks.at(main_name);
    const crypto::Bytes& content = is_tail ? *track.tail : track.main;
    const std::size_t size = std::min<std::size_t>(out.size(), content.size() - offset);
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
    return size;
  };
  auto writer = must(BundleWriter::create(contents(), read));
  std::ofstream file(path, std::ios::binary);
  for (auto piece = must(writer.next()); !piece.empty(); piece = must(writer.next())) {
    file.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
  }
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::filesystem::path SyntheticMeeting::write_folder(const std::filesystem::path& parent) {
  std::filesystem::create_directories(parent);
  const std::filesystem::path tar = parent / "bundle.tar";
  write_tar(tar);
  if (std::system(("tar -C '" + parent.string() + "' -xf '" + tar.string() + "'").c_str()) != 0) {
    throw std::runtime_error("the system's tar cannot unpack " + tar.string());
  }
  std::filesystem::remove(tar);
  return parent / ("unavoce-" + recording.hex());
}

std::string SyntheticMeeting::receipt(const Person& person) {
  const Entry entry = *must(ledger.find(*person.approval));
  return format_receipt(
      {room->envelope, asked->envelope, entry.envelope, entry.entry_json, entry.r, must(ledger.proof(entry.index))});
}

std::string SyntheticMeeting::key_file(const Person& person) {
  const Withdrawal body{recording, person.key.public_key(), Scope::all(), true, now};
  const std::string envelope = sign_statement(body, person.key);
  return "# unavoce key file v1\n# recording: " + recording.hex() + "\n# approval: " + person.approval->hex() +
         "\n# server: https://unavoce.example.org\n# withdrawal: " + crypto::to_base64(crypto::as_bytes(envelope)) +
         "\n" + (person.scope.empty() ? std::string() : secret_line(person.consent_key) + "\n");
}

std::string SyntheticMeeting::room_key_file() const {
  return "# unavoce room key v1\n# room: " + room_id_.hex() +
         "\n# signing-key: " + crypto::to_base64url(room_key.seed().view()) +
         "\n# recipient: " + room_identity.recipient().text() + "\n" + secret_line(room_identity) + "\n";
}

}  // namespace unavoce::testing
