// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/vulkan_device.h"

#include "core/vulkan/device_choice.h"
#include "core/vulkan/device_traits.h"
#include "core/vulkan/vulkan_instance.h"
#include "core/vulkan/whole_wait.h"
#include "core/vulkan/workgroup_memory.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <future>
#include <new>
#include <thread>
#include <utility>

namespace tactus {
namespace {

struct Registry {
    std::mutex lock;
    std::vector<std::weak_ptr<VulkanDevice>> devices;
    /// Of devices that were abandoned: an instance may not go before its devices, nor memory
    /// before the jobs that use it.
    std::vector<std::shared_ptr<const void>> kept;
    std::mutex kept_lock; ///< of its own: devices may end while the list is locked
};

constexpr std::chrono::seconds kRestPatience{5};

constinit std::atomic<std::uint64_t> bytes_abandoned{0}; // a statistic

std::uint64_t steady_now_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
}

Registry& registry() {
    static auto* const only = new Registry; // outlives whatever static object uses it
    return *only;
}

GpuError call_error(const char* call, VkResult result, GpuStatus status) {
    return {status, std::string(call) + " failed with VkResult " +
                        std::to_string(static_cast<int>(result)) + " (" + gpu_status_name(status) +
                        ")"};
}

GpuStatus status_of(VkResult result) {
    switch (result) {
    case VK_SUCCESS:
        return GpuStatus::ok;
    case VK_TIMEOUT:
    case VK_NOT_READY:
        return GpuStatus::timeout;
    case VK_ERROR_DEVICE_LOST:
        return GpuStatus::device_lost;
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_TOO_MANY_OBJECTS:
    case VK_ERROR_OUT_OF_POOL_MEMORY:
    case VK_ERROR_FRAGMENTED_POOL:
        return GpuStatus::out_of_memory;
    case VK_ERROR_EXTENSION_NOT_PRESENT:
    case VK_ERROR_FEATURE_NOT_PRESENT:
    case VK_ERROR_FORMAT_NOT_SUPPORTED:
    case VK_ERROR_INVALID_EXTERNAL_HANDLE:
        return GpuStatus::unsupported;
    default:
        return GpuStatus::failed;
    }
}

std::vector<VkQueueFamilyProperties> queue_families(VkPhysicalDevice physical) {
    std::uint32_t count = 0;
    vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, families.data());
    families.resize(count);
    return families;
}

std::vector<GpuListing> listings(const VulkanInstance& instance) {
    std::vector<GpuListing> found;
    for (VkPhysicalDevice physical : instance.devices())
        found.push_back(list_device(physical, static_cast<unsigned>(found.size())));
    return found;
}

/// One create info per family, with equal priorities.
struct QueueRequests {
    std::vector<VkDeviceQueueCreateInfo> infos;
    std::vector<float> priorities;

    explicit QueueRequests(const std::vector<GpuQueue>& queues) : priorities(queues.size(), 1.0F) {
        for (const GpuQueue& queue : queues) {
            const auto known = std::find_if(infos.begin(), infos.end(), [&](const auto& info) {
                return info.queueFamilyIndex == queue.family;
            });
            if (known != infos.end()) {
                ++known->queueCount;
                continue;
            }
            VkDeviceQueueCreateInfo info{};
            info.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
            info.queueFamilyIndex = queue.family;
            info.queueCount = 1;
            info.pQueuePriorities = priorities.data();
            infos.push_back(info);
        }
    }
};

} // namespace

std::vector<GpuListing> VulkanDevice::list() {
    GpuError error;
    const auto instance = VulkanInstance::get(false, error);
    return instance ? listings(*instance) : std::vector<GpuListing>{};
}

