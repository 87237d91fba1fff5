// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/deadline_board.h"

#include <gst/gst.h>

#include <cstdint>
#include <mutex>
#include <vector>

namespace tactus {

/// Rings jitterbuffers for which nothing has come in time: one timer for all that run on a clock,
/// in the clock's own thread. With a timer each, each packet would cost a wake-up that finds the
/// deadline put off by that very packet. A deadline is met up to 2 ms late, the step in which
/// delays are judged, so that those which are close together share a wake-up.
///
/// Ownership: the clock's; who uses one has a reference to the clock. Threads: any. `ring` is
/// called under the lock that `add` and `remove` take: no lock that it takes may be held for those.
class StallWatch {
  public:
    static constexpr std::int64_t kLateNs = 2'000'000;

    class Client : public DeadlineBoard::Entry {
      public:
        virtual void ring() = 0;

      protected:
        ~Client() = default;
    };

    /// That of `clock`; null if there is none: a test's clock stands still and jumps.
    static StallWatch* of(GstClock* clock);

    explicit StallWatch(GstClock* clock) : clock_(clock) {}
    ~StallWatch();
    StallWatch(const StallWatch&) = delete;
    StallWatch& operator=(const StallWatch&) = delete;

    /// See DeadlineBoard.
    void add(Client& client);
    void remove(Client& client);

  private:
    static gboolean expired(GstClock*, GstClockTime, GstClockID, gpointer self) noexcept;
    void ring_due();
    void schedule(); // under mutex_

    GstClock* const clock_; ///< our owner
    std::mutex mutex_;
    DeadlineBoard board_{kLateNs};
    std::vector<DeadlineBoard::Entry*> due_;
    GstClockID timer_ = nullptr;
    std::int64_t timer_ns_ = DeadlineBoard::kNever;
};

} // namespace tactus
