// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/shared_vulkan.h"

#include "core/vulkan/device_traits.h"
#include "core/vulkan/vulkan_instance.h"
#include "glue/gst_version.h"
#include "glue/handles.h"
#include "vkcompute/vkcompute_debug.h"

// After volk.h, which keeps prototypes away.
#define GST_USE_UNSTABLE_API
#include <gst/video/video.h>
extern "C" { // gstvkqueue.h of GStreamer 1.22 does not say so itself
#include <gst/vulkan/vulkan.h>
}

#include <algorithm>
#include <mutex>
#include <utility>

namespace tactus {

namespace {

// Others have no Vulkan format in GStreamer 1.22, which gives up the process over it.
constexpr std::array kFormats = {PixelFormat::rgba, PixelFormat::bgra, PixelFormat::rgbx,
                                 PixelFormat::bgrx, PixelFormat::nv12, PixelFormat::ayuv};
/// Of one component a plane. Upstream's pool of images takes these up to GStreamer 1.22.
constexpr std::array kFormatsOfOldPools = {PixelFormat::gray8, PixelFormat::gray16,
                                           PixelFormat::i420, PixelFormat::y42b, PixelFormat::y444};

using DeviceHandle = std::unique_ptr<GstVulkanDevice, ObjectUnref>;
using QueueHandle = std::unique_ptr<GstVulkanQueue, ObjectUnref>;
using InstanceHandle = std::unique_ptr<GstVulkanInstance, ObjectUnref>;

constexpr std::uint64_t kOtherQueueNs = 5 * GST_SECOND;

/// What a borrowed device needs of GStreamer's for as long as it lives.
struct Owner {
    DeviceHandle device;
    QueueHandle queue;
};

VkFormat copy_format(const PlaneLayout& plane) {
    switch (plane.pixel_stride_bytes) {
    case 1:
        return VK_FORMAT_R8_UNORM;
    case 2:
        return VK_FORMAT_R8G8_UNORM;
    default:
        return VK_FORMAT_R8G8B8A8_UNORM;
    }
}

gboolean take_compute_queue(GstVulkanDevice* device, GstVulkanQueue* queue, gpointer found) {
    const VkQueueFlags flags =
        device->physical_device->queue_family_props[queue->family].queueFlags;
    if ((flags & VK_QUEUE_COMPUTE_BIT) == 0)
        return TRUE;
    static_cast<QueueHandle*>(found)->reset(GST_VULKAN_QUEUE(gst_object_ref(queue)));
    return FALSE;
}

bool computes(const GstVulkanQueue* queue, const GstVulkanDevice* device) {
    return queue != nullptr && queue->device == device &&
           (device->physical_device->queue_family_props[queue->family].queueFlags &
            VK_QUEUE_COMPUTE_BIT) != 0;
}

// Which of the device's features are enabled: up to GStreamer 1.22 none, later all.
bool enables_features(const GstVulkanDevice* device) {
    return runs_gst(1, 24) && gst_vulkan_instance_check_version(device->instance, 1, 2, 0);
}

BorrowedDevice borrow_from(const std::shared_ptr<Owner>& owner) {
    GstVulkanDevice* device = owner->device.get();
    GstVulkanQueue* queue = owner->queue.get();
    BorrowedDevice borrowed;
    borrowed.instance = device->instance->instance;
    borrowed.physical = gst_vulkan_device_get_physical_device(device);
    borrowed.device = device->device;
    borrowed.queue = queue->queue;
    borrowed.queue_family = queue->family;
    borrowed.queue_index = queue->index;
    const std::vector<std::string> available = device_extensions(borrowed.physical);
    for (const char* name : wanted_extensions(available))
        if (gst_vulkan_device_is_extension_enabled(device, name))
            borrowed.extensions.emplace_back(name);
    borrowed.all_features = enables_features(device);
    borrowed.lock_queue = [queue] { gst_vulkan_queue_submit_lock(queue); };
    borrowed.unlock_queue = [queue] { gst_vulkan_queue_submit_unlock(queue); };
    borrowed.owner = owner;
    return borrowed;
}

/// What the application or a bin handed down to the element. The caller owns it.
template <typename Object>
Object* given(GstElement* element, const char* type, gboolean (*take)(GstContext*, Object**)) {
    Object* object = nullptr;
    if (GstContext* context = gst_element_get_context(element, type)) {
        take(context, &object);
        gst_context_unref(context);
    }
    return object;
}

GstVulkanImageMemory* image_memory(GstBuffer* buffer, guint index) {
    GstMemory* memory = gst_buffer_peek_memory(buffer, index);
    return gst_is_vulkan_image_memory(memory) ? reinterpret_cast<GstVulkanImageMemory*>(memory)
                                              : nullptr;
}

struct Origin {
    guint x = 0;
    guint y = 0;
};

Origin origin_of(GstBuffer* buffer) {
    const GstVideoCropMeta* crop = gst_buffer_get_video_crop_meta(buffer);
    return crop != nullptr ? Origin{crop->x, crop->y} : Origin{};
}

std::shared_ptr<const void> memories_of(GstBuffer* buffer) {
    using MemoryHandle = std::unique_ptr<GstMemory, MiniObjectUnref>;
    auto memories = std::make_shared<std::vector<MemoryHandle>>();
    for (guint i = 0; i < gst_buffer_n_memory(buffer); ++i)
        memories->emplace_back(gst_memory_ref(gst_buffer_peek_memory(buffer, i)));
    return memories;
}

std::string size_text(std::uint64_t width, std::uint64_t height) {
    return std::to_string(width) + "x" + std::to_string(height);
}

} // namespace

struct SharedVulkan::Impl {
    explicit Impl(GstElement* the_element) : element(the_element) {}

