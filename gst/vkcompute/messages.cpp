// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/messages.h"

#include "core/vulkan/vulkan_device.h"
#include "glue/custom_meta.h"
#include "glue/stats_fields.h"
#include "vkcompute/vkcompute_state.h"

#include <algorithm>

namespace tactus {

namespace {

constexpr const char* kResultsMeta = "tactus-results";

void set_number(GValue* value, double number, bool is_integer) {
    g_value_init(value, is_integer ? G_TYPE_INT64 : G_TYPE_DOUBLE);
    if (is_integer)
        g_value_set_int64(value, static_cast<gint64>(number));
    else
        g_value_set_double(value, number);
}

void set_numbers(GstStructure* s, const FrameProgram::Result& result) {
    GValue value = G_VALUE_INIT;
    if (result.numbers.size() == 1) {
        set_number(&value, result.numbers.front(), result.is_integer);
    } else {
        gst_value_array_init(&value, static_cast<guint>(result.numbers.size()));
        for (const double number : result.numbers) {
            GValue item = G_VALUE_INIT;
            set_number(&item, number, result.is_integer);
            gst_value_array_append_and_take_value(&value, &item);
        }
    }
    gst_structure_take_value(s, result.name.c_str(), &value);
}

// The one that is there already, or a new one.
GstStructure* only_custom_meta(GstBuffer* buffer, const char* name) {
    register_custom_meta(name);
    GstCustomMeta* found = gst_buffer_get_custom_meta(buffer, name);
    return found != nullptr ? gst_custom_meta_get_structure(found) : add_custom_meta(buffer, name);
}

// The shaders in turn, each once.
std::string label_of(const std::vector<FrameProgram::Pass>& passes) {
    std::string all;
    for (std::size_t i = 0; i < passes.size(); ++i)
        if (i == 0 || passes[i].shader != passes[i - 1].shader)
            all += (i == 0 ? "" : "+") + passes[i].shader_label;
    return all;
}

void set_span(GstStructure* s, const GpuSpan& span) {
    set_count(s, "begin-ticks", span.begin_ticks);
    set_count(s, "end-ticks", span.end_ticks);
    if (span.method == GpuTimeMethod::none)
        return;
    set_count(s, "begin-ns", span.begin_ns);
    set_count(s, "end-ns", span.end_ns);
    set_count(s, "bound-ns", static_cast<std::uint64_t>(std::max(span.bound_ns, 0.0)));
}

void append_pass(GValue* list, const FrameProgram::Pass& pass, const GpuSpan& span) {
    GstStructure* s = gst_structure_new_empty("pass");
    set_text(s, "label", pass.label);
    set_span(s, span);
    append_structure(list, s);
}

// --- parts of the stats

void set_route(GstStructure* s, const MemoryRoute& route) {
    set_text(s, "memory-path", route.path_name());
    set_text(s, "memory-reason", route.reason());
    set_count(s, "frames-pool", route.count(MemoryRoute::Path::pool));
    set_count(s, "frames-import", route.count(MemoryRoute::Path::import));
    set_count(s, "frames-staged", route.count(MemoryRoute::Path::staged));
    set_count(s, "frames-image", route.count(MemoryRoute::Path::image));
    set_count(s, "frames-dmabuf", route.count(MemoryRoute::Path::dmabuf));
}

/// Under the state's lock.
void set_program(GstStructure* s, const ActiveProgram& active) {
    set_text(s, "device-memory", memory_path_name(active.trial.next()));
    set_text(s, "device-memory-reason", active.trial.reason());
    std::string sizes;
    for (const FrameProgram::Pass& pass : active.program->passes())
        sizes += (sizes.empty() ? "" : ", ") + std::to_string(pass.workgroup[0]) + "x" +
                 std::to_string(pass.workgroup[1]);
    set_text(s, "workgroup", sizes);
    set_text(s, "workgroup-reason", active.workgroup_reason);
}

void set_pool(GstStructure* s, const HostFrames& frames) {
    const ArenaStats held = frames.stats();
    set_text(s, "pool-memory", frames.is_imported() ? "imported" : "driver");
    set_count(s, "pool-mapped", held.mapped);
    set_count(s, "pool-mapped-bytes", held.mapped_bytes);
    set_count(s, "pool-idle-bytes", held.idle_bytes);
}

void set_device(GstStructure* s, const VulkanDevice& device) {
    set_text(s, "device", device.traits().name);
    set_text(s, "driver", device.traits().driver);
    set_count(s, "abandoned-bytes", VulkanDevice::abandoned_bytes());
    set_count(s, "gpu-objects", static_cast<std::uint64_t>(device.live_objects()));
    if (device.traits().validation)
        set_count(s, "validation-messages", device.validation_messages());
}

} // namespace

void register_metas() {
    register_custom_meta(kTimingMeta);
    register_custom_meta(kResultsMeta);
}

void add_gpu_timing(GstBuffer* buffer, const std::string& device,
                    const std::vector<FrameProgram::Pass>& passes,
                    const std::vector<GpuSpan>& spans) {
    GpuSpan whole = spans.front();
    whole.end_ticks = spans.back().end_ticks;
    whole.end_ns = spans.back().end_ns;
    whole.bound_ns = std::max(whole.bound_ns, spans.back().bound_ns);
    GstStructure* s = only_custom_meta(buffer, kTimingMeta);
    gst_structure_remove_all_fields(s);
    set_text(s, "device", device);
    set_text(s, "queue", "compute");
    set_text(s, "label", label_of(passes));
    set_text(s, "method", gpu_time_method_name(whole.method));
    set_span(s, whole);
    if (whole.method != GpuTimeMethod::none)
        set_real(s, "skew-ppm", whole.skew_ppm);
    if (spans.size() == 1 || spans.size() != passes.size())
        return;
    GValue list = G_VALUE_INIT;
    gst_value_array_init(&list, static_cast<guint>(spans.size()));
    for (std::size_t i = 0; i < spans.size(); ++i)
        append_pass(&list, passes[i], spans[i]);
    gst_structure_take_value(s, "passes", &list);
}

GstStructure* add_results(GstBuffer* buffer, const std::vector<FrameProgram::Result>& results) {
    GstStructure* s = only_custom_meta(buffer, kResultsMeta);
    for (const FrameProgram::Result& result : results)
        set_numbers(s, result);
    return s;
}

void post_results(GstElement* element, const GstStructure* results, GstClockTime timestamp) {
    GstStructure* s = gst_structure_copy(results);
    gst_structure_set_name(s, "vkcompute-results");
    set_count(s, "timestamp", timestamp);
    gst_element_post_message(element, gst_message_new_element(GST_OBJECT_CAST(element), s));
}

GstStructure* VkComputeState::stats() {
    GstStructure* s = gst_structure_new_empty("vkcompute-stats");
    set_count(s, "frames-in", frames_in);
    set_count(s, "frames-out", frames_out);
    set_count(s, "frames-lost", frames_lost);
    set_count(s, "frames-flushed", frames_flushed);
    set_count(s, "frames-refused", frames_refused);
    set_count(s, "frames-late", frames_late);
    set_route(s, route);
    set_count(s, "device-rebuilds", rebuilds);
    set_count(s, "reloads", reloads);
    set_count(s, "reload-failures", reload_failures);
    set_count(s, "latency", latency_ns);
    set_summary(s, "gpu-time", gpu_time.summary());
    set_summary(s, "residence-time", residence.summary());
    set_summary(s, "blocked-time", blocked.summary());
    const std::lock_guard lock(mutex);
    set_count(s, "in-flight", most_in_flight);
    set_text(s, "pipeline-cache", cache_note);
    set_text(s, "shader-cache", shader_cache_note);
    set_text(s, "output-memory", out_images ? "image" : "host");
    set_text(s, "output-memory-reason", output_note);
    if (active)
        set_program(s, *active);
    if (ring) {
        set_text(s, "transfer-route", transfer_route_name(ring->route()));
        const GpuClock::Health health = ring->clock().health();
        set_text(s, "gpu-clock", gpu_time_method_name(health.method));
    }
    if (host_frames)
        set_pool(s, *host_frames);
    if (device)
        set_device(s, *device);
    return s;
}

} // namespace tactus
