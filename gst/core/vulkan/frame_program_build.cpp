// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/frame_program_parts.h"
#include "core/vulkan/workgroup_memory.h"

#include <algorithm>
#include <cstring>

namespace tactus {

namespace {

namespace c = convention;

constexpr std::size_t kMostStages = 16;

std::size_t rounded_up(std::size_t value, std::size_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

bool is_own(const SpecConstant& constant) {
    return constant.id >= c::kFirstOwn && constant.id <= c::kLastOwn;
}

std::string constant_names(const std::vector<std::shared_ptr<const Shader>>& shaders) {
    std::string names;
    for (const auto& shader : shaders)
        for (const SpecConstant& constant : shader->reflection().constants)
            if (!is_own(constant) && !constant.name.empty())
                names += (names.empty() ? "" : ", ") + constant.name;
    return names.empty() ? "it has none" : "there are: " + names;
}

} // namespace

/// Makes a program; one that fails is thrown away.
class FrameProgram::Build {
  public:
    Build(FrameProgram& program, GpuError& error) : program_(program), error_(error) {}

    bool run() {
        return check_constants() && make_stages() && check_chain() && find_size_stage() &&
               find_reach() && check_history() && make_slots() && make_extra() &&
               make_extra_image();
    }

  private:
    bool fail(GpuStatus status, std::string text) {
        error_ = {status, std::move(text)};
        return false;
    }

    bool check_constants() {
        for (const auto& [name, values] : settings().constants) {
            bool found = false;
            for (const auto& shader : settings().shaders)
                for (const SpecConstant& constant : shader->reflection().constants)
                    found |= constant.name == name && !is_own(constant);
            if (!found)
                return fail(GpuStatus::bad_input, "no shader has the constant " + name + "; " +
                                                      constant_names(settings().shaders));
            if (values.size() != 1)
                return fail(GpuStatus::bad_input, "the constant " + name + " takes one number");
        }
        return true;
    }

    bool make_stages() {
        PixelFormat format = settings().in.format;
        for (std::size_t i = 0; i < settings().shaders.size(); ++i) {
            const Shader& shader = *settings().shaders[i];
            const std::string& label = settings().labels[i];
            const bool last = i + 1 == settings().shaders.size();
            const std::optional<ShaderFacts> facts = shader_facts(shader.reflection(), error_);
            if (!facts)
                return fail(error_.status, label + ": " + error_.text);
            if (!facts->takes_format(format))
                return fail(GpuStatus::bad_input, label + " does not take " +
                                                      std::string(info_of(format).name) +
                                                      "; it takes " + format_names(facts->takes));
            if (!add_passes(i, *facts, format, last))
                return false;
            format = program_.stages_.back().out_format;
        }
        return true;
    }

    bool add_passes(std::size_t index, const ShaderFacts& facts, PixelFormat format, bool last) {
        for (std::uint32_t pass = 0; pass < facts.pass_count; ++pass) {
            Stage stage;
            stage.facts = facts;
            stage.label = settings().labels[index];
            stage.shader_index = index;
            stage.pass = pass;
            stage.in_format = format;
            stage.out_format = facts.makes.value_or(format);
            if (last && pass + 1 == facts.pass_count && settings().out_format &&
                !take_out_format(stage))
                return false;
            if (!make_pipeline(stage, settings().shaders[index], pass))
                return false;
            format = stage.out_format;
            program_.stages_.push_back(std::move(stage));
        }
        return program_.stages_.size() <= kMostStages ||
               fail(GpuStatus::bad_input, "more than 16 passes");
    }

    bool take_out_format(Stage& stage) {
        const PixelFormat wanted = *settings().out_format;
        if (wanted == stage.out_format)
            return true;
        if (stage.facts.makes || !stage.facts.may_convert(c::kFormat))
            return fail(GpuStatus::bad_input,
                        "out-caps asks for " + std::string(info_of(wanted).name) + ", but " +
                            stage.label + " makes " + std::string(info_of(stage.out_format).name) +
                            (stage.facts.makes ? "" : ", the format that it gets") +
                            "; let videoconvert do that");
        stage.out_format = wanted;
        return true;
    }

