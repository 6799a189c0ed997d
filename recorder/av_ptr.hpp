// Owning pointers for libav handles: exactly the types listed here. A type that is not listed does not compile.
// Owner: whoever holds the AvPtr. Thread: as the handle. Errors: none. `adopt` takes a handle that is already ours.
#pragma once

extern "C" {
#include <libavformat/avformat.h>
}

#include <memory>

namespace unavoce::recorder {

/// How a type is released. Undefined for every type not listed below.
template <class T>
struct AvOwned;

template <>
struct AvOwned<AVFormatContext> {
  static void release(AVFormatContext* p) { avformat_free_context(p); }
};
template <>
struct AvOwned<AVIOContext> {
  static void release(AVIOContext* p) {
    // libavformat may have replaced the buffer it was given: free the one it has now, never the one passed in.
    av_freep(&p->buffer);
    avio_context_free(&p);
  }
};
template <>
struct AvOwned<AVPacket> {
  static void release(AVPacket* p) { av_packet_free(&p); }
};

/// The types that may be owned.
template <class T>
concept AvOwnable = requires(T* p) {
  AvOwned<T>::release(p);
};

template <AvOwnable T>
struct AvRelease {
  void operator()(T* p) const { AvOwned<T>::release(p); }
};

template <AvOwnable T>
using AvPtr = std::unique_ptr<T, AvRelease<T>>;

template <AvOwnable T>
AvPtr<T> adopt(T* p) {
  return AvPtr<T>(p);
}

}  // namespace unavoce::recorder