std::shared_ptr<VulkanDevice> VulkanDevice::find_open(const VulkanInstance* instance,
                                                      VkPhysicalDevice physical, bool robust) {
    auto& devices = registry().devices;
    std::erase_if(devices, [](const auto& known) { return known.expired(); });
    for (const auto& known : devices) {
        auto device = known.lock();
        if (device && device->instance_.get() == instance && device->physical_ == physical &&
            (device->traits_.features.robustBufferAccess == VK_TRUE) == robust && !device->lost())
            return device;
    }
    return nullptr;
}

std::shared_ptr<VulkanDevice> VulkanDevice::open(const Settings& settings, GpuError& error) {
    error = {};
    auto instance = VulkanInstance::get(settings.validation, error);
    if (!instance)
        return nullptr;
    const auto chosen = choose_device(listings(*instance), settings.device, error);
    if (!chosen)
        return nullptr;
    VkPhysicalDevice physical = instance->devices().at(*chosen);

    const std::lock_guard guard(registry().lock);
    if (settings.share) {
        if (auto device = find_open(instance.get(), physical, settings.robust))
            return device;
    }
    std::shared_ptr<VulkanDevice> device(new VulkanDevice);
    device->instance_ = std::move(instance);
    device->physical_ = physical;
    error = device->make_device(settings.robust);
    if (error.status == GpuStatus::ok)
        error = device->finish();
    if (error.status != GpuStatus::ok)
        return nullptr;
    if (settings.share)
        registry().devices.push_back(device);
    return device;
}

std::shared_ptr<VulkanDevice> VulkanDevice::borrow(BorrowedDevice borrowed, GpuError& error) {
    error = {};
    if (!VulkanInstance::load_functions(borrowed.instance)) {
        error = {GpuStatus::unsupported, "libvulkan.so.1 cannot be opened"};
        return nullptr;
    }
    std::shared_ptr<VulkanDevice> device(new VulkanDevice);
    device->physical_ = borrowed.physical;
    device->device_ = borrowed.device;
    device->borrowed_ = std::move(borrowed);
    error = device->take_borrowed();
    if (error.status == GpuStatus::ok)
        error = device->finish();
    return error.status == GpuStatus::ok ? device : nullptr;
}

GpuError VulkanDevice::make_device(bool robust) {
    traits_ = read_traits(physical_);
    traits_.validation = instance_->validation();
    if (traits_.api_version < VK_API_VERSION_1_2)
        return {GpuStatus::unsupported, traits_.name + " has no Vulkan 1.2"};
    QueuePlan plan = plan_queues(queue_families(physical_));
    if (plan.queues.empty())
        return {GpuStatus::unsupported, traits_.name + " has no queue for compute shaders"};
    queues_ = std::move(plan.queues);
    transfer_queues_ = plan.transfer_queues;

    DeviceFeatures features(physical_);
    features.core.features.robustBufferAccess = robust ? VK_TRUE : VK_FALSE;
    traits_.features = features.core.features;
    traits_.features11 = features.v11;
    traits_.features12 = features.v12;
    traits_.features11.pNext = nullptr;
    traits_.features12.pNext = nullptr;
    const std::vector<std::string> available = device_extensions(physical_);
    const std::vector<const char*> extensions = wanted_extensions(available);
    const QueueRequests requests(queues_);
    VkDeviceCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
    info.pNext = &features.core;
    info.queueCreateInfoCount = static_cast<std::uint32_t>(requests.infos.size());
    info.pQueueCreateInfos = requests.infos.data();
    info.enabledExtensionCount = static_cast<std::uint32_t>(extensions.size());
    info.ppEnabledExtensionNames = extensions.data();
    const VkResult result = vkCreateDevice(physical_, &info, nullptr, &device_);
    if (result != VK_SUCCESS)
        return call_error("vkCreateDevice", result, status_of(result));
    apply_extensions(traits_, physical_, {extensions.begin(), extensions.end()});
    return {};
}

