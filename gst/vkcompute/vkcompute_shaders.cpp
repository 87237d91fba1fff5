// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shaders: read from files and properties, and exchanged while frames flow.
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <exception>
#include <utility>

namespace tactus {

std::optional<ShaderSet> VkComputeState::read_shaders(GpuError& error) {
    std::vector<std::string> sources;
    std::string entry_point;
    bool plain = false;
    {
        const std::lock_guard lock(mutex);
        plain = device && is_plain(*device);
        sources = settings.passes;
        sources.insert(sources.begin(), settings.shader);
        entry_point = settings.entry_point;
        exchange_due = false;
    }
    ShaderSet set;
    for (const std::string& source : sources) {
        LoadedShader loaded =
            load_shader(source, entry_point, plain, spirv_cache, set.files, error);
        if (!loaded.shader)
            return std::nullopt;
        set.shaders.push_back(std::move(loaded.shader));
        set.labels.push_back(std::move(loaded.label));
    }
    return set;
}

bool VkComputeState::load_shaders() {
    GpuError error;
    auto set = read_shaders(error);
    if (!set) {
        GST_ELEMENT_ERROR(element, LIBRARY, SETTINGS,
                          ("The shader cannot be used: %s", error.text.c_str()), (nullptr));
        return false;
    }
    const std::lock_guard lock(mutex);
    shader_set = std::move(*set);
    shaders_changed = false;
    return true;
}

void VkComputeState::start_watching() {
    std::vector<std::string> files;
    {
        const std::lock_guard lock(mutex);
        if (settings.reload)
            files = shader_set.files;
    }
    if (files.empty())
        return;
    const std::string wrong = watch.start(files, [this]() -> std::vector<std::string> {
        GpuError error;
        std::optional<ShaderSet> set;
        try {
            set = read_shaders(error);
        } catch (const std::exception& thrown) {
            error.text = thrown.what();
        }
        if (set) {
            std::vector<std::string> read = set->files;
            const std::lock_guard lock(mutex);
            reloaded = std::move(set);
            return read;
        }
        keep_shader(error.text);
        return {};
    });
    if (!wrong.empty())
        GST_ELEMENT_WARNING(element, RESOURCE, OPEN_READ,
                            ("Reload does not work: %s", wrong.c_str()), (nullptr));
}

void VkComputeState::keep_shader(const std::string& why) {
    ++reload_failures;
    GST_ELEMENT_WARNING(element, LIBRARY, SETTINGS,
                        ("The changed shader cannot be used: %s", why.c_str()),
                        ("the old one goes on"));
}

// Properties that name shaders were set: those are read now, and files of theirs watched. What the
// watch has read until then is older.
void VkComputeState::take_properties() {
    {
        const std::lock_guard lock(mutex);
        if (!exchange_due)
            return;
    }
    watch.stop();
    GpuError error;
    auto set = read_shaders(error);
    const bool is_read = set.has_value();
    {
        const std::lock_guard lock(mutex);
        reloaded = std::move(set);
    }
    if (!is_read)
        keep_shader(error.text);
    else
        take_reload();
    start_watching();
}

// A program of the new shaders takes the place of the old one between two frames.
void VkComputeState::take_reload() {
    std::optional<ShaderSet> set;
    ShaderSet old;
    {
        const std::lock_guard lock(mutex);
        if (!reloaded)
            return;
        set = std::exchange(reloaded, std::nullopt);
        old = std::exchange(shader_set, *set);
    }
    GpuError error;
    const PixelFormat made = active->program->out_format();
    const bool passes = active->program->passes_input();
    auto next = make_program(active->layout, error);
    if (next && (next->program->out_format() != made || next->program->passes_input() != passes)) {
        next.reset();
        error.text = "it makes another format than before; restart the element for that";
    }
    if (next) {
        use_program(std::move(next));
        ++reloads;
        GST_INFO_OBJECT(element, "took over the changed shader");
        return;
    }
    {
        const std::lock_guard lock(mutex);
        shader_set = std::move(old);
    }
    keep_shader(error.text);
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
