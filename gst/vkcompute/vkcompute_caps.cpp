// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What vkcompute takes and makes, and the memory that it offers upstream.
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <utility>

namespace tactus {

namespace {

// Adds the formats of a mask to a list in a structure of caps.
void set_formats(GstStructure* structure, std::uint32_t mask) {
    GValue list = G_VALUE_INIT;
    g_value_init(&list, GST_TYPE_LIST);
    const bool is_video = gst_structure_has_name(structure, "video/x-raw");
    for (unsigned i = 0; is_format(i); ++i) {
        const auto format = static_cast<PixelFormat>(i);
        const bool fits = is_video ? is_picture(format)
                                   : format == PixelFormat::f32 || format == PixelFormat::s16;
        if (!fits || (mask >> i & 1U) == 0)
            continue;
        GValue name = G_VALUE_INIT;
        g_value_init(&name, G_TYPE_STRING);
        g_value_set_string(&name, std::string(info_of(format).name).c_str());
        gst_value_list_append_and_take_value(&list, &name);
    }
    gst_structure_take_value(structure, "format", &list);
}

bool has_formats(const GstStructure* structure) {
    return gst_value_list_get_size(gst_structure_get_value(structure, "format")) > 0;
}

std::uint32_t bit(PixelFormat format) {
    return 1U << static_cast<unsigned>(format);
}

// Takes the caps.
GstCaps* without_sizes(GstCaps* caps) {
    caps = gst_caps_make_writable(caps);
    for (guint i = 0; i < gst_caps_get_size(caps); ++i)
        gst_structure_remove_fields(gst_caps_get_structure(caps, i), "width", "height",
                                    "pixel-aspect-ratio", nullptr);
    return caps;
}

// All caps whose format is one of the mask; raw data counts as format `bytes`.
GstCaps* caps_of(std::uint32_t mask) {
    GstCaps* all = all_caps();
    GstCaps* result = gst_caps_new_empty();
    for (guint i = 0; i < gst_caps_get_size(all); ++i) {
        GstStructure* structure = gst_structure_copy(gst_caps_get_structure(all, i));
        GstCapsFeatures* features = gst_caps_get_features(all, i);
        const bool in_images = gst_caps_features_contains(features, kVulkanImageFeature) != FALSE;
        bool fits = (mask & bit(PixelFormat::bytes)) != 0;
        if (gst_structure_has_field(structure, "format")) {
            set_formats(structure, in_images ? mask & SharedVulkan::formats() : mask);
            fits = has_formats(structure);
        }
        if (fits)
            gst_caps_append_structure_full(result, structure, gst_caps_features_copy(features));
        else
            gst_structure_free(structure);
    }
    gst_caps_unref(all);
    return result;
}

} // namespace

VkComputeState::Change VkComputeState::caps_change() const {
    const std::lock_guard lock(mutex);
    for (const auto& shader : shader_set.shaders) {
        GpuError error;
        const auto facts = shader_facts(shader->reflection(), error);
        if (facts && facts->makes)
            return Change::format;
    }
    if (!settings.out_caps || gst_caps_is_any(settings.out_caps.get()) ||
        gst_caps_is_empty(settings.out_caps.get()))
        return Change::none;
    const GstStructure* wanted = gst_caps_get_structure(settings.out_caps.get(), 0);
    return gst_structure_has_field(wanted, "format") ? Change::format : Change::size;
}

// By the shaders alone, before any negotiation.
GstCaps* VkComputeState::possible_caps(bool output) const {
    std::uint32_t mask = UINT32_MAX;
    CapsHandle wanted;
    {
        const std::lock_guard lock(mutex);
        for (std::size_t i = 0; i < shader_set.shaders.size(); ++i) {
            GpuError error;
            const auto facts = shader_facts(shader_set.shaders[i]->reflection(), error);
            if (facts && i == 0 && !output)
                mask = facts->takes;
            if (facts && output && facts->makes)
                mask = bit(*facts->makes);
        }
        if (output && settings.out_caps)
            wanted.reset(gst_caps_ref(settings.out_caps.get()));
    }
    GstCaps* caps = caps_of(mask);
    if (!wanted)
        return caps;
    GstCaps* narrowed = gst_caps_intersect_full(caps, wanted.get(), GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref(caps);
    return narrowed;
}

void VkComputeState::answer_caps(GstPad* pad, GstQuery* query) {
    GstCaps* filter = nullptr;
    gst_query_parse_caps(query, &filter);
    const bool from_sink = pad == sink_pad;
    GstCaps* caps = possible_caps(!from_sink);
    const Change change = caps_change();
    if (change != Change::format) {
        const CapsHandle asked(change == Change::none && filter != nullptr
                                   ? with_images(gst_caps_ref(filter))
                                   : nullptr);
        const CapsHandle answer(
            gst_pad_peer_query_caps(from_sink ? src_pad : sink_pad, asked.get()));
        // Not all formats may be in images: what the other pad takes counts first.
        const CapsHandle there(possible_caps(from_sink));
        GstCaps* peer = with_images(
            gst_caps_intersect_full(answer.get(), there.get(), GST_CAPS_INTERSECT_FIRST));
        if (change == Change::size)
            peer = without_sizes(peer);
        GstCaps* both = gst_caps_intersect_full(peer, caps, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(peer);
        gst_caps_unref(std::exchange(caps, both));
    }
    if (filter != nullptr) {
        GstCaps* filtered = gst_caps_intersect_full(filter, caps, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(std::exchange(caps, filtered));
    }
    gst_query_set_caps_result(query, caps);
    gst_caps_unref(caps);
}

bool VkComputeState::propose_allocation(GstQuery* query) {
    GstCaps* caps = nullptr;
    gboolean need_pool = FALSE;
    gst_query_parse_allocation(query, &caps, &need_pool);
    GstAllocator* const allocator = pool.allocator();
    if (caps == nullptr || allocator == nullptr)
        return false;
    const auto format = MediaFormat::from_caps(caps);
    if (!format)
        return false;
    if (format->in_images()) { // upstream has a pool of its own for these
        gst_query_add_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, nullptr);
        return true;
    }
    if (format->kind() == MediaFormat::Kind::video) {
        guint most_held = 1;
        {
            const std::lock_guard lock(mutex);
            most_held = settings.in_flight + 1;
            if (active)
                most_held += active->program->history();
        }
        const auto size = static_cast<guint>(format->nominal_layout().size_bytes);
        GstBufferPool* proposed = nullptr;
        if (need_pool) {
            proposed = gst_video_buffer_pool_new();
            GstStructure* config = gst_buffer_pool_get_config(proposed);
            gst_buffer_pool_config_set_params(config, caps, size, most_held, 0);
            gst_buffer_pool_config_set_allocator(config, allocator, nullptr);
            gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
            if (!gst_buffer_pool_set_config(proposed, config))
                gst_clear_object(&proposed);
        }
        gst_query_add_allocation_pool(query, proposed, size, most_held, 0);
        gst_clear_object(&proposed);
        gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
        gst_query_add_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, nullptr);
    } else if (format->kind() == MediaFormat::Kind::audio) {
        gst_query_add_allocation_meta(query, GST_AUDIO_META_API_TYPE, nullptr);
    }
    gst_query_add_allocation_param(query, allocator, nullptr);
    return true;
}

gboolean VkComputeState::sink_query(GstQuery* query) {
    switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_CAPS:
        answer_caps(sink_pad, query);
        return TRUE;
    case GST_QUERY_ALLOCATION:
        return propose_allocation(query) ? TRUE : FALSE;
    case GST_QUERY_CONTEXT:
        if (shared.answer(query))
            return TRUE;
        return gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query);
    default:
        if (GST_QUERY_IS_SERIALIZED(query)) {
            wait_until_idle();
            return gst_pad_peer_query(src_pad, query);
        }
        return gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query);
    }
}

