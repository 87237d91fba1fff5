// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What vkcompute takes and makes, and the memory that it offers upstream.
#include "glue/caps_text.h"
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

#include <memory>
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

// The first structure of out-caps, if it says anything.
const GstStructure* asked_for(const VkComputeSettings& settings) {
    const GstCaps* caps = settings.out_caps.get();
    return caps == nullptr || gst_caps_is_any(caps) || gst_caps_is_empty(caps)
               ? nullptr
               : gst_caps_get_structure(caps, 0);
}

bool is_size(const char* field) {
    return g_str_equal(field, "width") || g_str_equal(field, "height") ||
           g_str_equal(field, "pixel-aspect-ratio");
}

gboolean keep_format_and_size(GQuark field, GValue*, gpointer) {
    const gchar* name = g_quark_to_string(field);
    return is_size(name) || g_str_equal(name, "format");
}

// Takes the caps.
GstCaps* only_format_and_size(GstCaps* caps) {
    caps = gst_caps_make_writable(caps);
    for (guint i = 0; i < gst_caps_get_size(caps); ++i)
        gst_structure_filter_and_map_in_place(gst_caps_get_structure(caps, i), keep_format_and_size,
                                              nullptr);
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

// Under the lock. They are not known yet, or others would come with other caps.
bool VkComputeState::are_shaders_open() const {
    return shader_set.shaders.empty() || exchange_due || reloaded;
}

// Before the shaders are known they may do anything.
VkComputeState::Change VkComputeState::caps_change() const {
    const bool scaling = scales();
    const std::lock_guard lock(mutex);
    const bool unknown = are_shaders_open();
    Change change{unknown || scaling, unknown};
    for (const auto& shader : shader_set.shaders) {
        GpuError error;
        const auto facts = shader_facts(shader->reflection(), error);
        change.format = change.format || (facts && facts->makes);
    }
    if (const GstStructure* asked = asked_for(settings)) {
        change.format = change.format || gst_structure_has_field(asked, "format");
        for (const char* field : {"width", "height", "pixel-aspect-ratio"})
            change.size = change.size || gst_structure_has_field(asked, field);
    }
    return change;
}

bool VkComputeState::scales() const {
    const std::lock_guard lock(mutex);
    return any_scales(shader_set.shaders);
}

// Whether one of them says that it makes any size.
bool VkComputeState::any_scales(const std::vector<std::shared_ptr<const Shader>>& shaders) {
    bool found = false;
    for (const auto& shader : shaders) {
        GpuError error;
        const auto facts = shader_facts(shader->reflection(), error);
        found =
            facts && !facts->passes_input && (found || facts->says_it_converts(convention::kSize));
    }
    return found;
}

// Takes the caps of one side, gives those that the other side may have.
GstCaps* VkComputeState::without(GstCaps* caps, Change change) {
    if ((!change.size && !change.format) || gst_caps_is_any(caps))
        return caps;
    GstCaps* open = gst_caps_new_empty();
    for (guint i = 0; i < gst_caps_get_size(caps); ++i) {
        GstStructure* s = gst_structure_copy(gst_caps_get_structure(caps, i));
        if (change.size)
            gst_structure_remove_fields(s, "width", "height", "pixel-aspect-ratio", nullptr);
        if (change.format && !gst_structure_has_name(s, "audio/x-stft"))
            gst_structure_remove_fields(s, "format", "colorimetry", "chroma-site", nullptr);
        open = gst_caps_merge_structure_full(
            open, s, gst_caps_features_copy(gst_caps_get_features(caps, i)));
    }
    gst_caps_unref(caps);
    return open;
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
        if (are_shaders_open())
            mask = UINT32_MAX;
        // What cannot be is an error once there are caps, with a text; until then it is believed.
        const GstStructure* asked = output ? asked_for(settings) : nullptr;
        if (asked != nullptr && gst_structure_has_field(asked, "format"))
            mask = UINT32_MAX;
        if (asked != nullptr)
            wanted.reset(
                only_format_and_size(gst_caps_truncate(gst_caps_copy(settings.out_caps.get()))));
    }
    GstCaps* caps = caps_of(mask);
    if (!wanted)
        return caps;
    GstCaps* narrowed = gst_caps_intersect_full(caps, wanted.get(), GST_CAPS_INTERSECT_FIRST);
    if (gst_caps_is_empty(narrowed))
        std::swap(narrowed, caps);
    gst_caps_unref(caps);
    return narrowed;
}

