// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace tactus {

/// A packet as its owner hands it in: the facts of its header, and the packet itself, which is
/// opaque here.
struct JitterPacket {
    void* handle = nullptr;
    std::int64_t arrival_ns = 0; ///< running time of its arrival
    std::uint64_t ntp = 0;       ///< the sender's, as on the wire; 0: it says nothing
    std::uint32_t bytes = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 0;
    std::uint32_t clock_rate = 0; ///< ticks per second for its payload type
    std::uint32_t tag = 0;        ///< its owner's, given back with it
    std::uint16_t seqnum = 0;
    std::uint8_t payload_type = 0;
    bool marker = false;
    bool listed = false; ///< came together with others; its owner's, as the tag
    bool is_rtx = false; ///< a retransmission (RFC 4588): says nothing about the network's delay
};

/// A packet in its place.
struct StoredPacket {
    JitterPacket packet;
    std::int64_t sequence = 0; ///< extended
    std::int64_t ticks = 0;    ///< extended RTP timestamp
    std::int64_t pts_ns = 0;   ///< running time
    bool discont = false;      ///< a sender that started anew
};

/// Why a packet does not come out.
enum class JitterDrop : std::uint8_t {
    late,          ///< its place has been passed
    duplicate,     ///< it is there already, or was
    stray,         ///< its sequence number fits no stream
    no_clock_rate, ///< its payload type has no clock rate
    after_eos,     ///< the stream has ended
    latency,       ///< more is held than the latency allows (drop-on-latency)
    memory,        ///< more is held than max-packets or max-bytes allow
    stale,         ///< it came out of a stall too late to be of use
    flushed,
};

} // namespace tactus
