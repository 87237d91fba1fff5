// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Making ready: device, shaders, program.
#include "vkcompute/vkcompute_state.h"

#include "glue/caps_text.h"
#include "glue/fast_clock.h"
#include "vkcompute/vkcompute_debug.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace tactus {

namespace {

/// Whether one can start with these settings; if not, says why.
bool are_usable(GstElement* element, const std::string& shader, const std::string& workgroup) {
    if (!parse_workgroup(workgroup)) {
        GST_ELEMENT_ERROR(
            element, LIBRARY, SETTINGS,
            ("workgroup=\"%s\" is not a size; 16x8, 64 or auto would be", workgroup.c_str()),
            (nullptr));
        return false;
    }
    if (shader.empty()) {
        GST_ELEMENT_ERROR(
            element, LIBRARY, SETTINGS,
            ("There is no shader: set the property shader to a file, to GLSL text, or "
             "to a name of the library, such as invert"),
            (nullptr));
        return false;
    }
    return true;
}

} // namespace

VkComputeState::VkComputeState(GstElement* the_element) : element(the_element), shared(element) {
    gst_segment_init(&segment, GST_FORMAT_UNDEFINED);
}

VkComputeState::~VkComputeState() = default;

// --- NULL to READY and back

bool VkComputeState::open() {
    bool has_shader = false;
    {
        const std::lock_guard lock(mutex);
        has_shader = !settings.shader.empty();
    }
    std::vector<std::string> files;
    if (open_device() && (!has_shader || read_shaders(files)))
        return true;
    close();
    return false;
}

bool VkComputeState::open_device() {
    VulkanDevice::Settings wanted;
    {
        const std::lock_guard lock(mutex);
        wanted.device = settings.device;
        wanted.validation = settings.validation;
    }
    GpuError error;
    auto opened = VulkanDevice::open(wanted, error);
    if (!opened) {
        GST_ELEMENT_ERROR(element, RESOURCE, NOT_FOUND,
                          ("No Vulkan device can be used: %s", error.text.c_str()),
                          ("device=\"%s\"", wanted.device.c_str()));
        return false;
    }
    GST_INFO_OBJECT(element, "using %s, %s", opened->traits().name.c_str(),
                    opened->traits().driver.c_str());
    opened = go_over_to(std::move(opened));
    if (opened) // one that was lost: what was measured there still holds
        device->workgroups().load(opened->workgroups().data());
    warm_caches();
    return true;
}

// Gives the device before. Its ring and its program go with it: nothing of them is on the GPU.
std::shared_ptr<VulkanDevice> VkComputeState::go_over_to(std::shared_ptr<VulkanDevice> next) {
    // They go once the lock is open.
    std::shared_ptr<ActiveProgram> old_program;
    std::shared_ptr<SubmissionRing> old_ring;
    const std::lock_guard lock(mutex);
    old_program = std::move(active);
    old_ring = std::move(ring);
    std::swap(device, next);
    return next;
}

void VkComputeState::close() {
    store_caches();
    {
        const std::lock_guard lock(mutex);
        device.reset();
        shader_set = {};
        shaders_changed = true;
    }
    shared.leave();
}

// --- READY to PAUSED and back

bool VkComputeState::read_extra() {
    std::string path;
    {
        const std::lock_guard lock(mutex);
        path = settings.extra_input;
    }
    const std::string wrong = read_extra_input(path, extra);
    if (!wrong.empty())
        GST_ELEMENT_ERROR(element, RESOURCE, OPEN_READ,
                          ("extra-input cannot be used: %s: %s", path.c_str(), wrong.c_str()),
                          (nullptr));
    return wrong.empty();
}

