// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/gpu_status.h"

namespace tactus {

const char* gpu_status_name(GpuStatus status) {
    switch (status) {
    case GpuStatus::ok:
        return "ok";
    case GpuStatus::timeout:
        return "timeout";
    case GpuStatus::device_lost:
        return "device-lost";
    case GpuStatus::out_of_memory:
        return "out-of-memory";
    case GpuStatus::unsupported:
        return "unsupported";
    case GpuStatus::bad_input:
        return "bad-input";
    case GpuStatus::failed:
        break;
    }
    return "failed";
}

} // namespace tactus
