// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// What the parts of the fault layer share. fault_layer.h is for tests.
#include "fault_layer.h"

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string_view>

namespace tactus::test {

struct InstanceTable {
    VkInstance instance = VK_NULL_HANDLE;
    PFN_vkGetInstanceProcAddr next = nullptr;
    /// Found while the instance is made: where no layer is above, the loader gives ours later on.
    std::map<std::string_view, PFN_vkVoidFunction> below;

    template <typename Function>
    Function get(const char* name) const {
        const auto found = below.find(name);
        return reinterpret_cast<Function>(found != below.end() ? found->second
                                                               : next(instance, name));
    }
};

struct DeviceTable {
    VkDevice device = VK_NULL_HANDLE;
    PFN_vkGetDeviceProcAddr next = nullptr;

    template <typename Function>
    Function get(const char* name) const {
        return reinterpret_cast<Function>(next(device, name));
    }
};

struct State {
    std::mutex lock;
    std::map<void*, InstanceTable> instances;
    std::map<void*, DeviceTable> devices;
    Faults faults;
    std::set<void*> lost_devices; ///< keys; guarded by lock
    std::mutex memory_lock;
    std::map<VkDeviceMemory, std::int64_t> memories; ///< bytes of each
    std::mutex queue_lock;                           ///< the queues of split_queues are all one
};

/// Of the whole layer; it is never destroyed.
State& state();

inline Faults& faults() {
    return state().faults;
}

/// Handles of one instance or device, and what hangs on it, start with the same pointer.
template <typename Handle>
void* key(Handle handle) {
    void* first = nullptr;
    std::memcpy(&first, reinterpret_cast<const void*>(handle), sizeof first);
    return first;
}

template <typename Handle>
InstanceTable instance_of(Handle handle) {
    const std::lock_guard guard(state().lock);
    return state().instances.at(key(handle));
}

template <typename Handle>
DeviceTable device_of(Handle handle) {
    const std::lock_guard guard(state().lock);
    return state().devices.at(key(handle));
}

/// Whether this is the call that is to fail, counted from 1.
inline bool due(std::int64_t& count, std::int64_t at) {
    return ++count == at;
}

/// Of the device that the handle hangs on.
template <typename Handle>
void lose(Handle handle) {
    const std::lock_guard guard(state().lock);
    if (faults().loses_one_device)
        state().lost_devices.insert(key(handle));
    else
        faults().lost = true;
}

template <typename Handle>
bool is_lost(Handle handle) {
    const std::lock_guard guard(state().lock);
    return faults().lost || state().lost_devices.count(key(handle)) != 0;
}

} // namespace tactus::test
