// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_status.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

namespace tactus {

/// Some drivers answer "timeout" before the time is over (Mesa's lavapipe measures a wait with a
/// clock that may be set). Calls `wait(left_ns)` until it answers something else, or `timeout_ns`
/// have passed by `now_ns()`. A driver that does not wait at all is asked once in a millisecond.
template <typename Now, typename Wait>
GpuStatus wait_whole(std::uint64_t timeout_ns, const Now& now_ns, const Wait& wait) {
    constexpr std::uint64_t kBreakNs = 1'000'000;
    const std::uint64_t begin_ns = now_ns();
    for (std::uint64_t waited_ns = 0;;) {
        const GpuStatus status = wait(timeout_ns - waited_ns);
        waited_ns = now_ns() - begin_ns;
        if (status != GpuStatus::timeout || waited_ns >= timeout_ns)
            return status;
        std::this_thread::sleep_for(
            std::chrono::nanoseconds(std::min(kBreakNs, timeout_ns - waited_ns)));
        waited_ns = std::min(now_ns() - begin_ns, timeout_ns);
    }
}

} // namespace tactus