CapsHandle VkComputeState::acceptable_caps(bool from_sink, GstCaps* filter) const {
    const Change change = caps_change();
    const bool same = !change.size && !change.format;
    const CapsHandle asked(same && filter != nullptr ? with_images(gst_caps_ref(filter)) : nullptr);
    const CapsHandle answer(gst_pad_peer_query_caps(from_sink ? src_pad : sink_pad, asked.get()));
    // Not all formats may be in images: what the other pad takes counts first.
    const CapsHandle there(possible_caps(from_sink));
    const CapsHandle peer(without(
        with_images(gst_caps_intersect_full(answer.get(), there.get(), GST_CAPS_INTERSECT_FIRST)),
        change));
    const CapsHandle here(possible_caps(!from_sink));
    CapsHandle caps(gst_caps_intersect_full(peer.get(), here.get(), GST_CAPS_INTERSECT_FIRST));
    if (filter != nullptr)
        caps.reset(gst_caps_intersect_full(filter, caps.get(), GST_CAPS_INTERSECT_FIRST));
    return caps;
}

void VkComputeState::answer_caps(GstPad* pad, GstQuery* query) {
    GstCaps* filter = nullptr;
    gst_query_parse_caps(query, &filter);
    const CapsHandle caps = acceptable_caps(pad == sink_pad, filter);
    gst_query_set_caps_result(query, caps.get());
    if (pad == sink_pad && gst_caps_is_empty(caps.get()))
        explain_misfit();
}

// Upstream will only say that something is not negotiated, and of several errors applications show
// the first. It may also ask for one thing and have others to offer (a converter that would rather
// do nothing): only what cannot come to be is told.
void VkComputeState::explain_misfit() {
    std::string shaders;
    {
        const std::lock_guard lock(mutex);
        shaders = joined(shader_set.labels, ", ");
        if (flow != GST_FLOW_OK)
            return;
    }
    // What upstream does with our question must not bring us here once more.
    if (shaders.empty() || !gst_pad_is_linked(sink_pad) || !may_explain ||
        explaining.exchange(true))
        return;
    const auto end = [](std::atomic<bool>* now) { *now = false; };
    const std::unique_ptr<std::atomic<bool>, decltype(end)> always(&explaining, end);
    const CapsHandle all = acceptable_caps(true, nullptr);
    const CapsHandle offered(gst_pad_peer_query_caps(sink_pad, nullptr));
    if (gst_caps_can_intersect(offered.get(), all.get()) || !may_explain.exchange(false))
        return; // caps may have come meanwhile
    const CapsHandle taken(possible_caps(false));
    if (!gst_caps_can_intersect(offered.get(), taken.get())) {
        GST_ELEMENT_ERROR(element, STREAM, FORMAT,
                          ("%s: upstream offers %s, not %s", shaders.c_str(),
                           brief_text_of(offered.get()).c_str(),
                           brief_text_of(taken.get()).c_str()),
                          ("upstream: %s", text_of(offered.get()).c_str()));
        return;
    }
    const CapsHandle wanted(gst_pad_peer_query_caps(src_pad, nullptr));
    GST_ELEMENT_ERROR(
        element, STREAM, FORMAT,
        ("What upstream offers does not become what downstream takes by %s. Sizes change with "
         "shaders that scale (scale-bilinear, say) and with out-caps, formats with shaders that "
         "make another; else videoscale and videoconvert do that",
         shaders.c_str()),
        ("upstream: %s; downstream: %s", text_of(offered.get()).c_str(),
         text_of(wanted.get()).c_str()));
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

// Caps that are refused here do not come as an event.
gboolean VkComputeState::accept_caps(GstQuery* query) {
    gboolean is_accepted = FALSE;
    const gboolean done = gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query);
    if (done)
        gst_query_parse_accept_caps_result(query, &is_accepted);
    const std::lock_guard lock(mutex);
    caps_refused = caps_refused || !is_accepted;
    return done;
}

