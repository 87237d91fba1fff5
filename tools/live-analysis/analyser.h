// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "calibration.h"
#include "camera.h"
#include "elements.h"
#include "filter.h"

#include <gst/video/video.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

namespace tactus::live {

/// How much work one frame is: a fixed number of filter rows, or in a trial as many as take so much
/// CPU time.
struct Workload {
    std::uint64_t rows = 0;
    std::uint64_t trial_cpu_ns = 0; ///< not 0: a trial
    bool yields_to_cameras = false; ///< runs at a lower priority than the decoders
};

/// The consumer: a probe on the sink pad behind the queue under test, so that the filter runs in
/// the streaming thread, as it would in an element of its own. Notes the age of each frame before
/// it starts on it.
///
/// frames() may be called from any thread; the rest once the pipeline is in NULL.
class Analyser {
  public:
    Analyser(const Workload& workload, const Camera& camera, std::size_t frames_expected);

    /// `sink`: an element of `pipeline`, whose running time is that of the frames.
    void attach(GstElement* pipeline, GstElement* sink);

    std::uint64_t frames() const { return frames_; }

    /// Of the frames that were started on while the camera ran: those still queued when it stops
    /// get older than any before, since nothing pushes them out any more, and tell nothing.
    const std::vector<std::uint64_t>& ages_ns() const { return ages_ns_; }
    /// Frames per second between the first and the last; 0 for fewer than two.
    double rate() const;
    /// What a row costs; only after a trial.
    double row_cpu_ns() const { return meter_ ? meter_->row_cpu_ns() : 0; }
    /// CPU time of all the frames.
    std::uint64_t cpu_ns() const { return cpu_ns_; }
    /// Size of the frames; 0 before the first.
    unsigned width() const { return static_cast<unsigned>(GST_VIDEO_INFO_WIDTH(&info_)); }
    unsigned height() const { return static_cast<unsigned>(GST_VIDEO_INFO_HEIGHT(&info_)); }
    Finding mean_finding() const;

  private:
    static GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo* info, gpointer self) noexcept;
    void on_frame(GstBuffer* frame);
    void run_filter(GstBuffer* frame);

    const Workload workload_;
    std::optional<RowCostMeter> meter_;
    const Camera& camera_;
    EdgeMotionFilter filter_;
    GstElement* pipeline_ = nullptr; ///< not owned; outlives the streaming
    GstVideoInfo info_;

    std::atomic<std::uint64_t> frames_{0};
    std::vector<std::uint64_t> ages_ns_;
    std::uint64_t first_start_ns_ = 0;
    std::uint64_t last_start_ns_ = 0;
    std::uint64_t cpu_ns_ = 0;
    Finding finding_sum_;
};

} // namespace tactus::live
