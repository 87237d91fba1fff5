// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/workgroup_memory.h"

#include "core/vulkan/fnv_hash.h"

#include <cstring>

namespace tactus {

namespace {

constexpr std::uint32_t kMagic = 0x47575354; // "TSWG"
constexpr std::uint32_t kLargestSide = 65535;

struct Entry {
    std::uint64_t key;
    WorkgroupSize size;
};
static_assert(sizeof(Entry) == 16);

} // namespace

bool leaves_workgroup_open(const ShaderReflection& reflection) {
    return reflection.local_size_ids[0] || reflection.local_size_ids[1];
}

WorkgroupSize usual_workgroup(const GpuTraits& traits) {
    if (traits.type == VK_PHYSICAL_DEVICE_TYPE_CPU)
        return {64, 1};
    return {32, 8};
}

bool takes_workgroup(const GpuTraits& traits, WorkgroupSize size) {
    const VkPhysicalDeviceLimits& limits = traits.limits;
    return size[0] <= limits.maxComputeWorkGroupSize[0] &&
           size[1] <= limits.maxComputeWorkGroupSize[1] &&
           std::uint64_t{size[0]} * size[1] <= limits.maxComputeWorkGroupInvocations;
}

std::uint64_t workgroup_key(const Shader& shader, PixelFormat format) {
    const auto number = static_cast<std::uint32_t>(format);
    const std::uint64_t start = fnv_hash(std::as_bytes(std::span(&number, 1)));
    return fnv_hash(std::as_bytes(std::span(shader.spirv())), start);
}

std::optional<WorkgroupSize> WorkgroupMemory::find(std::uint64_t key) const {
    const std::lock_guard lock(lock_);
    const auto found = sizes_.find(key);
    return found != sizes_.end() ? std::optional(found->second) : std::nullopt;
}

void WorkgroupMemory::set(std::uint64_t key, WorkgroupSize size) {
    const std::lock_guard lock(lock_);
    ++changes_;
    if (sizes_.size() >= kMostEntries && sizes_.count(key) == 0)
        sizes_.erase(sizes_.begin()); // any: it will be measured again
    sizes_[key] = size;
}

std::vector<std::byte> WorkgroupMemory::data() const {
    const std::lock_guard lock(lock_);
    std::vector<std::byte> bytes(sizeof kMagic);
    std::memcpy(bytes.data(), &kMagic, sizeof kMagic);
    for (const auto& [key, size] : sizes_) {
        const Entry entry{key, size};
        const auto* first = reinterpret_cast<const std::byte*>(&entry);
        bytes.insert(bytes.end(), first, first + sizeof entry);
    }
    return bytes;
}

bool WorkgroupMemory::load(std::span<const std::byte> data) {
    std::uint32_t magic = 0;
    if (data.size() < sizeof magic || (data.size() - sizeof magic) % sizeof(Entry) != 0)
        return false;
    std::memcpy(&magic, data.data(), sizeof magic);
    std::vector<Entry> entries((data.size() - sizeof magic) / sizeof(Entry));
    if (magic != kMagic || entries.size() > kMostEntries)
        return false;
    if (!entries.empty())
        std::memcpy(entries.data(), data.data() + sizeof magic, entries.size() * sizeof(Entry));
    for (const Entry& entry : entries)
        for (const std::uint32_t side : entry.size)
            if (side == 0 || side > kLargestSide)
                return false;
    const std::lock_guard lock(lock_);
    for (const Entry& entry : entries)
        if (sizes_.size() < kMostEntries)
            sizes_.emplace(entry.key, entry.size);
    return true;
}

std::uint64_t WorkgroupMemory::changes() const {
    const std::lock_guard lock(lock_);
    return changes_;
}

} // namespace tactus
