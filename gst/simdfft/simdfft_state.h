// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/stats/log_linear_histogram.h"
#include "glue/qos_watch.h"
#include "glue/told_fault.h"
#include "simdfft/message_face.h"
#include "simdfft/settings.h"
#include "simdfft/stft_face.h"

#include <gst/audio/audio.h>
#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace tactus {

/// Everything behind the GObject. What downstream takes decides which face it shows: if it takes
/// the audio, that passes, and there are messages; if it takes audio/x-stft instead, it gets that.
///
/// Threads: the streaming thread, except for the settings, stats(), the queries and src_event().
class SimdFftState {
  public:
    explicit SimdFftState(GstElement* owner);
    ~SimdFftState();
    SimdFftState(const SimdFftState&) = delete;
    SimdFftState& operator=(const SimdFftState&) = delete;

    GstElement* const element;
    GstPad* sink_pad = nullptr; ///< the element's
    GstPad* src_pad = nullptr;

    GstFlowReturn chain(GstBuffer* buffer);
    GstFlowReturn chain_list(GstBufferList* list);
    bool sink_event(GstEvent* event);
    bool sink_query(GstQuery* query);
    bool src_event(GstEvent* event);
    bool src_query(GstQuery* query);
    /// No data flows any more.
    void stop();

    bool set_property(guint id, const GValue* value);
    bool get_property(guint id, GValue* value) const;
    GstStructure* stats() const;

  private:
    enum class Face : std::uint8_t { none, messages, stream };

    bool take_caps(GstEvent* event);
    /// Chooses the face and tells downstream; after that, `face_` is not none. False after an
    /// error message.
    bool negotiate();
    bool choose_face();
    void show_face();
    bool keep_settings(SimdFftSettings&& good, const char* why);
    void show_messages();
    void show_stream(GstCaps* peer);
    void send_caps(GstCaps* caps);
    bool fail(const char* what);

    GstFlowReturn prepare(GstBuffer* buffer);
    /// OK if the buffer may be pushed on, with that face. Counts it, whatever comes of it.
    GstFlowReturn measure(GstBuffer* buffer);
    GstFlowReturn measure_or_throw(GstBuffer* buffer);
    void refuse(GstBuffer* buffer);
    GstFlowReturn process(GstBuffer* buffer);
    GstFlowReturn complain_unmapped(GstBuffer* buffer);
    bool drops_late(GstBuffer* buffer);
    void note(const AudioMap& audio);
    void note_work();
    void flush();
    bool answer_caps(GstQuery* query, GstPad* from, GstPad* across);
    void publish_latency();

    mutable std::mutex settings_mutex_;
    SimdFftSettings settings_;
    std::atomic<bool> settings_changed_{true};
    ToldFault told_; ///< about the settings

    // Of the streaming thread.
    SimdFftSettings current_;
    bool keeps_old_ = false; ///< those of the properties were no use
    Face face_ = Face::none;
    GstAudioInfo info_;
    GstCaps* caps_ = nullptr; ///< of the audio
    GstSegment segment_;
    bool dropped_last_ = false;
    MessageFace messages_;
    StftFace stream_;
    QosWatch qos_;

    std::atomic<bool> is_stream_{false};
    std::atomic<GstClockTime> latency_{0};

    // One thread writes, any reads.
    LogLinearHistogram process_ns_;
    std::atomic<std::uint64_t> buffers_{0};
    std::atomic<std::uint64_t> frames_{0};
    std::atomic<std::uint64_t> rest_bytes_{0};
    std::atomic<std::uint64_t> late_buffers_{0};
    std::atomic<std::uint64_t> buffers_refused_{0};
    std::atomic<std::uint64_t> frames_refused_{0};
    std::atomic<std::uint64_t> discontinuities_{0};
    std::atomic<std::uint64_t> transforms_{0};
    std::atomic<std::uint64_t> messages_posted_{0};
    std::atomic<std::uint64_t> stream_frames_{0};
    std::atomic<std::uint64_t> runs_{0};
    std::atomic<std::uint64_t> non_finite_{0};
    std::atomic<std::uint64_t> samples_flushed_{0};
};

} // namespace tactus
