// From one source pad of webrtcbin to Frames: depayloader and appsink, both on the jitter buffer's thread.
// Owner: the pipeline's elements; the branch's state is shared with its probe and callback. Thread: created on
// webrtcbin's thread, frames come on the jitter buffer's. Errors: `grow_branch` returns false when the pad cannot be
// linked.
#pragma once

#include <functional>
#include <memory>

#include "recorder/frame.hpp"
#include "recorder/gst_ptr.hpp"
#include "recorder/offer.hpp"
#include "recorder/packet_log.hpp"
#include "recorder/unfinished.hpp"

namespace unavoce::recorder {

/// Where a branch leads.
struct BranchPlan {
  Section section;
  std::shared_ptr<PacketLog> packets;
  std::shared_ptr<UnfinishedTotal> unfinished = std::make_shared<UnfinishedTotal>();  ///< of the session's branches
  std::function<void(Frame&&)> on_frame;
  std::function<void()> on_loss;             ///< a packet is missing for good: a key frame is due
  std::function<void()> on_endless = [] {};  ///< once: its frames do not end; nothing more is taken in
};

enum class Grown { linked, failed };

/// Adds depayloader and appsink behind `pad` to the running `pipeline`.
Grown grow_branch(GstElement* pipeline, GstPad* pad, BranchPlan plan);

/// Reads the RTP header at the start of a buffer; zeros if it is too short.
PacketName packet_name(GstBuffer* buffer);

}  // namespace unavoce::recorder
