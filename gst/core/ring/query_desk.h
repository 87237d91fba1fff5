// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

namespace tactus {

/// Where a producer waits for the answer to a query that travels in band. The ring carries a
/// ticket, not the query: the query belongs to the producer's caller and is gone once the producer
/// has given up, so the consumer has to ask here whether it is still wanted.
///
/// Threads: `open` and `wait` belong to the producer (one query at a time), `begin` and `finish` to
/// the consumer, `refuse` and `cancel` to anybody. A query that the consumer has begun is always
/// waited for: downstream is writing into it.
class QueryDesk {
  public:
    using Ticket = std::uintptr_t;

    /// Announces `query`. The ticket is never 0.
    Ticket open(void* query);

    /// Waits for the answer, for at most `timeout_ns` (0: for ever) while the query still waits its
    /// turn. Returns the answer; false if it was cancelled; nothing on a timeout.
    std::optional<bool> wait(std::uint64_t timeout_ns);

    /// The query behind a ticket that came out of the ring, or null if nobody wants it any more.
    void* begin(Ticket ticket);
    void finish(Ticket ticket, bool answer);

    /// The ring has thrown the ticket away: answers false, if anybody still waits for it.
    void refuse(Ticket ticket);

    /// Answers false to a query that waits its turn. One that has begun is left to finish.
    void cancel();

  private:
    enum class State : std::uint8_t { idle, waiting, running, done };

    void answer_no(); // under mutex_

    std::mutex mutex_;
    std::condition_variable changed_;
    State state_ = State::idle;
    Ticket last_ticket_ = 0;
    void* query_ = nullptr;
    bool answer_ = false;
};

} // namespace tactus
