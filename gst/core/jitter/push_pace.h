// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstdint>

namespace tactus {

/// Whether the thread that brings packets may push them on itself. To wake another thread for it
/// costs some 5 to 10 us, so it may while pushing takes little more than that; a thread that
/// receives must not be held up for longer.
///
/// Quick pushes have to prove it, first a few in a row. Each slow one takes the right away and
/// doubles the proof that is asked for, so that a downstream which is slow at regular intervals (a
/// decoder at the end of each frame) soon is left alone; a long quiet time halves it again.
///
/// Reading the clock twice for each push would be a tenth of the work at line rate. So where pushes
/// follow each other closely, the end of the last one is the begin of the next. What was quick so
/// was quick; what was not may have been a pause, and has to be proved by the next one.
///
/// Threads: one at a time. `now()` is the injected clock, in ns.
class PushPace {
  public:
    static constexpr std::int64_t kQuickNs = 250'000;
    static constexpr std::uint32_t kLeastProof = 16;
    static constexpr std::uint32_t kMostProof = 4096;

    /// Before a push, or several.
    template <typename Now>
    void begin(Now&& now) {
        if (!dense_)
            begin_ns_ = now();
    }
    /// After it; `packets` were pushed.
    template <typename Now>
    void end(std::uint32_t packets, Now&& now) {
        const std::int64_t end_ns = now();
        const bool paused = dense_ && end_ns - begin_ns_ > kQuickNs;
        if (paused)
            doubt();
        else
            judge(packets, end_ns - begin_ns_);
        dense_ = quick_ && end_ns - last_end_ns_ <= kQuickNs;
        begin_ns_ = last_end_ns_ = end_ns;
    }
    bool quick() const { return quick_; }

  private:
    static constexpr std::uint32_t kQuietProofs = 8;

    void doubt() {
        if (quick_)
            in_a_row_ = proof_ - 1;
        quick_ = false;
    }
    void judge(std::uint32_t packets, std::int64_t took_ns) {
        if (took_ns > kQuickNs) {
            if (quick_)
                proof_ = std::min(proof_ * 2, kMostProof);
            quick_ = false;
            in_a_row_ = 0;
            return;
        }
        in_a_row_ += packets;
        if (!quick_ && in_a_row_ >= proof_) {
            quick_ = true;
            in_a_row_ = 0;
        } else if (quick_ && in_a_row_ >= kQuietProofs * proof_) {
            proof_ = std::max(proof_ / 2, kLeastProof);
            in_a_row_ = 0;
        }
    }

    std::int64_t begin_ns_ = 0;
    std::int64_t last_end_ns_ = 0;
    std::uint32_t proof_ = kLeastProof;
    std::uint32_t in_a_row_ = 0; ///< quick packets
    bool quick_ = false;
    bool dense_ = false; ///< begin_ns_ is the end of the last push
};

} // namespace tactus
