// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "ring_test_support.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace tactus::test {

/// A queue that starts with two slots, so that it grows early, and the books over all references.
class QueueTest : public ::testing::Test {
  protected:
    using Ids = std::vector<std::uint64_t>;

    /// Lets `item` in whatever the limits say.
    void put(const Item& item) {
        refs.add(item);
        queue.push(item, 0);
    }
    Offered offer(const Item& item) { return test::offer(queue, refs, item); }
    std::optional<Taken> take() { return test::take(queue, refs); }
    Ids take_all() { return test::take_all(queue, refs); }
    void flush() {
        queue.drain([this](const Item& item) { refs.release(item); });
        queue.restart_time();
    }
    void limit_buffers(std::uint64_t n) { queue.max_size().set({n, 0, 0}); }
    void limit_time_ms(std::int64_t ms) {
        queue.max_size().set({0, 0, static_cast<std::uint64_t>(ms * kMs)});
    }

    References refs{1000};
    RingQueue queue{refs.disposer(), 2};
};

inline void expect_burst(const DropBurst& burst, std::uint64_t first, std::uint64_t count) {
    EXPECT_EQ(burst.first_sequence, first);
    EXPECT_EQ(burst.count, count);
    EXPECT_EQ(burst.reason, DropReason::leaked);
}

/// in = out + dropped + flushed + level.
inline void expect_sums_agree(const RingQueue& queue) {
    const RingQueueStats s = queue.stats();
    EXPECT_EQ(s.buffers_in,
              s.buffers_out + s.buffers_dropped + s.buffers_flushed + queue.level().buffers);
}

} // namespace tactus::test