GpuError VulkanDevice::take_borrowed() {
    traits_ = read_traits(physical_);
    if (traits_.api_version < VK_API_VERSION_1_1)
        return {GpuStatus::unsupported, traits_.name + " has no Vulkan 1.1"};
    const auto families = queue_families(physical_);
    if (borrowed_->queue_family >= families.size() ||
        (families[borrowed_->queue_family].queueFlags & VK_QUEUE_COMPUTE_BIT) == 0)
        return {GpuStatus::unsupported,
                "the queue of the shared device is not one for compute shaders"};
    queues_.push_back({borrowed_->queue, borrowed_->queue_family, borrowed_->queue_index,
                       families[borrowed_->queue_family].timestampValidBits});
    traits_.features = borrowed_->features;
    traits_.features12.timelineSemaphore = borrowed_->timeline_semaphores ? VK_TRUE : VK_FALSE;
    traits_.features12.storageBuffer8BitAccess = borrowed_->storage_8bit ? VK_TRUE : VK_FALSE;
    traits_.features11.storageBuffer16BitAccess = borrowed_->storage_16bit ? VK_TRUE : VK_FALSE;
    if (borrowed_->all_features && traits_.api_version >= VK_API_VERSION_1_2) {
        const DeviceFeatures all(physical_);
        traits_.features = all.core.features;
        traits_.features11 = all.v11;
        traits_.features12 = all.v12;
        traits_.features11.pNext = nullptr;
        traits_.features12.pNext = nullptr;
    }
    apply_extensions(traits_, physical_, borrowed_->extensions);
    return {};
}

GpuError VulkanDevice::finish() {
    volkLoadDeviceTable(&api_, device_);
    vkGetPhysicalDeviceMemoryProperties(physical_, &memory_);
    for (GpuQueue& queue : queues_) {
        if (!borrowed_)
            api_.vkGetDeviceQueue(device_, queue.family, queue.index, &queue.handle);
        if (std::find(families_.begin(), families_.end(), queue.family) == families_.end())
            families_.push_back(queue.family);
    }
    queue_locks_ = std::make_unique<std::timed_mutex[]>(queues_.size());
    GpuStatus status = make_samplers();
    if (status == GpuStatus::ok)
        status = make_cache();
    return {status, status == GpuStatus::ok ? "" : "samplers or pipeline cache: out of resources"};
}

GpuStatus VulkanDevice::make_samplers() {
    for (VkFilter filter : {VK_FILTER_NEAREST, VK_FILTER_LINEAR}) {
        VkSamplerCreateInfo info{};
        info.sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO;
        info.magFilter = filter;
        info.minFilter = filter;
        info.addressModeU = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
        info.addressModeV = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
        info.addressModeW = VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_EDGE;
        VkSampler& sampler = filter == VK_FILTER_NEAREST ? nearest_ : linear_;
        const GpuStatus status = check(api_.vkCreateSampler(device_, &info, nullptr, &sampler));
        if (status != GpuStatus::ok)
            return status;
    }
    return GpuStatus::ok;
}

GpuStatus VulkanDevice::make_cache() {
    VkPipelineCacheCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO;
    return check(api_.vkCreatePipelineCache(device_, &info, nullptr, &pipeline_cache_));
}

VulkanDevice::VulkanDevice() : workgroups_(std::make_unique<WorkgroupMemory>()) {}

VulkanDevice::~VulkanDevice() {
    if (device_ == VK_NULL_HANDLE || api_.vkDestroySampler == nullptr)
        return;
    if (abandoned()) {
        keep_forever(std::move(instance_));
        if (borrowed_)
            keep_forever(std::move(borrowed_->owner));
        return;
    }
    api_.vkDestroySampler(device_, nearest_, nullptr);
    api_.vkDestroySampler(device_, linear_, nullptr);
    api_.vkDestroyPipelineCache(device_, pipeline_cache_, nullptr);
    if (!borrowed_)
        api_.vkDestroyDevice(device_, nullptr);
}

