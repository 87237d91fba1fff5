// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sound to pictures. What pictures there are to be is in spectrogram_negotiation.cpp.
#include "simdfft/spectrogram_state.h"

#include "core/fft/flush_to_zero.h"
#include "core/stats/counter.h"
#include "glue/fast_clock.h"
#include "glue/guard.h"
#include "glue/stats_fields.h"
#include "simdfft/audio_map.h"
#include "simdfft/chain_each.h"
#include "simdfft/silence.h"
#include "simdfft/spectrogram_debug.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace tactus {

namespace {

constexpr std::size_t kChunkFrames = 1024;

} // namespace

// --- sound

GstFlowReturn SpectrogramState::chain(GstBuffer* raw) {
    BufferHandle buffer(raw);
    if (!has_audio_) {
        GST_ELEMENT_ERROR(element, CORE, NEGOTIATION, ("Audio came before its caps."), (nullptr));
        return GST_FLOW_NOT_NEGOTIATED;
    }
    const std::uint64_t came = frames_in(raw, audio_);
    const std::uint64_t heard_before = frames_;
    const GstFlowReturn flow =
        guarded(element, GST_FLOW_ERROR, [&] { return hear(std::move(buffer)); });
    count(frames_dropped_, came - (frames_ - heard_before));
    return flow;
}

GstFlowReturn SpectrogramState::chain_list(GstBufferList* list) {
    const BufferListHandle handle(list);
    return chain_each(
        list, [this](GstBuffer* buffer) { return chain(buffer); },
        [this](GstBuffer* buffer) {
            count(frames_dropped_, has_audio_ ? frames_in(buffer, audio_) : 0);
        });
}

GstFlowReturn SpectrogramState::hear(BufferHandle buffer) {
    const GstClockTime time = GST_BUFFER_PTS(buffer.get());
    // Played backwards, what comes next was before.
    if (runs_ && (GST_BUFFER_IS_DISCONT(buffer.get()) || segment_.rate < 0 ||
                  timeline_.breaks(static_cast<std::uint64_t>(pushed_), time))) {
        count(discontinuities_);
        if (const GstFlowReturn flow = end_run(); flow != GST_FLOW_OK)
            return flow;
    }
    if (const GstFlowReturn flow = prepare(); flow != GST_FLOW_OK)
        return flow;
    buffer.reset(gst_audio_buffer_clip(buffer.release(), &segment_, GST_AUDIO_INFO_RATE(&audio_),
                                       GST_AUDIO_INFO_BPF(&audio_)));
    return buffer != nullptr ? take_sound(buffer.get()) : GST_FLOW_OK;
}

GstFlowReturn SpectrogramState::take_sound(GstBuffer* buffer) {
    const AudioMap audio(buffer, audio_);
    if (!audio.is_mapped()) {
        GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("A buffer of audio cannot be read."),
                          ("%" GST_PTR_FORMAT, static_cast<void*>(buffer)));
        return GST_FLOW_ERROR;
    }
    if (audio.frames() == 0)
        return GST_FLOW_OK;
    if (!runs_)
        begin_run(GST_BUFFER_PTS(buffer));
    timeline_.note(static_cast<std::uint64_t>(pushed_), GST_BUFFER_PTS(buffer));
    follow_drift();
    GstFlowReturn flow = GST_FLOW_OK;
    for (std::size_t at = 0; at < audio.frames() && flow == GST_FLOW_OK;) {
        const std::size_t part = std::min(audio.frames() - at, kChunkFrames);
        {
            const FlushToZero guard;
            reader_->read_mean(audio.blocks(), at, part, mono_.data());
        }
        flow = feed(mono_.data(), part);
        at += part;
    }
    return flow;
}

