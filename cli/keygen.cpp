#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/files.hpp"
#include "cli/passphrase.hpp"
#include "consent/ids.hpp"
#include "crypto/age.hpp"
#include "crypto/ed25519.hpp"

namespace unavoce::cli {

namespace {

/// Text in secret memory; never reallocates what it holds without wiping it.
class SecretText {
 public:
  void add(std::string_view text) {
    if (size_ + text.size() > buffer_.size()) throw std::length_error("a key file has less than 4 KiB");
    std::ranges::copy(text, buffer_.writable().subspan(size_).begin());
    size_ += text.size();
  }
  crypto::ByteView view() const { return buffer_.view().first(size_); }

 private:
  crypto::SecretBytes buffer_{4096};
  std::size_t size_ = 0;
};

/// A new key and what may be shown of it.
struct NewKey {
  SecretText file;
  std::string recipient;
  std::optional<std::string> room;
  std::optional<std::string> signing_key;  // public
};

/// The lines of docs/FORMATS.md section 3.
NewKey make_room_key(const std::string& room) {
  const auto identity = crypto::Identity::generate();
  const auto signing_key = crypto::SigningKey::generate();
  NewKey key{{}, identity.recipient().text(), room, signing_key.public_key().text()};
  std::string seed = crypto::to_base64url(signing_key.seed().view());
  key.file.add("# unavoce room key v1\n# room: " + room + "\n# signing-key: ");
  key.file.add(seed);
  key.file.add("\n# recipient: " + key.recipient + "\n");
  key.file.add(crypto::as_text(identity.secret_text().view()));
  key.file.add("\n");
  crypto::wipe(seed);
  return key;
}

/// As age-keygen writes it.
NewKey make_identity() {
  const auto identity = crypto::Identity::generate();
  NewKey key{{}, identity.recipient().text(), {}, {}};
  key.file.add("# public key: " + key.recipient + "\n");
  key.file.add(crypto::as_text(identity.secret_text().view()));
  key.file.add("\n");
  return key;
}

Result<std::string> room_id(const std::string& text) {
  if (text == "new") return consent::RoomId::random().hex();
  auto id = consent::RoomId::parse(text);
  if (!id) return Error(ExitCode::usage, "--room wants a room id (32 hex digits) or \"new\"");
  return id.value().hex();
}

Result<void> write_key(const KeygenOptions& options, crypto::ByteView file) {
  if (!options.output.empty() && options.output != "-") return write_new_file(options.output, file);
  BOOST_OUTCOME_TRY(auto output, Output::open(""));
  return output.write(file);
}

Report report_on(const NewKey& key, const KeygenOptions& options) {
  const bool to_standard_output = options.output.empty() || options.output == "-";
  nlohmann::ordered_json json = {{"recipient", key.recipient}};
  std::string text = "Recipient: " + key.recipient + "\n";
  if (key.room) {
    json["room"] = *key.room;
    json["signing_key"] = *key.signing_key;
    text += "Room: " + *key.room + "\nPublic signing key: " + *key.signing_key + "\n";
  }
  json["output"] = to_standard_output ? nlohmann::ordered_json() : nlohmann::ordered_json(options.output);
  json["passphrase"] = options.wrap_with_passphrase;
  return {text, json.dump(), to_standard_output ? Channel::standard_error : Channel::standard_output};
}

}  // namespace

Result<Report> keygen(const KeygenOptions& options) {
  std::optional<std::string> room;
  if (!options.room.empty()) {
    BOOST_OUTCOME_TRY(room, room_id(options.room));
  }
  const NewKey key = room ? make_room_key(*room) : make_identity();
  if (!options.wrap_with_passphrase) {
    BOOST_OUTCOME_TRY(write_key(options, key.file.view()));
    return report_on(key, options);
  }
  BOOST_OUTCOME_TRY(const auto phrase, read_passphrase(options.passphrase, "New passphrase", Typing::twice));
  BOOST_OUTCOME_TRY(const auto sealed, crypto::seal_with_passphrase(key.file.view(), phrase.view()));
  BOOST_OUTCOME_TRY(write_key(options, sealed));
  return report_on(key, options);
}

}  // namespace unavoce::cli