    InstanceHandle find_instance(GpuError& error) const;
    bool find_device(const GpuTraits& wanted, GpuError& error);
    DeviceHandle make_device(const GpuTraits& wanted, GpuError& error);
    QueueHandle find_queue(GstVulkanDevice* of);
    bool wait_for_other_queue(GstVulkanImageMemory* memory);
    bool check_image(const GstVulkanImageMemory* memory, std::string& wrong) const;
    std::shared_ptr<GpuImage> plane_image(GstBuffer* buffer, const FrameLayout& layout, guint index,
                                          std::string& wrong);

    GstElement* element;
    mutable std::mutex mutex; ///< for what queries read
    DeviceHandle device;
    QueueHandle queue;
    std::shared_ptr<VulkanDevice> borrowed;
    GstBufferPool* pool = nullptr;
    bool waited_loudly = false;
};

SharedVulkan::SharedVulkan(GstElement* element) : impl_(std::make_unique<Impl>(element)) {
    if (!runs_gst_of_build())
        GST_WARNING_OBJECT(element,
                           "takes no frames in Vulkan images: this vkcompute was built for another "
                           "GStreamer than the 1.%u that runs; build it again",
                           running_gst().second);
}

SharedVulkan::~SharedVulkan() {
    leave();
}

std::uint32_t SharedVulkan::formats() {
    if (!runs_gst_of_build())
        return 0;
    std::uint32_t mask = 0;
    const auto add = [&mask](const auto& formats) {
        for (const PixelFormat format : formats)
            mask |= 1U << static_cast<unsigned>(format);
    };
    add(kFormats);
    if (!runs_gst(1, 24))
        add(kFormatsOfOldPools);
    return mask;
}

// --- the device

// That of a neighbour, who puts it into our contexts when asked, or the application. One of our own
// would take the place of theirs while they use it.
InstanceHandle SharedVulkan::Impl::find_instance(GpuError& error) const {
    gst_vulkan_global_context_query(element, GST_VULKAN_INSTANCE_CONTEXT_TYPE_STR);
    InstanceHandle instance(given<GstVulkanInstance>(element, GST_VULKAN_INSTANCE_CONTEXT_TYPE_STR,
                                                     gst_context_get_vulkan_instance));
    const bool is_ours = !instance;
    if (is_ours)
        instance.reset(gst_vulkan_instance_new());
    GError* wrong = nullptr;
    if (!gst_vulkan_instance_open(instance.get(), &wrong)) {
        error = {GpuStatus::unsupported, wrong != nullptr ? wrong->message : "no Vulkan instance"};
        g_clear_error(&wrong);
        return nullptr;
    }
    if (is_ours) {
        GstContext* context = gst_context_new(GST_VULKAN_INSTANCE_CONTEXT_TYPE_STR, TRUE);
        gst_context_set_vulkan_instance(context, instance.get());
        gst_element_set_context(element, context);
        gst_element_post_message(element,
                                 gst_message_new_have_context(GST_OBJECT_CAST(element), context));
    }
    return instance;
}

DeviceHandle SharedVulkan::Impl::make_device(const GpuTraits& wanted, GpuError& error) {
    const InstanceHandle instance = find_instance(error);
    if (!instance)
        return nullptr;
    guint index = 0;
    if (VulkanInstance::load_functions(instance->instance))
        for (guint i = 0; i < instance->n_physical_devices; ++i)
            if (read_traits(instance->physical_devices[i]).uuid == wanted.uuid)
                index = i;
    DeviceHandle made(gst_vulkan_device_new_with_index(instance.get(), index));
    const VkPhysicalDevice physical = gst_vulkan_device_get_physical_device(made.get());
    const std::vector<std::string> available = device_extensions(physical);
    for (const char* name : wanted_extensions(available))
        gst_vulkan_device_enable_extension(made.get(), name);
    GError* wrong = nullptr;
    if (gst_vulkan_device_open(made.get(), &wrong))
        return made;
    error = {GpuStatus::unsupported, wrong != nullptr ? wrong->message : "no device"};
    g_clear_error(&wrong);
    return nullptr;
}

bool SharedVulkan::Impl::find_device(const GpuTraits& wanted, GpuError& error) {
    {
        const std::lock_guard lock(mutex);
        if (device)
            return true;
    }
    DeviceHandle found(given<GstVulkanDevice>(element, GST_VULKAN_DEVICE_CONTEXT_TYPE_STR,
                                              gst_context_get_vulkan_device));
    GstVulkanDevice* theirs = nullptr;
    if (!found && gst_vulkan_device_run_context_query(element, &theirs))
        found.reset(theirs);
    if (!found)
        found = make_device(wanted, error);
    const std::lock_guard lock(mutex);
    device = std::move(found);
    return device != nullptr;
}

QueueHandle SharedVulkan::Impl::find_queue(GstVulkanDevice* of) {
    // The neighbours' object, not another one of the same queue: it holds the lock.
    GstVulkanQueue* theirs = nullptr;
    gst_vulkan_queue_run_context_query(element, &theirs);
    QueueHandle found(theirs);
    if (!computes(found.get(), of)) {
        found.reset();
        gst_vulkan_device_foreach_queue(of, take_compute_queue, &found);
    }
    return found;
}

std::shared_ptr<VulkanDevice> SharedVulkan::join(const GpuTraits& wanted, GpuError& error) {
    if (impl_->borrowed && !impl_->borrowed->lost())
        return impl_->borrowed;
    if (!impl_->find_device(wanted, error))
        return nullptr;
    auto owner = std::make_shared<Owner>();
    owner->device.reset(GST_VULKAN_DEVICE(gst_object_ref(impl_->device.get())));
    QueueHandle queue = impl_->find_queue(owner->device.get());
    if (!queue) {
        error = {GpuStatus::unsupported, "the shared device has no queue for compute shaders"};
        return nullptr;
    }
    owner->queue.reset(GST_VULKAN_QUEUE(gst_object_ref(queue.get())));
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->queue = std::move(queue);
    }
    impl_->borrowed = VulkanDevice::borrow(borrow_from(owner), error);
    return impl_->borrowed;
}

