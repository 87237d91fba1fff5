// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_clock.h"
#include "core/vulkan/gpu_job.h"
#include "core/vulkan/gpu_status.h"
#include "core/vulkan/vulkan_device.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace tactus {

/// Which queues copies go to.
enum class TransferRoute : std::uint8_t {
    automatic, ///< the best for the kind of device
    compute,   ///< all on the compute queue, one after the other
    one_queue, ///< copies in and out on one queue for copies
    two_queues ///< copies in on one, copies out on another, so that the directions overlap
};

/// "automatic", "compute", "one-queue" or "two-queues".
const char* transfer_route_name(TransferRoute route);

struct JobResult {
    GpuStatus status = GpuStatus::ok;
    std::uint64_t submitted_ns = 0;
    std::uint64_t completed_ns = 0;  ///< when collect saw it: not before the GPU was done
    std::vector<GpuSpan> dispatches; ///< one each; empty without timestamps
    std::optional<GpuSpan> upload;   ///< where the queue has timestamps
    std::optional<GpuSpan> download; ///< likewise
};

/// Keeps up to `in_flight` jobs on the GPU. A slot is acquired, given a job, and free again once
/// the job is collected; what belongs to a slot (command buffers, descriptors, query pools, and
/// what the caller keeps per slot) is reused then.
///
///     if (auto slot = ring->try_acquire()) { … ring->submit(*slot, job); }
///     …
///     if (ring->collect(slot, 100 ms, result) == GpuStatus::ok) …
///
/// Threads: one submits (try_acquire, submit, release), one collects; they may be different. No
/// call waits for longer than it was told to. Jobs end in the order of submission if all have
/// downloads or none has.
///
/// Completion is told by a timeline semaphore per slot; where the device has none (a borrowed one)
/// by a fence, and then all goes to the compute queue.
///
/// Loss: after device_lost from submit or collect, or once the caller gave up waiting and called
/// VulkanDevice::mark_lost, every call returns device_lost at once. What is destroyed then, the
/// device says (VulkanDevice::abandoned).
class SubmissionRing {
  public:
    struct Settings {
        unsigned in_flight = 3;       ///< 1 to 16
        unsigned max_dispatches = 16; ///< per job
        TransferRoute route = TransferRoute::automatic;
        bool timestamps = true;
        /// For measurements: indices into VulkanDevice::queues(), in place of the route's choice.
        std::optional<std::size_t> upload_queue;
        std::optional<std::size_t> download_queue; ///< likewise
        NowFunction now_ns;                        ///< required
    };

    /// Runs three empty jobs, to see that the GPU answers and that its stamps make sense.
    static std::unique_ptr<SubmissionRing> create(std::shared_ptr<VulkanDevice> device,
                                                  const Settings& settings, GpuError& error);
    /// Jobs that are still on the GPU are waited for, a second each at most; then the device counts
    /// as lost.
    ~SubmissionRing();
    SubmissionRing(const SubmissionRing&) = delete;
    SubmissionRing& operator=(const SubmissionRing&) = delete;

    unsigned in_flight() const;
    TransferRoute route() const; ///< never automatic
    /// Why that route, in words.
    const char* route_reason() const;

    /// A free slot, or nothing if all are in use.
    std::optional<unsigned> try_acquire();
    /// Gives back a slot that got no job.
    void release(unsigned slot);
    /// Records and submits. On an error the slot is free again, except that after device_lost
    /// nothing matters any more. bad_input: a binding that is missing or out of range.
    GpuStatus submit(unsigned slot, const GpuJob& job);
    /// Whether the job of a slot is done, without waiting.
    bool done(unsigned slot) const;
    /// Waits for the job of a slot for at most `timeout_ns`, hands out its result and frees the
    /// slot. After timeout, which is never told before its time, the job is still there.
    GpuStatus collect(unsigned slot, std::uint64_t timeout_ns, JobResult& result);

    const GpuClock& clock() const;
    /// What was wrong with the last job that submit refused.
    const std::string& submit_error() const;

  private:
    struct Impl;
    explicit SubmissionRing(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace tactus
