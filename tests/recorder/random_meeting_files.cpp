// What was written, compared with what the gate did: no frame outside a permit, none missing inside.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "crypto/age.hpp"
#include "random_meeting.hpp"
#include "tests/patience.hpp"

namespace unavoce::recorder::test {

using consent::Kind;

namespace {

/// The permit is asked when a frame's packets arrived, before the jitter buffer; known here, on the same clock, is when
/// it was sent. In between are milliseconds of loopback, but dozens of pipelines share a machine with too much to do: a
/// frame is on its way for no longer than this. Frames sent so long before the gate opened must not be in the file,
/// frames sent so long before it closed must be; a machine that is too slow for the one is too slow for the other.
constexpr std::int64_t kOnTheWay = 1'000'000'000LL * testing::kSlower;

/// A recorder that takes for new what waits in a jitter buffer at the opening writes frames as old as that buffer is
/// long. Only those that are older than kOnTheWay cannot have arrived since.
static_assert(testing::patience(House::kLongBuffer) >= 2 * std::chrono::nanoseconds(kOnTheWay));

}  // namespace

std::vector<std::string> RandomMeeting::files_of(const TakeName& take, const consent::StatementId& approval) const {
  char prefix[32];
  std::snprintf(prefix, sizeof prefix, "t%03u-%s", take.second, approval.hex().substr(0, 16).c_str());
  std::vector<std::string> names;
  const auto listed = house_.blobs.list(take.first.hex());
  for (const std::string& name : listed ? listed.value() : std::vector<std::string>{})
    if (name.starts_with(prefix)) names.push_back(name);
  return names;
}

std::set<FrameName> RandomMeeting::written_in(const consent::RecordingId& recording, const std::string& name,
                                              const Given& given) {
  const auto sealed = read_file(house_.path_of(recording, name));
  const auto plain = crypto::open(sealed, std::span(&given.identity, 1));
  if (!plain) {
    wrong_.push_back(name_ + ": " + name + " does not open: " + plain.error().text);
    return {};
  }
  ++compared_.files;
  const auto view = plain.value().view();
  return frames_in({view.begin(), view.end()});
}

void RandomMeeting::compare(const Opened& take, const consent::Granted& seat) {
  const Given& given = given_.at(seat.approval);
  const TakeName name_of_take{take.permit.recording(), take.permit.take()};
  const bool gone = given.withdrawn || erased_.contains({name_of_take.first, name_of_take.second, seat.approval});
  std::set<FrameName> written;
  for (const std::string& name : files_of(name_of_take, seat.approval)) {
    if (gone) wrong_.push_back(name_ + ": " + name + " is still there after the withdrawal");
    written.merge(written_in(name_of_take.first, name, given));
  }
  compared_.frames += written.size();
  if (gone) {
    ++compared_.erased;
    return;
  }
  for (const Stream stream : {Stream::audio, Stream::video}) compare_stream(take, seat, stream, written);
}

void RandomMeeting::compare_stream(const Opened& take, const consent::Granted& seat, Stream stream,
                                   const std::set<FrameName>& written) {
  const Given& given = given_.at(seat.approval);
  const Kind kind = stream == Stream::audio ? Kind::audio : Kind::video;
  const auto say = [&](const std::string& what) {
    const std::string_view which = stream == Stream::audio ? ", sound: " : ", picture: ";
    wrong_.push_back(name_ + ", take " + std::to_string(take.permit.take()) + std::string(which) + what);
  };
  std::vector<SentFrame> sent;
  for (const SentFrame& frame : given.who->all_sent()) {
    if (frame.name.first == stream) sent.push_back(frame);
  }
  const auto is_written = [&](const SentFrame& frame) { return written.contains(frame.name); };
  const auto of_stream = [&](const FrameName& frame) { return frame.first == stream; };
  if (std::ranges::count_if(sent, is_written) != std::ranges::count_if(written, of_stream)) {
    say("frames that this person never sent");
  }

  const auto ms = [](std::int64_t span_ns) { return std::to_string(span_ns / 1'000'000) + " ms "; };
  const std::int64_t opened_ns = take.permit.opened_at_ns();
  std::int64_t closed_ns = take.permit.closed_at_ns();
  std::int64_t until_ns = closed_ns - kOnTheWay;
  if (const auto revoked = given.revoked_ns.find(kind); revoked != given.revoked_ns.end()) {
    closed_ns = std::min(closed_ns, revoked->second);
    // What still waited in the jitter buffer or in the queue is dropped, too.
    until_ns = std::min(until_ns, revoked->second - house_.buffer_ns() - 3 * kOnTheWay);
  }
  for (const SentFrame& frame : sent) {
    if (!is_written(frame)) continue;
    const auto outside = [&](std::size_t& counted, const std::string& why) {
      ++counted;
      say(why + ", but written:" + names({frame.name}));
    };
    if (!seat.scope.contains(kind)) outside(compared_.not_approved, "not approved");
    if (frame.sent_ns > closed_ns) outside(compared_.late, "sent after the gate closed");
    if (frame.free_ns < opened_ns - kOnTheWay) {
      outside(compared_.early, "sent " + ms(opened_ns - frame.free_ns) + "before the gate opened");
    }
  }
  if (!seat.scope.contains(kind)) return;

  // From the first key frame on, nothing is missing as long as the publisher went on and the gate was open. When it
  // goes, what waits in the jitter buffer may go with it.
  for (const auto& live : given.who->live) {
    const std::int64_t since_ns = std::max(opened_ns, live.from_ns);
    const std::int64_t end_ns = std::min(until_ns, live.until_ns - house_.buffer_ns() - kOnTheWay);
    auto frame = std::ranges::find_if(
        sent, [&](const SentFrame& f) { return f.sent_ns >= since_ns && f.type == FrameType::key; });
    for (; frame != sent.end() && frame->sent_ns < end_ns; ++frame) {
      if (is_written(*frame)) continue;
      say("arrived inside the permit, but missing:" + names({frame->name}) + " (sent " +
          ms(frame->sent_ns - opened_ns) + "after the gate opened and " + ms(closed_ns - frame->sent_ns) +
          "before it closed, " + ms(frame->sent_ns - live.from_ns) + "after the publisher came and " +
          ms(live.until_ns - frame->sent_ns) + "before it went)");
    }
  }
}

}  // namespace unavoce::recorder::test
