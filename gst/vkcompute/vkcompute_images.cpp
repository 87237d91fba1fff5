// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames in images of the Vulkan device that GStreamer's elements share: when they are used, and
// whose device the shaders run on.
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <utility>

namespace tactus {

namespace {

bool has_feature(const GstCaps* caps, guint index, const char* feature) {
    GstCapsFeatures* features = gst_caps_get_features(caps, index);
    return gst_caps_features_is_any(features) ||
           gst_caps_features_contains(features, feature) != FALSE;
}

bool accepts(const GstCaps* caps, const char* feature) {
    for (guint i = 0; i < gst_caps_get_size(caps); ++i)
        if (has_feature(caps, i, feature))
            return true;
    return false;
}

// What comes out in images and what comes out in memory of the host, of the same formats.
const char* other_feature(const GstCaps* caps, guint index) {
    GstCapsFeatures* features = gst_caps_get_features(caps, index);
    if (gst_caps_features_is_any(features) || gst_caps_features_get_size(features) > 1 ||
        !gst_structure_has_name(gst_caps_get_structure(caps, index), "video/x-raw"))
        return nullptr;
    if (gst_caps_features_contains(features, kVulkanImageFeature))
        return GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY;
    return gst_caps_features_is_equal(features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY)
               ? kVulkanImageFeature
               : nullptr;
}

} // namespace

// Up to GStreamer 1.22 the shared device has no optional feature.
bool VkComputeState::is_plain(const VulkanDevice& device) {
    return device.traits().features12.storageBuffer8BitAccess != VK_TRUE ||
           device.traits().features.shaderStorageImageWriteWithoutFormat != VK_TRUE;
}

// Then what comes out is in the memory that came in.
bool VkComputeState::passes_frames() const {
    const std::lock_guard lock(mutex);
    GpuError error;
    const auto facts = shader_set.shaders.empty()
                           ? std::nullopt
                           : shader_facts(shader_set.shaders.back()->reflection(), error);
    return facts && facts->passes_input;
}

// Takes caps of one side, gives those that the other side may have. What is there comes first, and
// nothing comes twice: in a chain of elements each would add to what the one before added.
GstCaps* VkComputeState::with_images(GstCaps* caps) const {
    if (SharedVulkan::formats() == 0 || gst_caps_is_any(caps) || passes_frames())
        return caps;
    GstCaps* both = gst_caps_copy(caps);
    for (guint i = 0; i < gst_caps_get_size(caps); ++i)
        if (const char* feature = other_feature(caps, i))
            both = gst_caps_merge_structure_full(
                both, gst_structure_copy(gst_caps_get_structure(caps, i)),
                gst_caps_features_new(feature, nullptr));
    gst_caps_unref(caps);
    return both;
}

// Where what comes out will be, and with that whose device it is made on.
bool VkComputeState::choose_memory() {
    out_images = false;
    std::string reason = "downstream takes memory of the host";
    if (media->kind() == MediaFormat::Kind::video && SharedVulkan::formats() != 0) {
        const CapsHandle ours(possible_caps(true));
        const CapsHandle accepted(gst_pad_peer_query_caps(src_pad, ours.get()));
        const bool host = accepts(accepted.get(), GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY);
        const bool images = accepts(accepted.get(), kVulkanImageFeature);
        if (passes_frames()) {
            out_images = media->in_images();
            reason = "frames pass as they are";
        } else if (media->in_images() ? images : images && !host) {
            out_images = true;
            reason = host ? "frames come in images, and downstream takes them so"
                          : "downstream takes nothing but images";
        }
    }
    GST_INFO_OBJECT(element, "output memory %s: %s", out_images ? "image" : "host", reason.c_str());
    {
        const std::lock_guard lock(mutex);
        output_note = reason;
    }
    return use_device(out_images || media->in_images());
}

std::shared_ptr<VulkanDevice> VkComputeState::take_device(bool of_neighbours, GpuError& error) {
    if (of_neighbours)
        return shared.join(device->traits(), error);
    VulkanDevice::Settings wanted;
    const std::lock_guard lock(mutex);
    wanted.device = settings.device;
    wanted.validation = settings.validation;
    return VulkanDevice::open(wanted, error);
}

// Images can only be used on the device that they are of; our own device knows more (pages of
// others, timeline semaphores, shaders' wishes) and is better for all else.
bool VkComputeState::use_device(bool of_neighbours) {
    if (device->borrowed() == of_neighbours)
        return ring || make_ring(); // the one before may have failed
    if (wait_until_idle() != GST_FLOW_OK)
        return false;
    GpuError error;
    auto next = take_device(of_neighbours, error);
    if (!next) {
        GST_ELEMENT_ERROR(
            element, RESOURCE, NOT_FOUND,
            ("The Vulkan device of the neighbours cannot be used: %s", error.text.c_str()),
            (nullptr));
        return false;
    }
    GST_INFO_OBJECT(element, "going over to %s device %s", of_neighbours ? "the shared" : "a",
                    next->traits().name.c_str());
    if (next->traits().uuid != device->traits().uuid)
        GST_WARNING_OBJECT(element, "frames in images are worked on by %s, not by %s",
                           next->traits().name.c_str(), device->traits().name.c_str());
    store_caches();
    go_over_to(std::move(next)).reset();
    warm_caches();
    last_resort.reset();
    return make_ring();
}

GpuFrame VkComputeState::image_frame(GstBuffer* buffer, const FrameLayout& layout,
                                     GpuError& error) {
    std::uint64_t most_ns = 0;
    {
        const std::lock_guard lock(mutex);
        most_ns = settings.gpu_timeout_ns;
    }
    GpuFrame frame = shared.frame_of(buffer, layout, error);
    if (!frame.is_in_images())
        return frame;
    // A frame that takes too long is noticed where it is collected.
    shared.settle(buffer, most_ns);
    route.note_image();
    // Else upstream's pool would get it back, find its memory in use and make a new one.
    frame.owner = std::shared_ptr<const void>(gst_buffer_ref(buffer), MiniObjectUnref());
    return frame;
}

// The job was submitted: upstream's elements have to know how it leaves the images.
void VkComputeState::note_images(GstBuffer* in, GstBuffer* out) {
    if (media->in_images())
        SharedVulkan::note_use(in);
    if (out_images)
        SharedVulkan::note_use(out);
}

} // namespace tactus
