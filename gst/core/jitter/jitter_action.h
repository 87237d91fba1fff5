// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/jitter_packet.h"
#include "core/jitter/rtx_planner.h"

#include <cstdint>

namespace tactus {

/// What its owner has to do next. Which fields are set depends on the kind.
struct JitterAction {
    enum class Kind : std::uint8_t {
        idle,      ///< nothing until a packet comes or something is set
        wait,      ///< nothing until `until_ns`, or as above
        push,      ///< `stored` goes out, with its pts_ns; its handle is the caller's again
        lost,      ///< `count` packets from `seqnum` on will not come; the tag of the next is set
        request,   ///< ask for `request`
        gap,       ///< nothing has come for too long: `pts_ns` and `duration_ns` have no media
        latency,   ///< the latency to report is `latency_ns` now
        buffering, ///< `percent` has changed (buffer mode)
        npt_stop,  ///< the end of the range that was asked for
        eos,       ///< all is out
    };

    Kind kind = Kind::idle;
    bool late_lost = false; ///< lost: was noticed only after its time
    std::uint16_t seqnum = 0;
    int percent = 0;
    std::int64_t until_ns = 0;
    std::int64_t count = 0;
    std::int64_t pts_ns = 0; ///< lost: of the first packet
    std::int64_t duration_ns = 0;
    std::int64_t latency_ns = 0;
    StoredPacket stored;
    RtxRequest request;
};

} // namespace tactus
