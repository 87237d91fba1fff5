// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What one run leaves for the next: pipelines, and what GLSL was compiled to.
#include "core/vulkan/cache_file.h"
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <cstdio>
#include <cstdlib>

namespace tactus {

namespace {

constexpr const char* kSpirvEnding = ".spirv";
constexpr const char* kSpirvKey = "spirv"; // the bytes say of which compiler themselves

constexpr const char* kWorkgroupEnding = ".workgroups";

std::string uuid_text(const GpuTraits& traits) {
    std::string text;
    for (const std::uint8_t byte : traits.uuid) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", unsigned{byte});
        text += digits;
    }
    return text;
}

std::string device_key(const GpuTraits& traits) {
    return uuid_text(traits) + traits.driver;
}

} // namespace

// Empty: none.
std::string VkComputeState::cache_path() const {
    const std::lock_guard lock(mutex);
    if (settings.pipeline_cache)
        return *settings.pipeline_cache;
    const std::string folder = cache_folder(std::getenv("XDG_CACHE_HOME"), std::getenv("HOME"));
    return folder.empty() || !device ? "" : folder + "/pipelines-" + uuid_text(device->traits());
}

// What GLSL was compiled to does not depend on the device: it is still there after a loss.
void VkComputeState::warm_shader_cache(const std::string& path) {
    if (path.empty() || spirv_cache.size() != 0)
        return;
    const auto bytes = CacheFile(path + kSpirvEnding, kSpirvKey).load();
    const bool warm = bytes && spirv_cache.load(*bytes);
    const std::lock_guard lock(mutex);
    shader_cache_note = warm ? "warm" : "cold";
}

void VkComputeState::store_shader_cache(const std::string& path) {
    const std::uint64_t added = spirv_cache.added();
    if (path.empty() || added == stored_spirv)
        return;
    const std::string wrong = CacheFile(path + kSpirvEnding, kSpirvKey).store(spirv_cache.data());
    if (!wrong.empty())
        GST_WARNING_OBJECT(element, "shader cache: %s", wrong.c_str());
    stored_spirv = added;
}

void VkComputeState::warm_workgroups(const std::string& path) {
    if (path.empty())
        return;
    const CacheFile file(path + kWorkgroupEnding, device_key(device->traits()));
    if (const auto bytes = file.load(); bytes && !device->workgroups().load(*bytes))
        GST_INFO_OBJECT(element, "%s is none of ours", file.path().c_str());
    stored_workgroups = device->workgroups().changes();
}

void VkComputeState::store_workgroups(const std::string& path) {
    if (path.empty() || !device || device->workgroups().changes() == stored_workgroups)
        return;
    stored_workgroups = device->workgroups().changes();
    const CacheFile file(path + kWorkgroupEnding, device_key(device->traits()));
    const std::string wrong = file.store(device->workgroups().data());
    if (!wrong.empty())
        GST_WARNING_OBJECT(element, "sizes of work groups: %s", wrong.c_str());
}

void VkComputeState::warm_caches() {
    const std::string path = cache_path();
    warm_shader_cache(path);
    warm_workgroups(path);
    std::string note = "none";
    if (!path.empty()) {
        const CacheFile file(path, device_key(device->traits()));
        const auto bytes = file.load();
        note = bytes && device->add_pipeline_cache(*bytes) ? "warm" : "cold";
        stored_cache_bytes = bytes ? bytes->size() : 0;
        GST_INFO_OBJECT(element, "pipeline cache %s: %s", path.c_str(), note.c_str());
    }
    const std::lock_guard lock(mutex);
    cache_note = note;
}

void VkComputeState::store_caches() {
    const std::string path = cache_path();
    store_shader_cache(path);
    store_workgroups(path);
    if (path.empty() || !device || device->lost())
        return;
    const std::vector<std::byte> bytes = device->pipeline_cache_data();
    if (bytes.empty() || bytes.size() == stored_cache_bytes)
        return;
    const CacheFile file(path, device_key(device->traits()));
    const std::string wrong = file.store(bytes);
    if (!wrong.empty())
        GST_WARNING_OBJECT(element, "pipeline cache: %s", wrong.c_str());
    stored_cache_bytes = bytes.size();
}

} // namespace tactus