gboolean VkComputeState::src_query(GstQuery* query) {
    if (GST_QUERY_TYPE(query) == GST_QUERY_CAPS) {
        answer_caps(src_pad, query);
        return TRUE;
    }
    if (GST_QUERY_TYPE(query) == GST_QUERY_CONTEXT && shared.answer(query))
        return TRUE;
    if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY)
        return gst_pad_query_default(src_pad, GST_OBJECT_CAST(element), query);
    if (!gst_pad_peer_query(sink_pad, query))
        return FALSE;
    gboolean live = FALSE;
    GstClockTime least = 0;
    GstClockTime most = 0;
    gst_query_parse_latency(query, &live, &least, &most);
    is_live = live != FALSE;
    const GstClockTime own = latency_ns;
    gst_query_set_latency(query, live, least + own,
                          GST_CLOCK_TIME_IS_VALID(most) ? most + own : most);
    return TRUE;
}

// --- those in force

bool VkComputeState::configure(GstCaps* caps) {
    const CapsHandle before = std::move(in_caps);
    const bool was_lost = device->lost();
    if (was_lost && reopen() != GST_FLOW_OK)
        return false;
    media = MediaFormat::from_caps(caps);
    if (!media) {
        GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("These caps are none that shaders can take"),
                          ("%" GST_PTR_FORMAT, static_cast<const void*>(caps)));
        return false;
    }
    latency_ns = std::max(latency_ns.load(), media->frame_duration());
    const bool had_images = out_images;
    if (!choose_memory())
        return false;
    // The same once more is the same stream: history and state of the shaders go on.
    GstFlowReturn made = GST_FLOW_OK;
    if (was_lost || !active || !before || !gst_caps_is_equal(before.get(), caps))
        made = set_up(media->nominal_layout());
    else if (out_images != had_images)
        made = announce(active->layout);
    if (made == GST_FLOW_OK)
        in_caps.reset(gst_caps_ref(caps));
    return made == GST_FLOW_OK;
}

