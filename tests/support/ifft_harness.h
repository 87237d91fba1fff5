// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A simdifft, the frames of core's Stft as buffers for it, and what comes out.
#pragma once

#include "core/clock/frame_timeline.h"
#include "element_fixture.h"
#include "element_reports.h"
#include "simdfft/stft_caps.h"
#include "stft_signals.h"

#include <gst/check/gstharness.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

/// A run of audio, as buffers of audio/x-stft. Whoever pushes the buffers takes them.
struct StftRun {
    StftConfig config;
    Planar samples;
    std::size_t frames_per_buffer = 1;
    GstClockTime start = 0;
    std::uint64_t offset = 0;
    bool has_offsets = true;

    std::vector<GstBuffer*> buffers() const {
        const auto frames = frames_of(config, samples);
        std::vector<GstBuffer*> all;
        for (std::size_t i = 0; i < frames.size(); i += frames_per_buffer)
            all.push_back(buffer(frames, i));
        return all;
    }

    std::int64_t length() const { return static_cast<std::int64_t>(samples[0].size()); }
    GstClockTime time_of(std::int64_t sample) const {
        FrameTimeline timeline(config.rate);
        timeline.note(0, start);
        return timeline.time_of(static_cast<std::uint64_t>(sample));
    }

  private:
    GstBuffer* buffer(const std::vector<StftFrame>& frames, std::size_t first) const {
        const std::size_t behind = std::min(first + frames_per_buffer, frames.size());
        const std::size_t bytes = frames[0].values.size() * sizeof(float);
        GstBuffer* const buffer =
            gst_buffer_new_allocate(nullptr, (behind - first) * bytes, nullptr);
        for (std::size_t i = first; i < behind; ++i)
            gst_buffer_fill(buffer, (i - first) * bytes, frames[i].values.data(), bytes);
        const auto hop = static_cast<std::int64_t>(config.hop_frames);
        const std::int64_t next = frames[first].position + hop * to_signed(behind - first);
        const bool is_last = behind == frames.size();
        const std::int64_t end =
            is_last ? length() : std::min(StftStream{config, 0}.offset_end(next), length());
        GST_BUFFER_PTS(buffer) = time_of(frames[first].position);
        if (has_offsets) {
            GST_BUFFER_OFFSET(buffer) = offset + static_cast<std::uint64_t>(frames[first].position);
            GST_BUFFER_OFFSET_END(buffer) = offset + static_cast<std::uint64_t>(end);
        }
        if (first == 0)
            GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
        return buffer;
    }
    static std::int64_t to_signed(std::size_t value) { return static_cast<std::int64_t>(value); }
};

/// Audio that came out without a gap.
struct AudioRun {
    GstClockTime start = GST_CLOCK_TIME_NONE;
    std::uint64_t offset = 0;
    Planar samples;
};

inline void append_audio(std::vector<AudioRun>& runs, GstBuffer* buffer, const StftConfig& config) {
    GstMapInfo map;
    ASSERT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_READ));
    const std::size_t frames = map.size / sizeof(float) / config.channels;
    EXPECT_EQ(map.size, frames * sizeof(float) * config.channels);
    EXPECT_GT(frames, 0U);
    if (GST_BUFFER_IS_DISCONT(buffer))
        runs.push_back(
            {GST_BUFFER_PTS(buffer), GST_BUFFER_OFFSET(buffer), Planar(config.channels)});
    ASSERT_FALSE(runs.empty());
    AudioRun& run = runs.back();
    const std::uint64_t before = run.samples[0].size();
    FrameTimeline timeline(config.rate);
    timeline.note(0, run.start);
    EXPECT_EQ(GST_BUFFER_OFFSET(buffer), run.offset + run.samples[0].size());
    EXPECT_EQ(GST_BUFFER_OFFSET_END(buffer), GST_BUFFER_OFFSET(buffer) + frames);
    EXPECT_EQ(GST_BUFFER_PTS(buffer), timeline.time_of(before));
    EXPECT_EQ(GST_BUFFER_DURATION(buffer), timeline.duration_ns(before, before + frames));
    const auto* const values = reinterpret_cast<const float*>(map.data);
    for (std::size_t n = 0; n < frames; ++n)
        for (unsigned c = 0; c < config.channels; ++c)
            run.samples[c].push_back(values[n * config.channels + c]);
    gst_buffer_unmap(buffer, &map);
}

/// All that has come out of a harness, with what each buffer says checked against the one before.
inline std::vector<AudioRun> take_audio(GstHarness* harness, const StftConfig& config) {
    std::vector<AudioRun> runs;
    while (GstBuffer* buffer = gst_harness_try_pull(harness)) {
        append_audio(runs, buffer, config);
        gst_buffer_unref(buffer);
    }
    return runs;
}

/// A simdifft in a harness.
class IfftHarness {
  public:
    IfftHarness() : harness_(gst_harness_new("simdifft")), bus_(gst_bus_new()) {
        gst_element_set_bus(harness_->element, bus_);
        gst_harness_play(harness_);
    }
    ~IfftHarness() {
        gst_element_set_bus(harness_->element, nullptr);
        gst_harness_teardown(harness_);
        gst_object_unref(bus_);
    }
    IfftHarness(const IfftHarness&) = delete;
    IfftHarness& operator=(const IfftHarness&) = delete;

    GstHarness* get() const { return harness_; }
    GstElement* element() const { return harness_->element; }
    bool send(GstEvent* event) { return gst_harness_push_event(harness_, event) != FALSE; }
    bool send_caps(const StftConfig& config, std::uint64_t channel_mask = 0) {
        const CapsHandle caps = make_stft_caps({config.resolved(), channel_mask});
        return send(gst_event_new_caps(caps.get()));
    }
    bool start(const StftConfig& config, std::uint64_t channel_mask = 0) {
        return send(gst_event_new_stream_start("test")) && send_caps(config, channel_mask) &&
               send(make_segment());
    }
    GstFlowReturn push(GstBuffer* buffer) { return gst_harness_push(harness_, buffer); }
    void push(const StftRun& run) {
        for (GstBuffer* buffer : run.buffers())
            ASSERT_EQ(push(buffer), GST_FLOW_OK);
    }
    GstCaps* caps_out() const { return gst_pad_get_current_caps(harness_->sinkpad); }

    std::vector<AudioRun> take(const StftConfig& config) { return take_audio(harness_, config); }
    std::uint64_t stat(const char* field) const { return stat_of(element(), field); }
    /// The text of the next message of that kind, or nothing.
    std::string message(GstMessageType type) { return next_complaint(bus_, type); }

  private:
    GstHarness* harness_;
    GstBus* bus_;
};

/// Of the difference, relative to what is expected; infinite if the lengths differ.
inline double error_db(const Planar& found, const Planar& expected) {
    if (found.size() != expected.size())
        return INFINITY;
    double error = 0;
    double power = 0;
    for (std::size_t c = 0; c < expected.size(); ++c) {
        if (found[c].size() != expected[c].size())
            return INFINITY;
        for (std::size_t n = 0; n < expected[c].size(); ++n) {
            error += std::pow(found[c][n] - expected[c][n], 2);
            power += std::pow(expected[c][n], 2);
        }
    }
    return 10 * std::log10(error / power + 1e-300);
}

} // namespace tactus
