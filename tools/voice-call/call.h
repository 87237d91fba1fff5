// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "jitter_replay.h"
#include "jitter_trace.h"
#include "sound.h"

#include <gst/gst.h>

#include <memory>
#include <string>
#include <vector>

namespace tactus::voice_call {

/// The recordings as RTP packets of 20 ms of Opus. Throws std::runtime_error if that fails.
class Voice {
  public:
    Voice();
    ~Voice();
    Voice(const Voice&) = delete;
    Voice& operator=(const Voice&) = delete;

    /// A new packet, the `index`-th of a call that repeats the recordings.
    GstBuffer* packet(std::size_t index, std::uint32_t timestamp, bool marker) const;

    static std::uint16_t seqnum(std::size_t index) {
        return static_cast<std::uint16_t>(kFirstSeqnum + index);
    }

  private:
    static constexpr std::uint16_t kFirstSeqnum = 60000;
    std::vector<GstBuffer*> packets_;
};

/// A jitter buffer as a user would write it in a launch line.
struct Candidate {
    std::string factory;
    std::string properties;

    std::string label() const { return factory + " " + properties; }
};

struct CallResult {
    testing::ReplayResult playout;
    Sound sound;
};

/// One call through a candidate, a depayloader and a decoder, under a test clock. Requests for
/// retransmission are answered after `reply_ms`; 0: none are made. The packets of a video trace are
/// not decoded.
CallResult run_call(const Voice& voice, const testing::JitterTrace& trace,
                    const Candidate& candidate, double reply_ms);

} // namespace tactus::voice_call
