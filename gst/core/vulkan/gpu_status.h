// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

namespace tactus {

/// What became of a call that reaches the GPU or its driver.
enum class GpuStatus : std::uint8_t {
    ok,
    timeout,       ///< not done within the time given; the work goes on
    device_lost,   ///< the device is gone for good; see VulkanDevice::lost
    out_of_memory, ///< of the host or the device
    unsupported,   ///< the device or its driver cannot do it
    bad_input,     ///< what the caller or the user gave makes no sense
    failed         ///< any other error of the driver
};

/// "ok", "timeout", "device-lost", "out-of-memory", "unsupported", "bad-input" or "failed".
const char* gpu_status_name(GpuStatus status);

/// Why something could not be made, in words for the user: the offending value and what would be
/// right.
struct GpuError {
    GpuStatus status = GpuStatus::ok;
    std::string text;
};

} // namespace tactus