gboolean VkComputeState::sink_query(GstQuery* query) {
    switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_CAPS:
        answer_caps(sink_pad, query);
        return TRUE;
    case GST_QUERY_ACCEPT_CAPS:
        return accept_caps(query);
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

// --- what is made

PixelFormat VkComputeState::made_format() const {
    FrameProgram::Settings wanted;
    GpuError error;
    if (read_out_caps(wanted, error) && wanted.out_format)
        return *wanted.out_format;
    PixelFormat format = media->format();
    const std::lock_guard lock(mutex);
    for (const auto& shader : shader_set.shaders)
        if (const auto facts = shader_facts(shader->reflection(), error))
            format = facts->makes.value_or(format);
    return format;
}

// After the input, out-caps and, where a shader scales, downstream.
FrameShape VkComputeState::choose_shape(const FrameLayout& layout) {
    FrameShape in{layout.width, layout.height};
    if (media->kind() != MediaFormat::Kind::video)
        return in;
    in.par_n = media->video().par_n;
    in.par_d = media->video().par_d;
    CapsHandle allowed;
    if (scales()) {
        const CapsHandle ours(possible_caps(true));
        GstCaps* made = without(caps_like(in_caps.get(), made_format(), in), {true, false});
        gst_caps_set_features_simple(
            made, out_images ? gst_caps_features_new(kVulkanImageFeature, nullptr) : nullptr);
        const CapsHandle like(made);
        const CapsHandle asked(
            gst_caps_intersect_full(ours.get(), like.get(), GST_CAPS_INTERSECT_FIRST));
        allowed.reset(gst_pad_peer_query_caps(src_pad, asked.get()));
    }
    if (allowed && !gst_caps_is_any(allowed.get()) && !gst_caps_is_empty(allowed.get())) {
        for (guint i = 0; i < gst_caps_get_size(allowed.get()); ++i)
            if (nearest_shape(in, gst_caps_get_structure(allowed.get(), i)) == in)
                return in;
        return nearest_shape(in, gst_caps_get_structure(allowed.get(), 0));
    }
    const bool is_scaled = scales();
    const std::lock_guard lock(mutex);
    const GstStructure* const asked = asked_for(settings);
    FrameShape made = nearest_shape(in, asked);
    // What other shaders make in another size need not be the picture, scaled.
    if (!is_scaled && asked != nullptr && !gst_structure_has_field(asked, "pixel-aspect-ratio")) {
        made.par_n = in.par_n;
        made.par_d = in.par_d;
    }
    return made;
}

CapsHandle VkComputeState::made_caps(const FrameLayout& made) const {
    FrameShape made_shape = shape;
    made_shape.width = made.width;
    made_shape.height = made.height;
    CapsHandle caps(caps_like(in_caps.get(), made.format, made_shape));
    if (media->kind() != MediaFormat::Kind::video)
        return caps;
    gst_caps_set_features_simple(
        caps.get(), out_images ? gst_caps_features_new(kVulkanImageFeature, nullptr) : nullptr);
    const std::lock_guard lock(mutex);
    const GstStructure* asked = asked_for(settings);
    // Only who wrote the shader knows what colours a format that it makes has.
    for (const char* field : {"colorimetry", "chroma-site"})
        if (asked != nullptr && made.format != media->format())
            if (const GValue* value = gst_structure_get_value(asked, field))
                gst_caps_set_value(caps.get(), field, value);
    return caps;
}

// To caps that would come out; empty: none. Before a program is in use, so that the old one goes on
// for the frames that it fits.
std::string VkComputeState::objection_to(const GstCaps* made) const {
    const std::lock_guard lock(mutex);
    const std::string unmet = unmet_fields(settings.out_caps.get(), made);
    return unmet.empty() ? "" : "out-caps cannot be met: " + unmet + " (in " + text_of(made) + ")";
}

// The format that out-caps asks for; sizes are checked only.
bool VkComputeState::read_out_caps(FrameProgram::Settings& wanted, GpuError& error) const {
    const std::lock_guard lock(mutex);
    const GstStructure* s = asked_for(settings);
    if (s == nullptr)
        return true;
    GValue sides = G_VALUE_INIT;
    g_value_init(&sides, GST_TYPE_INT_RANGE);
    gst_value_set_int_range(&sides, 1, static_cast<gint>(FrameLayout::kLargestSide));
    for (const char* field : {"width", "height"}) {
        const GValue* value = gst_structure_get_value(s, field);
        if (value != nullptr && !gst_value_intersect(nullptr, value, &sides))
            error.text = std::string("out-caps: ") + field +
                         " must be a number from 1 to 32768, not " + text_of(value);
    }
    g_value_unset(&sides);
    if (!error.text.empty())
        return false;
    if (!gst_structure_has_field(s, "format"))
        return true;
    const gchar* name = gst_structure_get_string(s, "format");
    if (name != nullptr)
        wanted.out_format = pixel_format_named(name);
    if (!wanted.out_format)
        error.text = "out-caps: format must be one of " + format_names(UINT32_MAX) + ", not " +
                     text_of(gst_structure_get_value(s, "format"));
    return wanted.out_format.has_value();
}

} // namespace tactus
