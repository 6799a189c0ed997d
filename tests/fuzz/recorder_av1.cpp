// AV1 in RTP packets, as a hostile sender makes them: no crash; what comes out is a temporal unit that reads back as
// whole OBUs with a picture among them, and is never longer than what went in allows. The input is a row of packets:
// one byte of flags (1: marker, 2: another timestamp, 4: a packet is missing before), one of length, the payload.
#include <algorithm>

#include "recorder/av1.hpp"
#include "recorder/av1_depacketizer.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace unavoce::recorder;
  std::span<const std::uint8_t> rest(bytes, size);
  Av1Depacketizer depacketizer;
  Av1Packet packet;
  while (rest.size() >= 2) {
    const std::uint8_t flags = rest[0];
    packet.marker = (flags & 1) != 0;
    packet.timestamp += (flags & 2) != 0 ? 3000 : 0;
    packet.seq = static_cast<std::uint16_t>(packet.seq + ((flags & 4) != 0 ? 2 : 1));
    packet.payload = rest.subspan(2, std::min<std::size_t>(rest[1], rest.size() - 2));
    rest = rest.subspan(2 + packet.payload.size());
    const Av1Output out = depacketizer.add(packet);
    require(out.units.size() <= 2);
    for (const Av1Unit& unit : out.units) {
      // Every OBU gains at most the size that it had not.
      require(unit.bytes.size() <= 4 * size);
      const auto found = obus(unit.bytes.view());
      require(found.has_value());
      require(std::ranges::any_of(
          *found, [](const Obu& obu) { return obu.type == ObuType::frame || obu.type == ObuType::frame_header; }));
      if (const auto start = av1_start(unit.bytes.view())) {
        require(start->size.width > 0 && start->size.height > 0 && start->codec_record.size() > 4);
      }
    }
  }
  return 0;
}
