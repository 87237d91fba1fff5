// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/message_face.h"

#include "core/fft/flush_to_zero.h"

namespace tactus {

namespace {

SpectrumMeterConfig config_for(const SimdFftSettings& settings, const GstAudioInfo& info) {
    SpectrumMeterConfig config;
    config.bands = settings.bands;
    config.interval_ns = settings.interval_ns;
    config.rate_hz = static_cast<unsigned>(GST_AUDIO_INFO_RATE(&info));
    config.layout = layout_of(info);
    config.multi_channel = settings.multi_channel;
    return config;
}

} // namespace

void MessageFace::configure(const SimdFftSettings& settings, const GstAudioInfo& info) {
    const SpectrumMeterConfig config = config_for(settings, info);
    if (config != config_) {
        config.check(); // before the one that is there goes
        reset();
        meter_.emplace(config);
        config_ = config;
    }
    settings_ = settings;
    meter_->set_threshold_db(static_cast<float>(settings.threshold_db));
    meter_->want(settings.post_messages && settings.message_magnitude,
                 settings.post_messages && settings.message_phase);
}

void MessageFace::reset() {
    earlier_transforms_ = transforms();
    config_.reset();
    meter_.reset();
    messages_.clear();
}

void MessageFace::flush() {
    if (meter_)
        meter_->flush();
}

std::uint64_t MessageFace::transforms() const {
    return earlier_transforms_ + (meter_ ? meter_->transforms() : 0);
}

void MessageFace::process(const AudioMap& audio, GstClockTime pts, const GstSegment& segment) {
    if (meter_->done_frames() == 0)
        timestamp_ = pts;
    std::size_t done = 0;
    while (done < audio.frames()) {
        {
            const FlushToZero guard;
            done += meter_->push(audio.blocks(), done, audio.frames() - done);
            if (!meter_->is_full())
                return;
            meter_->finish();
        }
        if (settings_.post_messages)
            post(segment);
        if (GST_CLOCK_TIME_IS_VALID(timestamp_))
            timestamp_ +=
                gst_util_uint64_scale(meter_->done_frames(), GST_SECOND, config_->rate_hz);
        meter_->next_interval();
    }
}

MessageShape MessageFace::shape() const {
    return {settings_.message_magnitude, settings_.message_phase, settings_.multi_channel,
            settings_.message_format,    meter_->bands(),         meter_->spectra()};
}

void MessageFace::post(const GstSegment& segment) {
    SpectrumTimes times;
    times.timestamp = timestamp_;
    times.duration = settings_.interval_ns;
    if (segment.format == GST_FORMAT_TIME) {
        times.stream_time = gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, timestamp_);
        times.running_time = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, timestamp_);
    }
    ++messages_posted_;
    gst_element_post_message(element_, messages_.make(element_, shape(), times, *meter_));
}

} // namespace tactus
