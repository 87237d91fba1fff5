// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shaders: read from files and properties, and exchanged while frames flow.
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <exception>
#include <memory>
#include <utility>

namespace tactus {

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

// Where no program has to go on, what was set or mended meanwhile is there for the next one,
// whatever it makes: that may be what the one before was refused for. True: there was something.
bool VkComputeState::take_shaders() {
    if (is_exchange_due())
        read_named();
    std::optional<ShaderSet> next;
    const std::lock_guard lock(mutex);
    next = std::exchange(reloaded, std::nullopt);
    if (next)
        std::swap(shader_set, *next); // the old ones go once the lock is open
    return next.has_value();
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
            if (read_changed(read, why)) {
                offer_rescue();
                return read;
            }
        } catch (const std::exception& thrown) {
            read_once_more();
            why = thrown.what();
        }
        keep_shader(why);
        return read;
    });
    if (!wrong.empty())
        GST_ELEMENT_WARNING(element, RESOURCE, OPEN_READ,
                            ("Reload does not work: %s", wrong.c_str()), (nullptr));
}

// Taken over with the next frame, or the next caps. On the thread that watches, too.
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
    bool goes_on = false;
    {
        const std::lock_guard lock(mutex);
        goes_on = active != nullptr;
    }
    GST_ELEMENT_WARNING(element, LIBRARY, SETTINGS,
                        ("The changed shader cannot be used: %s", why.c_str()),
                        ("%s", goes_on ? "the old one goes on" : "no other runs either"));
}

// Properties that name shaders were set: those are read now, and files of theirs watched. What the
// watch has read until then is older.
void VkComputeState::read_named() {
    watch.stop();
    std::vector<std::string> files;
    std::string why;
    try {
        if (!read_changed(files, why)) {
            std::optional<ShaderSet> older;
            {
                const std::lock_guard lock(mutex);
                std::swap(reloaded, older);
            }
            keep_shader(why);
        }
        start_watching(files);
    } catch (...) {
        read_once_more();
        throw;
    }
}

// What was thrown had nothing to do with the shaders: the next frame, or the next caps, try again.
void VkComputeState::read_once_more() {
    const std::lock_guard lock(mutex);
    exchange_due = true;
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
    bool is_decided = false;
    const auto tidy = [&](VkComputeState* self) {
        const std::lock_guard lock(self->mutex);
        if (!is_decided && !self->reloaded)
            std::swap(self->reloaded, set);
    };
    const std::unique_ptr<VkComputeState, decltype(tidy)> always(this, tidy); // exceptions included
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
        return;
    }
    if (!next) {
        is_decided = true;
        keep_shader(error.text);
        return;
    }
    use_program(std::move(next), &*set);
    is_decided = true;
    ++reloads;
    GST_INFO_OBJECT(element, "took over the changed shader");
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