bool VkComputeState::start() {
    bool stale = false;
    std::string shader;
    std::string workgroup;
    std::vector<std::string> files;
    {
        const std::lock_guard lock(mutex);
        shader = settings.shader;
        stale = shaders_changed;
        workgroup = settings.workgroup;
        files = names_of(shader_set.files);
    }
    told_program.forget();
    told_frames.forget();
    if (!are_usable(element, shader, workgroup))
        return false;
    // Lost by the last frame of the run before.
    if (device->lost() && !device->borrowed()) {
        ++rebuilds;
        if (!open_device())
            return false;
    }
    if ((stale && !read_shaders(files)) || !read_extra() || !make_ring())
        return false;
    {
        const std::lock_guard lock(mutex);
        most_in_flight = settings.in_flight;
        caps_refused = false;
    }
    is_staged_only = false;
    may_explain = true;
    last_resort.reset();
    lost_one = false;
    lost_before = false;
    warm_program = nullptr;
    told_fields.forget();
    route.set_import(true);
    start_watching(files);
    return true;
}

// Memory of the device for what upstream and the shaders write to.
void VkComputeState::begin_pool() {
    auto frames = std::make_shared<HostFrames>(device);
    pool.begin(frames);
    {
        const std::lock_guard lock(mutex);
        std::swap(host_frames, frames);
    }
    if (frames) // upstream's pool is of the device before
        gst_pad_push_event(sink_pad, gst_event_new_reconfigure());
}

// Comes with the pool of its device. One that is lost just now, by a neighbour's work perhaps, is
// opened anew.
bool VkComputeState::make_ring() {
    GpuError error;
    while (!try_make_ring(error)) {
        if (error.status != GpuStatus::device_lost || device->borrowed() ||
            !rebuilds_allowed.grant(FastClock::monotonic_ns())) {
            const std::string text = "The device does not take work: " + error.text;
            if (told_program.is_news(text)) // it is tried again with each frame
                GST_ELEMENT_ERROR(element, RESOURCE, FAILED, ("%s", text.c_str()), (nullptr));
            return false;
        }
        ++rebuilds;
        GST_ELEMENT_WARNING(element, RESOURCE, FAILED, ("The GPU was lost; it is opened anew"),
                            ("%s", device->traits().name.c_str()));
        if (!open_device())
            return false;
    }
    if (!host_frames || host_frames->device() != device)
        begin_pool();
    return true;
}

bool VkComputeState::try_make_ring(GpuError& error) {
    SubmissionRing::Settings wanted;
    wanted.now_ns = FastClock::monotonic_ns;
    {
        const std::lock_guard lock(mutex);
        wanted.in_flight = settings.in_flight;
    }
    std::shared_ptr<SubmissionRing> made = SubmissionRing::create(device, wanted, error);
    const std::lock_guard lock(mutex);
    std::swap(ring, made); // the old one goes once the lock is open
    return ring != nullptr;
}

void VkComputeState::stop() {
    watch.stop();
    drain_queue();
    store_caches();
    pool.clear();
    last_resort.reset();
    route.begin(nullptr, false);
    media.reset();
    in_caps.reset();
    out_caps.reset();
    gst_segment_init(&segment, GST_FORMAT_UNDEFINED);
    qos.reset();
    // They go once the lock is open: freeing takes a while.
    std::shared_ptr<SubmissionRing> old_ring;
    std::shared_ptr<ActiveProgram> old_program;
    std::optional<ShaderSet> old_reload;
    std::shared_ptr<HostFrames> old_frames;
    const std::lock_guard lock(mutex);
    old_program = std::move(active);
    old_reload = std::exchange(reloaded, std::nullopt);
    old_ring = std::move(ring);
    old_frames = std::move(host_frames);
    // Nobody watches until the next start.
    shaders_changed = shaders_changed || settings.reload;
}

// --- programs

