// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/frame_program.h"
#include "core/vulkan/submission_ring.h"
#include "core/vulkan/workgroup_memory.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tactus {

/// Finds the fastest size of work groups for shaders that leave it open: each of a handful of sizes
/// runs on a copy of a frame, in memory and with a program of its own, so that nothing of a stream
/// is touched. What counts is the time between the GPU's stamps around each dispatch, the least of
/// a few runs. The first run of each size does not count: drivers compile then.
///
/// The whole takes no longer than `budget_ns`: a size for which drivers would compile for longer
/// than there is time, as long as for the slowest so far, is not begun. The usual size is run
/// whatever the time. Sizes that were not reached lose, and so do those that are not at least a
/// twentieth faster than the usual size. Where none but that was reached, nothing is found out.
///
/// Threads: one at a time; the calls of `goes_on` come on the same thread.
struct WorkgroupTrial {
    FrameProgram::Settings program; ///< its workgroups and slots don't matter
    UniformValues uniforms;
    FrameLayout layout; ///< of the sample
    const std::uint8_t* sample = nullptr;
    NowFunction now_ns;
    std::uint64_t budget_ns = 0;
    /// A run that takes longer is given up, and the device with it (VulkanDevice::mark_lost).
    std::uint64_t patience_ns = 0;
    std::function<bool()> goes_on; ///< false: stop soon; asked every 50 ms

    struct Outcome {
        GpuStatus status = GpuStatus::ok; ///< timeout: a run was given up
        std::vector<WorkgroupSize> sizes; ///< one for each shader; 0: nothing was found out
        std::string reason;               ///< what was measured, for people
        /// Its pipelines are compiled.
        std::vector<std::shared_ptr<const FrameProgram>> programs;
    };
    Outcome run(std::shared_ptr<VulkanDevice> device) const;
};

} // namespace tactus
