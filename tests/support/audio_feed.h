// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An element that takes raw audio, between two pads of the test's own.
#pragma once

#include "element_fixture.h"
#include "element_reports.h"
#include "noise.h"

#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace tactus {

inline constexpr const char* kFloat = G_BYTE_ORDER == G_LITTLE_ENDIAN ? "F32LE" : "F32BE";

inline std::vector<float> float_noise_of(std::size_t count, unsigned seed) {
    return gaussian_noise<float>(count, seed, 0.2);
}

/// Pushes samples with timestamps that follow from their number, and takes what comes out.
class AudioFeed {
  public:
    explicit AudioFeed(const std::string& description) {
        GstElement* const element = gst_parse_launch(description.c_str(), nullptr);
        if (element == nullptr)
            g_error("no element for '%s': is the plugin path right?", description.c_str());
        harness_ = gst_harness_new_with_element(element, "sink", "src");
        gst_harness_play(harness_);
        gst_object_unref(element);
        bus_ = gst_bus_new();
        gst_element_set_bus(harness_->element, bus_);
    }
    ~AudioFeed() {
        gst_element_set_bus(harness_->element, nullptr);
        gst_object_unref(bus_);
        gst_harness_teardown(harness_);
    }
    AudioFeed(const AudioFeed&) = delete;
    AudioFeed& operator=(const AudioFeed&) = delete;

    GstHarness* harness() const { return harness_; }
    GstElement* element() const { return harness_->element; }

    void set_format(const std::string& format, unsigned rate, unsigned channels) {
        rate_ = rate;
        channels_ = channels;
        std::string caps = "audio/x-raw,layout=interleaved,format=" + format +
                           ",rate=" + std::to_string(rate) +
                           ",channels=" + std::to_string(channels);
        if (channels > 2)
            caps += ",channel-mask=(bitmask)0";
        if (try_caps(caps))
            return;
        ADD_FAILURE() << "refused: " << caps;
    }
    /// False if they are refused.
    bool try_caps(const std::string& text) {
        if (!has_begun_) {
            send(gst_event_new_stream_start("audio"));
            has_begun_ = true;
        }
        GstCaps* const caps = gst_caps_from_string(text.c_str());
        const bool taken = send(gst_event_new_caps(caps));
        gst_caps_unref(caps);
        if (taken && !has_segment_) {
            GstSegment segment;
            gst_segment_init(&segment, GST_FORMAT_TIME);
            has_segment_ = send(gst_event_new_segment(&segment));
        }
        return taken;
    }

    template <typename Sample>
    GstBuffer* make(const std::vector<Sample>& samples) {
        const gsize size = samples.size() * sizeof(Sample);
        GstBuffer* const buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
        gst_buffer_fill(buffer, 0, samples.data(), size);
        const std::uint64_t frames = samples.size() / channels_;
        GST_BUFFER_PTS(buffer) = origin + time_of(position_);
        GST_BUFFER_DURATION(buffer) = time_of(position_ + frames) - time_of(position_);
        GST_BUFFER_OFFSET(buffer) = position_;
        position_ += frames;
        return buffer;
    }
    GstFlowReturn push(GstBuffer* buffer) { return gst_harness_push(harness_, buffer); }
    template <typename Sample>
    GstFlowReturn push(const std::vector<Sample>& samples) {
        return push(make(samples));
    }
    /// In chunks of random lengths, some of them empty.
    template <typename Sample>
    void push_chunks(const std::vector<Sample>& samples, unsigned seed, std::size_t most_frames) {
        std::mt19937 random(seed);
        for (std::size_t at = 0; at < samples.size();) {
            const std::size_t count = std::min<std::size_t>(
                random() % (most_frames + 1) * channels_, samples.size() - at);
            const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(at);
            ASSERT_EQ(push(std::vector<Sample>(begin, begin + static_cast<std::ptrdiff_t>(count))),
                      GST_FLOW_OK);
            at += count;
        }
    }
    bool send(GstEvent* event) { return gst_harness_push_event(harness_, event) != FALSE; }
    bool end() { return send(gst_event_new_eos()); }
    void seek_to(std::uint64_t frame) { position_ = frame; }

    /// The next buffer that has come out, or null.
    GstBuffer* pull() { return gst_harness_try_pull(harness_); }
    /// All samples that have come out. Notes the times of the buffers, and whether they follow each
    /// other without a gap.
    template <typename Sample>
    std::vector<Sample> samples() {
        std::vector<Sample> result;
        while (GstBuffer* const buffer = pull()) {
            const std::size_t before = result.size();
            result.resize(before + gst_buffer_get_size(buffer) / sizeof(Sample));
            gst_buffer_extract(buffer, 0, result.data() + before, gst_buffer_get_size(buffer));
            times.push_back(GST_BUFFER_PTS(buffer));
            disconts += GST_BUFFER_IS_DISCONT(buffer) ? 1 : 0;
            if (GST_CLOCK_TIME_IS_VALID(next_time_) && GST_BUFFER_PTS(buffer) != next_time_)
                ++gaps;
            next_time_ = GST_BUFFER_PTS(buffer) + GST_BUFFER_DURATION(buffer);
            gst_buffer_unref(buffer);
        }
        return result;
    }
    GstClockTime time_of(std::uint64_t frame) const {
        return gst_util_uint64_scale(frame, GST_SECOND, rate_);
    }

    std::uint64_t stat(const char* field) const { return stat_of(element(), field); }
    /// The text of the next message of this type, or empty.
    std::string complaint(GstMessageType type) { return next_complaint(bus_, type); }
    GstMessage* pop(GstMessageType type) { return gst_bus_pop_filtered(bus_, type); }

    std::vector<GstClockTime> times;
    unsigned gaps = 0;
    unsigned disconts = 0;
    GstClockTime origin = 0; ///< of frame 0

  private:
    bool has_begun_ = false;
    bool has_segment_ = false;
    GstHarness* harness_;
    GstBus* bus_;
    unsigned rate_ = 48'000;
    unsigned channels_ = 1;
    std::uint64_t position_ = 0;
    GstClockTime next_time_ = GST_CLOCK_TIME_NONE;
};

} // namespace tactus
