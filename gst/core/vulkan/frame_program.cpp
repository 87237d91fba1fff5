// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/frame_program.h"

#include "core/vulkan/frame_program_parts.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace tactus {

namespace {

namespace c = convention;

FrameInfo::Plane plane_info(const PlaneLayout& plane) {
    return {static_cast<std::uint32_t>(plane.offset_bytes),
            plane.stride_bytes,
            plane.pixel_stride_bytes,
            plane.components,
            plane.component_bytes,
            plane.width,
            plane.height,
            0};
}

std::uint64_t end_of(const FrameLayout& layout) {
    std::uint64_t end = 0;
    for (std::uint32_t i = 0; i < layout.plane_count; ++i)
        end = std::max(end, layout.planes[i].end_bytes());
    return end;
}

// From the first byte of the frame to behind its last one, in whole words.
BufferSlice extent_of(const GpuFrame& frame) {
    std::uint64_t begin = UINT64_MAX;
    for (std::uint32_t i = 0; i < frame.layout.plane_count; ++i)
        begin = std::min(begin, frame.layout.planes[i].offset_bytes);
    begin &= ~std::uint64_t{3};
    const std::uint64_t end = (end_of(frame.layout) + 3) & ~std::uint64_t{3};
    return {frame.buffer.get(), begin,
            std::min<std::uint64_t>(end, frame.buffer->size_bytes()) - begin};
}

VkFormat image_format(const PlaneLayout& plane) {
    const bool wide = plane.component_bytes == 2;
    switch (plane.components) {
    case 1:
        return wide ? VK_FORMAT_R16_UNORM : VK_FORMAT_R8_UNORM;
    case 2:
        return wide ? VK_FORMAT_R16G16_UNORM : VK_FORMAT_R8G8_UNORM;
    default:
        return wide ? VK_FORMAT_R16G16B16A16_UNORM : VK_FORMAT_R8G8B8A8_UNORM;
    }
}

std::uint32_t divided_up(std::uint64_t value, std::uint32_t divisor) {
    return static_cast<std::uint32_t>((value + divisor - 1) / divisor);
}

// How many invocations cover the frame.
std::array<std::uint32_t, 2> invocations(const ShaderFacts& facts, const FrameLayout& layout) {
    std::uint64_t columns = 0;
    std::uint64_t row_bytes = 0;
    std::uint32_t rows = 0;
    for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
        columns = std::max<std::uint64_t>(columns, layout.planes[i].width);
        row_bytes = std::max(row_bytes, layout.planes[i].row_bytes());
        rows = std::max(rows, layout.planes[i].height);
    }
    const std::uint32_t x = facts.block_bytes != 0 ? divided_up(row_bytes, facts.block_bytes)
                                                   : divided_up(columns, facts.block_columns);
    return {std::max(x, 1U), std::max(divided_up(rows, facts.block_rows), 1U)};
}

} // namespace

bool FrameProgram::passes_input() const {
    return stages_.back().facts.passes_input;
}

PixelFormat FrameProgram::out_format() const {
    return stages_.back().out_format;
}

FrameLayout FrameProgram::out_layout(const FrameLayout& in) const {
    if (passes_input())
        return in;
    if (!is_picture(out_format())) {
        if (out_format() == PixelFormat::bytes)
            return FrameLayout::raw(in.planes[0].row_bytes());
        const bool interleaved =
            in.planes[0].pixel_stride_bytes > in.planes[0].component_bytes || in.height == 1;
        return FrameLayout::audio(out_format(), in.width, in.height, interleaved);
    }
    const std::uint32_t width = settings_.out_width != 0 ? settings_.out_width : in.width;
    const std::uint32_t height = settings_.out_height != 0 ? settings_.out_height : in.height;
    return FrameLayout::create(out_format(), width, height).value_or(FrameLayout{});
}

std::uint32_t FrameProgram::history() const {
    std::uint32_t most = 0;
    for (const Stage& stage : stages_)
        most = std::max(most, stage.facts.history);
    return std::min(most, settings_.history.value_or(most));
}

// --- what a job needs

