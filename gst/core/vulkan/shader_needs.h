// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/vulkan_device.h"

#include <cstdint>
#include <span>
#include <string>

namespace tactus {

/// What a valid module needs that the device does not offer, by SPIR-V's name for it ("Float64");
/// empty if it has all. Drivers don't check; some crash.
std::string missing_capability(std::span<const std::uint32_t> spirv, const GpuTraits& traits);

} // namespace tactus
