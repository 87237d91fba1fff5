// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/vulkan_instance.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace tactus {
namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";
constexpr std::size_t kTextLimit = 8192;

/// Volk keeps functions in variables of the process. Those that take an instance or a physical
/// device are trampolines of the loader, good for all instances: loaded once, never again, so that
/// nobody reads them while they change.
struct Loader {
    std::mutex lock;
    bool opened = false;
    bool loaded = false;
    std::array<std::weak_ptr<VulkanInstance>, 2> instances; ///< plain, with validation
};

Loader& loader() {
    static auto* const only = new Loader; // outlives whatever static object uses it
    return *only;
}

bool open_loader(Loader& state) {
    if (!state.opened)
        state.opened = volkInitialize() == VK_SUCCESS;
    return state.opened;
}

void load_once(Loader& state, VkInstance instance) {
    if (!state.loaded)
        volkLoadInstanceOnly(instance);
    state.loaded = true;
}

bool has_validation_layer() {
    std::uint32_t count = 0;
    vkEnumerateInstanceLayerProperties(&count, nullptr);
    std::vector<VkLayerProperties> layers(count);
    vkEnumerateInstanceLayerProperties(&count, layers.data());
    layers.resize(count);
    return std::any_of(layers.begin(), layers.end(), [](const VkLayerProperties& layer) {
        return std::string_view(layer.layerName) == kValidationLayer;
    });
}

VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                          VkDebugUtilsMessageTypeFlagsEXT,
                                          const VkDebugUtilsMessengerCallbackDataEXT* data,
                                          void* instance) {
    constexpr VkDebugUtilsMessageSeverityFlagsEXT kCounts =
        VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
        VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
    // The loader's own talk, of a broken driver file say, is not about us.
    const bool from_loader = data->pMessageIdName != nullptr &&
                             std::string_view(data->pMessageIdName) == "Loader Message";
    if ((severity & kCounts) != 0 && !from_loader)
        static_cast<VulkanInstance*>(instance)->add_message(data->pMessage);
    return VK_FALSE;
}

VkDebugUtilsMessengerCreateInfoEXT messenger_info(VulkanInstance* instance) {
    VkDebugUtilsMessengerCreateInfoEXT info{};
    info.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT;
    info.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
    info.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT;
    info.pfnUserCallback = on_message;
    info.pUserData = instance;
    return info;
}

/// The error of a failed vkCreateInstance.
GpuError instance_error(VkResult result) {
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
        return {GpuStatus::unsupported, "there is no Vulkan driver; install one, or "
                                        "mesa-vulkan-drivers for the CPU"};
    return {GpuStatus::failed,
            "vkCreateInstance failed with VkResult " + std::to_string(static_cast<int>(result))};
}

} // namespace

std::shared_ptr<VulkanInstance> VulkanInstance::get(bool validation, GpuError& error) {
    Loader& state = loader();
    const std::lock_guard guard(state.lock);
    auto& known = state.instances[validation ? 1 : 0];
    if (auto instance = known.lock())
        return instance;
    if (!open_loader(state)) {
        error = {GpuStatus::unsupported, "libvulkan.so.1 cannot be opened; install the Vulkan "
                                         "loader (package libvulkan1) and a driver"};
        return nullptr;
    }
    std::shared_ptr<VulkanInstance> made(new VulkanInstance(validation));
    error = made->make();
    if (error.status != GpuStatus::ok)
        return nullptr;
    load_once(state, made->instance_);
    if (validation && !made->listen()) {
        error = {GpuStatus::failed, "the validation layer takes no listener"};
        return nullptr;
    }
    known = made;
    return made;
}

bool VulkanInstance::load_functions(VkInstance instance) {
    Loader& state = loader();
    const std::lock_guard guard(state.lock);
    if (!open_loader(state))
        return false;
    load_once(state, instance);
    return true;
}

GpuError VulkanInstance::make() {
    if (volkGetInstanceVersion() < VK_API_VERSION_1_2)
        return {GpuStatus::unsupported, "the Vulkan loader is older than version 1.2"};
    if (validation_ && !has_validation_layer())
        return {GpuStatus::unsupported, std::string(kValidationLayer) +
                                            " is not installed (package vulkan-validationlayers)"};

    VkApplicationInfo application{};
    application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
    application.pEngineName = "gst-tactus";
    application.apiVersion = VK_API_VERSION_1_2;

    VkDebugUtilsMessengerCreateInfoEXT messenger = messenger_info(this);
    const VkValidationFeatureEnableEXT enabled =
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
    VkValidationFeaturesEXT features{};
    features.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT;
    features.pNext = &messenger;
    features.enabledValidationFeatureCount = 1;
    features.pEnabledValidationFeatures = &enabled;

    const char* const extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    VkInstanceCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
    info.pApplicationInfo = &application;
    if (validation_) {
        info.pNext = &features;
        info.enabledLayerCount = 1;
        info.ppEnabledLayerNames = &kValidationLayer;
        info.enabledExtensionCount = 1;
        info.ppEnabledExtensionNames = &extension;
    }
    const VkResult result = vkCreateInstance(&info, nullptr, &instance_);
    return result == VK_SUCCESS ? GpuError{} : instance_error(result);
}

bool VulkanInstance::listen() {
    auto* const create = reinterpret_cast<PFN_vkCreateDebugUtilsMessengerEXT>(
        vkGetInstanceProcAddr(instance_, "vkCreateDebugUtilsMessengerEXT"));
    const VkDebugUtilsMessengerCreateInfoEXT info = messenger_info(this);
    return create != nullptr && create(instance_, &info, nullptr, &messenger_) == VK_SUCCESS;
}

VulkanInstance::~VulkanInstance() {
    if (messenger_ != VK_NULL_HANDLE) {
        auto* const destroy = reinterpret_cast<PFN_vkDestroyDebugUtilsMessengerEXT>(
            vkGetInstanceProcAddr(instance_, "vkDestroyDebugUtilsMessengerEXT"));
        destroy(instance_, messenger_, nullptr);
    }
    if (instance_ != VK_NULL_HANDLE)
        vkDestroyInstance(instance_, nullptr);
}

std::vector<VkPhysicalDevice> VulkanInstance::devices() const {
    std::uint32_t count = 0;
    vkEnumeratePhysicalDevices(instance_, &count, nullptr);
    std::vector<VkPhysicalDevice> found(count);
    vkEnumeratePhysicalDevices(instance_, &count, found.data());
    found.resize(count);
    return found;
}

std::string VulkanInstance::text() const {
    const std::lock_guard guard(lock_);
    return text_;
}

void VulkanInstance::add_message(const char* text) {
    messages_.fetch_add(1, std::memory_order_relaxed); // a count; nothing hangs on its order
    const std::lock_guard guard(lock_);
    if (text_.size() < kTextLimit && text != nullptr)
        text_.append(text).append("\n");
}

} // namespace tactus
