// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/frame_program.h"
#include "core/vulkan/vulkan_device.h"

#include <gst/gst.h>

#include <cstdint>
#include <memory>

namespace tactus {

/// The feature of caps whose frames are in GStreamer's Vulkan images.
constexpr const char* kVulkanImageFeature = "memory:VulkanImage";

/// GStreamer's own Vulkan device, which elements share with their neighbours through GstContext,
/// and frames in images of that device.
///
/// There are two of these: shared_vulkan.cpp, and for builds without gstreamer-vulkan-1.0
/// shared_vulkan_none.cpp, which knows no formats and never joins.
///
/// Queues: our submissions hold the lock of the GstVulkanQueue. What others did to an image on that
/// queue is ordered by a barrier; for an image that another queue used last, that queue is waited
/// for. The layout in which an image is left is written into its memory, where upstream's elements
/// look for it.
///
/// Threads: `answer` and `take_context` any; all else one at a time.
class SharedVulkan {
  public:
    explicit SharedVulkan(GstElement* element);
    ~SharedVulkan();
    SharedVulkan(const SharedVulkan&) = delete;
    SharedVulkan& operator=(const SharedVulkan&) = delete;

    /// Mask of the formats that may be in images; 0: none.
    static std::uint32_t formats();

    /// The neighbours' device; if they have none, a new one on the hardware of `wanted`, for them
    /// to join. Nothing, with the reason, if there is none.
    std::shared_ptr<VulkanDevice> join(const GpuTraits& wanted, GpuError& error);
    void leave();
    /// A CONTEXT query, if it asks for what we have.
    bool answer(GstQuery* query) const;
    /// What the application or a bin hands down.
    void take_context(GstContext* context);

    /// The frame in the images of a buffer, whose memories the frame keeps, not the buffer: that
    /// stays writable. Without images, with the reason, if they are not of the joined device or too
    /// small.
    GpuFrame frame_of(GstBuffer* buffer, const FrameLayout& layout, GpuError& error);
    /// Until upstream may use again what it filled the frame's images from; see the .cpp.
    GpuStatus settle(GstBuffer* buffer, std::uint64_t timeout_ns);
    /// From now on `acquire` gives buffers of such caps. False if there is no such pool.
    bool begin_output(GstCaps* caps);
    /// Null if there is no memory.
    GstBuffer* acquire();
    /// A job that uses the buffer's images was submitted.
    static void note_use(GstBuffer* buffer);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace tactus
