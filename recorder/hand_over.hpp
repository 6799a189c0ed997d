// Tells ThreadSanitizer what it cannot see: that something went from one thread to another under a lock or through a
// queue of GLib or GStreamer, which are not built for it (GLib's locks are futexes of its own). In every other build
// these do nothing. Thread: any. Errors: none.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define UNAVOCE_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNAVOCE_THREAD_SANITIZER 1
#endif
#endif
#ifdef UNAVOCE_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace unavoce::recorder {

/// What this thread did so far, whoever takes `what` over later may rely on.
inline void handed_over([[maybe_unused]] const void* what) noexcept {
#ifdef UNAVOCE_THREAD_SANITIZER
  __tsan_release(const_cast<void*>(what));
#endif
}

/// From here on this thread may rely on what was done before `what` was handed over.
inline void taken_over([[maybe_unused]] const void* what) noexcept {
#ifdef UNAVOCE_THREAD_SANITIZER
  __tsan_acquire(const_cast<void*>(what));
#endif
}

}  // namespace unavoce::recorder
