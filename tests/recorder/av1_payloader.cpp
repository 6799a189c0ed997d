#include "av1_payloader.hpp"

#include <gst/gst.h>
#include <gst/rtp/rtp.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>

namespace unavoce::recorder::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr int type_sequence_header = 1;
constexpr int type_temporal_delimiter = 2;

int type_of(const Bytes& obu) {
  return obu[0] >> 3 & 15;
}

/// The OBUs of a unit, every second one as it is, the others without their size; no temporal delimiter.
std::vector<Bytes> split(std::span<const std::uint8_t> unit) {
  std::vector<Bytes> obus;
  for (std::size_t at = 0; at < unit.size();) {
    const std::size_t begin = at;
    const std::size_t header = (unit[at] & 4) != 0 ? 2 : 1;
    at += header;
    std::size_t size = 0;
    for (int shift = 0;; shift += 7) {
      size |= std::size_t{unit[at] & 0x7fU} << shift;
      if ((unit[at++] & 0x80) == 0) break;
    }
    Bytes obu(unit.begin() + static_cast<std::ptrdiff_t>(begin), unit.begin() + static_cast<std::ptrdiff_t>(at + size));
    if (obus.size() % 2 == 0) {
      obu.erase(obu.begin() + static_cast<std::ptrdiff_t>(header),
                obu.begin() + static_cast<std::ptrdiff_t>(at - begin));
      obu[0] &= 0xfd;
    }
    at += size;
    if (type_of(obu) != type_temporal_delimiter) obus.push_back(std::move(obu));
  }
  return obus;
}

struct Packet {
  bool continues = false;
  bool is_continued = false;
  std::vector<Bytes> elements;
  std::size_t bytes = 1;
};

std::vector<Packet> fill(const std::vector<Bytes>& obus, std::size_t max_bytes) {
  constexpr std::size_t length_bytes = 2;
  std::vector<Packet> packets(1);
  for (const Bytes& obu : obus) {
    for (std::size_t done = 0; done < obu.size();) {
      if (packets.back().bytes + length_bytes >= max_bytes) {
        packets.back().is_continued = done != 0;
        packets.emplace_back().continues = done != 0;
      }
      Packet& packet = packets.back();
      const std::size_t piece = std::min(max_bytes - packet.bytes - length_bytes, obu.size() - done);
      const auto from = obu.begin() + static_cast<std::ptrdiff_t>(done);
      packet.elements.emplace_back(from, from + static_cast<std::ptrdiff_t>(piece));
      packet.bytes += length_bytes + piece;
      done += piece;
    }
  }
  return packets;
}

Bytes serialized(const Packet& packet, bool counted, bool new_sequence) {
  const std::size_t count = packet.elements.size();
  Bytes out{static_cast<std::uint8_t>((packet.continues ? 0x80 : 0) | (packet.is_continued ? 0x40 : 0) |
                                      (counted ? count << 4 : 0) | (new_sequence ? 0x08 : 0))};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = packet.elements[i].size();
    if (!counted || i + 1 < count) {
      if (size >= 128) out.push_back(static_cast<std::uint8_t>(size | 0x80));
      out.push_back(static_cast<std::uint8_t>(size >= 128 ? size >> 7 : size));
    }
    out.insert(out.end(), packet.elements[i].begin(), packet.elements[i].end());
  }
  return out;
}

// ---- the element

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("video/x-av1"));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("application/x-rtp, media=video, payload=[96,127], clock-rate=90000, encoding-name=AV1"));

gboolean set_caps(GstRTPBasePayload* payloader, GstCaps*) {
  gst_rtp_base_payload_set_options(payloader, "video", TRUE, "AV1", 90000);
  return gst_rtp_base_payload_set_outcaps(payloader, nullptr);
}

GstBuffer* packet_of(GstRTPBasePayload* payloader, const Bytes& payload, bool marker) {
  GstBuffer* packet = gst_rtp_base_payload_allocate_output_buffer(payloader, static_cast<guint>(payload.size()), 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  gst_rtp_buffer_map(packet, GST_MAP_READWRITE, &rtp);
  std::copy(payload.begin(), payload.end(), static_cast<std::uint8_t*>(gst_rtp_buffer_get_payload(&rtp)));
  gst_rtp_buffer_set_marker(&rtp, marker);
  gst_rtp_buffer_unmap(&rtp);
  return packet;
}

GstFlowReturn handle_buffer(GstRTPBasePayload* payloader, GstBuffer* unit) {
  GstMapInfo map;
  gst_buffer_map(unit, &map, GST_MAP_READ);
  const auto payloads =
      av1_payloads({map.data, map.size}, gst_rtp_buffer_calc_payload_len(GST_RTP_BASE_PAYLOAD_MTU(payloader), 0, 0));
  gst_buffer_unmap(unit, &map);
  GstBufferList* packets = gst_buffer_list_new();
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    GstBuffer* packet = packet_of(payloader, payloads[i], i + 1 == payloads.size());
    GST_BUFFER_PTS(packet) = GST_BUFFER_PTS(unit);
    gst_buffer_list_add(packets, packet);
  }
  gst_buffer_unref(unit);
  return gst_rtp_base_payload_push_list(payloader, packets);
}

void class_init(gpointer type, gpointer) {
  auto* element = GST_ELEMENT_CLASS(type);
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(element, "AV1 payloader", "Codec/Payloader/Network/RTP", "for tests",
                                        "Unavoce");
  auto* payloader = GST_RTP_BASE_PAYLOAD_CLASS(type);
  payloader->set_caps = set_caps;
  payloader->handle_buffer = handle_buffer;
}

}  // namespace

std::vector<Bytes> av1_payloads(std::span<const std::uint8_t> temporal_unit, std::size_t max_bytes) {
  const auto obus = split(temporal_unit);
  const bool new_sequence =
      std::any_of(obus.begin(), obus.end(), [](const Bytes& obu) { return type_of(obu) == type_sequence_header; });
  std::vector<Bytes> payloads;
  for (const Packet& packet : fill(obus, max_bytes)) {
    const bool counted = packet.elements.size() <= 3 && payloads.size() % 2 == 0;
    payloads.push_back(serialized(packet, counted, new_sequence && payloads.empty()));
  }
  return payloads;
}

void register_av1_payloader() {
  static std::once_flag once;
  std::call_once(once, [] {
    const GType type =
        g_type_register_static_simple(GST_TYPE_RTP_BASE_PAYLOAD, "UnavoceTestAv1Pay", sizeof(GstRTPBasePayloadClass),
                                      class_init, sizeof(GstRTPBasePayload), nullptr, static_cast<GTypeFlags>(0));
    if (!gst_element_register(nullptr, "testav1pay", GST_RANK_NONE, type)) throw std::runtime_error("testav1pay");
  });
}

}  // namespace unavoce::recorder::test
