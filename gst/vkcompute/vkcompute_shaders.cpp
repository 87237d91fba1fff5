// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shaders: read from files and properties, and exchanged while frames flow.
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <exception>
#include <utility>

namespace tactus {

namespace {

std::vector<std::string> names_of(const ShaderTexts& files) {
    std::vector<std::string> names;
    for (const auto& [name, text] : files)
        names.push_back(name);
    return names;
}

} // namespace

// What the properties say, to be made.
ShaderSet VkComputeState::named_shaders() {
    ShaderSet set;
    const std::lock_guard lock(mutex);
    set.sources = settings.passes;
    set.sources.insert(set.sources.begin(), settings.shader);
    set.entry_point = settings.entry_point;
    set.plain = device && is_plain(*device);
    exchange_due = false;
    return set;
}

// False after an element error. Names in `files` what had a part in it, also then.
bool VkComputeState::read_shaders(std::vector<std::string>& files) {
    GpuError error;
    ShaderSet set = named_shaders();
    const bool is_read = load_shaders(set, nullptr, spirv_cache, error);
    files = names_of(set.files);
    if (!is_read) {
        GST_ELEMENT_ERROR(element, LIBRARY, SETTINGS,
                          ("The shader cannot be used: %s", error.text.c_str()), (nullptr));
        return false;
    }
    const std::lock_guard lock(mutex);
    std::swap(shader_set, set); // the old ones go once the lock is open
    shaders_changed = false;
    return true;
}

// Where caps find no program, none has to go on: what was set or mended meanwhile is there for the
// first one, whatever it makes. That may be what the caps before were refused for.
void VkComputeState::take_shaders_for_caps() {
    bool is_due = false;
    {
        const std::lock_guard lock(mutex);
        if (active)
            return;
        is_due = exchange_due;
    }
    if (is_due)
        read_named();
    std::optional<ShaderSet> next;
    const std::lock_guard lock(mutex);
    next = std::exchange(reloaded, std::nullopt);
    if (!next)
        return;
    std::swap(shader_set, *next); // the old ones go once the lock is open
    ++reloads;
}

// Another device may need them in another form. They are made of what they were made of before:
// files and properties may say something else by now that cannot be used.
bool VkComputeState::fit_to_device(GpuError& error) {
    const bool plain = is_plain(*device);
    ShaderSet set;
    {
        const std::lock_guard lock(mutex);
        if (shader_set.plain == plain)
            return true;
        set = shader_set;
    }
    if (!fit_shaders(set, plain, spirv_cache, error))
        return false;
    const std::lock_guard lock(mutex);
    std::swap(shader_set, set); // the old ones go once the lock is open
    return true;
}

// Those files are what the properties name. If that cannot be used, it is what will be mended;
// those of the shader that goes on meanwhile are no longer meant.
void VkComputeState::start_watching(const std::vector<std::string>& files) {
    {
        const std::lock_guard lock(mutex);
        if (!settings.reload || files.empty())
            return;
    }
    const std::string wrong = watch.start(files, [this]() -> std::vector<std::string> {
        std::string why = "no memory";
        std::vector<std::string> read;
        try {
            if (read_changed(read, why))
                return read;
        } catch (const std::exception& thrown) {
            why = thrown.what();
        }
        keep_shader(why);
        return read;
    });
    if (!wrong.empty())
        GST_ELEMENT_WARNING(element, RESOURCE, OPEN_READ,
                            ("Reload does not work: %s", wrong.c_str()), (nullptr));
}

// On the thread that watches: taken over with the next frame.
bool VkComputeState::read_changed(std::vector<std::string>& files, std::string& why) {
    GpuError error;
    ShaderSet set = named_shaders();
    const bool is_read = load_shaders(set, nullptr, spirv_cache, error);
    files = names_of(set.files);
    why = error.text;
    if (!is_read)
        return false;
    std::optional<ShaderSet> next(std::move(set));
    const std::lock_guard lock(mutex);
    std::swap(reloaded, next);
    return true;
}

void VkComputeState::keep_shader(const std::string& why) {
    ++reload_failures;
    GST_ELEMENT_WARNING(element, LIBRARY, SETTINGS,
                        ("The changed shader cannot be used: %s", why.c_str()),
                        ("the old one goes on"));
}

// Properties that name shaders were set: those are read now, and files of theirs watched. What the
// watch has read until then is older.
void VkComputeState::read_named() {
    watch.stop();
    std::vector<std::string> files;
    std::string why;
    if (!read_changed(files, why)) {
        std::optional<ShaderSet> older;
        {
            const std::lock_guard lock(mutex);
            std::swap(reloaded, older);
        }
        keep_shader(why);
    }
    start_watching(files);
}

bool VkComputeState::is_exchange_due() const {
    const std::lock_guard lock(mutex);
    return exchange_due;
}

// A program of the new shaders takes the place of the old one between two frames. They wait if the
// device is lost thereby.
void VkComputeState::take_reload() {
    std::optional<ShaderSet> set;
    {
        const std::lock_guard lock(mutex);
        set = std::exchange(reloaded, std::nullopt);
    }
    if (!set)
        return;
    GpuError error;
    const PixelFormat made = active->program->out_format();
    const bool passes = active->program->passes_input();
    std::shared_ptr<ActiveProgram> next;
    if (fit_shaders(*set, is_plain(*device), spirv_cache, error))
        next = make_program(active->layout, *set, error);
    if (next && (next->program->out_format() != made || next->program->passes_input() != passes)) {
        next.reset();
        error.text = "it makes another format than before; restart the element for that";
    } else if (!next && device->lost()) {
        const std::lock_guard lock(mutex);
        if (!reloaded)
            std::swap(reloaded, set);
        return;
    }
    if (!next) {
        keep_shader(error.text);
        return;
    }
    {
        const std::lock_guard lock(mutex);
        std::swap(shader_set, *set);
    }
    use_program(std::move(next));
    ++reloads;
    GST_INFO_OBJECT(element, "took over the changed shader");
}

// What was set or mended is taken over, on a device that is not lost.
GstFlowReturn VkComputeState::bring_up_to_date() {
    do {
        if (const GstFlowReturn recovered = recover(); recovered != GST_FLOW_OK)
            return recovered;
        if (is_exchange_due())
            read_named();
        take_reload();
    } while (device->lost());
    return GST_FLOW_OK;
}

// Shaders see the lines of both fields as one picture.
void VkComputeState::warn_of_fields(const FrameProgram& program) {
    if (media->kind() != MediaFormat::Kind::video || !GST_VIDEO_INFO_IS_INTERLACED(&media->video()))
        return;
    const std::string shader = program.not_pixelwise();
    const std::string mode =
        gst_video_interlace_mode_to_string(GST_VIDEO_INFO_INTERLACE_MODE(&media->video()));
    if (!shader.empty() && told_fields.is_news(shader + mode))
        GST_ELEMENT_WARNING(element, STREAM, FORMAT,
                            ("interlace-mode=%s: %s may mix the lines of two fields; put "
                             "deinterlace before it",
                             mode.c_str(), shader.c_str()),
                            ("a shader that does not look around says TACTUS_PIXELWISE"));
}

} // namespace tactus