GstFlowReturn SpectrogramState::feed(const float* samples, std::size_t frames) {
    GstFlowReturn flow = GST_FLOW_OK;
    count(frames_, frames);
    while (frames > 0 && flow == GST_FLOW_OK) {
        // Not beyond the next picture: what it shows must still be there.
        const std::int64_t due =
            sample_of(next_picture_) + static_cast<std::int64_t>(picture_->lookahead_frames());
        const auto part = static_cast<std::size_t>(
            std::clamp<std::int64_t>(due - pushed_, 0, static_cast<std::int64_t>(frames)));
        picture_->push(samples, part);
        pushed_ += static_cast<std::int64_t>(part);
        samples += part;
        frames -= part;
        if (pushed_ >= due)
            flow = push_picture();
    }
    count_work();
    return flow;
}

/// What the picture has done since it was counted last.
void SpectrogramState::count_work() {
    count(transforms_, picture_->transforms() - counted_transforms_);
    count(non_finite_, picture_->non_finite() - counted_non_finite_);
    counted_transforms_ = picture_->transforms();
    counted_non_finite_ = picture_->non_finite();
}

void SpectrogramState::begin_run(GstClockTime time) {
    run_begin_ = GST_CLOCK_TIME_IS_VALID(time) ? time : segment_.position;
    if (!GST_CLOCK_TIME_IS_VALID(run_begin_))
        run_begin_ = 0;
    const std::uint64_t stream_time =
        gst_segment_to_stream_time(&segment_, GST_FORMAT_TIME, run_begin_);
    picture_->reset(
        GST_CLOCK_TIME_IS_VALID(stream_time) ? static_cast<double>(stream_time) / GST_SECOND : 0);
    timeline_ = FrameTimeline(static_cast<std::uint64_t>(GST_AUDIO_INFO_RATE(&audio_)));
    timeline_.note(0, run_begin_);
    pushed_ = 0;
    drift_frames_ = 0;
    next_picture_ = 0;
    discont_ = true;
    runs_ = true;
}

/// Pictures have a rate of their own; what they show must not get away from their times, but a few
/// ms are not worth a jerk.
void SpectrogramState::follow_drift() {
    const auto rate = static_cast<guint64>(GST_AUDIO_INFO_RATE(&audio_));
    const std::uint64_t now = timeline_.time_of(static_cast<std::uint64_t>(pushed_));
    const auto due = static_cast<std::int64_t>(
        gst_util_uint64_scale_round(now - std::min(now, run_begin_), rate, GST_SECOND));
    const std::int64_t drift = pushed_ - due;
    if (std::abs(drift - drift_frames_) > static_cast<std::int64_t>(rate / 100))
        drift_frames_ = drift;
}

/// All pictures of the sound that has come.
GstFlowReturn SpectrogramState::end_run() {
    GstFlowReturn flow = GST_FLOW_OK;
    if (runs_ && picture_) {
        const std::int64_t end = pushed_;
        const auto lookahead = static_cast<std::int64_t>(picture_->lookahead_frames());
        std::fill(mono_.begin(), mono_.end(), 0.0F);
        while (flow == GST_FLOW_OK && sample_of(next_picture_) < end) {
            const std::int64_t missing = sample_of(next_picture_) + lookahead - pushed_;
            const auto part =
                static_cast<std::size_t>(std::clamp<std::int64_t>(missing, 0, kChunkFrames));
            picture_->push(mono_.data(), part);
            pushed_ += static_cast<std::int64_t>(part);
            if (missing <= static_cast<std::int64_t>(kChunkFrames))
                flow = push_picture();
        }
        count_work();
        const GstClockTime last = timeline_.time_of(static_cast<std::uint64_t>(end));
        if (GST_CLOCK_TIME_IS_VALID(last))
            segment_.position = last;
    }
    runs_ = false;
    return flow;
}

