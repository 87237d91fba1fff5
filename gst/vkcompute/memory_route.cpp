// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/memory_route.h"

#include "glue/handles.h"
#include "vkcompute/gpu_memory.h"

#include <utility>

namespace tactus {

namespace {

// An import costs more than the copy of a small frame: it pays only if memory comes back.
constexpr unsigned kMostNewInARow = 16;

constexpr std::array<const char*, 6> kPathNames{"none",   "pool",  "import",
                                                "staged", "image", "dmabuf"};

// Vulkan's view of a frame goes before the memory does: members end in reverse order.
struct Kept {
    BufferHandle owner;
    std::shared_ptr<GpuBuffer> buffer;
};

GpuFrame kept_frame(GstBuffer* owner, std::shared_ptr<GpuBuffer> buffer,
                    const FrameLayout& layout) {
    auto kept = std::make_shared<Kept>();
    kept->owner.reset(gst_buffer_ref(owner));
    kept->buffer = std::move(buffer);
    return {std::shared_ptr<GpuBuffer>(kept, kept->buffer.get()), layout, kept};
}

FrameLayout canonical(const FrameLayout& layout) {
    if (is_picture(layout.format))
        return FrameLayout::create(layout.format, layout.width, layout.height).value_or(layout);
    FrameLayout result = layout;
    result.planes[0].offset_bytes = 0;
    result.size_bytes = layout.planes[0].end_bytes() - layout.planes[0].offset_bytes;
    return result;
}

bool same_places(const FrameLayout& a, const FrameLayout& b) {
    for (std::uint32_t i = 0; i < a.plane_count; ++i)
        if (a.planes[i].offset_bytes != b.planes[i].offset_bytes ||
            a.planes[i].stride_bytes != b.planes[i].stride_bytes)
            return false;
    return true;
}

// Images are copied row by row in whole pixels.
bool has_whole_pixel_rows(const FrameLayout& layout) {
    if (!is_picture(layout.format) || layout.format == PixelFormat::rgb)
        return true;
    for (std::uint32_t i = 0; i < layout.plane_count; ++i)
        if (layout.planes[i].stride_bytes % layout.planes[i].pixel_stride_bytes != 0 ||
            layout.planes[i].offset_bytes % layout.planes[i].pixel_stride_bytes != 0)
            return false;
    return true;
}

std::string import_reason(ImportVerdict verdict, const GstMemory* memory) {
    switch (verdict) {
    case ImportVerdict::no_extension:
        return "the device cannot import memory";
    case ImportVerdict::misaligned:
        return "the memory does not begin at a page";
    case ImportVerdict::partial_page:
        return "the memory of " + std::to_string(memory->maxsize) +
               " bytes is not whole pages, and the rest of the last one is somebody else's";
    case ImportVerdict::refused:
        return "the driver refused the memory, or it may move (" +
               std::string(memory->allocator != nullptr ? memory->allocator->mem_type : "?") + ")";
    case ImportVerdict::possible:
        break;
    }
    return "the memory begins at a page and owns whole pages";
}

std::string dmabuf_reason(const ImportedMemory& imported) {
    if (imported.buffer)
        return "the frames are in dmabufs, and the device imports them";
    switch (imported.verdict) {
    case ImportVerdict::no_extension:
        return "the device cannot import dmabufs (VK_EXT_external_memory_dma_buf)";
    case ImportVerdict::possible:
        return "whoever fills the dmabuf does not get done with it";
    default:
        return "the driver refused the dmabuf";
    }
}

} // namespace

void MemoryRoute::begin(std::shared_ptr<VulkanDevice> device, bool strict) {
    if (device_ != device)
        copies_.clear();
    device_ = std::move(device);
    strict_ = strict;
    import_refused_ = false;
    new_in_a_row_ = 0;
    const std::lock_guard lock(mutex_);
    path_ = Path::none;
    reason_.clear();
}

std::shared_ptr<GpuBuffer> MemoryRoute::reach(GstMemory* memory, Path& path, std::string& reason) {
    if (auto ours = gpu_buffer_of(memory); ours && ours->device() == device_) {
        path = Path::pool;
        reason = "upstream took our pool";
        return ours;
    }
    if (!import_allowed_) {
        reason = "memory is short";
        return nullptr;
    }
    if (import_refused_) {
        reason = import_reason(ImportVerdict::refused, memory);
        return nullptr;
    }
    if (new_in_a_row_ >= kMostNewInARow) {
        reason = "upstream allocates new memory for each buffer";
        return nullptr;
    }
    const ImportedMemory imported = import_memory(device_, memory);
    reason = imported.is_dmabuf ? dmabuf_reason(imported) : import_reason(imported.verdict, memory);
    if (imported.verdict == ImportVerdict::refused)
        import_refused_ = true;
    if (!imported.buffer)
        return nullptr;
    new_in_a_row_ = imported.is_new ? new_in_a_row_ + 1 : 0;
    path = imported.is_dmabuf ? Path::dmabuf : Path::import;
    return imported.buffer;
}

GpuFrame MemoryRoute::take(GstBuffer* buffer, const FrameLayout& layout, GpuError& error) {
    Path path = Path::staged;
    std::string reason;
    std::shared_ptr<GpuBuffer> found;
    FrameLayout placed = layout;
    if (gst_buffer_n_memory(buffer) != 1) {
        reason = "the frame is in " + std::to_string(gst_buffer_n_memory(buffer)) + " memories";
    } else {
        GstMemory* memory = gst_buffer_peek_memory(buffer, 0);
        for (std::uint32_t i = 0; i < placed.plane_count; ++i)
            placed.planes[i].offset_bytes += memory->offset;
        placed.size_bytes += memory->offset;
        if (!placed.is_aligned())
            reason = "an offset or a stride is not a multiple of 4 bytes";
        else if (!has_whole_pixel_rows(placed))
            reason = "a stride is not a multiple of its pixels";
        else if (strict_ && !same_places(placed, canonical(layout)))
            reason = "the shader looks at earlier frames, and this one lies otherwise";
        else
            found = reach(memory, path, reason);
    }
    note(found ? path : Path::staged, std::move(reason));
    if (found)
        return kept_frame(buffer, std::move(found), placed);
    return stage(buffer, layout, error);
}

std::shared_ptr<GpuBuffer> MemoryRoute::scratch(std::size_t bytes, GpuError& error) {
    for (const auto& copy : copies_)
        if (copy.use_count() == 1 && copy->size_bytes() >= bytes)
            return copy;
    GpuStatus status = GpuStatus::ok;
    auto made = GpuBuffer::create_host(device_, bytes, status);
    if (!made) {
        error = {status, "no memory for a copy of " + std::to_string(bytes) +
                             " bytes: " + gpu_status_name(status)};
        return nullptr;
    }
    // What is too small now is not needed again.
    std::erase_if(copies_, [&](const auto& copy) { return copy->size_bytes() < bytes; });
    copies_.push_back(made);
    return made;
}

void MemoryRoute::trim() {
    std::erase_if(copies_, [](const auto& copy) { return copy.use_count() == 1; });
}

GpuFrame MemoryRoute::stage(GstBuffer* buffer, const FrameLayout& layout, GpuError& error) {
    const FrameLayout to = canonical(layout);
    auto target = scratch(std::max<std::size_t>(to.size_bytes, 4), error);
    GstMapInfo map;
    if (!target)
        return {};
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        error = {GpuStatus::bad_input, "a buffer cannot be mapped to read it"};
        return {};
    }
    copy_frame(layout, map.data, to, reinterpret_cast<std::uint8_t*>(target->data()));
    gst_buffer_unmap(buffer, &map);
    return {std::move(target), to, nullptr};
}

void MemoryRoute::note_image() {
    note(Path::image, "upstream's frames are in images of the shared device");
}

void MemoryRoute::note(Path path, std::string reason) {
    const std::lock_guard lock(mutex_);
    ++counts_[static_cast<std::size_t>(path)];
    if (path == path_)
        return;
    path_ = path;
    reason_ = std::move(reason);
    news_ = true;
}

bool MemoryRoute::take_news(std::string& text) {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(news_, false))
        return false;
    text = std::string(kPathNames[static_cast<std::size_t>(path_)]) + ": " + reason_;
    return true;
}

const char* MemoryRoute::path_name() const {
    const std::lock_guard lock(mutex_);
    return kPathNames[static_cast<std::size_t>(path_)];
}

std::string MemoryRoute::reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
}

std::uint64_t MemoryRoute::count(Path path) const {
    const std::lock_guard lock(mutex_);
    return counts_[static_cast<std::size_t>(path)];
}

} // namespace tactus
