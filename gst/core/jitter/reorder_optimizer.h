// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/delay_histogram.h"

#include <cstdint>

namespace tactus {

/// Weighs waiting for packets that were overtaken against losing them: of all delays d the one with
/// the smallest d + kNsPerShare * (share of packets that come later than d). The idea is that of
/// the reorder optimizer of NetEq (WebRTC, modules/audio_coding/neteq); here the histogram holds
/// overtaken packets only and their share is counted apart, so a packet in order costs one
/// addition.
///
/// Threads: one.
class ReorderOptimizer {
  public:
    /// What a lost packet is worth: 1 % of loss is as bad as 200 ms of delay.
    static constexpr double kNsPerShare = 20e9;

    void in_order() { share_ -= share_ * kWeight; }
    void overtaken(std::int64_t relative_delay_ns);

    /// 0 if waiting is not worth while.
    std::int64_t best_ns() const { return best_ns_; }
    /// Share of packets that were overtaken, of about the last 2000.
    double share() const { return share_; }

  private:
    static constexpr double kWeight = 1.0 / 2000;

    DelayHistogram histogram_{0.98};
    double share_ = 0;
    std::int64_t best_ns_ = 0;
};

} // namespace tactus