GpuStatus FrameProgram::reserve_copy(GpuFrame& copy, const FrameLayout& layout, GpuError& error) {
    const std::uint64_t bytes = (end_of(layout) + 3) & ~std::uint64_t{3};
    copy.layout = layout;
    copy.buffer.reset();
    copy.owner.reset();
    copy.images = {};
    // Others are in use by jobs, or are frames of the history.
    for (const auto& spare : spare_)
        if (spare.use_count() == 1 && spare->size_bytes() >= bytes) {
            copy.buffer = spare;
            return GpuStatus::ok;
        }
    GpuStatus status = GpuStatus::ok;
    copy.buffer = GpuBuffer::create_device(device_, bytes, status);
    if (!copy.buffer) {
        error = {status, "no memory for a frame of " + std::to_string(bytes) +
                             " bytes on the device: " + gpu_status_name(status)};
        return status;
    }
    std::erase_if(spare_, [&](const auto& spare) { return spare->size_bytes() < bytes; });
    spare_.push_back(copy.buffer);
    return status;
}

GpuStatus FrameProgram::reserve_images(Slot& slot, const Frame& frame, GpuError& error) {
    const auto reserve_one = [&](Slot::Images& images, const FrameLayout& layout) {
        for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
            const PlaneLayout& plane = layout.planes[i];
            GpuImage::Settings wanted;
            wanted.format = image_format(plane);
            wanted.width = plane.width;
            wanted.height = plane.height;
            if (images[i] && images[i]->settings().format == wanted.format &&
                images[i]->settings().width == wanted.width &&
                images[i]->settings().height == wanted.height)
                continue;
            GpuStatus status = GpuStatus::ok;
            images[i] = GpuImage::create(device_, wanted, status);
            if (images[i])
                continue;
            error = {status, "no image of " + std::to_string(wanted.width) + "x" +
                                 std::to_string(wanted.height) + " for " +
                                 std::string(info_of(layout.format).name) +
                                 " on the device: " + gpu_status_name(status)};
            return status;
        }
        return GpuStatus::ok;
    };
    GpuStatus status = GpuStatus::ok;
    if (stages_.front().facts.reads_images)
        status = reserve_one(slot.in_images, frame.in.layout);
    if (status == GpuStatus::ok && stages_.back().facts.writes_images)
        status = reserve_one(slot.out_images, frame.out.layout);
    for (std::size_t i = 0; i + 1 < stages_.size() && status == GpuStatus::ok; ++i)
        if (stages_[i].facts.writes_images)
            status = reserve_one(slot.between_images[i], slot.between[i].layout);
    return status;
}

GpuStatus FrameProgram::reserve(Slot& slot, const Frame& frame, GpuError& error) {
    slot.frame = frame;
    const FrameLayout& final_layout = passes_input() ? frame.in.layout : frame.out.layout;
    GpuStatus status = GpuStatus::ok;
    for (std::size_t i = 0; i + 1 < stages_.size() && status == GpuStatus::ok; ++i) {
        const FrameLayout& size = i < size_stage_ ? frame.in.layout : final_layout;
        const FrameLayout between =
            is_picture(stages_[i].out_format)
                ? FrameLayout::create(stages_[i].out_format, size.width, size.height)
                      .value_or(FrameLayout{})
                : frame.in.layout;
        if (stages_[i].facts.writes_buffers)
            status = reserve_copy(slot.between[i], between, error);
        slot.between[i].layout = between;
    }
    if (status == GpuStatus::ok)
        status = reserve_images(slot, frame, error);
    slot.in = frame.in;
    slot.out = frame.out;
    if (status == GpuStatus::ok && copies_in(frame) && reads_buffers(frame))
        status = reserve_copy(slot.in, frame.in.layout, error);
    if (status == GpuStatus::ok && copies_out(frame) && stages_.back().facts.writes_buffers &&
        !passes_input())
        status = reserve_copy(slot.out, frame.out.layout, error);
    return status;
}

