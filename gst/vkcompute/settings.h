// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/uniform_values.h"
#include "glue/handles.h"

#include <gst/gst.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// Whether shaders work in the frames themselves or on copies in the device's own memory.
enum class DeviceMemory : std::uint8_t { automatic, no, yes };
GType device_memory_get_type();

/// What the properties say. The state's lock guards it.
struct VkComputeSettings {
    static constexpr std::size_t kControls = 8;

    std::string shader;
    std::vector<std::string> passes;
    std::string entry_point;
    bool reload = false;
    StructureHandle uniforms;
    std::array<double, kControls> controls{};
    std::array<bool, kControls>
        control_set{}; ///< those that were never set leave the uniform alone
    StructureHandle constants;
    std::string workgroup = "auto";
    unsigned history = 0; ///< 0: as many as the shaders look at
    std::string extra_input;
    CapsHandle out_caps;
    std::string device;
    unsigned in_flight = 3;
    std::optional<std::string> pipeline_cache; ///< nothing: under the user's cache folder
    DeviceMemory device_memory = DeviceMemory::automatic;
    bool post_results = false;
    bool validation = false;
    bool qos = true;
    std::uint64_t gpu_timeout_ns = 10 * GST_SECOND;
};

/// The property ids, in the order of the table.
enum VkComputeProperty : guint {
    kShaderId = 1,
    kPassesId,
    kEntryPointId,
    kReloadId,
    kUniformsId,
    kConstantsId,
    kWorkgroupId,
    kHistoryId,
    kExtraInputId,
    kOutCapsId,
    kDeviceId,
    kInFlightId,
    kPipelineCacheId,
    kDeviceMemoryId,
    kPostResultsId,
    kValidationId,
    kGpuTimeoutId,
    kQosId,
    kVkComputeStatsId,
    kFirstControlId, ///< u0, then u1 to u7
};

void install_vkcompute_properties(GObjectClass* klass);

/// False if the id is none of them. The lock is held by the caller.
bool set_setting(VkComputeSettings& settings, guint id, const GValue* value);
bool get_setting(const VkComputeSettings& settings, guint id, GValue* value);

/// Whether a change has to be taken over by loading the shaders anew.
bool concerns_shaders(guint id);

/// The numbers of a structure: plain ones, booleans, arrays and lists of them. Others are named in
/// `problems`. Null: none.
UniformValues numbers_of(const GstStructure* structure, std::vector<std::string>& problems);

/// "16x8" or "64" as columns and rows, {0, 0} for "auto"; nothing for other texts.
std::optional<std::array<std::uint32_t, 2>> parse_workgroup(const std::string& text);

} // namespace tactus
