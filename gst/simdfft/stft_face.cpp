// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/stft_face.h"

#include "core/fft/flush_to_zero.h"
#include "glue/fast_clock.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace tactus {

namespace {

constexpr std::size_t kPieceFrames = 1024;
constexpr std::size_t kMostBufferBytes = std::size_t{1} << 30;

void check_buffer(const StftStream& stream, unsigned frames) {
    if (stream.frame_bytes() * frames <= kMostBufferBytes)
        return;
    throw std::invalid_argument(
        "frames-per-buffer " + std::to_string(frames) + " of " +
        std::to_string(stream.frame_bytes()) + " bytes: it must be " +
        std::to_string(std::max<std::size_t>(1, kMostBufferBytes / stream.frame_bytes())) +
        " at most");
}

} // namespace

bool StftFace::is(const StftStream& stream, unsigned frames_per_buffer,
                  const GstAudioInfo& info) const {
    return is_started() && stream_ == stream && frames_per_buffer_ == frames_per_buffer &&
           reader_->layout() == layout_of(info);
}

void StftFace::start(const StftStream& stream, unsigned frames_per_buffer, const GstAudioInfo& info,
                     GstPad* src_pad) {
    // All that may fail comes before the end of what there is.
    check_buffer(stream, frames_per_buffer);
    Stft next(stream.config);
    StftStream copy = stream;
    const SampleLayout layout = layout_of(info);
    SampleReader reader(layout, FullScale::power_of_two);
    std::vector<float> samples(kPieceFrames * layout.channels);
    std::vector<float*> channels(layout.channels);
    std::vector<const float*> rest(layout.channels);
    finish();
    stop();
    for (std::size_t c = 0; c < channels.size(); ++c)
        channels[c] = samples.data() + c * kPieceFrames;
    samples_ = std::move(samples);
    channels_ = std::move(channels);
    rest_ = std::move(rest);
    reader_.emplace(std::move(reader));
    stream_ = std::move(copy);
    frames_per_buffer_ = frames_per_buffer;
    src_pad_ = src_pad;
    timeline_ = FrameTimeline(stream.config.rate);
    counted_non_finite_ = 0;
    stft_.emplace(std::move(next));
}

void StftFace::stop() {
    flush();
    stft_.reset();
    pool_.clear();
}

// --- frames in

GstFlowReturn StftFace::process(const AudioMap& audio, GstClockTime pts) {
    if (audio.frames() == 0)
        return GST_FLOW_OK;
    if (in_run_ && timeline_.breaks(static_cast<std::uint64_t>(stft_->pushed()), pts)) {
        if (const GstFlowReturn flow = finish(); flow != GST_FLOW_OK)
            return flow;
    }
    if (!in_run_) {
        in_run_ = true;
        is_first_ = true;
        timeline_.reset();
        ++counts_.runs;
    }
    timeline_.note(static_cast<std::uint64_t>(stft_->pushed()), pts);
    for (std::size_t first = 0; first < audio.frames(); first += kPieceFrames) {
        const std::size_t frames = std::min(kPieceFrames, audio.frames() - first);
        if (const GstFlowReturn flow = take(audio, first, frames); flow != GST_FLOW_OK)
            return flow;
    }
    return GST_FLOW_OK;
}

GstFlowReturn StftFace::take(const AudioMap& audio, std::size_t first, std::size_t frames) {
    {
        const FlushToZero guard;
        reader_->read(audio.blocks(), first, frames, channels_.data());
    }
    for (std::size_t done = 0; done < frames;) {
        for (std::size_t c = 0; c < channels_.size(); ++c)
            rest_[c] = channels_[c] + done;
        done += stft_->push(rest_.data(), frames - done);
        if (const GstFlowReturn flow = push_ready(); flow != GST_FLOW_OK)
            return flow;
    }
    count_non_finite();
    return GST_FLOW_OK;
}

void StftFace::count_non_finite() {
    counts_.non_finite += stft_->non_finite() - counted_non_finite_;
    counted_non_finite_ = stft_->non_finite();
}