// All but the sizes of work groups. Wrong settings leave a text in `error`.
FrameProgram::Settings VkComputeState::program_settings(const FrameLayout& layout,
                                                        const ShaderSet& set, GpuError& error) {
    FrameProgram::Settings wanted;
    error = {GpuStatus::ok, ""};
    wanted.in = layout;
    wanted.rate = media->rate();
    wanted.extra = extra.bytes;
    wanted.extra_width = extra.width;
    wanted.extra_height = extra.height;
    wanted.own_memory = !device->traits().shares_memory();
    if (media->kind() == MediaFormat::Kind::video) {
        if (!read_out_caps(wanted, error))
            error.status = GpuStatus::bad_input;
        // Only what differs: a sample that is cut for a trial makes as much less.
        wanted.out_width = shape.width != layout.width ? shape.width : 0;
        wanted.out_height = shape.height != layout.height ? shape.height : 0;
        const GstVideoColorimetry& colors = media->video().colorimetry;
        gst_video_color_matrix_get_Kr_Kb(colors.matrix, &wanted.kr, &wanted.kb);
        wanted.full_range = colors.range == GST_VIDEO_COLOR_RANGE_0_255;
    }
    std::vector<std::string> problems;
    {
        const std::lock_guard lock(mutex);
        wanted.shaders = set.shaders;
        wanted.labels = set.labels;
        wanted.constants = numbers_of(settings.constants.get(), problems);
        wanted.slots = settings.in_flight + 1;
        if (settings.history != 0)
            wanted.history = settings.history;
        if (active)
            wanted.previous = {active->program};
    }
    if (!problems.empty())
        error = {GpuStatus::bad_input, "constants: " + joined(problems, "; ")};
    return wanted;
}

std::shared_ptr<ActiveProgram> VkComputeState::make_program(const FrameLayout& layout,
                                                            const ShaderSet& set, GpuError& error) {
    FrameProgram::Settings wanted = program_settings(layout, set, error);
    return error.status == GpuStatus::ok ? finish_program(std::move(wanted), error) : nullptr;
}

std::shared_ptr<ActiveProgram> VkComputeState::finish_program(FrameProgram::Settings wanted,
                                                              GpuError& error) {
    auto made = std::make_shared<ActiveProgram>();
    choose_workgroups(wanted, *made);
    made->program = FrameProgram::create(device, wanted, error);
    made->layout = wanted.in;
    made->trial = MemoryPathTrial(device->traits().shares_memory());
    for (unsigned i = 0; i < wanted.slots; ++i)
        made->free.push_back(i);
    made->contexts = wanted.slots;
    return made->program ? made : nullptr;
}

// Of the shaders in use or of others, which are in use from then on.
void VkComputeState::use_program(std::shared_ptr<ActiveProgram> next, ShaderSet* others) {
    const bool will_scale = others != nullptr ? any_scales(others->shaders) : scales();
    route.begin(device, next->program->history() > 0);
    warn_of_fields(*next->program);
    is_scaling = will_scale; // from here on nothing is thrown
    const std::lock_guard lock(mutex);
    std::swap(active, next); // the old one goes once the lock is open
    if (others != nullptr)
        std::swap(shader_set, *others);
    uniforms_changed = true;
}

void VkComputeState::apply_uniforms() {
    std::vector<std::string> problems;
    UniformValues values;
    {
        const std::lock_guard lock(mutex);
        if (!std::exchange(uniforms_changed, false))
            return;
        values = numbers_of(settings.uniforms.get(), problems);
        const std::vector<std::string> names = active->program->float_uniforms();
        for (std::size_t i = 0; i < settings.controls.size(); ++i) {
            if (settings.control_set[i] && i < names.size())
                values[names[i]] = {settings.controls[i]};
            else if (settings.control_set[i])
                problems.push_back("u" + std::to_string(i) + " was set, but there are only " +
                                   std::to_string(names.size()) + " float uniforms");
        }
    }
    const std::vector<std::string> more = active->program->set_uniforms(values);
    uniform_values = std::move(values);
    problems.insert(problems.end(), more.begin(), more.end());
    if (problems.empty())
        told_uniforms.forget();
    else if (told_uniforms.is_news(joined(problems, "; ")))
        GST_ELEMENT_WARNING(element, LIBRARY, SETTINGS,
                            ("Uniforms: %s", joined(problems, "; ").c_str()), (nullptr));
}

