// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/frame_timeline.h"
#include "core/fft/inverse_stft.h"
#include "core/stats/log_linear_histogram.h"
#include "glue/handles.h"
#include "glue/sized_pool.h"
#include "glue/write_map.h"
#include "simdfft/stft_caps.h"

#include <gst/gst.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tactus {

void install_simdifft_properties(GObjectClass* klass);

/// All of a simdifft but its GObject: frames of spectra become audio again, run by run
/// (docs/design/stft-caps.md).
///
/// Threads: chain and sink_event in the streaming thread; queries and stats in any. `stop` when
/// nothing streams.
struct SimdIfftState {
    explicit SimdIfftState(GstElement* owner);

    GstElement* element;
    GstPad* sink_pad = nullptr;
    GstPad* src_pad = nullptr;

    GstFlowReturn chain(GstBuffer* buffer);
    GstFlowReturn chain_list(GstBufferList* list);
    bool sink_event(GstEvent* event);
    bool sink_query(GstQuery* query);
    bool src_query(GstQuery* query);
    void stop();
    /// `stats` is the only property.
    bool get_property(guint id, GValue* value) const;
    GstStructure* stats() const;

  private:
    /// What is known of the frames that came without a gap. Positions count samples from the first
    /// of them.
    struct Run {
        FrameTimeline timeline{1};
        std::uint64_t offset = 0;               ///< of its first sample
        std::int64_t expected = 0;              ///< where the next frame is
        std::int64_t last_end = 0;              ///< by the last buffer's offset end
        std::int64_t end = InverseStft::kNoEnd; ///< once it is known to be one
        bool has_offsets = false;
        bool is_open = false;
    };
    /// One outgoing buffer while it is filled.
    struct Output {
        WriteMap buffer;           ///< none if it would be empty
        std::size_t frames = 0;    ///< in it by now
        std::int64_t position = 0; ///< of the first of them
    };

    bool take_caps(GstEvent* event);
    bool configure(const StftStream& stream);
    void take_segment(GstEvent* event);
    bool answer_caps(GstQuery* query, GstPad* asked, GstPad* other) const;

    GstFlowReturn transform(GstBuffer* buffer);
    bool starts_run(GstBuffer* buffer) const;
    void begin_run(GstBuffer* buffer);
    void note_place(GstBuffer* buffer, std::size_t frames);
    GstFlowReturn push_frames(const std::uint8_t* bytes, std::size_t frames);
    GstFlowReturn end_run(GstBuffer* next = nullptr);
    void drop_run();
    const float* floats_at(const std::uint8_t* bytes);
    Output start_output(std::size_t frames);
    void take_ready(Output& output) const;
    GstFlowReturn finish_output(Output& output);
    void warn_of_rest(std::size_t bytes);

    // Of the streaming thread.
    std::optional<StftStream> stream_;
    std::optional<InverseStft> inverse_;
    Run run_;
    SizedPool pool_;
    AlignedArray<float> aligned_; ///< a frame that lies at an odd address
    GstSegment segment_;
    bool is_discont_ = true; ///< the next buffer out
    bool warned_of_rest_ = false;
    std::uint64_t earlier_non_finite_ = 0; ///< of other caps

    std::atomic<GstClockTime> latency_ns_{0};

    // One thread writes, any reads.
    LogLinearHistogram process_ns_;
    std::atomic<std::uint64_t> frames_{0};
    std::atomic<std::uint64_t> frames_refused_{0};
    std::atomic<std::uint64_t> missing_frames_{0};
    std::atomic<std::uint64_t> samples_{0};
    std::atomic<std::uint64_t> runs_{0};
    std::atomic<std::uint64_t> rest_bytes_{0};
    std::atomic<std::uint64_t> non_finite_{0};
};

} // namespace tactus
