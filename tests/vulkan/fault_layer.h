// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>

namespace tactus::test {

/// What the layer VK_LAYER_TACTUS_faults does to the driver below it. The layer is loaded by the
/// Vulkan loader; a test loads the same file again (dlopen gives it the same copy) and changes what
/// `tactus_faults` returns a pointer to. Counts are of calls from now on; 0: never.
struct Faults {
    std::int64_t submit_lost_at = 0; ///< this vkQueueSubmit, and all later calls, say "lost"
    bool loses_one_device = false;   ///< what is lost is that device alone: one made later works
    std::int64_t allocation_fails_at = 0; ///< this vkAllocateMemory has no memory
    std::int64_t pipeline_fails_at = 0;   ///< this vkCreateComputePipelines has no memory
    bool allocations_fail = false;        ///< all of them
    std::int64_t memory_limit_bytes = 0;  ///< no more than that at a time, imports not counted
    bool import_refused = false;          ///< no page and no dmabuf can be imported
    bool allocation_lost = false;         ///< the next vkAllocateMemory says "lost"
    bool command_pools_fail = false;      ///< without memory
    bool waits_time_out = false;          ///< whatever is waited for does not come
    bool stalled = false;                 ///< work is taken and never done
    bool stamps_lie = false;              ///< calibrated timestamps are off by 5 ms
    // Of devices and instances that are made from now on:
    bool hide_import = false;      ///< no VK_EXT_external_memory_host
    bool hide_calibration = false; ///< no VK_EXT_calibrated_timestamps
    bool hide_timeline = false;    ///< no timeline semaphores
    bool fake_dmabuf = false;      ///< any descriptor that can be mapped counts as a dmabuf
    bool split_queues = false;     ///< a second family with two queues for copies alone
    // What happened:
    std::int64_t submits = 0;
    std::int64_t allocations = 0;
    std::int64_t pipelines = 0;
    std::int64_t memory_bytes = 0; ///< that are allocated now; counted always
    std::int64_t copy_pools = 0;   ///< command pools for the queues of split_queues
    bool lost = false;
};

using FaultsFunction = Faults* (*)();

/// Of the layer that TACTUS_FAULT_LAYER names; null if it names none.
inline Faults* find_faults() {
    const char* const path = std::getenv("TACTUS_FAULT_LAYER");
    void* const layer = path != nullptr ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
    return layer != nullptr ? reinterpret_cast<FaultsFunction>(dlsym(layer, "tactus_faults"))()
                            : nullptr;
}

/// Sets `faults`, or leaves the test: skipped without a layer, failed if it cannot be loaded.
#define TACTUS_FIND_FAULTS(faults)                                                                 \
    faults = test::find_faults();                                                                  \
    if ((faults) == nullptr && std::getenv("TACTUS_FAULT_LAYER") == nullptr)                       \
        GTEST_SKIP() << "TACTUS_FAULT_LAYER does not name the layer; meson test does that";        \
    ASSERT_NE(faults, nullptr) << dlerror()

} // namespace tactus::test