void FrameProgram::place_uploads(Slot& slot, const Frame& frame, GpuJob& job) const {
    if (frame.in.is_in_images()) {
        take_from_images(slot, frame, job);
    } else if (frame.copied && stages_.front().facts.reads_buffers) {
        const BufferSlice from = extent_of(frame.in);
        job.uploads.push_back({GpuCopy::Kind::buffer,
                               from,
                               {slot.in.buffer.get(), from.offset_bytes, from.size_bytes}});
    }
    const bool fills_images = stages_.front().facts.reads_images && !frame.in.is_in_images();
    for (std::uint32_t i = 0; fills_images && i < frame.in.layout.plane_count; ++i) {
        const PlaneLayout& plane = frame.in.layout.planes[i];
        job.uploads.push_back({GpuCopy::Kind::buffer_to_image,
                               {frame.in.buffer.get(), plane.offset_bytes, 0},
                               {},
                               slot.in_images[i].get(),
                               plane.stride_bytes / plane.pixel_stride_bytes});
    }
    for (const Slot::ResultBuffer& result : slot.results) {
        if (result.device)
            job.uploads.push_back({GpuCopy::Kind::buffer,
                                   {zeros_.get(), 0, result.bytes},
                                   {result.device.get(), 0, result.bytes}});
        else if (result.host)
            std::memset(result.host->data(), 0, result.bytes);
    }
    if (extra_image_ && !extra_is_there_)
        job.uploads.push_back({GpuCopy::Kind::buffer_to_image,
                               {extra_.get(), 0, 0},
                               {},
                               extra_image_.get(),
                               settings_.extra_width});
    if (!state_is_fresh_)
        return;
    for (const Stage& stage : stages_)
        for (const auto& state : stage.state) {
            if (state && settings_.own_memory)
                job.uploads.push_back({GpuCopy::Kind::buffer,
                                       {zeros_.get(), 0, stage.state_bytes},
                                       {state.get(), 0, stage.state_bytes}});
            else if (state)
                std::memset(state->data(), 0, state->size_bytes());
        }
}

void FrameProgram::place_downloads(Slot& slot, const Frame& frame, GpuJob& job) const {
    const bool makes = !passes_input() && !frame.out.is_in_images();
    if (frame.out.is_in_images())
        give_to_images(slot, frame, job);
    if (makes && frame.copied && stages_.back().facts.writes_buffers) {
        const BufferSlice to = extent_of(frame.out);
        job.downloads.push_back(
            {GpuCopy::Kind::buffer, {slot.out.buffer.get(), to.offset_bytes, to.size_bytes}, to});
    }
    for (std::uint32_t i = 0;
         makes && stages_.back().facts.writes_images && i < frame.out.layout.plane_count; ++i) {
        const PlaneLayout& plane = frame.out.layout.planes[i];
        job.downloads.push_back({GpuCopy::Kind::image_to_buffer,
                                 {},
                                 {frame.out.buffer.get(), plane.offset_bytes, 0},
                                 slot.out_images[i].get(),
                                 plane.stride_bytes / plane.pixel_stride_bytes});
    }
    for (const Slot::ResultBuffer& result : slot.results)
        if (result.device)
            job.downloads.push_back({GpuCopy::Kind::buffer,
                                     {result.device.get(), 0, result.bytes},
                                     {result.host.get(), 0, result.bytes}});
}

// --- one stage

const GpuFrame& FrameProgram::input_of(const Slot& slot, std::size_t stage) const {
    return stage == 0 ? slot.in : slot.between[stage - 1];
}

void FrameProgram::fill_info(Slot& slot, std::size_t stage, const Frame& frame) const {
    const bool last = stage + 1 == stages_.size();
    const FrameLayout& in = input_of(slot, stage).layout;
    const FrameLayout out = last ? slot.out.layout : slot.between[stage].layout;
    FrameInfo info{};
    for (std::size_t i = 0; i < c::kMostPlanes; ++i) {
        info.in_planes[i] = plane_info(in.planes[i]);
        info.out_planes[i] = plane_info(out.planes[i]);
    }
    info.in_size = {in.width, in.height};
    info.out_size = {out.width, out.height};
    info.pts_ns = frame.pts_ns;
    info.number = number_;
    info.history = static_cast<std::uint32_t>(slot.earlier.size());
    info.in_plane_count = in.plane_count;
    info.out_plane_count = out.plane_count;
    info.in_bytes = static_cast<std::uint32_t>(end_of(in));
    info.out_bytes = static_cast<std::uint32_t>(end_of(out));
    info.rate = settings_.rate;
    info.extra_size = {settings_.extra_width, settings_.extra_height};
    info.extra_bytes = static_cast<std::uint32_t>(settings_.extra.size());
    std::byte* target = slot.info->data() + stage * slot.info_stride_bytes;
    std::memcpy(target, &info, sizeof info);
    const std::vector<std::byte>& block = stages_[stage].block;
    if (!block.empty())
        std::memcpy(target + kInfoBytes, block.data(), block.size());
}

