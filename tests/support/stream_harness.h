// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfft where downstream takes audio/x-stft, and what core's Stft makes of the same audio.
#pragma once

#include "pad_caps.h"
#include "spectrum_harness.h"
#include "stft_signals.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

struct StreamBuffer {
    GstClockTime pts = 0;
    GstClockTime duration = 0;
    guint64 offset = 0;
    guint64 offset_end = 0;
    bool discont = false;
    bool pooled = false;
    std::vector<float> values;
};

/// Downstream takes `sink_caps`.
class StreamHarness : public SpectrumHarness {
  public:
    explicit StreamHarness(const std::string& properties, const char* sink_caps = "audio/x-stft")
        : SpectrumHarness("simdfft", properties) {
        gst_harness_set_sink_caps_str(get(), sink_caps);
    }

    GstFlowReturn feed(GstBuffer* buffer) { return gst_harness_push(get(), buffer); }
    bool send_eos() { return gst_harness_push_event(get(), gst_event_new_eos()) != FALSE; }

    std::vector<StreamBuffer> pull() {
        std::vector<StreamBuffer> all;
        while (GstBuffer* buffer = gst_harness_try_pull(get())) {
            StreamBuffer b{GST_BUFFER_PTS(buffer),
                           GST_BUFFER_DURATION(buffer),
                           GST_BUFFER_OFFSET(buffer),
                           GST_BUFFER_OFFSET_END(buffer),
                           GST_BUFFER_IS_DISCONT(buffer) != FALSE,
                           buffer->pool != nullptr,
                           std::vector<float>(gst_buffer_get_size(buffer) / sizeof(float))};
            gst_buffer_extract(buffer, 0, b.values.data(), b.values.size() * sizeof(float));
            gst_buffer_unref(buffer);
            all.push_back(std::move(b));
        }
        return all;
    }
    std::vector<StreamBuffer> pull_rest() {
        EXPECT_TRUE(send_eos());
        return pull();
    }
    std::string src_caps() const {
        GstPad* pad = gst_element_get_static_pad(element(), "src");
        std::string text = caps_text_of(pad);
        gst_object_unref(pad);
        return text;
    }
};

/// What core makes of interleaved samples: one run, frame by frame.
inline std::vector<std::vector<float>> frames_of(const StftConfig& config,
                                                 const std::vector<float>& interleaved) {
    Planar planar(config.channels, std::vector<float>(interleaved.size() / config.channels));
    for (std::size_t i = 0; i < interleaved.size(); ++i)
        planar[i % config.channels][i / config.channels] = interleaved[i];
    std::vector<std::vector<float>> frames;
    for (StftFrame& frame : frames_of(config, planar))
        frames.push_back(std::move(frame.values));
    return frames;
}

inline StftConfig config_of(unsigned channels, std::size_t fft_size, std::size_t hop_frames,
                            unsigned rate = 48000) {
    StftConfig config;
    config.channels = channels;
    config.rate = rate;
    config.fft_size = fft_size;
    config.hop_frames = hop_frames;
    return config;
}

inline void expect_frames(const std::vector<StreamBuffer>& buffers,
                          const std::vector<std::vector<float>>& frames) {
    ASSERT_EQ(buffers.size(), frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i)
        ASSERT_EQ(buffers[i].values, frames[i]) << "frame " << i;
}

inline GstClockTime time_of(std::uint64_t samples, unsigned rate = 48000) {
    return gst_util_uint64_scale(samples, GST_SECOND, rate);
}

} // namespace tactus
