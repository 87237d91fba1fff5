// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_status.h"
#include "core/vulkan/vulkan_api.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tactus {

class VulkanInstance;
class WorkgroupMemory;

/// A queue of a device. Vulkan wants one caller at a time; VulkanDevice::submit sees to it.
struct GpuQueue {
    VkQueue handle = VK_NULL_HANDLE;
    std::uint32_t family = 0;
    std::uint32_t index = 0;                ///< within its family
    std::uint32_t timestamp_valid_bits = 0; ///< 0: the queue has no timestamps
};

/// What a device is and can do, as far as we use it.
struct GpuTraits {
    std::string name;
    std::string driver; ///< name and version, as the driver words them
    std::array<std::uint8_t, VK_UUID_SIZE> uuid{};
    VkPhysicalDeviceType type = VK_PHYSICAL_DEVICE_TYPE_OTHER;
    VkPhysicalDeviceLimits limits{};
    std::uint32_t api_version = 0;
    std::uint32_t vendor_id = 0;
    std::uint32_t device_id = 0;
    std::array<std::uint8_t, VK_UUID_SIZE> cache_uuid{}; ///< of the pipeline cache's format

    bool host_import = false;          ///< VK_EXT_external_memory_host
    bool dmabuf_import = false;        ///< VK_EXT_external_memory_dma_buf
    std::size_t import_alignment = 0;  ///< of address and size in bytes; 0: no import
    bool calibrated_monotonic = false; ///< calibrated timestamps with CLOCK_MONOTONIC
    bool calibrated_raw = false;       ///< the same with CLOCK_MONOTONIC_RAW
    bool validation = false;           ///< VK_LAYER_KHRONOS_validation watches
    /// What is enabled; on a borrowed device, what its owner said. Without their pNext.
    VkPhysicalDeviceFeatures features{};
    VkPhysicalDeviceVulkan11Features features11{};
    VkPhysicalDeviceVulkan12Features features12{};

    /// Host memory is also the device's own: a shader may as well work there.
    bool shares_memory() const {
        return type == VK_PHYSICAL_DEVICE_TYPE_CPU ||
               type == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU;
    }
};

/// One line of a list of devices.
struct GpuListing {
    unsigned index = 0;
    std::string name;
    std::string uuid; ///< 8-4-4-4-12 hexadecimal digits
    std::string driver;
    VkPhysicalDeviceType type = VK_PHYSICAL_DEVICE_TYPE_OTHER;
};

/// A device that somebody else made and keeps alive (GStreamer's, say).
struct BorrowedDevice {
    VkInstance instance = VK_NULL_HANDLE;
    VkPhysicalDevice physical = VK_NULL_HANDLE;
    VkDevice device = VK_NULL_HANDLE;
    VkQueue queue = VK_NULL_HANDLE; ///< with compute and transfer
    std::uint32_t queue_family = 0;
    std::uint32_t queue_index = 0;
    std::vector<std::string> extensions; ///< those that the owner enabled on the device
    VkPhysicalDeviceFeatures features{}; ///< those that the owner enabled
    bool timeline_semaphores = false;    ///< likewise
    bool storage_8bit = false;           ///< likewise
    bool storage_16bit = false;          ///< likewise
    bool all_features = false;           ///< the owner enabled whatever Vulkan 1.2 knows
    std::function<void()> lock_queue;    ///< around each submission; may be empty
    std::function<void()> unlock_queue;
    std::shared_ptr<const void> owner; ///< kept for as long as the device is; may be null
};

/// A Vulkan device with its queues, its pipeline cache and what it can do.
///
/// Threads: any may call anything. Ownership: held by shared_ptr; buffers, images, pipelines and
/// rings keep the device alive. Devices that were opened with the same settings are shared, as long
/// as somebody holds them and they are not lost.
///
/// Loss: once a call reports VK_ERROR_DEVICE_LOST, or the owner of a ring gave up on the GPU with
/// mark_lost, the device is lost for good, and a new one has to be opened. One that was given up,
/// or that does not come to rest after it was reported, may still be at work, and a driver may wait
/// for ever there: nothing of it is destroyed, its handles are abandoned.
class VulkanDevice : public std::enable_shared_from_this<VulkanDevice> {
  public:
    struct Settings {
        /// Index in the list, name (or a part of it, if only one device has it; case does not
        /// count) or UUID. Empty: the best, i.e. discrete before integrated before virtual before
        /// CPU.
        std::string device;
        bool validation = false; ///< load VK_LAYER_KHRONOS_validation, and count what it says
        bool share = true;       ///< a device that is already open will do
        /// What a shader does outside of its buffers touches nothing else of the process.
        bool robust = true;
    };

    /// Nothing on failure, with the reason and, for an unknown device, the list in `error`.
    static std::shared_ptr<VulkanDevice> open(const Settings& settings, GpuError& error);
    /// Nothing if the device lacks Vulkan 1.1.
    static std::shared_ptr<VulkanDevice> borrow(BorrowedDevice borrowed, GpuError& error);
    /// Empty without a driver or without libvulkan.so.1.
    static std::vector<GpuListing> list();

    ~VulkanDevice();
    VulkanDevice(const VulkanDevice&) = delete;
    VulkanDevice& operator=(const VulkanDevice&) = delete;

    const GpuTraits& traits() const { return traits_; }
    VkInstance instance_handle() const;
    VkDevice handle() const { return device_; }
    VkPhysicalDevice physical() const { return physical_; }
    const VolkDeviceTable& api() const { return api_; }
    bool borrowed() const { return borrowed_.has_value(); }

