// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "jitter_trace.h"

#include <cstdint>
#include <vector>

namespace tactus::testing {

/// The kinds of networks that a jitter buffer meets. Own models, the same for a seed on every
/// machine: no standard distribution, whose results a library may choose.
enum class Network {
    wired,        ///< a fixed delay and a little noise
    wifi,         ///< good and bad states; retries, overtaking, duplicates
    handover,     ///< steps of 8 ms; stalls of 90 to 340 ms, then a burst
    bufferbloat,  ///< a queue that fills up to 280 ms, and drains
    route_change, ///< 80 ms more for a third of the time
    talk_spurts,  ///< speech with silence, over wifi
    multipath,    ///< one packet in 20 takes a path that is 20 to 80 ms longer
    video,        ///< 30 frames per second through a bottleneck; large key frames
    fast_sender,  ///< its clock runs 200 ppm fast
    slow_sender,  ///< 200 ppm slow
};

const char* name_of(Network network);

/// Five minutes (video: two; clocks: thirty) of packets through such a network.
JitterTrace make_network_trace(Network network, std::uint64_t seed);

} // namespace tactus::testing
