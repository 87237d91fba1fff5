// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/frame_program.h"

#include <gst/gst.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tactus {

/// How the frames of buffers get where the GPU can read them: as they are if they lie in memory of
/// ours, else imported if the pages are whole and nobody else's, else copied.
///
/// Threads: `begin` and `take` one at a time; the rest any.
class MemoryRoute {
  public:
    enum class Path : std::uint8_t { none, pool, import, staged, image, dmabuf };

    /// Starts anew, for frames of another format or another device. `strict`: all frames must have
    /// the same layout, as the shader looks at earlier ones.
    void begin(std::shared_ptr<VulkanDevice> device, bool strict);

    /// The frame of a buffer, whose reference the frame keeps. A null buffer in it, with the
    /// reason, if there is no memory for a copy.
    GpuFrame take(GstBuffer* buffer, const FrameLayout& layout, GpuError& error);

    /// Memory of ours for a frame, that is used again once nobody else has it. Null, with the
    /// reason, if there is none.
    std::shared_ptr<GpuBuffer> scratch(std::size_t bytes, GpuError& error);
    /// Gives back memory that is kept for later copies.
    void trim();
    /// From now on nothing is imported: a driver may need memory of its own for that.
    void set_import(bool allowed) { import_allowed_ = allowed; }

    /// A frame that is not taken by this route, but in an image of the shared device.
    void note_image();

    /// Once after `begin` and the first frame, and again when the path changed: what to log.
    bool take_news(std::string& text);
    /// A driver did not take memory that it should have. The streaming thread's.
    bool was_refused() const { return import_refused_; }
    const char* path_name() const;
    std::string reason() const;
    std::uint64_t count(Path path) const;

  private:
    GpuFrame stage(GstBuffer* buffer, const FrameLayout& layout, GpuError& error);
    std::shared_ptr<GpuBuffer> reach(GstMemory* memory, Path& path, std::string& reason);
    void note(Path path, std::string reason);

    std::shared_ptr<VulkanDevice> device_;
    bool strict_ = false;
    bool import_refused_ = false;
    bool import_allowed_ = true;
    unsigned new_in_a_row_ = 0; ///< imports of memory that was not seen before
    std::vector<std::shared_ptr<GpuBuffer>> copies_;

    mutable std::mutex mutex_;
    Path path_ = Path::none;
    std::string reason_;
    bool news_ = false;
    std::array<std::uint64_t, 6> counts_{};
};

} // namespace tactus