void VulkanDevice::keep_forever(std::shared_ptr<const void> thing, std::uint64_t bytes) noexcept {
    if (!thing)
        return;
    try {
        const std::lock_guard guard(registry().kept_lock);
        auto& kept = registry().kept;
        if (std::find(kept.begin(), kept.end(), thing) != kept.end())
            return; // a frame may be an earlier one of several others
        kept.push_back(std::move(thing));
    } catch (...) { // destructors keep things, too; a pointer that is never destroyed keeps as well
        using Pointer = std::shared_ptr<const void>;
        alignas(Pointer) std::byte place[sizeof(Pointer)];
        new (place) Pointer(std::move(thing));
    }
    count_abandoned(bytes);
}

std::uint64_t VulkanDevice::abandoned_bytes() {
    return bytes_abandoned.load(std::memory_order_relaxed);
}

void VulkanDevice::count_abandoned(std::uint64_t bytes) noexcept {
    bytes_abandoned.fetch_add(bytes, std::memory_order_relaxed);
}

GpuStatus VulkanDevice::submit(const GpuQueue& queue, const VkSubmitInfo& info, VkFence fence) {
    if (lost())
        return GpuStatus::device_lost;
    const std::lock_guard guard(queue_locks_[static_cast<std::size_t>(&queue - queues_.data())]);
    if (lost()) // meanwhile: it may be at rest
        return GpuStatus::device_lost;
    if (borrowed_ && borrowed_->lock_queue)
        borrowed_->lock_queue();
    const VkResult result = api_.vkQueueSubmit(queue.handle, 1, &info, fence);
    if (borrowed_ && borrowed_->unlock_queue)
        borrowed_->unlock_queue();
    return check(result);
}

GpuStatus VulkanDevice::wait_for_queue(const GpuQueue& queue, std::uint64_t timeout_ns) {
    VkSubmitInfo nothing{};
    nothing.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
    return wait_for([&](VkFence fence) { return submit(queue, nothing, fence); }, timeout_ns);
}

GpuStatus VulkanDevice::wait_for(const std::function<GpuStatus(VkFence)>& submit,
                                 std::uint64_t timeout_ns) {
    VkFenceCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
    VkFence fence = VK_NULL_HANDLE;
    GpuStatus status = check(api_.vkCreateFence(device_, &info, nullptr, &fence));
    if (status != GpuStatus::ok)
        return status;
    status = submit(fence);
    if (status == GpuStatus::ok)
        status = wait_whole(timeout_ns, steady_now_ns, [&](std::uint64_t left_ns) {
            return check(api_.vkWaitForFences(device_, 1, &fence, VK_TRUE, left_ns));
        });
    // One that still waits is left behind: the GPU is about to be given up.
    if (status != GpuStatus::timeout && !abandoned())
        api_.vkDestroyFence(device_, fence, nullptr);
    return status;
}

GpuStatus VulkanDevice::check(VkResult result) {
    const GpuStatus status = status_of(result);
    if (status == GpuStatus::device_lost)
        lost_.store(true, std::memory_order_release);
    return status;
}

bool VulkanDevice::abandoned() {
    if (!lost())
        return false;
    if (given_up_.load(std::memory_order_relaxed))
        return true;
    std::call_once(rest_once_, [this] {
        try {
            is_at_rest_ = comes_to_rest();
        } catch (...) { // no thread to be had; and destructors ask
            is_at_rest_ = false;
        }
    });
    return !is_at_rest_;
}

// The wait has to return on a lost device (Vulkan 1.3, section 5.2.3); a driver that does not do so
// keeps a thread, and no more.
bool VulkanDevice::comes_to_rest() {
    if (borrowed_)
        return false; // it is not ours to wait for the queues of others
    const auto deadline = std::chrono::steady_clock::now() + kRestPatience;
    std::vector<std::unique_lock<std::timed_mutex>> guards;
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        guards.emplace_back(queue_locks_[i], deadline);
        if (!guards.back()) // somebody hangs in the driver
            return false;
    }
    auto done = std::make_shared<std::promise<VkResult>>();
    std::future<VkResult> at_rest = done->get_future();
    std::thread([wait = api_.vkDeviceWaitIdle, device = device_, done] {
        done->set_value(wait(device));
    }).detach();
    if (at_rest.wait_until(deadline) != std::future_status::ready)
        return false;
    // Any other error may come before the wait.
    const VkResult result = at_rest.get();
    return result == VK_SUCCESS || result == VK_ERROR_DEVICE_LOST;
}

