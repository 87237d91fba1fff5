// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The size of work groups, for shaders that leave it open: what the property says, else what was
// the fastest.
#include "glue/fast_clock.h"
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

// So long may a shader's first frame on a device be late for it.
constexpr std::uint64_t kBudgetNs = GST_SECOND;
// What is done with less is done in an instant, whatever the size.
constexpr std::uint64_t kLeastBytes = 256 * 1024;

bool any_open(const std::vector<std::shared_ptr<const Shader>>& shaders) {
    return std::any_of(shaders.begin(), shaders.end(), [](const auto& shader) {
        return leaves_workgroup_open(shader->reflection());
    });
}

} // namespace

void VkComputeState::choose_workgroups(FrameProgram::Settings& wanted, ActiveProgram& made) {
    WorkgroupSize fixed{0, 0};
    {
        const std::lock_guard lock(mutex);
        fixed = parse_workgroup(settings.workgroup).value_or(fixed);
    }
    made.workgroups.assign(wanted.shaders.size(), fixed);
    if (!any_open(wanted.shaders)) {
        made.workgroup_reason = "the shader says so";
    } else if (fixed[0] != 0) {
        made.workgroup_reason = "the property says so";
    } else {
        made.workgroup_reason = "measured before";
        for (std::size_t i = 0; i < wanted.shaders.size(); ++i) {
            const Shader& shader = *wanted.shaders[i];
            if (!leaves_workgroup_open(shader.reflection()))
                continue;
            auto known = device->workgroups().find(workgroup_key(shader, wanted.in.format));
            if (known && !takes_workgroup(device->traits(), *known))
                known.reset(); // somebody made that file up
            made.workgroups[i] = known.value_or(fixed);
            made.is_untried = made.is_untried || !known;
        }
        if (made.is_untried)
            made.workgroup_reason = "usual for the kind of device; not measured yet";
    }
    wanted.workgroups = made.workgroups;
}

// With a copy of the first frame, before it. A device that is lost thereby is lost for the frame.
// False: there was nothing to try.
bool VkComputeState::try_workgroups(GstBuffer* buffer, const FrameLayout& layout) {
    if (!std::exchange(active->is_untried, false))
        return false;
    GpuError error;
    WorkgroupTrial trial;
    GstMapInfo map;
    trial.program = program_settings(active->layout, shader_set, error);
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < layout.plane_count; ++i)
        bytes += layout.planes[i].row_bytes() * layout.planes[i].height;
    const bool in_images = media->in_images() || out_images;
    if (in_images || bytes < kLeastBytes || error.status != GpuStatus::ok ||
        !gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        const std::lock_guard lock(mutex);
        active->workgroup_reason =
            in_images ? "usual for the kind of device; frames in images are not measured"
                      : "usual for the kind of device; frames too small to measure";
        return false;
    }
    trial.uniforms = uniform_values;
    trial.layout = layout;
    trial.sample = map.data;
    trial.now_ns = FastClock::monotonic_ns;
    trial.budget_ns = kBudgetNs;
    {
        const std::lock_guard lock(mutex);
        trial.patience_ns = settings.gpu_timeout_ns;
    }
    trial.goes_on = [this] {
        const std::lock_guard lock(mutex);
        return flow == GST_FLOW_OK;
    };
    const WorkgroupTrial::Outcome outcome = trial.run(device);
    gst_buffer_unmap(buffer, &map);
    if (outcome.status == GpuStatus::timeout && device->lost())
        warn_of_timeout(trial.patience_ns);
    if (outcome.status == GpuStatus::ok && !outcome.reason.empty())
        take_workgroups(std::move(trial.program), outcome);
    return true;
}

// The program that takes its place has the pipelines of the trial; no frame was on the old one.
void VkComputeState::take_workgroups(FrameProgram::Settings wanted,
                                     const WorkgroupTrial::Outcome& outcome) {
    for (std::size_t i = 0; i < outcome.sizes.size(); ++i)
        if (outcome.sizes[i][0] != 0)
            device->workgroups().set(workgroup_key(*wanted.shaders[i], wanted.in.format),
                                     outcome.sizes[i]);
    GST_INFO_OBJECT(element, "work groups %s", outcome.reason.c_str());
    wanted.previous.insert(wanted.previous.end(), outcome.programs.begin(), outcome.programs.end());
    GpuError error;
    std::shared_ptr<ActiveProgram> next = finish_program(std::move(wanted), error);
    if (!next)
        return; // the one that is there will do
    next->is_untried = false;
    next->workgroup_reason = outcome.reason;
    next->program->set_uniforms(uniform_values);
    const std::lock_guard lock(mutex);
    std::swap(active, next); // the old one goes once the lock is open
}

} // namespace tactus
