#include "cli/own_part.hpp"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/download.hpp"

namespace unavoce::cli {

namespace {

constexpr std::size_t kMaxListBytes = std::size_t{1} << 20;
constexpr std::string_view kTailEnding = ".tail.age";

/// `t001-<16 digits>-f001.webm.age` and the like: letters, digits, '-' and '.', so that it is a file's name anywhere.
bool is_track_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  return name.size() > 4 && name.size() <= 100 && name.front() == 't' && name.ends_with(".age") &&
         std::ranges::all_of(name, plain);
}

/// The bytes of an open file from its start, in pieces.
Result<void> pass_on(int fd, const std::function<Result<void>(crypto::ByteView)>& sink) {
  crypto::Bytes block(256 * 1024);
  for (off_t at = 0;;) {
    const ssize_t size = ::pread(fd, block.data(), block.size(), at);
    if (size < 0) return Error(ExitCode::io, "cannot read what was fetched");
    if (size == 0) return boost::outcome_v2::success();
    BOOST_OUTCOME_TRY(sink(crypto::ByteView(block).first(static_cast<std::size_t>(size))));
    at += size;
  }
}

Result<std::string> text_at(const std::string& address, const crypto::SecretBytes& token) {
  BOOST_OUTCOME_TRY(const auto file, nameless_file());
  BOOST_OUTCOME_TRY(download(address, token, file.get()));
  std::string text;
  BOOST_OUTCOME_TRY(pass_on(file.get(), [&](crypto::ByteView piece) -> Result<void> {
    if (text.size() + piece.size() > kMaxListBytes) return Error(ExitCode::failed, "the list of files is too large");
    text += crypto::as_text(piece);
    return boost::outcome_v2::success();
  }));
  return text;
}

}  // namespace

Result<OwnPart> OwnPart::ask(const std::string& recording, const consent::KeyFile& key) {
  BOOST_OUTCOME_TRY(auto address, bundle_address(recording));
  BOOST_OUTCOME_TRY(const auto own, bundle_address(key.server + "/recordings/" + key.recording.hex()));
  if (address != own) {
    return Error(ExitCode::usage, "this key file belongs to " + key.server + "/recordings/" + key.recording.hex() +
                                      ", and its token goes nowhere else");
  }
  address.replace(address.size() - std::string_view("bundle").size(), std::string::npos, "tracks");
  OwnPart part(std::move(address), crypto::SecretBytes::from(crypto::as_bytes(key.token)));
  BOOST_OUTCOME_TRY(const auto text, text_at(part.address_, part.token_));
  const auto list = nlohmann::json::parse(text, nullptr, false);
  const Error strange(ExitCode::failed, "the service's list of files cannot be read");
  if (!list.is_object() || !list.contains("tracks") || !list["tracks"].is_array()) return strange;
  const auto state = list.contains("state") && list["state"].is_string() ? list["state"].get<std::string>() : "";
  part.goes_on_ = state == "waiting" || state == "recording" || state == "paused";
  const std::string digits = "-" + key.approval.hex().substr(0, 16) + "-";
  std::vector<std::string> tails;
  for (const auto& track : list["tracks"]) {
    if (!track.is_object() || !track.contains("name") || !track["name"].is_string()) return strange;
    if (!track.contains("size_bytes") || !track["size_bytes"].is_number_unsigned()) return strange;
    const auto name = track["name"].get<std::string>();
    if (!is_track_name(name) || name.find(digits) != 4) return strange;
    if (name.ends_with(kTailEnding))
      tails.push_back(name);
    else
      part.tracks_.push_back({name, {}, track["size_bytes"].get<std::uint64_t>()});
  }
  for (OwnTrack& track : part.tracks_) {
    const std::string tail = track.name.substr(0, track.name.size() - 4) + std::string(kTailEnding);
    if (std::ranges::count(tails, tail) != 0) track.tail = tail;
  }
  if (part.tracks_.empty()) {
    return Error(ExitCode::failed,
                 part.goes_on_
                     ? "nothing of you is sealed yet: the recording goes on, or has not begun; try again when it ended"
                     : "nothing of you is kept in this recording: nothing was recorded, or it was erased");
  }
  return part;
}

consent::SealedFiles OwnPart::files() const {
  return [this](const std::string& name, const auto& sink) -> consent::Result<void> {
    const auto failed = [&](const Error& error) {
      return consent::Error(consent::Errc::storage, name + ": " + error.text);
    };
    const auto file = nameless_file();
    if (!file) return failed(file.error());
    if (const auto fetched = download(address_ + "/" + name, token_, file.value().get()); !fetched)
      return failed(fetched.error());
    std::optional<consent::Error> of_sink;
    const auto passed = pass_on(file.value().get(), [&](crypto::ByteView piece) -> Result<void> {
      const auto taken = sink(piece);
      if (taken) return boost::outcome_v2::success();
      of_sink = taken.error();
      return Error(ExitCode::failed, taken.error().text);
    });
    if (of_sink) return *of_sink;
    if (!passed) return failed(passed.error());
    return boost::outcome_v2::success();
  };
}

}  // namespace unavoce::cli