GpuBinding FrameProgram::binding_of(const Slot& slot, std::size_t stage, const Frame& frame,
                                    std::uint32_t binding) const {
    const auto buffer = [&](const std::shared_ptr<GpuBuffer>& which, std::size_t offset = 0,
                            std::size_t size = 0) {
        GpuBinding result{0, binding, 0, {which.get(), offset, size}};
        const std::size_t most = device_->traits().limits.maxStorageBufferRange;
        if (size == 0 && which && which->size_bytes() > most)
            result.buffer.size_bytes = most;
        return result;
    };
    const auto image = [&](const Slot::Images& images, std::uint32_t first) {
        // A plane that the format does not have gets the first: something has to be bound.
        const auto& plane = images[binding - first] ? images[binding - first] : images[0];
        return GpuBinding{0, binding, 0, {}, plane.get()};
    };
    const bool first = stage == 0;
    const bool last = stage + 1 == stages_.size();
    const std::size_t info = stage * slot.info_stride_bytes;
    const GpuFrame& in = input_of(slot, stage);
    if (binding == c::kFrameInfo)
        return buffer(slot.info, info, kInfoBytes);
    if (binding == c::kUniformBlock)
        return buffer(slot.info, info + kInfoBytes, stages_[stage].block.size());
    if (binding == c::kExtra)
        return buffer(extra_);
    if (binding == c::kExtraImage)
        return {0, binding, 0, {}, extra_image_.get()};
    if (binding == c::kResult)
        return buffer(slot.results[stage].device ? slot.results[stage].device
                                                 : slot.results[stage].host);
    if (binding == c::kStateBefore || binding == c::kStateAfter)
        return buffer(stages_[stage].state[(number_ + (binding == c::kStateAfter)) % 2]);
    if (binding >= c::kHistoryBuffers) {
        const std::size_t back = binding - c::kHistoryBuffers;
        return buffer(back < slot.earlier.size() ? slot.earlier[back].buffer : slot.in.buffer);
    }
    if (binding < c::kOutBuffers)
        return buffer(in.buffer);
    if (binding < c::kInSampled) {
        const GpuFrame& out = last ? slot.out : slot.between[stage];
        return buffer(out.buffer ? out.buffer : frame.in.buffer ? frame.in.buffer : in.buffer);
    }
    if (binding >= c::kOutImages && binding < c::kInImages)
        return image(last ? slot.out_images : slot.between_images[stage], c::kOutImages);
    return image(first ? slot.in_images : slot.between_images[stage - 1],
                 binding < c::kOutImages ? c::kInSampled : c::kInImages);
}

GpuDispatch FrameProgram::dispatch_of(Slot& slot, std::size_t stage, const Frame& frame) const {
    fill_info(slot, stage, frame);
    const Stage& s = stages_[stage];
    const bool last = stage + 1 == stages_.size();
    GpuDispatch dispatch;
    dispatch.pipeline = s.pipeline.get();
    dispatch.push_constants = s.push;
    const FrameLayout& covered = s.facts.passes_input ? input_of(slot, stage).layout
                                 : last               ? slot.out.layout
                                                      : slot.between[stage].layout;
    const std::array<std::uint32_t, 2> size = invocations(s.facts, covered);
    dispatch.groups = s.pipeline->groups_for(size[0], size[1]);
    std::set<std::uint32_t> bound; // a binding may have several names, for several views of it
    for (const ShaderBinding& wanted : s.reflection().bindings)
        if (bound.insert(wanted.binding).second)
            dispatch.bindings.push_back(binding_of(slot, stage, frame, wanted.binding));
    return dispatch;
}

