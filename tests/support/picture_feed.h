// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdspectrogram between two pads of the test's own.
#pragma once

#include "audio_feed.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

inline constexpr const char* kPlain =
    "simdspectrogram show-scale=false colormap=grey min-db=-100 span=1 ";

struct Pictures {
    std::vector<GstClockTime> times;
    std::vector<GstClockTime> durations;
    std::vector<std::vector<std::uint8_t>> pixels;
};

inline Pictures pull_all(AudioFeed& feed) {
    Pictures all;
    while (GstBuffer* const buffer = feed.pull()) {
        all.times.push_back(GST_BUFFER_PTS(buffer));
        all.durations.push_back(GST_BUFFER_DURATION(buffer));
        all.pixels.emplace_back(gst_buffer_get_size(buffer));
        gst_buffer_extract(buffer, 0, all.pixels.back().data(), all.pixels.back().size());
        gst_buffer_unref(buffer);
    }
    return all;
}

/// What downstream takes.
inline void want(AudioFeed& feed, const std::string& format, int width, int height,
                 const char* rate) {
    gst_harness_set_sink_caps_str(
        feed.harness(), ("video/x-raw,format=" + format + ",width=" + std::to_string(width) +
                         ",height=" + std::to_string(height) + ",framerate=" + rate)
                            .c_str());
}

inline std::vector<float> tone(double hz, std::size_t frames) {
    std::vector<float> result(frames);
    for (std::size_t n = 0; n < frames; ++n)
        result[n] = static_cast<float>(std::sin(2 * G_PI * hz * static_cast<double>(n) / 48'000));
    return result;
}

} // namespace tactus