void SharedVulkan::leave() {
    if (impl_->pool != nullptr)
        gst_buffer_pool_set_active(impl_->pool, FALSE);
    gst_clear_object(&impl_->pool);
    impl_->borrowed.reset();
    DeviceHandle device;
    QueueHandle queue;
    const std::lock_guard lock(impl_->mutex);
    device = std::move(impl_->device);
    queue = std::move(impl_->queue);
}

bool SharedVulkan::answer(GstQuery* query) const {
    DeviceHandle device;
    QueueHandle queue;
    {
        const std::lock_guard lock(impl_->mutex);
        if (impl_->device)
            device.reset(GST_VULKAN_DEVICE(gst_object_ref(impl_->device.get())));
        if (impl_->queue)
            queue.reset(GST_VULKAN_QUEUE(gst_object_ref(impl_->queue.get())));
    }
    GstVulkanInstance* instance = device ? device->instance : nullptr;
    return gst_vulkan_handle_context_query(impl_->element, query, nullptr, instance,
                                           device.get()) != FALSE ||
           (queue && gst_vulkan_queue_handle_context_query(impl_->element, query, queue.get()));
}

// --- frames

// Rare, as neighbours share one queue. To hand an image from queue to queue upstream has nothing
// but what both see when the work is done. False if that is not soon.
bool SharedVulkan::Impl::wait_for_other_queue(GstVulkanImageMemory* memory) {
    GstVulkanQueue* other = memory->barrier.parent.queue;
    if (other == nullptr || other->queue == queue->queue)
        return true;
    if (!std::exchange(waited_loudly, true))
        GST_WARNING_OBJECT(element,
                           "images come from another queue, which is waited for with each frame");
    const auto submit = [&](VkFence fence) {
        gst_vulkan_queue_submit_lock(other);
        const VkResult result = borrowed->api().vkQueueSubmit(other->queue, 0, nullptr, fence);
        gst_vulkan_queue_submit_unlock(other);
        return borrowed->check(result);
    };
    return borrowed->wait_for(submit, kOtherQueueNs) == GpuStatus::ok;
}

