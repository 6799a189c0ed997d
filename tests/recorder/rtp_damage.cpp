#include "rtp_damage.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "recorder/gst_signal.hpp"

namespace unavoce::recorder::test {
namespace {

constexpr gsize rtp_header_bytes = 12;  // no contributing sources, no extensions yet

void damage_packet(RtpDamage& state, GstBuffer* packet) {
  const Damage damage = state.kind;
  if (damage == Damage::none) return;
  if (damage == Damage::empty) gst_buffer_set_size(packet, rtp_header_bytes);
  if (damage == Damage::cut_short) {
    gst_buffer_set_size(packet, static_cast<gssize>((rtp_header_bytes + gst_buffer_get_size(packet)) / 2));
  }
  GstMapInfo map;
  if (!gst_buffer_map(packet, &map, GST_MAP_READWRITE)) return;
  if (damage == Damage::wrong_payload_type) map.data[1] = static_cast<guint8>((map.data[1] & 0x80) | 127);
  if (damage == Damage::no_end && map.size > rtp_header_bytes) {
    // RFC 7741 section 4.2: the S bit of the payload descriptor, on the first packet of a picture.
    guint8& descriptor = map.data[rtp_header_bytes];
    const bool starts = (descriptor & 0x10) != 0;
    if (state.begun) descriptor &= 0xef;
    state.begun = state.begun || starts;
    map.data[1] &= 0x7f;
  }
  if (damage == Damage::no_marker) map.data[1] &= 0x7f;
  if (damage == Damage::random_bytes) {
    std::generate(map.data + rtp_header_bytes, map.data + map.size,
                  [&] { return static_cast<guint8>(state.random()); });
  }
  gst_buffer_unmap(packet, &map);
}

/// The same packet with a contributing source that no packet before had (RFC 3550 section 5.1).
GstBuffer* with_new_contributor(RtpDamage& state, GstBuffer* packet) {
  std::array<guint8, rtp_header_bytes + sizeof(guint32)> head{};
  gst_buffer_extract(packet, 0, head.data(), rtp_header_bytes);
  head[0] |= 1;
  const guint32 source = g_htonl(0xc0de0000U + ++state.contributor);
  std::memcpy(head.data() + rtp_header_bytes, &source, sizeof source);
  GstBuffer* longer = gst_buffer_new_memdup(head.data(), head.size());
  gst_buffer_copy_into(longer, packet, GST_BUFFER_COPY_METADATA, 0, static_cast<gsize>(-1));
  GstBuffer* payload = gst_buffer_copy_region(packet, GST_BUFFER_COPY_MEMORY, rtp_header_bytes, static_cast<gsize>(-1));
  gst_buffer_unref(packet);
  return gst_buffer_append(longer, payload);
}

void set_number(GstBuffer* packet, guint16 number) {
  const guint16 field = g_htons(number);
  gst_buffer_fill(packet, 2, &field, sizeof field);
}

/// In front of the packet, which is numbered anew, as many of one byte as no encoder makes.
void send_crumbs(RtpDamage& state, GstPad* pad, GstBuffer* packet) {
  constexpr int crumbs = 40;
  if (!state.number) {
    guint16 field = 0;
    gst_buffer_extract(packet, 2, &field, sizeof field);
    state.number = g_ntohs(field);
  }
  state.is_sending = true;
  for (int i = 0; i < crumbs; ++i) {
    GstBuffer* crumb = gst_buffer_copy_deep(packet);
    gst_buffer_set_size(crumb, rtp_header_bytes + 1);
    set_number(crumb, (*state.number)++);
    gst_pad_push(pad, crumb);
  }
  state.is_sending = false;
  set_number(packet, (*state.number)++);
}

/// Enough of each, one after the other, for a receiver to take it for a source (RFC 3550 section A.1).
void name_another_source(RtpDamage& state, GstBuffer* packet) {
  constexpr guint32 sources = 16;
  constexpr guint32 packets_each = 4;
  const guint32 source = g_htonl(0x50a10000U + state.packets++ / packets_each % sources);
  gst_buffer_fill(packet, 8, &source, sizeof source);
  const guint8 type = 127;
  gst_buffer_fill(packet, 1, &type, sizeof type);
}

std::string exp_golomb(unsigned number) {
  std::string bits;
  for (unsigned rest = number + 1; rest != 0; rest >>= 1U) bits.insert(bits.begin(), (rest & 1U) != 0 ? '1' : '0');
  return std::string(bits.size() - 1, '0') + bits;
}

/// A sequence parameter set of this id, in Annex B form: Constrained Baseline, 320×240 (ITU-T H.264 section 7.3.2.1.1).
std::vector<guint8> sps_of(unsigned id) {
  std::string bits = exp_golomb(id) + exp_golomb(0) + exp_golomb(0) + exp_golomb(0) + exp_golomb(1) + "0" +
                     exp_golomb(19) + exp_golomb(14) + "11001";
  while (bits.size() % 8 != 0) bits += '0';
  std::vector<guint8> sps{0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x0d};
  for (std::size_t i = 0; i < bits.size(); i += 8) {
    sps.push_back(static_cast<guint8>(std::stoi(bits.substr(i, 8), nullptr, 2)));
  }
  return sps;
}

GstBuffer* many_sets() {
  std::vector<guint8> sets;
  for (unsigned id = 0; id < 32; ++id) {
    const auto sps = sps_of(id);
    sets.insert(sets.end(), sps.begin(), sps.end());
  }
  return gst_buffer_new_memdup(sets.data(), sets.size());
}

GstPadProbeReturn before_payloader(GstPad*, GstPadProbeInfo* info, gpointer data) {
  const Held<RtpDamage> state(data);
  GstBuffer* picture = GST_PAD_PROBE_INFO_BUFFER(info);
  if (state->kind != Damage::many_sets || GST_BUFFER_FLAG_IS_SET(picture, GST_BUFFER_FLAG_DELTA_UNIT)) {
    return GST_PAD_PROBE_OK;
  }
  GstBuffer* longer = many_sets();
  gst_buffer_copy_into(longer, picture, GST_BUFFER_COPY_METADATA, 0, static_cast<gsize>(-1));
  GST_PAD_PROBE_INFO_DATA(info) = gst_buffer_append(longer, picture);
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn behind_payloader(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  const Held<RtpDamage> state(data);
  if (state->is_sending) return GST_PAD_PROBE_OK;
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    auto* packet = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_PAD_PROBE_INFO_DATA(info) = packet;
    damage_packet(*state, packet);
    if (state->kind == Damage::crumbs) send_crumbs(*state, pad, packet);
    if (state->kind == Damage::many_sources) name_another_source(*state, packet);
    if (state->kind == Damage::new_contributors) GST_PAD_PROBE_INFO_DATA(info) = with_new_contributor(*state, packet);
    return GST_PAD_PROBE_OK;
  }
  // Large pictures come as lists.
  auto* list = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
  GST_PAD_PROBE_INFO_DATA(info) = list;
  for (guint i = 0; i < gst_buffer_list_length(list); ++i) {
    damage_packet(*state, gst_buffer_list_get_writable(list, i));
  }
  return GST_PAD_PROBE_OK;
}

}  // namespace

void RtpDamage::attach(const std::shared_ptr<RtpDamage>& damage, GstElement* pipeline, const char* payloader) {
  const auto element = GstPtr<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline), payloader));
  if (!element) return;
  const auto pad = GstPtr<GstPad>::adopt(gst_element_get_static_pad(element.get(), "src"));
  watch(pad.get(), behind_payloader, damage);
  const auto entry = GstPtr<GstPad>::adopt(gst_element_get_static_pad(element.get(), "sink"));
  watch(entry.get(), before_payloader, damage);
}

}  // namespace unavoce::recorder::test
