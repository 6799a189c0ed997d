// Connects GLib signals and pad probes to state that is kept alive as long as the connection.
// Owner: the GObject owns its closure, the closure shares the state; nobody can be called back into freed memory,
// whichever thread fires last. Thread: any. Errors: none (a wrong signal name is a programming error that GLib
// reports).
#pragma once

#include <memory>

#include "recorder/gst_ptr.hpp"

namespace unavoce::recorder {

/// What a callback gets as its user data: `held<State>(data)` gives it back.
template <class State>
State& held(gpointer data) {
  return **static_cast<std::shared_ptr<State>*>(data);
}

template <class State>
void let_go(gpointer data) {
  const std::unique_ptr<std::shared_ptr<State>> released(static_cast<std::shared_ptr<State>*>(data));
}

/// Calls `callback(object, …, data)` for every `signal` until the object dies.
template <class State, class Callback>
void connect(gpointer object, const char* signal, Callback* callback, const std::shared_ptr<State>& state) {
  auto data = std::make_unique<std::shared_ptr<State>>(state);
  g_signal_connect_data(
      object, signal, G_CALLBACK(callback), data.release(), [](gpointer d, GClosure*) { let_go<State>(d); },
      static_cast<GConnectFlags>(0));
}

/// Calls `probe` for every buffer and buffer list that passes the pad, on the thread that pushes it.
template <class State>
void watch(GstPad* pad, GstPadProbeCallback probe, const std::shared_ptr<State>& state) {
  auto data = std::make_unique<std::shared_ptr<State>>(state);
  const auto types = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  gst_pad_add_probe(pad, types, probe, data.release(), let_go<State>);
}

}  // namespace unavoce::recorder
