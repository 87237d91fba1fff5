// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/drop_log.h"
#include "core/ring/item.h"
#include "core/ring/ring_cursor.h"
#include "core/stats/log_linear_histogram.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace tactus {

/// One consumer's books: what came out, how long it had waited, and which sequence numbers did
/// not come. A gap in the numbers is matched with the cursor's drop log, so that what is reported
/// as dropped is exactly what is missing.
///
/// Threads: `note`, `settle` and `bursts` belong to the consumer (or to whoever has stopped it);
/// the getters to anybody.
class ConsumerLedger {
  public:
    explicit ConsumerLedger(std::uint64_t first_sequence = 0);

    bool is_gap(const Item& item) const { return item.sequence != expected_sequence_; }

    /// Books buffers that were just taken. Returns true if others before them were leaked.
    bool note(const Item& item, RingCursor& cursor, std::uint64_t now_ns);

    /// Takes back buffers that were noted but do not go out after all.
    void unnote(const Item& item);

    /// Appends the bursts before `sequence` (UINT64_MAX: all) to `out`. True if there were any.
    /// Anybody: a mutex orders those who collect.
    bool collect(RingCursor& cursor, std::uint64_t sequence, std::vector<DropBurst>& out);
    /// The same for the consumer, into `bursts`.
    bool settle(RingCursor& cursor, std::uint64_t sequence) {
        return collect(cursor, sequence, bursts_);
    }

    /// Starts over at `sequence`, as when joining a ring late.
    void restart(std::uint64_t sequence) {
        expected_sequence_ = sequence;
        owes_discont_ = false;
    }

    /// Bursts were settled ahead of the next buffer: it still has to be marked.
    void owe_discont() { owes_discont_ = true; }

    /// Found and not yet reported; the consumer reports and clears them.
    std::vector<DropBurst>& bursts() { return bursts_; }

    std::uint64_t buffers_out() const { return buffers_out_.load(std::memory_order_relaxed); }
    std::uint64_t burst_count() const { return burst_count_.load(std::memory_order_relaxed); }
    LogLinearHistogram::Summary burst_buffers() const { return burst_buffers_.summary(); }
    LogLinearHistogram::Summary residence_ns() const { return residence_ns_.summary(); }

  private:
    std::uint64_t expected_sequence_;
    bool owes_discont_ = false;
    std::vector<DropBurst> bursts_;
    // One writer; relaxed, statistics.
    std::atomic<std::uint64_t> buffers_out_{0};
    std::mutex collecting_; // guards the next two
    std::atomic<std::uint64_t> burst_count_{0};
    LogLinearHistogram burst_buffers_;
    LogLinearHistogram residence_ns_;
};

} // namespace tactus
