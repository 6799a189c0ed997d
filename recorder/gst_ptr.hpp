// Owning pointers for GStreamer and GLib handles: exactly the types listed here, each with its own way to be released.
// Owner: whoever holds the GstPtr. Thread: as the handle. Errors: none; a type that is not listed does not compile.
//   adopt(p)    takes a reference that is already ours ("transfer full")
//   ref_sink(p) takes a freshly made, floating object
//   share(p)    adds a reference to somebody else's ("transfer none")
// Model: WebKit's GRefPtrGStreamer, where mixing adopt and ref-sink was the source of most leaks.
#pragma once

#include <gst/gst.h>
#include <gst/sdp/sdp.h>
#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>

#include <utility>

namespace unavoce::recorder {

/// How a type is shared and released. Undefined for every type not listed below.
template <class T>
struct GstOwned;

/// GstObject and its children: may be floating when new.
template <class T>
struct GstObjectOwned {
  static void ref(T* p) { gst_object_ref(p); }
  static void sink(T* p) { gst_object_ref_sink(p); }
  static void release(T* p) { gst_object_unref(p); }
};
template <>
struct GstOwned<GstElement> : GstObjectOwned<GstElement> {};
template <>
struct GstOwned<GstPad> : GstObjectOwned<GstPad> {};
template <>
struct GstOwned<GstBus> : GstObjectOwned<GstBus> {};
template <>
struct GstOwned<GstClock> : GstObjectOwned<GstClock> {};
template <>
struct GstOwned<GstWebRTCDTLSTransport> : GstObjectOwned<GstWebRTCDTLSTransport> {};
template <>
struct GstOwned<GstWebRTCRTPReceiver> : GstObjectOwned<GstWebRTCRTPReceiver> {};
template <>
struct GstOwned<GstWebRTCRTPTransceiver> : GstObjectOwned<GstWebRTCRTPTransceiver> {};

/// Plain GObject: never floating.
template <>
struct GstOwned<GObject> {
  static void ref(GObject* p) { g_object_ref(p); }
  static void release(GObject* p) { g_object_unref(p); }
};

/// Mini objects: g_object_unref on one of them corrupts memory.
template <>
struct GstOwned<GstCaps> {
  static void ref(GstCaps* p) { gst_caps_ref(p); }
  static void release(GstCaps* p) { gst_caps_unref(p); }
};
template <>
struct GstOwned<GstSample> {
  static void ref(GstSample* p) { gst_sample_ref(p); }
  static void release(GstSample* p) { gst_sample_unref(p); }
};
template <>
struct GstOwned<GstPromise> {
  static void ref(GstPromise* p) { gst_promise_ref(p); }
  static void release(GstPromise* p) { gst_promise_unref(p); }
};

/// One owner only: no `share`.
template <>
struct GstOwned<GstWebRTCSessionDescription> {
  static void release(GstWebRTCSessionDescription* p) { gst_webrtc_session_description_free(p); }
};
template <>
struct GstOwned<GstSDPMessage> {
  static void release(GstSDPMessage* p) { gst_sdp_message_free(p); }
};
template <>
struct GstOwned<GError> {
  static void release(GError* p) { g_error_free(p); }
};
template <>
struct GstOwned<gchar> {
  static void release(gchar* p) { g_free(p); }
};

/// The types that may be owned.
template <class T>
concept GstOwnable = requires(T* p) {
  GstOwned<T>::release(p);
};

/// A reference of our own to a GStreamer or GLib handle, released on destruction. Move-only; `share` makes a second
/// one.
template <GstOwnable T>
class GstPtr {
 public:
  GstPtr() = default;
  static GstPtr adopt(T* p) { return GstPtr(p); }
  static GstPtr ref_sink(T* p) {
    if (p != nullptr) GstOwned<T>::sink(p);
    return GstPtr(p);
  }
  static GstPtr share(T* p) {
    if (p != nullptr) GstOwned<T>::ref(p);
    return GstPtr(p);
  }
  GstPtr(GstPtr&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
  GstPtr& operator=(GstPtr&& other) noexcept {
    std::swap(p_, other.p_);
    return *this;
  }
  ~GstPtr() {
    if (p_ != nullptr) GstOwned<T>::release(p_);
  }

  T* get() const { return p_; }
  T* operator->() const { return p_; }
  explicit operator bool() const { return p_ != nullptr; }
  /// Hands our reference over to a function that takes ownership.
  T* release() { return std::exchange(p_, nullptr); }
  /// For C functions that return a reference through an argument; what was held before is released.
  T** out() {
    *this = GstPtr();
    return &p_;
  }

 private:
  explicit GstPtr(T* p) : p_(p) {}
  T* p_ = nullptr;
};

}  // namespace unavoce::recorder
