// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tactus::testing {

/// What a network did to a stream: one entry per packet sent, in the order of sending.
struct JitterTrace {
    struct Packet {
        double media_ms = 0; ///< in the sender's clock; equal for the packets of a video frame
        std::optional<double> delay_ms;     ///< none: lost
        std::optional<double> duplicate_ms; ///< delay of a second copy
    };

    std::string name;
    bool video = false;
    std::uint32_t clock_rate = 48000;
    double skew_ppm = 0;
    std::vector<Packet> packets;

    double send_ms(const Packet& packet) const { return packet.media_ms / (1 + skew_ppm * 1e-6); }
    double smallest_delay_ms() const;
};

/// Reads the CSV format: lines "# key=value" (kind, clock_rate, skew_ppm), then
/// media_ms,delay_us[,duplicate_us], with an empty delay for a lost packet. None if there is no
/// such file or no packet in it.
std::optional<JitterTrace> load_jitter_trace(const std::string& path);

} // namespace tactus::testing
