// Connects GLib signals and pad probes to state that is kept alive as long as the connection.
// Owner: the GObject owns its closure, the closure shares the state; nobody can be called back into freed memory,
// whichever thread fires last. Thread: any. Errors: none (a wrong signal name is a programming error that GLib
// reports).
#pragma once

#include <memory>

#include "recorder/gst_ptr.hpp"
#include "recorder/hand_over.hpp"

namespace unavoce::recorder {

/// User data for a callback that takes it as `Held<State>`: keeps the state until `let_go<State>` gets it.
template <class State>
gpointer hold(const std::shared_ptr<State>& state) {
  auto data = std::make_unique<std::shared_ptr<State>>(state);
  handed_over(data.get());
  return data.release();
}

template <class State>
void let_go(gpointer data) {
  taken_over(data);
  const std::unique_ptr<std::shared_ptr<State>> released(static_cast<std::shared_ptr<State>*>(data));
}

/// What a callback gets as its user data, for as long as it runs. GLib and GStreamer have a lock before each callback
/// and after it: one of the same connection that begins later sees what this one did, and so does whoever takes the
/// state over once the threads that call back have ended.
template <class State>
class Held {
 public:
  explicit Held(gpointer data) noexcept : state_(*static_cast<std::shared_ptr<State>*>(data)) { taken_over(data); }
  ~Held() {
    handed_over(state_.get());
    handed_over(&state_);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  State& operator*() const noexcept { return *state_; }
  State* operator->() const noexcept { return state_.get(); }
  /// To be held by one more connection.
  const std::shared_ptr<State>& shared() const noexcept { return state_; }

 private:
  const std::shared_ptr<State>& state_;
};

/// Calls `callback(object, …, data)` for every `signal` until the object dies.
template <class State, class Callback>
void connect(gpointer object, const char* signal, Callback* callback, const std::shared_ptr<State>& state) {
  g_signal_connect_data(
      object, signal, G_CALLBACK(callback), hold(state), [](gpointer d, GClosure*) { let_go<State>(d); },
      static_cast<GConnectFlags>(0));
}

/// Calls `probe` for every buffer and buffer list that passes the pad, on the thread that pushes it.
template <class State>
void watch(GstPad* pad, GstPadProbeCallback probe, const std::shared_ptr<State>& state) {
  const auto types = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  gst_pad_add_probe(pad, types, probe, hold(state), let_go<State>);
}

}  // namespace unavoce::recorder
