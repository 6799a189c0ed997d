#include "crypto/track_sealer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <string_view>

#include "crypto/file_key.hpp"

namespace unavoce::crypto {

namespace {

constexpr std::string_view track_type = "unavoce.track/v1";
constexpr std::string_view tail_type = "unavoce.tail/v1";
// The final chunk always seals an empty Matroska Void, so that sealing it again for another reason cannot happen.
constexpr std::array<std::uint8_t, 2> empty_void = {0xEC, 0x80};
constexpr std::size_t final_bytes = empty_void.size() + tag_bytes;
// 2^40 chunks are 64 PiB; a larger number in a tail is no honest one, and offsets must not overflow.
constexpr std::uint64_t max_chunks = std::uint64_t{1} << 40;

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Bytes seal_final(ChunkCipher& cipher, std::uint64_t index) {
  Bytes sealed(final_bytes);
  cipher.seal(index, ChunkPlace::last, empty_void, sealed);
  return sealed;
}

Stanza context_stanza(const TrackContext& context) {
  return {std::string(track_type),
          {"rec=" + context.recording, "take=" + std::to_string(context.take), "approval=" + context.approval,
           "file=" + std::to_string(context.file)},
          {}};
}

Error malformed_tail(const char* why) {
  return {Errc::malformed, std::string("not a valid tail file: ") + why};
}

/// The text after "name=" of an argument.
std::optional<std::string_view> value_of(std::string_view arg, std::string_view name) {
  if (!arg.starts_with(name)) return std::nullopt;
  return arg.substr(name.size());
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool canonical = !text.empty() && (text == "0" || text.front() != '0');
  if (error != std::errc{} || end != text.data() + text.size() || !canonical) return std::nullopt;
  return value;
}

}  // namespace

Result<TrackSealer> TrackSealer::create(const Recipient& recipient, const TrackContext& context) {
  if (!is_hex(context.recording, 32) || !is_hex(context.approval, 64)) {
    return Error{Errc::malformed, "a track's recording id has 32 hex digits and its approval id 64"};
  }
  const FileKey key = FileKey::random();
  FileStart file = start_file(key, {context_stanza(context), wrap_for(recipient, key)});
  const Digest header_sha256 = sha256(ByteView(file.head).first(file.header_bytes));
  return TrackSealer(recipient, std::move(file.head), header_sha256, ChunkCipher(file.payload_key));
}

TrackSealer::TrackSealer(const Recipient& recipient, Bytes head, const Digest& header_sha256, ChunkCipher cipher)
    : recipient_(recipient),
      head_(std::move(head)),
      header_sha256_(header_sha256),
      cipher_(std::move(cipher)),
      final_(seal_final(*cipher_, 0)) {}

ChunkCipher& TrackSealer::cipher() {
  if (!cipher_) throw std::logic_error("a track was to be sealed after its key was wiped");
  return *cipher_;
}

std::uint64_t TrackSealer::final_offset() const noexcept {
  return head_.size() + chunks_ * sealed_chunk_bytes;
}

std::uint64_t TrackSealer::size() const noexcept {
  return final_offset() + final_bytes;
}

FileWrite TrackSealer::begin() const {
  if (chunks_ != 0) throw std::logic_error("a track file begins only once");
  FileWrite write{0, head_};
  write.bytes.insert(write.bytes.end(), final_.begin(), final_.end());
  return write;
}

FileWrite TrackSealer::append(std::span<const std::uint8_t, chunk_bytes> chunk) {
  FileWrite write{final_offset(), Bytes(sealed_chunk_bytes)};
  write.bytes.reserve(sealed_chunk_bytes + final_bytes);
  cipher().seal(chunks_, ChunkPlace::before_others, chunk, write.bytes);
  ++chunks_;
  final_ = seal_final(cipher(), chunks_);
  write.bytes.insert(write.bytes.end(), final_.begin(), final_.end());
  return write;
}

Bytes TrackSealer::tail(ByteView partial) const {
  if (partial.size() >= chunk_bytes) throw std::logic_error("a tail holds less than a chunk");
  const FileKey key = FileKey::random();
  Stanza stanza{std::string(tail_type),
                {"track=" + to_hex(header_sha256_), "chunk=" + std::to_string(chunks_), "fin=" + to_base64url(final_)},
                {}};
  FileStart file = start_file(key, {std::move(stanza), wrap_for(recipient_, key)});
  Bytes tail = std::move(file.head);
  const std::size_t head_bytes = tail.size();
  tail.resize(head_bytes + partial.size() + tag_bytes);
  ChunkCipher(file.payload_key).seal(0, ChunkPlace::last, partial, std::span(tail).subspan(head_bytes));
  return tail;
}

Bytes pad_to_chunk(std::uint64_t partial_size) {
  std::uint64_t missing = (chunk_bytes - partial_size % chunk_bytes) % chunk_bytes;
  if (missing == 0) return {};
  // The shortest Void has two bytes.
  if (missing == 1) missing += chunk_bytes;
  Bytes padding(missing);
  padding[0] = 0xEC;
  if (missing <= 8) {
    padding[1] = static_cast<std::uint8_t>(0x80 + (missing - 2));
    return padding;
  }
  padding[1] = 0x01;  // an EBML length of seven bytes follows (RFC 8794 section 4)
  for (std::size_t i = 0; i < 7; ++i) padding[8 - i] = static_cast<std::uint8_t>((missing - 9) >> 8 * i);
  return padding;
}

Result<TailInfo> read_tail_header(ByteView tail_file) {
  BOOST_OUTCOME_TRY(const auto parsed, parse_whole_header(tail_file));
  const auto& stanzas = parsed.header.stanzas;
  const auto stanza = std::ranges::find(stanzas, tail_type, &Stanza::type);
  if (stanza == stanzas.end()) return malformed_tail("it has no unavoce.tail/v1 stanza");
  if (std::ranges::count(stanzas, tail_type, &Stanza::type) != 1 || stanza->args.size() != 3 || !stanza->body.empty()) {
    return malformed_tail("its unavoce.tail/v1 stanza is not as FORMATS.md says");
  }
  const auto track = value_of(stanza->args[0], "track=");
  const auto chunk = value_of(stanza->args[1], "chunk=");
  const auto fin = value_of(stanza->args[2], "fin=");
  if (!track || !chunk || !fin) return malformed_tail("track=, chunk= or fin= is missing");

  auto digest = from_hex(*track);
  if (!digest || digest.value().size() != 32) return malformed_tail("track= is not a SHA-256 in hex");
  const auto number = parse_decimal(*chunk);
  if (!number || *number > max_chunks) return malformed_tail("chunk= is not a possible number");
  auto final_chunk = from_base64url(*fin);
  if (!final_chunk || final_chunk.value().size() != final_bytes)
    return malformed_tail("fin= is not 18 bytes in base64url");
  TailInfo info{{}, *number, std::move(final_chunk).value()};
  std::ranges::copy(digest.value(), info.track_sha256.begin());
  return info;
}

Result<Repair> plan_repair(ByteView main_file, ByteView tail_file) {
  BOOST_OUTCOME_TRY(auto tail, read_tail_header(tail_file));
  BOOST_OUTCOME_TRY(const auto main, parse_whole_header(main_file));
  if (sha256(main_file.first(main.size_bytes)) != tail.track_sha256) {
    return Error{Errc::damaged, "the tail file belongs to another track file, or the track's header was changed"};
  }
  return Repair{main.size_bytes + payload_nonce_bytes + tail.chunk * sealed_chunk_bytes, std::move(tail.fin)};
}

}  // namespace unavoce::crypto
