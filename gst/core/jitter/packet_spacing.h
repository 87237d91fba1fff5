// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace tactus {

/// The usual media time between neighbouring packets and between neighbouring timestamps, and where
/// a talk spurt begins: a jump of media time without as many missing packets is silence (RFC 3551
/// section 4.1), and is averaged by neither.
///
/// Threads: one.
class PacketSpacing {
  public:
    /// A packet that is newer than all before. True if silence lies before it.
    bool observe(std::int64_t sequence, std::int64_t media_ns, bool talk_marker);

    /// The next packet is not compared with the last one.
    void break_here() { has_last_ = false; }

    std::int64_t packet_ns() const { return packet_ns_; } ///< 0 until known
    std::int64_t frame_ns() const { return frame_ns_; }   ///< 0 until known

  private:
    bool has_last_ = false;
    std::int64_t last_sequence_ = 0;
    std::int64_t last_media_ns_ = 0;
    std::int64_t packet_ns_ = 0;
    std::int64_t frame_ns_ = 0;
    bool known_ = false;
};

} // namespace tactus