VkInstance VulkanDevice::instance_handle() const {
    return instance_ ? instance_->handle() : borrowed_->instance;
}

std::uint64_t VulkanDevice::validation_messages() const {
    return instance_ ? instance_->messages() : 0;
}

std::string VulkanDevice::validation_text() const {
    return instance_ ? instance_->text() : std::string();
}

std::optional<std::uint32_t> VulkanDevice::memory_type(std::uint32_t allowed,
                                                       VkMemoryPropertyFlags required,
                                                       VkMemoryPropertyFlags preferred) const {
    std::optional<std::uint32_t> best;
    int best_score = -1;
    for (std::uint32_t type = 0; type < memory_.memoryTypeCount; ++type) {
        const VkMemoryPropertyFlags flags = memory_.memoryTypes[type].propertyFlags;
        if ((allowed >> type & 1U) == 0 || (flags & required) != required)
            continue;
        const int score = __builtin_popcount(flags & preferred);
        if (score > best_score) {
            best = type;
            best_score = score;
        }
    }
    return best;
}

VkMemoryPropertyFlags VulkanDevice::memory_flags(std::uint32_t type) const {
    return memory_.memoryTypes[type].propertyFlags;
}

GpuStatus VulkanDevice::create_pipeline(const VkComputePipelineCreateInfo& info,
                                        VkPipeline& pipeline) {
    if (lost())
        return GpuStatus::device_lost;
    const std::shared_lock guard(cache_lock_);
    return check(
        api_.vkCreateComputePipelines(device_, pipeline_cache_, 1, &info, nullptr, &pipeline));
}

bool VulkanDevice::owns_cache(std::span<const std::byte> data) const {
    VkPipelineCacheHeaderVersionOne header{};
    if (data.size() < sizeof header)
        return false;
    std::memcpy(&header, data.data(), sizeof header);
    return header.headerSize == sizeof header &&
           header.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE &&
           header.vendorID == traits_.vendor_id && header.deviceID == traits_.device_id &&
           std::memcmp(header.pipelineCacheUUID, traits_.cache_uuid.data(),
                       traits_.cache_uuid.size()) == 0;
}

bool VulkanDevice::add_pipeline_cache(std::span<const std::byte> data) {
    if (lost() || !owns_cache(data))
        return false;
    VkPipelineCacheCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO;
    info.initialDataSize = data.size();
    info.pInitialData = data.data();
    VkPipelineCache earlier = VK_NULL_HANDLE;
    if (check(api_.vkCreatePipelineCache(device_, &info, nullptr, &earlier)) != GpuStatus::ok)
        return false;
    const std::unique_lock guard(cache_lock_);
    const VkResult result = api_.vkMergePipelineCaches(device_, pipeline_cache_, 1, &earlier);
    api_.vkDestroyPipelineCache(device_, earlier, nullptr);
    return check(result) == GpuStatus::ok;
}

std::vector<std::byte> VulkanDevice::pipeline_cache_data() const {
    if (lost())
        return {};
    const std::unique_lock guard(cache_lock_);
    std::size_t size = 0;
    if (api_.vkGetPipelineCacheData(device_, pipeline_cache_, &size, nullptr) != VK_SUCCESS)
        return {};
    std::vector<std::byte> data(size);
    if (api_.vkGetPipelineCacheData(device_, pipeline_cache_, &size, data.data()) != VK_SUCCESS)
        return {};
    data.resize(size);
    return data;
}

} // namespace tactus
