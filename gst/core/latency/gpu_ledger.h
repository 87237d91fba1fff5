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
/// a queue remembers some 1,024 pieces by their begin (ticks) and buffer. Queues beyond 64 are
/// counted together, as device "others". One thread.
class GpuLedger {
  public:
    static constexpr std::size_t kQueuesMax = 64;
    static constexpr std::size_t kRemembered = 1024;

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
    struct Queue {
        std::string device;
        std::string name;
        std::string method;
        std::uint64_t slices = 0;
        std::uint64_t bound_ns = 0;
        double skew_ppm = 0;
        DurationHistogram busy;
        std::array<Seen, kRemembered> seen{};
        std::array<bool, kRemembered> is_used{};
    };

    Queue& queue_of(const GpuWork& work);

    std::vector<std::unique_ptr<Queue>> queues_;
};

} // namespace tactus