bool SharedVulkan::Impl::check_image(const GstVulkanImageMemory* memory, std::string& wrong) const {
    constexpr VkImageUsageFlags kCopies =
        VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
    if (memory == nullptr)
        wrong = "the memory is no Vulkan image, though the caps say so";
    else if (memory->device->device != borrowed->handle())
        wrong = "the image is of another Vulkan device than the one that the elements share";
    else if ((memory->create_info.usage & kCopies) != kCopies)
        wrong = "the image was not made to be copied from and to (usage " +
                std::to_string(memory->create_info.usage) + ")";
    return wrong.empty();
}

std::shared_ptr<GpuImage> SharedVulkan::Impl::plane_image(GstBuffer* buffer,
                                                          const FrameLayout& layout, guint index,
                                                          std::string& wrong) {
    const bool together = gst_buffer_n_memory(buffer) == 1 && layout.plane_count > 1;
    GstVulkanImageMemory* memory = image_memory(buffer, together ? 0 : index);
    if (!check_image(memory, wrong))
        return nullptr;
    if (!wait_for_other_queue(memory)) {
        wrong = "the queue that used the image last did not get done with it within 5 s";
        return nullptr;
    }
    const PlaneLayout& plane = layout.planes[index];
    const PixelFormatInfo::Plane& info = info_of(layout.format).planes[index];
    const Origin origin = origin_of(buffer);
    GpuImage::Borrowed part;
    part.image = memory->image;
    // The first plane brings the image where the others find it.
    part.layout = together && index > 0 ? VK_IMAGE_LAYOUT_GENERAL : memory->barrier.image_layout;
    if (together)
        part.aspect = VK_IMAGE_ASPECT_PLANE_0_BIT << index;
    part.x = static_cast<std::int32_t>(origin.x >> info.shift_x);
    part.y = static_cast<std::int32_t>(origin.y >> info.shift_y);
    const std::uint64_t right = std::uint64_t{origin.x >> info.shift_x} + plane.width;
    const std::uint64_t bottom = std::uint64_t{origin.y >> info.shift_y} + plane.height;
    const VkExtent3D& whole = memory->create_info.extent;
    // Of several planes in one image the first is as large as the image.
    if ((index == 0 || !together) && (right > whole.width || bottom > whole.height)) {
        wrong = "an image of " + size_text(whole.width, whole.height) +
                " does not hold a plane up to " + size_text(right, bottom);
        return nullptr;
    }
    GpuImage::Settings settings;
    settings.format = copy_format(plane);
    settings.width = plane.width;
    settings.height = plane.height;
    settings.storage = false;
    settings.sampled = false;
    return GpuImage::borrow(borrowed, settings, part);
}

