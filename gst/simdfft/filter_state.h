// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/frame_timeline.h"
#include "core/stats/log_linear_histogram.h"
#include "glue/sized_pool.h"
#include "simdfft/filter_settings.h"

#include <gst/base/gstbasetransform.h>
#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace tactus {

/// The audio that goes in and comes out.
struct FilterFormat {
    FilterSample sample = FilterSample::f32;
    int inputs = 0;
    int outputs = 0;
    int rate_hz = 0;

    std::size_t sample_bytes() const;
    std::size_t frame_bytes_in() const { return sample_bytes() * static_cast<unsigned>(inputs); }
    std::size_t frame_bytes_out() const { return sample_bytes() * static_cast<unsigned>(outputs); }
    bool operator==(const FilterFormat&) const = default;
};

/// All of simdfftfilter but its GObject.
///
/// Threads: the streaming one, except for properties, stats and latency. `mutex_` guards the
/// properties and which filter there is; nobody holds it for long. `making_mutex_` is held while
/// responses are read and a filter is made of them, or one is given them: so what is read last
/// counts. The streaming thread takes that only where a stream begins or is to begin anew. Nothing
/// is pushed, posted or emitted under either.
class FilterState {
  public:
    explicit FilterState(GstBaseTransform* owner);

    GstBaseTransform* const transform;
    GstElement* const element;

    // --- any thread
    bool set_property(guint id, const GValue* value);
    bool get_property(guint id, GValue* value) const;
    unsigned out_channels() const;
    GstStructure* stats() const;
    GstClockTime latency_ns() const { return latency_ns_; }

    // --- the streaming thread
    const FilterFormat& format() const { return format_; }
    /// Whether the response can be read at all; posts an error if not.
    bool start();
    void stop();
    /// If it is another one: drains what there was before, and makes a filter. Posts an error if
    /// there can be none.
    bool set_format(const FilterFormat& format);
    /// Drains first where `input` does not follow what came before.
    GstFlowReturn begin(GstBuffer* input);
    /// The result of `input`, which may be null yet.
    GstFlowReturn filter(GstBuffer* input, GstBuffer** output);
    /// Counts a buffer of so many bytes that is not filtered.
    void refuse(std::size_t bytes);
    /// As if silence had come; false if it is too long for that, or nothing can be made of it.
    bool fill_gap(GstEvent* gap);
    /// Pushes all that is held back, and begins anew.
    GstFlowReturn drain();
    /// Forgets all.
    void flush();

  private:
    /// The properties at one time.
    struct Wishes {
        FilterSettings settings;
        std::shared_ptr<const FilterSource> source;
    };

    Wishes wishes() const;
    Wishes take_wishes();
    std::shared_ptr<AudioFilter> make_filter(const FilterFormat& format, const Wishes& wishes,
                                             std::string& complaint);
    std::shared_ptr<AudioFilter> replace_filter(std::shared_ptr<AudioFilter> next);
    void note_format(const FilterFormat& format);
    void publish();
    void begin_anew();
    GstFlowReturn push_rest();
    BufferHandle run(const std::uint8_t* in, std::size_t frames);
    BufferHandle stamped(BufferHandle buffer, std::size_t frames);
    void update_latency(const FilterSettings& settings);
    void warn(const std::string& complaint) const;
    void warn_of_rest(std::size_t bytes);

    std::mutex making_mutex_; ///< before mutex_
    mutable std::mutex mutex_;
    FilterSettings settings_;
    std::shared_ptr<const FilterSource> source_ = std::make_shared<FilterSource>();
    std::shared_ptr<AudioFilter> filter_; ///< written by the streaming thread alone
    std::atomic<bool> anew_{false};       ///< a property asks the streaming thread for it

    // Of the streaming thread; format_ is written under mutex_.
    FilterFormat format_;
    FrameTimeline timeline_{1};
    std::uint64_t frames_in_ = 0;  ///< since the beginning
    std::uint64_t frames_out_ = 0; ///< likewise
    std::uint64_t offset_ = GST_BUFFER_OFFSET_NONE;
    bool discont_ = true;
    bool warned_of_rest_ = false;
    SizedPool pool_;

    // One thread writes, any reads.
    std::atomic<GstClockTime> latency_ns_{0};
    std::atomic<std::uint64_t> taps_{0};
    std::atomic<std::uint64_t> partitions_{0};
    std::atomic<std::uint64_t> total_in_{0};
    std::atomic<std::uint64_t> total_out_{0};
    std::atomic<std::uint64_t> silent_{0};
    std::atomic<std::uint64_t> rest_bytes_{0};
    std::atomic<std::uint64_t> discontinuities_{0};
    std::atomic<std::uint64_t> flushed_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> exchanges_before_{0}; ///< of filters that are gone
    LogLinearHistogram process_ns_;
};

} // namespace tactus
