// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/frame_timeline.h"
#include "core/fft/sample_reader.h"
#include "core/stats/log_linear_histogram.h"
#include "glue/handles.h"
#include "glue/qos_watch.h"
#include "glue/told_fault.h"
#include "simdfft/picture_writer.h"
#include "simdfft/spectrogram_settings.h"

#include <gst/audio/audio.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// All of simdspectrogram but its GObject.
///
/// A run is sound without a break; its pictures are at whole numbers of frame durations from its
/// beginning. A picture is pushed as soon as the sound in it has come.
///
/// Threads: the streaming one, except for properties, stats, src_event and src_query.
class SpectrogramState {
  public:
    explicit SpectrogramState(GstElement* owner);
    ~SpectrogramState();
    SpectrogramState(const SpectrogramState&) = delete;
    SpectrogramState& operator=(const SpectrogramState&) = delete;

    GstElement* const element;
    GstPad* sink_pad = nullptr; ///< the element's
    GstPad* src_pad = nullptr;

    GstFlowReturn chain(GstBuffer* buffer);
    GstFlowReturn chain_list(GstBufferList* list);
    bool sink_event(GstEvent* event);
    bool src_event(GstEvent* event);
    bool src_query(GstQuery* query);
    /// No data flows any more.
    void stop();

    bool set_property(guint id, const GValue* value);
    bool get_property(guint id, GValue* value) const;
    GstStructure* stats() const;

  private:
    // --- what is to be drawn
    bool take_caps(GstCaps* caps);
    GstFlowReturn prepare();
    GstFlowReturn take_settings();
    bool negotiate();
    bool choose_caps(GstCaps* possible);
    bool decide_allocation(GstCaps* caps);
    bool configure_pool(GstCaps* caps, guint size, guint least, guint most, bool has_meta);
    std::string draw_with(const SpectrogramSettings& settings, GstFlowReturn& flow);
    void send_pending();

    // --- sound
    GstFlowReturn hear(BufferHandle buffer);
    GstFlowReturn take_sound(GstBuffer* buffer);
    GstFlowReturn feed(const float* samples, std::size_t frames);
    bool fill_gap(GstEvent* gap);
    void count_work();
    void begin_run(GstClockTime time);
    void follow_drift();
    GstFlowReturn end_run();
    void flush();

    // --- pictures
    std::int64_t sample_of(std::uint64_t picture) const;
    GstClockTime time_of(std::uint64_t picture) const;
    GstFlowReturn push_picture();

    mutable std::mutex settings_mutex_;
    SpectrogramSettings settings_;
    std::atomic<bool> settings_changed_{true};
    ToldFault told_; ///< about the settings

    // Of the streaming thread.
    SpectrogramSettings current_;
    bool is_proven_ = false; ///< pictures were made with the current settings
    GstSegment segment_;
    GstAudioInfo audio_;
    GstVideoInfo video_;
    PictureWriter writer_; ///< of such video
    bool has_audio_ = false;
    bool has_video_ = false;
    std::vector<EventHandle> pending_; ///< until there are caps for the pictures
    std::optional<SampleReader> reader_;
    std::unique_ptr<Spectrogram> picture_;
    std::uint64_t counted_transforms_ = 0; ///< of the picture
    std::uint64_t counted_non_finite_ = 0;
    GstBufferPool* pool_ = nullptr;
    std::vector<float> mono_;
    FrameTimeline timeline_{1};
    bool runs_ = false;
    GstClockTime run_begin_ = 0;
    std::int64_t pushed_ = 0;       ///< frames of the run
    std::int64_t drift_frames_ = 0; ///< how many more came than their times say
    std::uint64_t next_picture_ = 0;
    std::uint64_t picture_number_ = 0;
    bool discont_ = true;
    QosWatch qos_;

    // One thread writes, any reads.
    std::atomic<GstClockTime> latency_ns_{0};
    std::atomic<std::uint64_t> frames_{0};
    std::atomic<std::uint64_t> frames_dropped_{0};
    std::atomic<std::uint64_t> non_finite_{0};
    std::atomic<std::uint64_t> transforms_{0};
    std::atomic<std::uint64_t> pictures_{0};
    std::atomic<std::uint64_t> late_pictures_{0};
    std::atomic<std::uint64_t> discontinuities_{0};
    LogLinearHistogram draw_ns_;
};

} // namespace tactus