GpuFrame SharedVulkan::frame_of(GstBuffer* buffer, const FrameLayout& layout, GpuError& error) {
    const guint count = gst_buffer_n_memory(buffer);
    std::string wrong;
    if (count != 1 && count != layout.plane_count)
        wrong =
            std::to_string(count) + " images for " + std::to_string(layout.plane_count) + " planes";
    GpuFrame frame;
    frame.layout = layout;
    for (guint i = 0; wrong.empty() && i < layout.plane_count; ++i)
        frame.images[i] = impl_->plane_image(buffer, layout, i, wrong);
    if (!wrong.empty()) {
        error = {GpuStatus::bad_input, wrong};
        return {};
    }
    frame.owner = memories_of(buffer);
    return frame;
}

// vulkanupload fills the next frame's staging buffer while the GPU may still copy this frame from
// the same one (`vulkanupload ! queue ! vulkandownload` shows it, with 1.22 and 1.26 alike): with
// several frames in flight they would be mixed up. So before it gets to make the next frame its
// copy has to be done, and with that all that is before it in the queue.
GpuStatus SharedVulkan::settle(GstBuffer* buffer, std::uint64_t timeout_ns) {
    const GstVulkanImageMemory* memory = image_memory(buffer, 0);
    if (memory != nullptr && memory->barrier.image_layout == VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL)
        return impl_->borrowed->wait_for_queue(impl_->borrowed->compute_queue(), timeout_ns);
    return GpuStatus::ok;
}

void SharedVulkan::note_use(GstBuffer* buffer) {
    for (guint i = 0; i < gst_buffer_n_memory(buffer); ++i) {
        GstVulkanImageMemory* memory = image_memory(buffer, i);
        if (memory == nullptr)
            continue;
        memory->barrier.image_layout = VK_IMAGE_LAYOUT_GENERAL;
        memory->barrier.parent.pipeline_stages = VK_PIPELINE_STAGE_TRANSFER_BIT;
        memory->barrier.parent.access_flags =
            VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    }
}

bool SharedVulkan::begin_output(GstCaps* caps) {
    if (impl_->pool != nullptr)
        gst_buffer_pool_set_active(impl_->pool, FALSE);
    gst_clear_object(&impl_->pool);
    GstVideoInfo info;
    if (!gst_video_info_from_caps(&info, caps))
        return false;
    impl_->pool = gst_vulkan_image_buffer_pool_new(impl_->device.get());
    GstStructure* config = gst_buffer_pool_get_config(impl_->pool);
    gst_buffer_pool_config_set_params(config, caps, static_cast<guint>(info.size), 0, 0);
    return gst_buffer_pool_set_config(impl_->pool, config) &&
           gst_buffer_pool_set_active(impl_->pool, TRUE);
}

GstBuffer* SharedVulkan::acquire() {
    GstBuffer* buffer = nullptr;
    if (impl_->pool == nullptr ||
        gst_buffer_pool_acquire_buffer(impl_->pool, &buffer, nullptr) != GST_FLOW_OK)
        return nullptr;
    return buffer;
}

} // namespace tactus
