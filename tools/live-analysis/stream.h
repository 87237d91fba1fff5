// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "analyser.h"
#include "camera.h"
#include "elements.h"
#include "variants.h"

#include <cstdint>
#include <optional>
#include <string>

namespace tactus::live {

struct StreamConfig {
    std::string video_path;
    Variant variant;
    unsigned depth_frames = 0;
    unsigned fps_in = 0;
    unsigned seconds = 0;
    bool alone = true; ///< no other streams beside it
};

/// One pipeline from the file to the analysis, with the queue under test between camera and filter:
///
///     filesrc ! decodebin ! videoconvert ! (8-bit luma first) ! (camera) ! clocksync
///             ! <queue> ! (analyser) fakesink
///
/// Used by one thread: prepare(), play(), poll() now and then, stop() or the camera's own limit,
/// poll() until finished(), close(). What goes wrong in the pipeline comes out of prepare() and
/// poll() as UserError.
class Stream {
  public:
    Stream(const StreamConfig& config, const Workload& workload);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Waits for the first decoded frame.
    void prepare();
    void play();
    void poll();
    /// The camera goes, the frames in the queue are still analysed.
    void stop();
    bool finished() const { return finished_; }
    /// Ends all streaming; the counters are final then.
    void close();

    /// How long the camera ran: up to stop().
    double camera_seconds() const { return camera_seconds_; }
    /// The file ended and could not be rewound.
    bool ended_early() const { return ended_early_; }
    const Camera& camera() const { return camera_; }
    const Analyser& analyser() const { return analyser_; }
    /// What the queue says itself in `stats`, if it has that; to be asked before close().
    std::optional<std::uint64_t> reported_drops() const;

  private:
    GstElement* add(const std::string& factory);
    void build();
    void configure_decoder();
    void configure_queue();
    void handle(GstMessage* message);
    void handle_application(const GstStructure& what);
    [[noreturn]] void fail(GstMessage* error) const;
    [[noreturn]] void fail_without_video() const;

    const StreamConfig config_;
    Camera camera_;
    Analyser analyser_;
    ElementHandle pipeline_;
    BusHandle bus_;
    // Owned by the pipeline.
    GstElement* source_ = nullptr;
    GstElement* decoder_ = nullptr;
    GstElement* convert_ = nullptr;
    GstElement* luma_filter_ = nullptr;
    GstElement* pacer_ = nullptr;
    GstElement* queue_ = nullptr;
    GstElement* sink_ = nullptr;

    bool ready_ = false;
    bool finished_ = false;
    bool ended_early_ = false;
    double camera_seconds_ = 0;
};

} // namespace tactus::live