    // The first that says it can, else the first that does not say.
    bool find_size_stage() {
        const FrameLayout& in = settings().in;
        const std::uint32_t width = settings().out_width != 0 ? settings().out_width : in.width;
        const std::uint32_t height = settings().out_height != 0 ? settings().out_height : in.height;
        if (!is_picture(in.format) || (width == in.width && height == in.height))
            return true;
        const std::vector<Stage>& stages = program_.stages_;
        auto found = std::find_if(stages.begin(), stages.end(), [](const Stage& stage) {
            return stage.facts.says_it_converts(c::kSize);
        });
        if (found == stages.end())
            found = std::find_if(stages.begin(), stages.end(), [](const Stage& stage) {
                return stage.facts.may_convert(c::kSize);
            });
        program_.size_stage_ = static_cast<std::size_t>(found - stages.begin());
        if (found != stages.end() && !program_.passes_input())
            return true;
        std::string names;
        for (const Stage& stage : stages)
            if (stage.pass == 0)
                names += (names.empty() ? "" : ", ") + stage.label;
        return fail(GpuStatus::bad_input,
                    "out-caps or downstream asks for a frame of " + std::to_string(width) + "x" +
                        std::to_string(height) + ", but " + names + " makes one of " +
                        std::to_string(in.width) + "x" + std::to_string(in.height) +
                        ", the size that it gets; let scale-lanczos or videoscale do that");
    }

    bool make_pipeline(Stage& stage, const std::shared_ptr<const Shader>& shader,
                       std::uint32_t pass) {
        const ShaderReflection& reflection = shader->reflection();
        ComputePipeline::Settings wanted;
        const auto set = [&](std::uint32_t id, std::uint64_t bits) {
            if (find_constant(reflection, id) != nullptr)
                wanted.constants.push_back({id, bits});
        };
        set(c::kInFormat, static_cast<std::uint64_t>(stage.in_format));
        set(c::kOutFormat, static_cast<std::uint64_t>(stage.out_format));
        set(c::kPass, pass);
        set(c::kKr, number_bits(ScalarType::f32, settings().kr));
        set(c::kKb, number_bits(ScalarType::f32, settings().kb));
        set(c::kFullRange, settings().full_range ? 1 : 0);
        for (const SpecConstant& constant : reflection.constants)
            if (const auto found = settings().constants.find(constant.name);
                found != settings().constants.end() && !is_own(constant))
                set(constant.id, number_bits(constant.type, found->second.front()));
        const WorkgroupSize group = workgroup_of(stage.shader_index);
        for (std::size_t i = 0; i < group.size(); ++i)
            if (reflection.local_size_ids[i])
                wanted.local_size[i] = group[i];
        stage.shader = shader;
        stage.specialization = wanted;
        stage.pipeline = same_pipeline(stage);
        if (!stage.pipeline)
            stage.pipeline = ComputePipeline::create(program_.device_, shader, wanted, error_);
        if (!stage.pipeline)
            return fail(error_.status, stage.label + ": " + error_.text);
        stage.push.resize(reflection.push_size_bytes);
        if (const ShaderBinding* block = find_binding(reflection, c::kUniformBlock))
            stage.block.resize(block->block_size_bytes);
        return make_state(stage);
    }

    WorkgroupSize workgroup_of(std::size_t shader) const {
        if (shader < settings().workgroups.size()) {
            const WorkgroupSize& wanted = settings().workgroups[shader];
            if (wanted[0] != 0 && wanted[1] != 0)
                return wanted;
        }
        return usual_workgroup(program_.device_->traits());
    }

    // One of the programs before, if it was made of the same shader in the same way.
    std::shared_ptr<const ComputePipeline> same_pipeline(const Stage& stage) const {
        for (const auto& previous : settings().previous) {
            if (previous->device_ != program_.device_)
                continue;
            for (const Stage& other : previous->stages_)
                if (other.shader == stage.shader &&
                    is_same(other.specialization, stage.specialization))
                    return other.pipeline;
        }
        return nullptr;
    }

    static bool is_same(const ComputePipeline::Settings& a, const ComputePipeline::Settings& b) {
        return a.local_size == b.local_size &&
               std::equal(a.constants.begin(), a.constants.end(), b.constants.begin(),
                          b.constants.end(), [](const auto& left, const auto& right) {
                              return left.id == right.id && left.bits == right.bits;
                          });
    }

