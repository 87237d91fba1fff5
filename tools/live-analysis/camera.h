// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "elements.h"

#include <atomic>
#include <cstdint>

namespace tactus::live {

/// Makes a camera of a decoder: sits as a probe on the source pad where decoded frames come out,
/// numbers them, gives frame n the time n / fps, and rewinds the file when it ends, so that what
/// follows sees one endless stream with a single segment. The clocksync behind it does the pacing.
///
/// It posts application messages: "camera-ready" before the first frame, "camera-empty" when the
/// file ends without a frame, "camera-ended" when the file cannot be rewound.
///
/// Callbacks run in the decoder's streaming thread; everything public may be called from any
/// thread. Must outlive the pad's streaming, that is, be destroyed after the pipeline is in NULL.
class Camera {
  public:
    Camera(unsigned fps, std::uint64_t frame_limit) : fps_(fps), frame_limit_(frame_limit) {}

    /// `element`: the last one before the pacing; has one sink and one source pad.
    void attach(GstElement* element);

    /// No frame after the one under way.
    void stop() { stopped_ = true; }

    /// Frames handed on so far.
    std::uint64_t frames() const { return frames_; }
    /// Whether the last frame allowed was handed on, or stop() called.
    bool stopped() const { return stopped_; }

  private:
    static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer self) noexcept;
    GstPadProbeReturn on_frame(GstPadProbeInfo* info);
    GstPadProbeReturn on_event(GstPadProbeInfo* info);
    void on_end_of_file();
    void post(const char* name);
    static void rewind(GstElement* element, gpointer) noexcept;

    const unsigned fps_;
    const std::uint64_t frame_limit_;
    std::atomic<std::uint64_t> frames_{0};
    std::atomic<bool> stopped_{false};
    GstElement* element_ = nullptr; ///< owned by the pipeline

    // Of the streaming thread alone.
    bool segment_sent_ = false;
    std::uint64_t frames_at_rewind_ = 0;
};

} // namespace tactus::live
