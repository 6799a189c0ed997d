// Age files by somebody who knows the recipient, as everybody in a meeting knows the room's: what is authentic in them
// can still be anything. An input is a header, in which "-> X25519 me" stands for a stanza for our identity and the MAC
// is put right, and behind it one letter for each chunk of the payload (make_payload). Three readers agree on what
// opens, and open what the format allows and nothing else.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "crypto/age.hpp"
#include "crypto/file_key.hpp"
#include "crypto/hardening.hpp"
#include "crypto/range_opener.hpp"
#include "tests/fuzz/require.hpp"

using namespace unavoce::crypto;

namespace {

constexpr std::size_t kMostForUs = 4;  // stanzas: each costs a key pair
constexpr std::size_t kMostLetters = 64;
constexpr std::size_t kMostFull = 2;  // chunks
constexpr std::size_t kShortBytes = 5;

/// The one of the specification's examples.
const Identity& our_identity() {
  static const Identity identity =
      Identity::parse("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX").value();
  return identity;
}

struct Opened {
  bool header = false;
  std::optional<Bytes> plain{};  ///< nothing unless all of it was authentic, and complete
};

Opened open_in_pieces(ByteView file) {
  Bytes plain;
  Opener opener = Opener::with({&our_identity(), 1}, [&plain](ByteView part) -> Result<void> {
    plain.insert(plain.end(), part.begin(), part.end());
    return boost::outcome_v2::success();
  });
  const std::size_t piece = 100 + file.size() % 5000;
  bool is_good = true;
  for (std::size_t at = 0; at < file.size() && is_good; at += piece)
    is_good = opener.write(file.subspan(at, std::min(piece, file.size() - at))).has_value();
  Opened opened{opener.header_opened()};
  const bool is_finished = opener.finish().has_value();
  require(is_good || !is_finished);  // errors stick
  if (is_finished) opened.plain = std::move(plain);
  return opened;
}

std::optional<Bytes> open_whole(ByteView file) {
  const auto opened = unavoce::crypto::open(file, {&our_identity(), 1});
  if (!opened) return std::nullopt;
  const ByteView plain = opened.value().view();
  return Bytes(plain.begin(), plain.end());
}

std::optional<Bytes> open_by_range(ByteView file) {
  const auto read_at = [file](std::uint64_t offset, std::span<std::uint8_t> out) -> Result<void> {
    require(offset <= file.size() && out.size() <= file.size() - offset);  // it was told where the file ends
    std::ranges::copy(file.subspan(offset, out.size()), out.begin());
    return boost::outcome_v2::success();
  };
  auto opener = RangeOpener::open(read_at, file.size(), {&our_identity(), 1});
  if (!opener) return std::nullopt;
  require(opener.value().size() <= file.size());
  Bytes plain(opener.value().size());
  const auto copied = opener.value().read_at(0, plain);
  if (!copied) return std::nullopt;
  require(copied.value() == plain.size());
  return plain;
}

Opened open_in_every_way(ByteView file) {
  Opened opened = open_in_pieces(file);
  require(open_whole(file) == opened.plain);
  require(open_by_range(file) == opened.plain);
  return opened;
}

struct Payload {
  Bytes sealed;
  Bytes plain;
  bool is_allowed = false;  ///< by the format: full chunks, then a last one, which is empty only if it is alone
};

std::optional<std::size_t> plain_bytes_of(std::uint8_t letter) {
  switch (letter) {
    case 'F':
    case 'f':
      return chunk_bytes;
    case 'S':
    case 's':
      return kShortBytes;
    case 'E':
    case 'e':
      return 0;
    default:
      return std::nullopt;
  }
}

/// F, S, E: a full, a short, an empty chunk that says that others follow; f, s, e: that it is the last. '!' leaves out
/// the number of a chunk. Any other byte stands there as it is.
Payload make_payload(const Secret<32>& key, ByteView letters) {
  static const Bytes text(chunk_bytes, '.');
  Payload payload;
  ChunkCipher cipher(key);
  std::uint64_t index = 0;
  std::size_t full = 0;
  bool is_skipped = false, is_spoiled = false, has_ended = false;
  for (const std::uint8_t letter : letters.first(std::min(letters.size(), kMostLetters))) {
    const auto plain_bytes = plain_bytes_of(letter);
    if (letter == '!') {
      is_skipped = true;
      ++index;
    } else if (!plain_bytes) {
      is_spoiled = true;
      payload.sealed.push_back(letter);
    } else {
      const bool is_full = *plain_bytes == chunk_bytes;
      if (is_full && ++full > kMostFull) break;
      const bool is_last = letter >= 'a';
      const bool fits = is_last ? index == 0 || *plain_bytes > 0 : is_full;
      if (is_skipped || has_ended || !fits) is_spoiled = true;
      has_ended = has_ended || is_last;
      const ByteView plain = ByteView(text).first(*plain_bytes);
      const std::size_t at = payload.sealed.size();
      payload.sealed.resize(at + plain.size() + tag_bytes);
      cipher.seal(index++, is_last ? ChunkPlace::last : ChunkPlace::before_others, plain,
                  std::span(payload.sealed).subspan(at));
      payload.plain.insert(payload.plain.end(), plain.begin(), plain.end());
    }
  }
  payload.is_allowed = has_ended && !is_spoiled;
  return payload;
}

bool is_for_us(const Stanza& stanza) {
  return stanza.type == "X25519" && stanza.args == std::vector<std::string>{"me"};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = init().has_value();
  require(ready);
  const ByteView input(data, size);
  open_in_every_way(input);  // as it is, no harm comes of it
  auto script = parse_header(input);
  if (!script || !script.value()) return 0;

  const FileKey key = FileKey::from(as_bytes("YELLOW SUBMARINE"));
  std::vector<Stanza> stanzas = std::move(script.value()->header.stanzas);
  std::size_t for_us = 0;
  bool is_known_to_open = true;  // what others wrap may be malformed, or stand in the way
  for (Stanza& stanza : stanzas) {
    if (is_for_us(stanza) && for_us < kMostForUs) {
      stanza = wrap_for(our_identity().recipient(), key);
      ++for_us;
    } else if (stanza.type == "X25519" || stanza.type == "scrypt") {
      is_known_to_open = false;
    }
  }
  const FileStart start = start_file(key, std::move(stanzas));
  const Payload payload = make_payload(start.payload_key, input.subspan(script.value()->size_bytes));
  Bytes file = start.head;
  file.insert(file.end(), payload.sealed.begin(), payload.sealed.end());

  const Opened opened = open_in_every_way(file);
  if (for_us == 0) require(!opened.header);
  if (for_us > 0 && is_known_to_open) require(opened.header == (start.header_bytes <= max_header_bytes));
  const bool should_open = opened.header && payload.is_allowed;
  require(opened.plain == (should_open ? std::optional(payload.plain) : std::nullopt));
  return 0;
}