    bool make_state(Stage& stage) {
        std::size_t bytes = 0;
        for (const std::uint32_t binding : {c::kStateBefore, c::kStateAfter})
            if (const ShaderBinding* state = find_binding(stage.reflection(), binding))
                bytes = std::max<std::size_t>(bytes, state->block_size_bytes);
        if (bytes == 0)
            return true;
        stage.state_bytes = bytes = std::max<std::size_t>(bytes, 16);
        for (auto& state : stage.state)
            if (!make_buffer(state, bytes, !settings().own_memory))
                return false;
        return reserve_zeros(bytes);
    }

    // What one stage makes the next one must be able to read.
    bool check_chain() {
        const std::vector<Stage>& stages = program_.stages_;
        if (stages.empty())
            return fail(GpuStatus::bad_input, "there is no shader");
        for (std::size_t i = 0; i + 1 < stages.size(); ++i) {
            const ShaderFacts& from = stages[i].facts;
            const ShaderFacts& to = stages[i + 1].facts;
            if (from.passes_input)
                return fail(GpuStatus::bad_input,
                            stages[i].label + " makes no frame, so it can only be the last");
            if (from.writes_images != to.reads_images || from.writes_buffers != to.reads_buffers)
                return fail(GpuStatus::bad_input, stages[i].label + " writes its frame as " +
                                                      (from.writes_images ? "images" : "buffers") +
                                                      " and " + stages[i + 1].label +
                                                      " reads it as the other");
        }
        for (const Stage& stage : stages)
            if ((stage.facts.reads_images && has_odd_pixels(stage.in_format)) ||
                (stage.facts.writes_images && has_odd_pixels(stage.out_format)))
                return fail(GpuStatus::bad_input,
                            stage.label + " uses images, and RGB has none; use RGBA or buffers");
        for (const Stage& stage : stages)
            if (stage.facts.writes_images && !any_format() && !has_rgba8(stage.out_format))
                return fail(GpuStatus::unsupported,
                            stage.label +
                                " writes images, and the device (one that is shared and "
                                "has no optional features) writes only those of four "
                                "bytes a pixel, not " +
                                std::string(info_of(stage.out_format).name) + "; use buffers");
        return true;
    }

    // Shaders count in 32 bits, and a device binds only so much of a buffer.
    bool find_reach() {
        for (const Stage& stage : program_.stages_)
            if (stage.facts.reads_buffers || stage.facts.writes_buffers || stage.facts.history > 0)
                program_.reach_bytes_ = program_.device_->traits().limits.maxStorageBufferRange;
        const FrameLayout made = program_.out_layout(settings().in);
        for (const FrameLayout* layout : {&settings().in, &made})
            if (std::string wrong = program_.too_large(*layout); !wrong.empty())
                return fail(GpuStatus::bad_input, std::move(wrong));
        return true;
    }

    bool check_history() {
        std::uint32_t most = 0;
        for (const Stage& stage : program_.stages_)
            most = std::max(most, stage.facts.history);
        return settings().history.value_or(0) <= most ||
               fail(GpuStatus::bad_input,
                    "history is " + std::to_string(*settings().history) +
                        ", but the shaders look at " + std::to_string(most) +
                        " earlier frames at most (the bindings " +
                        std::to_string(c::kHistoryBuffers) + " to " +
                        std::to_string(c::kHistoryBuffers + c::kMostHistory - 1) + ")");
    }

    bool any_format() const {
        return program_.device_->traits().features.shaderStorageImageWriteWithoutFormat == VK_TRUE;
    }

    static bool has_rgba8(PixelFormat format) {
        const PixelFormatInfo& info = info_of(format);
        return info.plane_count == 1 && info.planes[0].components == 4 &&
               info.planes[0].component_bytes == 1;
    }

    static bool has_odd_pixels(PixelFormat format) { return format == PixelFormat::rgb; }

    bool make_slots() {
        const std::size_t alignment = std::max<std::size_t>(
            program_.device_->traits().limits.minUniformBufferOffsetAlignment, kInfoBytes);
        std::size_t stride = kInfoBytes;
        for (const Stage& stage : program_.stages_)
            stride = std::max(stride, rounded_up(kInfoBytes, alignment) + stage.block.size());
        stride = rounded_up(stride, alignment);
        for (unsigned i = 0; i < settings().slots; ++i) {
            Slot slot;
            slot.info_stride_bytes = stride;
            slot.between.resize(program_.stages_.size() - 1);
            slot.between_images.resize(program_.stages_.size() - 1);
            if (!make_buffer(slot.info, stride * program_.stages_.size(), true) ||
                !make_results(slot))
                return false;
            program_.slots_.push_back(std::move(slot));
        }
        return true;
    }

