// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/frame_timeline.h"
#include "core/fft/sample_reader.h"
#include "core/fft/stft.h"
#include "glue/sized_pool.h"
#include "glue/write_map.h"
#include "simdfft/audio_map.h"
#include "simdfft/stft_caps.h"

#include <gst/audio/audio.h>
#include <gst/gst.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tactus {

/// The face of simdfft that is a stream: audio in, frames of spectra out, in buffers as
/// docs/design/stft-caps.md has them.
///
/// Threads: the streaming thread; stop() when that rests.
class StftFace {
  public:
    /// Of all streams since it was made.
    struct Counts {
        std::uint64_t frames = 0; ///< of spectra, pushed
        std::uint64_t runs = 0;
        std::uint64_t non_finite = 0;      ///< samples that were infinite or not a number
        std::uint64_t samples_flushed = 0; ///< that went into no frame
        std::uint64_t push_ns = 0;         ///< spent downstream
    };

    ~StftFace() { stop(); }

    /// Finishes the stream that there is and begins with another one. Throws invalid_argument if
    /// that cannot be, and bad_alloc; then the old one goes on.
    void start(const StftStream& stream, unsigned frames_per_buffer, const GstAudioInfo& info,
               GstPad* src_pad);
    bool is_started() const { return stft_.has_value(); }
    /// Whether start() with these would change nothing.
    bool is(const StftStream& stream, unsigned frames_per_buffer, const GstAudioInfo& info) const;
    void stop();

    /// Pushes all frames that are complete with this audio, which begins at `pts`.
    GstFlowReturn process(const AudioMap& audio, GstClockTime pts);
    /// The run ends: pushes the frames that are left.
    GstFlowReturn finish();
    /// Forgets what is not pushed yet.
    void flush();

    /// From a frame's time until it is pushed.
    GstClockTime latency() const;
    const Counts& counts() const { return counts_; }

  private:
    GstFlowReturn take(const AudioMap& audio, std::size_t first, std::size_t frames);
    GstFlowReturn push_rest();
    GstFlowReturn push_ready();
    void begin_buffer();
    GstFlowReturn push_buffer();
    void stamp(GstBuffer* buffer, std::int64_t next) const;
    void count_non_finite();
    void end_run();
    void drop_buffer();

    GstPad* src_pad_ = nullptr;
    StftStream stream_;
    unsigned frames_per_buffer_ = 1;
    std::optional<SampleReader> reader_;
    std::optional<Stft> stft_;
    SizedPool pool_;
    std::vector<float> samples_; ///< a piece of audio, channel after channel
    std::vector<float*> channels_;
    std::vector<const float*> rest_; ///< of the channels

    bool in_run_ = false;
    bool is_finished_ = false;
    bool is_first_ = true; ///< the next buffer starts the run
    FrameTimeline timeline_{1};
    std::int64_t run_start_ = 0; ///< the number of the run's first sample

    WriteMap buffer_; ///< being filled
    unsigned buffer_frames_ = 0;
    std::int64_t buffer_position_ = 0;

    std::uint64_t counted_non_finite_ = 0;
    Counts counts_;
};

} // namespace tactus