GstFlowReturn StftFace::finish() {
    if (!in_run_)
        return GST_FLOW_OK;
    try {
        const GstFlowReturn flow = push_rest();
        drop_buffer();
        end_run();
        return flow;
    } catch (...) { // of a run that is finished, no more can come
        flush();
        throw;
    }
}

GstFlowReturn StftFace::push_rest() {
    stft_->finish();
    is_finished_ = true;
    const GstFlowReturn flow = push_ready();
    return flow == GST_FLOW_OK && buffer_ ? push_buffer() : flow;
}

void StftFace::flush() {
    if (in_run_) {
        const auto hop = static_cast<std::int64_t>(stream_.config.hop_frames);
        const std::int64_t next = stft_->position() - buffer_frames_ * hop; // frame to be pushed
        const auto lookahead = static_cast<std::int64_t>(stream_.config.lookahead());
        const std::int64_t heard = next > 0 ? next - hop + lookahead : 0;
        counts_.samples_flushed +=
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, stft_->pushed() - heard));
        end_run();
    }
    drop_buffer();
}

void StftFace::end_run() {
    run_start_ += stft_->pushed();
    stft_->reset();
    in_run_ = is_finished_ = false;
}

void StftFace::drop_buffer() {
    buffer_.take();
    buffer_frames_ = 0;
}

// --- frames out

GstFlowReturn StftFace::push_ready() {
    while (stft_->ready()) {
        if (!buffer_)
            begin_buffer();
        auto* const out = reinterpret_cast<float*>(buffer_.data());
        stft_->read(out + buffer_frames_ * stream_.config.frame_floats());
        ++buffer_frames_;
        ++counts_.frames;
        if (buffer_frames_ < frames_per_buffer_)
            continue;
        if (const GstFlowReturn flow = push_buffer(); flow != GST_FLOW_OK)
            return flow;
    }
    return GST_FLOW_OK;
}

void StftFace::begin_buffer() {
    buffer_ = WriteMap(pool_.acquire(stream_.frame_bytes() * frames_per_buffer_));
    buffer_frames_ = 0;
    buffer_position_ = stft_->position();
}

GstFlowReturn StftFace::push_buffer() {
    BufferHandle owned = buffer_.take();
    GstBuffer* const buffer = owned.get();
    stamp(buffer, stft_->position());
    if (buffer_frames_ < frames_per_buffer_)
        gst_buffer_set_size(buffer, static_cast<gssize>(buffer_frames_ * stream_.frame_bytes()));
    buffer_frames_ = 0;
    is_first_ = false;
    const std::uint64_t begun_ns = FastClock::now_ns();
    const GstFlowReturn flow = gst_pad_push(src_pad_, owned.release());
    counts_.push_ns += FastClock::now_ns() - begun_ns;
    return flow;
}

void StftFace::stamp(GstBuffer* buffer, std::int64_t next) const {
    const std::int64_t length = stft_->pushed();
    const std::int64_t end = is_finished_ ? std::min(next, length) : next;
    const auto first = static_cast<std::uint64_t>(buffer_position_);
    GST_BUFFER_PTS(buffer) = timeline_.time_of(first);
    GST_BUFFER_DURATION(buffer) =
        timeline_.duration_ns(first, static_cast<std::uint64_t>(std::max(buffer_position_, end)));
    GST_BUFFER_OFFSET(buffer) = static_cast<guint64>(run_start_ + buffer_position_);
    GST_BUFFER_OFFSET_END(buffer) =
        static_cast<guint64>(run_start_ + (is_finished_ ? length : stream_.offset_end(next)));
    if (is_first_)
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
}

GstClockTime StftFace::latency() const {
    if (!is_started())
        return 0;
    const StftConfig& config = stream_.config;
    const std::size_t samples = config.lookahead() + (frames_per_buffer_ - 1) * config.hop_frames;
    return gst_util_uint64_scale_ceil(samples, GST_SECOND, config.rate);
}

} // namespace tactus
