// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
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

/// A packet of a trace that comes in. The earlier is the greater, so that it is on top of a
/// std::priority_queue; of two at the same time the one that was sent first.
struct TraceArrival {
    std::int64_t time_ns = 0;
    std::size_t index = 0; ///< in JitterTrace::packets
    bool is_rtx = false;

    bool operator<(const TraceArrival& other) const {
        return time_ns != other.time_ns ? time_ns > other.time_ns : index > other.index;
    }
};

/// Reads the CSV format: lines "# key=value" (kind, clock_rate, skew_ppm), then
/// media_ms,delay_us[,duplicate_us], with an empty delay for a lost packet. None if there is no
/// such file or no packet in it.
std::optional<JitterTrace> load_jitter_trace(const std::string& path);

} // namespace tactus::testing
