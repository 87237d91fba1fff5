// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/device_traits.h"
#include "core/vulkan/frame_layout.h"
#include "core/vulkan/shader.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace tactus {

/// Columns and rows of invocations.
using WorkgroupSize = std::array<std::uint32_t, 2>;

/// Whether the shader lets the size of its work groups be chosen.
bool leaves_workgroup_open(const ShaderReflection& reflection);

/// What is used where nothing was measured: wide rows suit what is stored by rows, and a CPU runs a
/// work group on one thread.
WorkgroupSize usual_workgroup(const GpuTraits& traits);

/// Whether the device takes work groups of that size.
bool takes_workgroup(const GpuTraits& traits, WorkgroupSize size);

/// Names a shader as it is compiled for frames of a format: a hash (FNV-1a, 64 bits) of both. Two
/// shaders with the same key would share a size, which costs time and is not wrong.
std::uint64_t workgroup_key(const Shader& shader, PixelFormat format);

/// Which size of work groups was the fastest, by shader, on one device.
///
/// Threads: any; locks itself.
class WorkgroupMemory {
  public:
    std::optional<WorkgroupSize> find(std::uint64_t key) const;
    void set(std::uint64_t key, WorkgroupSize size);

    /// For a file, and back: entries that are known stay as they are. False, and nothing changed,
    /// if the bytes are none that `data` gave.
    std::vector<std::byte> data() const;
    bool load(std::span<const std::byte> data);
    /// How often `set` was called: when that grows there is something new to store.
    std::uint64_t changes() const;

    static constexpr std::size_t kMostEntries = 4096;

  private:
    mutable std::mutex lock_;
    std::map<std::uint64_t, WorkgroupSize> sizes_;
    std::uint64_t changes_ = 0;
};

} // namespace tactus
