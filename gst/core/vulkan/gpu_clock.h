// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/device_clock_model.h"
#include "core/vulkan/vulkan_device.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace tactus {

/// CLOCK_MONOTONIC in ns, or a test's idea of it.
using NowFunction = std::function<std::uint64_t()>;

/// How ticks came to be on the time line of CLOCK_MONOTONIC.
enum class GpuTimeMethod : std::uint8_t {
    none,                     ///< the queue has no timestamps, or no sample was had yet
    calibrated_monotonic,     ///< the driver reads both clocks at once
    calibrated_monotonic_raw, ///< the same with CLOCK_MONOTONIC_RAW, bridged to CLOCK_MONOTONIC
    intervals                 ///< all that submission and completion allow
};

/// "none", "calibrated-monotonic", "calibrated-monotonic-raw" or "intervals".
const char* gpu_time_method_name(GpuTimeMethod method);

/// A stretch of GPU work.
struct GpuSpan {
    std::uint64_t begin_ticks = 0;
    std::uint64_t end_ticks = 0;
    std::uint64_t begin_ns = 0; ///< CLOCK_MONOTONIC
    std::uint64_t end_ns = 0;
    double bound_ns = 0; ///< both are within ± this of the truth
    double skew_ppm = 0;
    double duration_ns = 0;                     ///< by the ticks alone
    GpuTimeMethod method = GpuTimeMethod::none; ///< none: there are ticks, but no times
};

/// Puts the timestamps of one queue on the time line of CLOCK_MONOTONIC, with a DeviceClockModel.
///
/// Samples are taken at most every 100 ms, in `update`: by calibrated timestamps, unless the work
/// done so far contradicts them (a stamp outside of submission and completion: some drivers count
/// otherwise on some queues); then, and without that extension, from the intervals: work began
/// after it was submitted and ended before it was seen to be complete, so each job allows for a
/// range of offsets, and the ranges of many jobs intersect in a narrow one. (The middle of a single
/// range is biased early, as waking up takes longer than submitting.)
///
/// Threads: any; locks itself.
class GpuClock {
  public:
    GpuClock(std::shared_ptr<VulkanDevice> device, const GpuQueue& queue, NowFunction now);
    ~GpuClock();

    /// False: the queue has no timestamps, and nothing here gives any.
    bool usable() const;
    /// What a timestamp's bits are: others are undefined.
    std::uint64_t tick_mask() const;
    double tick_period_ns() const;

    /// Takes a sample if one is due.
    void update();
    /// A job that is done: its ticks, and when it was submitted and seen complete.
    void add_job(std::uint64_t begin_ticks, std::uint64_t end_ticks, std::uint64_t submitted_ns,
                 std::uint64_t completed_ns);
    /// `near_ns`: some time close to it, as ticks wrap.
    GpuSpan map(std::uint64_t begin_ticks, std::uint64_t end_ticks, std::uint64_t near_ns) const;

    struct Health {
        GpuTimeMethod method = GpuTimeMethod::none;
        std::uint64_t checked = 0;      ///< jobs whose mapped stamps were held against the CPU's
        std::uint64_t contradicted = 0; ///< of those: outside, beyond the bound
        bool distrusted = false;        ///< calibrated timestamps were given up
        std::optional<ClockEstimate> estimate;
    };
    Health health() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace tactus
