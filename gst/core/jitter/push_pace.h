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
/// Threads: one at a time.
class PushPace {
  public:
    static constexpr std::int64_t kQuickNs = 250'000;
    static constexpr std::uint32_t kLeastProof = 16;
    static constexpr std::uint32_t kMostProof = 4096;

    /// `pushes` together took that long.
    void note(std::uint32_t pushes, std::int64_t took_ns) {
        if (took_ns > kQuickNs) {
            if (quick_)
                proof_ = std::min(proof_ * 2, kMostProof);
            quick_ = false;
            in_a_row_ = 0;
            return;
        }
        in_a_row_ += pushes;
        if (!quick_ && in_a_row_ >= proof_) {
            quick_ = true;
            in_a_row_ = 0;
        } else if (quick_ && in_a_row_ >= kQuietProofs * proof_) {
            proof_ = std::max(proof_ / 2, kLeastProof);
            in_a_row_ = 0;
        }
    }
    bool quick() const { return quick_; }

  private:
    static constexpr std::uint32_t kQuietProofs = 8;

    std::uint32_t proof_ = kLeastProof;
    std::uint32_t in_a_row_ = 0;
    bool quick_ = false;
};

} // namespace tactus