// --- loss

// ERROR after an element error. The frames that were on the lost device have been counted. If the
// stream does not go on, the task may still hold frames of the lost device: then it stays.
GstFlowReturn VkComputeState::reopen() {
    if (const GstFlowReturn now = wait_until_idle(); now != GST_FLOW_OK)
        return now;
    if (device->borrowed()) {
        GST_ELEMENT_ERROR(element, RESOURCE, FAILED,
                          ("The GPU was lost, and the device belongs to the neighbours of this "
                           "element too: set the pipeline to NULL and start it anew"),
                          ("%s", device->traits().name.c_str()));
        return GST_FLOW_ERROR;
    }
    if (!rebuilds_allowed.grant(FastClock::monotonic_ns())) {
        GST_ELEMENT_ERROR(element, RESOURCE, FAILED,
                          ("The GPU was lost %u times within a minute",
                           static_cast<unsigned>(RebuildLimit::kMost) + 1),
                          ("%s", device->traits().name.c_str()));
        return GST_FLOW_ERROR;
    }
    ++rebuilds;
    GST_ELEMENT_WARNING(element, RESOURCE, FAILED, ("The GPU was lost; it is opened anew"),
                        ("%s", device->traits().name.c_str()));
    if (!open_device())
        return GST_FLOW_ERROR;
    last_resort.reset();
    return make_ring() ? GST_FLOW_OK : GST_FLOW_ERROR;
}

// A program for frames of this layout, in place of the one before. A device that is lost meanwhile
// is opened anew, as often as that is allowed.
GstFlowReturn VkComputeState::renew(const FrameLayout& layout) {
    for (;;) {
        GpuError error;
        std::shared_ptr<ActiveProgram> next;
        if (fit_to_device(error))
            next = make_program(layout, shader_set, error);
        if (next) {
            const CapsHandle caps = made_caps(next->program->out_layout(layout));
            if (const std::string why = objection_to(caps.get()); !why.empty())
                return tell_program(why);
            use_program(std::move(next));
            told_program.forget();
            return GST_FLOW_OK;
        }
        if (!device->lost())
            return tell_program("The shader cannot be used: " + error.text);
        if (const GstFlowReturn opened = reopen(); opened != GST_FLOW_OK)
            return opened;
    }
}

// The same caps come again with each buffer, or it is tried again with each.
GstFlowReturn VkComputeState::tell_program(const std::string& text) {
    {
        const std::lock_guard lock(mutex);
        caps_refused = caps_refused || !active;
    }
    if (told_program.is_news(text))
        GST_ELEMENT_ERROR(element, LIBRARY, SETTINGS, ("%s", text.c_str()), (nullptr));
    return GST_FLOW_NOT_NEGOTIATED;
}

// --- properties

bool VkComputeState::set_property(guint id, const GValue* value) {
    {
        const std::lock_guard lock(mutex);
        if (!set_setting(settings, id, value))
            return false;
        shaders_changed = shaders_changed || concerns_shaders(id);
        exchange_due = exchange_due || concerns_shaders(id);
        told_program.forget();
        uniforms_changed = uniforms_changed || id == kUniformsId || id >= kFirstControlId;
    }
    if (concerns_shaders(id))
        offer_rescue();
    return true;
}

// There is another shader to be tried. If caps were refused, upstream may choose others for it.
void VkComputeState::offer_rescue() {
    {
        const std::lock_guard lock(mutex);
        if (!std::exchange(caps_refused, false))
            return;
    }
    gst_pad_push_event(sink_pad, gst_event_new_reconfigure());
}

bool VkComputeState::get_property(guint id, GValue* value) {
    if (id == kVkComputeStatsId) {
        g_value_take_boxed(value, stats());
        return true;
    }
    const std::lock_guard lock(mutex);
    return get_setting(settings, id, value);
}

} // namespace tactus