// --- jobs

std::string FrameProgram::too_large(const FrameLayout& layout) const {
    if (end_of(layout) <= reach_bytes_)
        return {};
    return "a frame of " + std::string(info_of(layout.format).name) + " of " +
           std::to_string(layout.width) + "x" + std::to_string(layout.height) + " ends at byte " +
           std::to_string(end_of(layout)) + "; this shader on this device reaches " +
           std::to_string(reach_bytes_);
}

GpuStatus FrameProgram::prepare(unsigned slot_index, const Frame& frame, GpuJob& job,
                                GpuError& error) {
    for (const FrameLayout* layout : {&frame.in.layout, &frame.out.layout}) {
        error.text = too_large(*layout);
        if (!error.text.empty())
            return error.status = GpuStatus::bad_input;
    }
    Slot& slot = slots_[slot_index];
    slot.earlier.assign(earlier_.begin(), earlier_.end());
    const GpuStatus status = reserve(slot, frame, error);
    if (status != GpuStatus::ok)
        return status;
    job = {};
    place_uploads(slot, frame, job);
    for (std::size_t i = 0; i < stages_.size(); ++i)
        job.dispatches.push_back(dispatch_of(slot, i, frame));
    place_downloads(slot, frame, job);
    return GpuStatus::ok;
}

void FrameProgram::submitted(unsigned slot_index) {
    state_is_fresh_ = false;
    extra_is_there_ = true;
    ++number_;
    const std::uint32_t most = history();
    if (most == 0)
        return;
    GpuFrame seen = slots_[slot_index].in;
    earlier_.push_front(std::move(seen));
    if (earlier_.size() > most)
        earlier_.pop_back();
}

void FrameProgram::reset() {
    earlier_.clear();
    number_ = 0;
    state_is_fresh_ = true;
}

void FrameProgram::forget(unsigned slot_index) {
    Slot& slot = slots_[slot_index];
    slot.frame = {};
    slot.earlier.clear();
    slot.in = {};
    slot.out = {};
}

void FrameProgram::trim() {
    for (Slot& slot : slots_) {
        slot.in_images = {};
        slot.out_images = {};
        std::fill(slot.between_images.begin(), slot.between_images.end(), Slot::Images{});
        std::fill(slot.between.begin(), slot.between.end(), GpuFrame{});
    }
    std::erase_if(spare_, [](const auto& spare) { return spare.use_count() == 1; });
}

void FrameProgram::abandon(unsigned slot_index) {
    Slot& slot = slots_[slot_index];
    const bool is_at_work = device_->abandoned();
    const auto keep = [&](const GpuFrame& frame) {
        if (!is_at_work)
            return;
        const bool foreign = frame.buffer && frame.buffer->place() == BufferPlace::imported;
        if (!foreign && !frame.is_in_images())
            return;
        VulkanDevice::keep_forever(frame.buffer, foreign ? frame.buffer->size_bytes() : 0);
        VulkanDevice::keep_forever(frame.owner);
        for (const auto& image : frame.images)
            VulkanDevice::keep_forever(image);
    };
    keep(slot.frame.in);
    keep(slot.frame.out);
    for (const GpuFrame& frame : slot.earlier)
        keep(frame);
    forget(slot_index);
}

std::vector<FrameProgram::Result> FrameProgram::results(unsigned slot_index) const {
    std::vector<Result> found;
    const Slot& slot = slots_[slot_index];
    for (std::size_t i = 0; i < stages_.size(); ++i) {
        const GpuBuffer* host = slot.results[i].host.get();
        const ShaderBinding* block = find_binding(stages_[i].reflection(), c::kResult);
        if (host == nullptr || block == nullptr)
            continue;
        for (const BlockMember& member : block->members)
            found.push_back({member.name, read_member(member, {host->data(), host->size_bytes()}),
                             member.type != ScalarType::f32 && member.type != ScalarType::f64});
    }
    return found;
}

} // namespace tactus
