// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace tactus {

/// Extends sequence numbers to 64 bits and tells a stream's own packets from strays and from a
/// sender that has started anew.
///
/// After the probation of RFC 3550 appendix A.1: a packet that lies within `max_dropout` ahead or
/// `max_misorder` behind is the stream's; one outside is a suspect. kProbation suspects with
/// consecutive numbers are a restart. The extended number then goes on from the newest one as if
/// nothing was missing, because what lies between two streams was never sent.
///
/// Threads: one. Takes constant time. Limits are in packets.
class SequenceGate {
  public:
    static constexpr unsigned kProbation = 5;
    static constexpr std::int64_t kLargestLimit = 0x7fff; ///< half a cycle; more is ambiguous

    enum class Verdict : std::uint8_t {
        accept,  ///< `extended` is its number
        suspect, ///< keep it aside
        restart, ///< the suspects and this one are a new stream
    };
    struct Result {
        Verdict verdict = Verdict::accept;
        std::int64_t extended = 0;
        bool strays = false; ///< the suspects seen before belong to no stream
    };

    void set_limits(std::int64_t max_dropout, std::int64_t max_misorder);

    Result judge(std::uint16_t seqnum);

    /// The first number of a stream that is known beforehand.
    void expect(std::uint16_t seqnum);

    /// The next packet, whatever its number, follows the newest one.
    void restart_at(std::uint16_t seqnum);

    void reset() { *this = SequenceGate(); }

    bool has_newest() const { return newest_.has_value(); }
    std::int64_t newest() const { return newest_.value_or(0); }

  private:
    Result judge_stray(std::uint16_t seqnum);

    // Far from 0, so that a packet before the first has a number, too.
    static constexpr std::int64_t kOrigin = std::int64_t{1} << 32;

    std::optional<std::int64_t> newest_;
    std::int64_t wire_shift_ = 0; ///< extended number minus the unwrapped wire number
    std::int64_t max_dropout_ = 3000;
    std::int64_t max_misorder_ = 100;
    unsigned suspects_ = 0;
    std::uint16_t next_suspect_ = 0;
};

} // namespace tactus
