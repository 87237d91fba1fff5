// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/stats/log_linear_histogram.h"
#include "simdfft/message_face.h"
#include "simdfft/settings.h"

#include <gst/audio/audio.h>
#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace tactus {

/// What downstream has said about lateness.
class QosWatch {
  public:
    void update(GstEvent* event);
    void reset();
    bool is_late(GstClockTime running_time) const;
    /// Posts the QOS message for a buffer that is dropped.
    void report(GstElement* element, const GstSegment& segment, GstBuffer* buffer,
                std::uint64_t processed, std::uint64_t dropped) const;

  private:
    mutable std::mutex mutex_;
    double proportion_ = 1;
    GstClockTime earliest_ = GST_CLOCK_TIME_NONE;
};

/// Everything behind the GObject.
///
/// Threads: the streaming thread, except for the settings, stats() and src_event().
class SimdFftState {
  public:
    explicit SimdFftState(GstElement* owner);

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

    bool set(guint id, const GValue* value);
    bool get(guint id, GValue* value) const;
    GstStructure* stats() const;

  private:
    bool take_caps(GstCaps* caps);
    bool take_caps_event(GstEvent* event);
    void flush();
    /// OK if the buffer may be pushed on.
    GstFlowReturn measure(GstBuffer* buffer);
    GstFlowReturn prepare(GstBuffer* buffer);
    bool apply_settings();
    GstFlowReturn complain_unmapped(GstBuffer* buffer);
    bool drops_late(GstBuffer* buffer);

    mutable std::mutex settings_mutex_;
    SimdFftSettings settings_;
    std::atomic<bool> settings_changed_{true};

    // Of the streaming thread.
    SimdFftSettings current_;
    GstAudioInfo info_;
    GstSegment segment_;
    bool has_caps_ = false;
    bool dropped_last_ = false;
    MessageFace messages_;
    QosWatch qos_;

    // One thread writes, any reads.
    LogLinearHistogram process_ns_;
    std::atomic<std::uint64_t> buffers_{0};
    std::atomic<std::uint64_t> frames_{0};
    std::atomic<std::uint64_t> rest_bytes_{0};
    std::atomic<std::uint64_t> late_buffers_{0};
    std::atomic<std::uint64_t> discontinuities_{0};
    std::atomic<std::uint64_t> transforms_{0};
    std::atomic<std::uint64_t> messages_posted_{0};
};

} // namespace tactus
