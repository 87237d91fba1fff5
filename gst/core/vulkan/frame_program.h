// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_buffer.h"
#include "core/vulkan/gpu_job.h"
#include "core/vulkan/shader_convention.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// A frame in memory that the device can reach.
struct GpuFrame {
    std::shared_ptr<GpuBuffer> buffer;
    FrameLayout layout;
    std::shared_ptr<const void> owner; ///< kept for as long as the GPU may look at the frame
    /// Somebody else's images hold the frame, one for each plane: no `buffer` then.
    std::array<std::shared_ptr<GpuImage>, convention::kMostPlanes> images{};

    bool is_in_images() const { return images[0] != nullptr; }
};

/// One shader or several in turn, made ready for frames of one format: turns a frame into a job for
/// a SubmissionRing, after the conventions of shader_convention.h.
///
/// Shaders work in the frames themselves, or on copies in the device's own memory that the job
/// makes and copies back; that may change from frame to frame. Frames in somebody else's images are
/// always copied, on the device.
///
/// Threads: one at a time, but `results` of a slot may be read by another once its job is
/// collected. The program must outlive its jobs. Ownership: keeps device and shaders; a slot keeps
/// what its job uses until the slot is used again or `forget`.
class FrameProgram {
  public:
    struct Settings {
        std::vector<std::shared_ptr<const Shader>> shaders;
        std::vector<std::string> labels; ///< one for each shader, for messages
        UniformValues constants;         ///< by name; those that a shader has
        /// For shaders that leave it open, one for each shader; none, or with a 0: what is usual
        /// for the kind of device.
        std::vector<std::array<std::uint32_t, 2>> workgroups;
        FrameLayout in;
        std::optional<PixelFormat> out_format; ///< nothing: what the shaders make
        std::uint32_t out_width = 0;           ///< 0: as wide as the input
        std::uint32_t out_height = 0;
        double kr = 0.299; ///< what red and blue weigh in the luma of the input
        double kb = 0.114;
        bool full_range = false;       ///< of Y'CbCr
        std::uint32_t rate = 0;        ///< of audio
        unsigned slots = 1;            ///< of the ring
        std::vector<std::byte> extra;  ///< what extra-input holds
        std::uint32_t extra_width = 0; ///< of the image of 8-bit RGBA that it is; 0: it is none
        std::uint32_t extra_height = 0;
        /// How many earlier frames are kept; nothing: as many as the shaders look at.
        std::optional<std::uint32_t> history;
        /// The device does not share the host's memory: what frames leave behind is kept in its
        /// own.
        bool own_memory = false;
        /// Those whose pipelines will do as far as they are the same: those of another size are.
        std::vector<std::shared_ptr<const FrameProgram>> previous;
    };

    static std::shared_ptr<FrameProgram> create(std::shared_ptr<VulkanDevice> device,
                                                const Settings& settings, GpuError& error);
    ~FrameProgram();
    FrameProgram(const FrameProgram&) = delete;
    FrameProgram& operator=(const FrameProgram&) = delete;

    /// The frame passes as it is; there are only results.
    bool passes_input() const;
    PixelFormat out_format() const;
    /// What comes of a frame of this layout, with GStreamer's own strides.
    FrameLayout out_layout(const FrameLayout& in) const;
    /// How many earlier frames the shaders get to see. They see all with the same layout: give
    /// every frame the one of Settings::in then.
    std::uint32_t history() const;

    /// Values for the next frames; uniforms without one get their default, else 0. What is wrong
    /// with them, one line each; the rest is used.
    std::vector<std::string> set_uniforms(const UniformValues& values);
    /// The names of the float uniforms in their order.
    std::vector<std::string> float_uniforms() const;

    /// What a dispatch of a job is, in their order.
    struct Pass {
        std::string shader_label;
        std::string label;      ///< likewise, and which pass of it if there are several
        std::size_t shader = 0; ///< index in Settings::shaders
        std::array<std::uint32_t, 2> workgroup{};
        bool leaves_workgroup_open = false; ///< the shader lets others choose
    };
    std::vector<Pass> passes() const;
    /// The first shader that does not say that each pixel depends on that very place alone; empty
    /// if all say so.
    std::string not_pixelwise() const;

    struct Frame {
        GpuFrame in;
        GpuFrame out; ///< not if passes_input
        std::uint64_t pts_ns = UINT64_MAX;
        bool copied = false; ///< shaders work on copies in the device's memory, not in the frames
    };
    /// Describes the job of a frame. Errors leave the text in `error`. Nothing of the stream
    /// changes before `submitted`: a job that never gets to the GPU may be prepared again.
    GpuStatus prepare(unsigned slot, const Frame& frame, GpuJob& job, GpuError& error);
    /// The job that was prepared last, in this slot, is on the GPU: the next frame comes after it.
    void submitted(unsigned slot);
    /// Begins anew: frame number, history and state.
    void reset();
    /// Lets go of what the slot keeps. Another thread may do that while the first prepares another
    /// slot.
    void forget(unsigned slot);
    /// Likewise, of a job that was given up: a GPU that was only slow may still read its frames, so
    /// memory that was imported is kept for the life of the process.
    void abandon(unsigned slot);

    /// Gives back memory that is kept for later frames. No job is on the GPU.
    void trim();

    struct Result {
        std::string name;
        std::vector<double> numbers;
        bool is_integer = false;
    };
    /// What the shaders left in their result buffers.
    std::vector<Result> results(unsigned slot) const;

  private:
    struct Stage;
    struct Slot;
    class Build;
    FrameProgram();

    const GpuFrame& input_of(const Slot& slot, std::size_t stage) const;
    std::string too_large(const FrameLayout& layout) const; ///< empty: it is not
    GpuStatus reserve(Slot& slot, const Frame& frame, GpuError& error);
    GpuStatus reserve_copy(GpuFrame& copy, const FrameLayout& layout, GpuError& error);
    GpuStatus reserve_images(Slot& slot, const Frame& frame, GpuError& error);
    bool reads_buffers(const Frame& frame) const;
    void take_from_images(const Slot& slot, const Frame& frame, GpuJob& job) const;
    void give_to_images(const Slot& slot, const Frame& frame, GpuJob& job) const;
    void place_uploads(Slot& slot, const Frame& frame, GpuJob& job) const;
    void place_downloads(Slot& slot, const Frame& frame, GpuJob& job) const;
    void fill_info(Slot& slot, std::size_t stage, const Frame& frame) const;
    GpuDispatch dispatch_of(Slot& slot, std::size_t stage, const Frame& frame) const;
    GpuBinding binding_of(const Slot& slot, std::size_t stage, const Frame& frame,
                          std::uint32_t binding) const;

    std::shared_ptr<VulkanDevice> device_;
    std::vector<Stage> stages_;
    std::vector<Slot> slots_;
    Settings settings_;
    std::shared_ptr<GpuBuffer> extra_;
    std::shared_ptr<GpuImage> extra_image_;
    std::shared_ptr<GpuBuffer> zeros_;
    std::deque<GpuFrame> earlier_;                  ///< newest first
    std::vector<std::shared_ptr<GpuBuffer>> spare_; ///< memory of the device, in use or not
    std::size_t size_stage_ = 0;                    ///< whose output has the size of what comes out
    std::uint64_t reach_bytes_ = UINT32_MAX;        ///< frames must not be larger
    std::uint32_t number_ = 0;
    bool state_is_fresh_ = true;
    bool extra_is_there_ = false; ///< in the image
};

} // namespace tactus