    bool make_results(Slot& slot) {
        for (const Stage& stage : program_.stages_) {
            Slot::ResultBuffer result;
            if (const ShaderBinding* block = find_binding(stage.reflection(), c::kResult)) {
                const std::size_t bytes = std::max<std::size_t>(block->block_size_bytes, 16);
                result.bytes = bytes;
                if (!make_buffer(result.host, bytes, true) ||
                    (settings().own_memory &&
                     (!make_buffer(result.device, bytes, false) || !reserve_zeros(bytes))))
                    return false;
            }
            slot.results.push_back(std::move(result));
        }
        return true;
    }

    bool make_extra() {
        for (const Stage& stage : program_.stages_) {
            if (find_binding(stage.reflection(), c::kExtra) != nullptr && settings().extra.empty())
                return fail(GpuStatus::bad_input,
                            stage.label + " needs a file in the property extra-input");
            if (settings().extra.size() > stage.facts.most_extra_bytes)
                return fail(GpuStatus::bad_input, stage.label + " takes " +
                                                      std::to_string(stage.facts.most_extra_bytes) +
                                                      " bytes in extra-input at most; there are " +
                                                      std::to_string(settings().extra.size()));
        }
        if (settings().extra.empty())
            return true;
        if (!make_buffer(program_.extra_, settings().extra.size(), true))
            return false;
        std::memcpy(program_.extra_->data(), settings().extra.data(), settings().extra.size());
        return true;
    }

    bool make_extra_image() {
        const std::vector<Stage>& stages = program_.stages_;
        const auto user = std::find_if(stages.begin(), stages.end(), [](const Stage& stage) {
            return find_binding(stage.reflection(), c::kExtraImage) != nullptr;
        });
        if (user == stages.end())
            return true;
        if (settings().extra_width == 0)
            return fail(GpuStatus::bad_input,
                        user->label + " needs an image in the property extra-input");
        GpuImage::Settings wanted;
        wanted.width = settings().extra_width;
        wanted.height = settings().extra_height;
        wanted.storage = false;
        const std::uint32_t most = program_.device_->traits().limits.maxImageDimension2D;
        if (std::max(wanted.width, wanted.height) > most)
            return fail(GpuStatus::bad_input, "extra-input is an image of " +
                                                  std::to_string(wanted.width) + "x" +
                                                  std::to_string(wanted.height) +
                                                  "; a side may have " + std::to_string(most));
        GpuStatus status = GpuStatus::ok;
        program_.extra_image_ = GpuImage::create(program_.device_, wanted, status);
        return program_.extra_image_ != nullptr ||
               fail(status, std::string("no image for extra-input: ") + gpu_status_name(status));
    }

    bool reserve_zeros(std::size_t bytes) {
        if (!settings().own_memory || (program_.zeros_ && program_.zeros_->size_bytes() >= bytes))
            return true;
        if (!make_buffer(program_.zeros_, bytes, true))
            return false;
        std::memset(program_.zeros_->data(), 0, program_.zeros_->size_bytes());
        return true;
    }

    bool make_buffer(std::shared_ptr<GpuBuffer>& buffer, std::size_t bytes, bool host) {
        GpuStatus status = GpuStatus::ok;
        bytes = std::max<std::size_t>(bytes, 16);
        buffer = host ? GpuBuffer::create_host(program_.device_, bytes, status)
                      : GpuBuffer::create_device(program_.device_, bytes, status);
        return buffer != nullptr ||
               fail(status, "no memory of " + std::to_string(bytes) +
                                " bytes on the device: " + gpu_status_name(status));
    }

    const Settings& settings() const { return program_.settings_; }

    FrameProgram& program_;
    GpuError& error_;
};

FrameProgram::FrameProgram() = default;
FrameProgram::~FrameProgram() = default;

std::shared_ptr<FrameProgram> FrameProgram::create(std::shared_ptr<VulkanDevice> device,
                                                   const Settings& settings, GpuError& error) {
    std::shared_ptr<FrameProgram> program(new FrameProgram);
    program->device_ = std::move(device);
    program->settings_ = settings;
    if (!Build(*program, error).run())
        return nullptr;
    program->settings_.previous.clear();
    program->set_uniforms({});
    return program;
}

} // namespace tactus
