// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/duration_histogram.h"
#include "core/latency/latency_events.h"
#include "core/latency/latency_snapshot.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tactus {

/// GPU work per queue. The same work is seen at each pad that its buffer passes and counts once:
/// a queue remembers some 1,024 pieces by their begin (ticks) and buffer, each in one of 128 sets
/// of the newest eight. Queues beyond 64 are counted together, as device "others". One thread.
class GpuLedger {
  public:
    static constexpr std::size_t kQueuesMax = 64;
    static constexpr std::size_t kSets = 128;
    static constexpr std::size_t kWays = 8;

    /// False if this work has been seen before.
    bool add(const GpuWork& work);
    std::vector<GpuQueueStats> stats() const;
    void reset();

  private:
    struct Seen {
        std::uint64_t begin_ticks = 0;
        std::uint64_t buffer_id = 0;
        bool operator==(const Seen&) const = default;
    };
    struct Set {
        std::array<Seen, kWays> seen{};
        std::size_t used = 0;
        std::size_t next = 0;
    };
    struct Queue {
        std::string device;
        std::string name;
        std::string method;
        std::uint64_t slices = 0;
        std::uint64_t bound_ns = 0;
        double skew_ppm = 0;
        DurationHistogram busy;
        std::array<Set, kSets> sets{};
    };

    Queue& queue_of(const GpuWork& work);
    /// False if it is remembered already.
    static bool remember(Queue& queue, const Seen& seen);

    std::vector<std::unique_ptr<Queue>> queues_;
};

} // namespace tactus
