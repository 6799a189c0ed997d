#include "recorder/av1_depacketizer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "recorder/av1.hpp"

namespace unavoce::recorder {
namespace {

using Bytes = std::span<const std::uint8_t>;

/// An OBU as it came: its bytes in one piece or several.
using Pieces = std::vector<Bytes>;

/// The aggregation header (section 4.4) and what it says about the rest of a payload.
struct Aggregation {
  bool continues = false;     // Z: the first element goes on with the OBU before
  bool is_continued = false;  // Y: the last element goes on in the next packet
  unsigned elements = 0;      // W: so many, and the last one has no length; 0: all have one
  bool new_sequence = false;  // N: first packet of a coded video sequence
};

Aggregation aggregation(std::uint8_t byte) {
  return {(byte & 0x80) != 0, (byte & 0x40) != 0, byte >> 4 & 3U, (byte & 0x08) != 0};
}

std::optional<std::vector<Bytes>> elements_of(Bytes payload, unsigned count) {
  std::vector<Bytes> elements;
  while (count == 0 ? !payload.empty() : elements.size() + 1 < count) {
    const auto size = take_leb128(payload);
    if (!size || *size > payload.size()) return std::nullopt;
    elements.push_back(payload.first(*size));
    payload = payload.subspan(*size);
  }
  if (count != 0) elements.push_back(payload);
  if (elements.empty()) return std::nullopt;
  return elements;
}

/// The OBUs of a unit, with the pieces of those that were cut back in one list each.
std::optional<std::vector<Pieces>> obus_of(const std::vector<PlainBytes>& payloads) {
  std::vector<Pieces> obus;
  bool open = false;
  for (const PlainBytes& payload : payloads) {
    const Aggregation header = aggregation(payload.view()[0]);
    if (header.continues != open) return std::nullopt;
    const auto elements = elements_of(payload.view().subspan(1), header.elements);
    if (!elements) return std::nullopt;
    for (const Bytes element : *elements) {
      if (!open) obus.emplace_back();
      obus.back().push_back(element);
      open = false;
    }
    open = header.is_continued;
  }
  if (open) return std::nullopt;
  return obus;
}

std::size_t size_of(const Pieces& pieces) {
  std::size_t size = 0;
  for (const Bytes piece : pieces) size += piece.size();
  return size;
}

/// How an OBU is written: its header anew, with a size, and its payload as it came.
struct Rewritten {
  ObuType type = ObuType::padding;
  std::array<std::uint8_t, 2> header{};
  std::size_t header_bytes = 1;
  std::size_t skipped = 0;  // bytes of the old header and size
  std::uint32_t payload_bytes = 0;
  std::size_t size() const { return header_bytes + leb128_size(payload_bytes) + payload_bytes; }
};

std::optional<Rewritten> rewrite(const Pieces& pieces) {
  // The header and a size have up to ten bytes, which may lie in several pieces.
  std::array<std::uint8_t, 10> front{};
  std::size_t known = 0;
  for (const Bytes piece : pieces) {
    for (std::size_t i = 0; i < piece.size() && known < front.size(); ++i) front[known++] = piece[i];
  }
  const std::size_t total = size_of(pieces);
  const ObuHeader header = obu_header(front[0]);
  Rewritten obu;
  obu.type = header.type;
  obu.header = {static_cast<std::uint8_t>(front[0] | 0x02), front[1]};
  obu.header_bytes = header.has_extension ? 2 : 1;
  if (header.forbidden || known < obu.header_bytes) return std::nullopt;
  Bytes rest = Bytes(front).first(known).subspan(obu.header_bytes);
  if (header.has_size) {
    const auto size = take_leb128(rest);
    if (!size || *size != total - (known - rest.size())) return std::nullopt;
  }
  obu.skipped = known - rest.size();
  obu.payload_bytes = static_cast<std::uint32_t>(total - obu.skipped);
  return obu;
}

/// A receiver ignores temporal delimiters and tile lists (section 5); Matroska does without the other two.
bool is_kept(ObuType type) {
  return type != ObuType::temporal_delimiter && type != ObuType::tile_list && type != ObuType::padding &&
         type != ObuType::redundant_frame_header;
}

void append(std::vector<std::uint8_t>& out, const Rewritten& obu, const Pieces& pieces) {
  out.insert(out.end(), obu.header.begin(), obu.header.begin() + static_cast<std::ptrdiff_t>(obu.header_bytes));
  append_leb128(out, obu.payload_bytes);
  std::size_t skip = obu.skipped;
  for (const Bytes piece : pieces) {
    const std::size_t from = std::min(skip, piece.size());
    out.insert(out.end(), piece.begin() + static_cast<std::ptrdiff_t>(from), piece.end());
    skip -= from;
  }
}

}  // namespace

std::optional<PlainBytes> join_av1_payloads(const std::vector<PlainBytes>& payloads) {
  const auto obus = obus_of(payloads);
  if (!obus) return std::nullopt;
  std::vector<Rewritten> rewritten;
  std::size_t total = 0;
  bool picture = false;
  for (const Pieces& pieces : *obus) {
    const auto obu = rewrite(pieces);
    if (!obu) return std::nullopt;
    rewritten.push_back(*obu);
    if (is_kept(obu->type)) total += obu->size();
    picture = picture || obu->type == ObuType::frame || obu->type == ObuType::frame_header;
  }
  if (!picture) return PlainBytes();
  std::vector<std::uint8_t> unit;
  unit.reserve(total);  // a growing vector would leave copies behind that nobody wipes
  for (std::size_t i = 0; i < rewritten.size(); ++i) {
    if (is_kept(rewritten[i].type)) append(unit, rewritten[i], (*obus)[i]);
  }
  return PlainBytes(std::move(unit));
}

Av1Output Av1Depacketizer::add(const Av1Packet& packet) {
  Av1Output out;
  const bool gap = started_ && packet.seq != next_seq_;
  const bool certain = started_ && !gap;
  next_seq_ = static_cast<std::uint16_t>(packet.seq + 1);
  if (gap) {
    out.lost = true;
    end(Unit::broken, out);
  }
  if (!started_ || packet.timestamp != timestamp_) {
    end(Unit::ended, out);  // without its marker
    begin(packet, certain);
  }
  started_ = true;
  if (unit_ != Unit::collecting) return out;
  take_in(packet, out);
  if (packet.marker) end(Unit::ended, out);
  return out;
}

/// Whether this is the first packet of its unit is certain when no packet before it is missing, or when it says so.
void Av1Depacketizer::begin(const Av1Packet& packet, bool certain) {
  timestamp_ = packet.timestamp;
  const bool says_so = !packet.payload.empty() && aggregation(packet.payload[0]).new_sequence;
  unit_ = certain || says_so ? Unit::collecting : Unit::broken;
}

void Av1Depacketizer::take_in(const Av1Packet& packet, Av1Output& out) {
  if (packet.payload.empty()) return;  // padding, as senders use it to probe the network
  bytes_ += packet.payload.size();
  if (bytes_ > max_av1_unit_bytes) {
    out.lost = true;
    end(Unit::broken, out);
    return;
  }
  payloads_.emplace_back(packet.payload);
}

void Av1Depacketizer::end(Unit how, Av1Output& out) {
  if (unit_ == Unit::collecting && how == Unit::ended && !payloads_.empty()) {
    auto joined = join_av1_payloads(payloads_);
    if (!joined) out.lost = true;
    if (joined && joined->size() != 0) out.units.push_back({timestamp_, std::move(*joined)});
  }
  unit_ = how;
  payloads_.clear();
  bytes_ = 0;
}

}  // namespace unavoce::recorder