// A program for frames of this layout, and the caps of what it makes.
GstFlowReturn VkComputeState::set_up(const FrameLayout& layout) {
    const GstFlowReturn renewed = renew(layout);
    return renewed == GST_FLOW_OK ? announce(layout) : renewed;
}

GstFlowReturn VkComputeState::announce(const FrameLayout& layout) {
    const FrameLayout made = active->program->out_layout(layout);
    const CapsHandle caps(media->caps_for(made.format, made.width, made.height));
    if (out_images)
        gst_caps_set_features_simple(caps.get(),
                                     gst_caps_features_new(kVulkanImageFeature, nullptr));
    if (out_images && !shared.begin_output(caps.get())) {
        GST_ELEMENT_ERROR(element, RESOURCE, SETTINGS, ("There is no pool of Vulkan images"),
                          ("%" GST_PTR_FORMAT, static_cast<const void*>(caps.get())));
        return GST_FLOW_NOT_NEGOTIATED;
    }
    enqueue_event(EventHandle(gst_event_new_caps(caps.get())));
    return GST_FLOW_OK;
}

bool VkComputeState::read_out_caps(FrameProgram::Settings& wanted, GpuError& error) {
    const std::lock_guard lock(mutex);
    if (!settings.out_caps || gst_caps_is_any(settings.out_caps.get()) ||
        gst_caps_is_empty(settings.out_caps.get()))
        return true;
    const GstStructure* s = gst_caps_get_structure(settings.out_caps.get(), 0);
    const auto side = [&](const char* field, std::uint32_t& target) {
        gint value = 0;
        if (!gst_structure_has_field(s, field))
            return true;
        if (gst_structure_get_int(s, field, &value) && value > 0 &&
            value <= static_cast<gint>(FrameLayout::kLargestSide)) {
            target = static_cast<std::uint32_t>(value);
            return true;
        }
        error.text = std::string("out-caps: ") + field + " must be a number from 1 to 32768";
        return false;
    };
    if (!side("width", wanted.out_width) || !side("height", wanted.out_height))
        return false;
    if (!gst_structure_has_field(s, "format"))
        return true;
    const gchar* name = gst_structure_get_string(s, "format");
    if (name != nullptr)
        wanted.out_format = pixel_format_named(name);
    if (!wanted.out_format)
        error.text = "out-caps: format must be one of " + format_names(UINT32_MAX);
    return wanted.out_format.has_value();
}

} // namespace tactus