    /// Where dispatches go. Copies may go there too.
    const GpuQueue& compute_queue() const { return queues_.front(); }
    /// The compute queue first, then those for copies alone, then, if there are less than two of
    /// those, a spare compute queue.
    std::span<const GpuQueue> queues() const { return queues_; }
    /// Number of queues for copies alone (at most two are opened): queues()[1 … this].
    std::size_t transfer_queue_count() const { return transfer_queues_; }
    std::size_t compute_queue_count() const { return queues_.size() - transfer_queues_; }
    /// Families of all queues, each once: for resources that all may use.
    std::span<const std::uint32_t> families() const { return families_; }

    GpuStatus submit(const GpuQueue& queue, const VkSubmitInfo& info, VkFence fence);
    /// Until the fence is signalled that `submit` gives to a queue; `timeout` if that takes longer.
    GpuStatus wait_for(const std::function<GpuStatus(VkFence)>& submit, std::uint64_t timeout_ns);
    /// Until all that was submitted to the queue so far, by anyone, is done.
    GpuStatus wait_for_queue(const GpuQueue& queue, std::uint64_t timeout_ns);
    /// Turns a driver's answer into a status; a lost device is marked as such.
    GpuStatus check(VkResult result);

    bool lost() const { return lost_.load(std::memory_order_acquire); }
    /// For callers that gave up: work does not end, or makes no sense any more.
    void mark_lost() {
        given_up_.store(true, std::memory_order_relaxed); // partner: the acquire in lost()
        lost_.store(true, std::memory_order_release);
    }
    /// True if nothing of it may be destroyed. The first that asks after a loss waits, 5 s at most,
    /// until no job runs any more.
    bool abandoned();
    /// What the lost device may still look at; for the life of the process, also without the memory
    /// to note it. `bytes` count as abandoned, once for each thing.
    static void keep_forever(std::shared_ptr<const void> thing, std::uint64_t bytes = 0) noexcept;
    /// Memory that stays until the process ends: of abandoned devices, or kept for them.
    static std::uint64_t abandoned_bytes();
    static void count_abandoned(std::uint64_t bytes) noexcept;

    /// Errors and warnings of the validation layer so far, over all devices of the instance.
    std::uint64_t validation_messages() const;
    /// The first few of them.
    std::string validation_text() const;

    /// A memory type that allows `allowed` (bits), has `required` and as many as possible of
    /// `preferred`; nothing if there is none.
    std::optional<std::uint32_t> memory_type(std::uint32_t allowed, VkMemoryPropertyFlags required,
                                             VkMemoryPropertyFlags preferred) const;
    VkMemoryPropertyFlags memory_flags(std::uint32_t type) const;

    /// With the device's pipeline cache.
    GpuStatus create_pipeline(const VkComputePipelineCreateInfo& info, VkPipeline& pipeline);
    /// Adds what pipeline_cache_data gave earlier. False if it belongs to another device or driver
    /// or is damaged; then nothing changed.
    bool add_pipeline_cache(std::span<const std::byte> data);
    std::vector<std::byte> pipeline_cache_data() const;
    /// What was measured on this device.
    WorkgroupMemory& workgroups() { return *workgroups_; }

    /// Edges are clamped. One for all, never destroyed before the device.
    VkSampler sampler(VkFilter filter) const {
        return filter == VK_FILTER_NEAREST ? nearest_ : linear_;
    }

    /// Vulkan objects of ours that live on this device, for tests and leak checks.
    std::int64_t live_objects() const { return live_objects_.load(std::memory_order_relaxed); }
    void count_object(std::int64_t change) {
        live_objects_.fetch_add(change, std::memory_order_relaxed);
    }

  private:
    VulkanDevice();
    /// Under the lock of the registry.
    static std::shared_ptr<VulkanDevice> find_open(const VulkanInstance* instance,
                                                   VkPhysicalDevice physical, bool robust);
    bool owns_cache(std::span<const std::byte> data) const;
    GpuError make_device(bool robust);
    GpuError take_borrowed();
    GpuError finish();
    GpuStatus make_samplers();
    GpuStatus make_cache();

    std::shared_ptr<VulkanInstance> instance_;
    std::optional<BorrowedDevice> borrowed_;
    VkPhysicalDevice physical_ = VK_NULL_HANDLE;
    VkDevice device_ = VK_NULL_HANDLE;
    VolkDeviceTable api_{};
    GpuTraits traits_;
    VkPhysicalDeviceMemoryProperties memory_{};
    std::vector<GpuQueue> queues_;
    std::unique_ptr<std::timed_mutex[]> queue_locks_;
    std::size_t transfer_queues_ = 0;
    std::vector<std::uint32_t> families_;
    VkPipelineCache pipeline_cache_ = VK_NULL_HANDLE;
    std::unique_ptr<WorkgroupMemory> workgroups_;
    mutable std::shared_mutex cache_lock_; ///< merging excludes creating
    VkSampler nearest_ = VK_NULL_HANDLE;
    VkSampler linear_ = VK_NULL_HANDLE;
    /// Of a device that was reported as lost.
    bool comes_to_rest();

    std::atomic<bool> lost_{false};
    std::atomic<bool> given_up_{false};
    std::once_flag rest_once_;
    bool is_at_rest_ = false;
    std::atomic<std::int64_t> live_objects_{0};
};

} // namespace tactus