/// Draws a gap as silence; false if it cannot be, and the run has ended.
bool SpectrogramState::fill_gap(GstEvent* gap) {
    const auto rate = static_cast<guint64>(GST_AUDIO_INFO_RATE(&audio_));
    const std::optional<std::uint64_t> frames =
        runs_ ? silent_frames(gap, timeline_, static_cast<std::uint64_t>(pushed_), rate)
              : std::nullopt;
    if (!frames) {
        end_run();
        return false;
    }
    std::fill(mono_.begin(), mono_.end(), 0.0F);
    in_pieces(*frames, kChunkFrames, [&](std::size_t part) { return feed(mono_.data(), part); });
    return true;
}

void SpectrogramState::flush() {
    runs_ = false;
    discont_ = true;
    qos_.reset();
}

// --- pictures

std::int64_t SpectrogramState::sample_of(std::uint64_t picture) const {
    const auto due = static_cast<std::int64_t>(
        gst_util_uint64_scale(picture * static_cast<guint64>(GST_VIDEO_INFO_FPS_D(&video_)),
                              static_cast<guint64>(GST_AUDIO_INFO_RATE(&audio_)),
                              static_cast<guint64>(GST_VIDEO_INFO_FPS_N(&video_))));
    return std::max<std::int64_t>(0, due + drift_frames_);
}

GstClockTime SpectrogramState::time_of(std::uint64_t picture) const {
    return run_begin_ +
           gst_util_uint64_scale(picture,
                                 static_cast<guint64>(GST_VIDEO_INFO_FPS_D(&video_)) * GST_SECOND,
                                 static_cast<guint64>(GST_VIDEO_INFO_FPS_N(&video_)));
}

GstFlowReturn SpectrogramState::push_picture() {
    GstBuffer* raw = nullptr;
    if (const GstFlowReturn flow = gst_buffer_pool_acquire_buffer(pool_, &raw, nullptr);
        flow != GST_FLOW_OK)
        return flow;
    BufferHandle buffer(raw);
    const std::uint64_t number = next_picture_++;
    GST_BUFFER_PTS(raw) = time_of(number);
    GST_BUFFER_DURATION(raw) = time_of(number + 1) - time_of(number);
    GST_BUFFER_OFFSET(raw) = picture_number_;
    GST_BUFFER_OFFSET_END(raw) = ++picture_number_;
    if (const auto late = current_.qos ? qos_.lateness_of(segment_, raw) : std::nullopt) {
        count(late_pictures_);
        QosWatch::report(element, *late, segment_, raw, pictures_, late_pictures_);
        discont_ = true;
        return GST_FLOW_OK;
    }
    const std::uint64_t begun_ns = FastClock::now_ns();
    const bool is_drawn = writer_.write(raw, [&](std::uint8_t* pixels, std::size_t stride_bytes) {
        picture_->draw(sample_of(number), pixels, stride_bytes);
    });
    if (!is_drawn) {
        GST_ELEMENT_ERROR(element, RESOURCE, WRITE, ("A picture cannot be written to."), (nullptr));
        return GST_FLOW_ERROR;
    }
    draw_ns_.record(FastClock::now_ns() - begun_ns);
    if (std::exchange(discont_, false))
        GST_BUFFER_FLAG_SET(raw, GST_BUFFER_FLAG_DISCONT);
    else
        GST_BUFFER_FLAG_UNSET(raw, GST_BUFFER_FLAG_DISCONT);
    count(pictures_);
    return gst_pad_push(src_pad, buffer.release());
}

GstStructure* SpectrogramState::stats() const {
    GstStructure* const s = gst_structure_new_empty("simdspectrogram-stats");
    set_count(s, "frames", frames_);
    set_count(s, "frames-dropped", frames_dropped_);
    set_count(s, "non-finite", non_finite_);
    set_count(s, "discontinuities", discontinuities_);
    set_count(s, "transforms", transforms_);
    set_count(s, "pictures", pictures_);
    set_count(s, "late-pictures-dropped", late_pictures_);
    set_summary(s, "draw-time", draw_ns_.summary());
    return s;
}

} // namespace tactus
