// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-vkcompute
 * @title: vkcompute
 * @short_description: a compute shader on video, audio or raw data
 *
 * vkcompute runs a compute shader of the user's on each buffer, on the GPU by Vulkan, with several
 * buffers in flight. The shader is GLSL or SPIR-V; a small library is there by name. What the GPU
 * did and when is attached to each buffer, for the tracer clockcalib to read.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! vkcompute shader=invert ! videoconvert ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "vkcompute/gstvkcompute.h"

#include "glue/entry_points.h"
#include "glue/fast_clock.h"
#include "vkcompute/messages.h"
#include "vkcompute/settings.h"
#include "vkcompute/vkcompute_debug.h"
#include "vkcompute/vkcompute_state.h"

using namespace tactus;

GST_DEBUG_CATEGORY(gst_vk_compute_debug);

struct _GstVkCompute {
    GstElement parent;
    VkComputeState* state;
};

G_DEFINE_TYPE_WITH_CODE(GstVkCompute, gst_vk_compute, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(gst_vk_compute_debug, "vkcompute", 0,
                                                "compute shaders on Vulkan"))
GST_ELEMENT_REGISTER_DEFINE(vkcompute, "vkcompute", GST_RANK_NONE, GST_TYPE_VK_COMPUTE)

namespace {

using Entry = EntryPoints<_GstVkCompute, gst_vk_compute_parent_class>;

VkComputeState& state_of(gpointer object) {
    return Entry::state_of(object);
}

gboolean src_activate(GstPad*, GstObject* parent, GstPadMode mode, gboolean active) noexcept {
    VkComputeState& state = state_of(parent);
    if (mode != GST_PAD_MODE_PUSH)
        return FALSE;
    return guarded(state.element, FALSE, [&] { return state.src_activate(active != FALSE); });
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) noexcept {
    if (GST_VK_COMPUTE(element)->state == nullptr)
        return GST_STATE_CHANGE_FAILURE; // there was no memory for it
    VkComputeState& state = state_of(element);
    const auto succeeds = [&](bool (VkComputeState::*step)()) {
        return guarded(element, false, [&] { return (state.*step)(); });
    };
    if (transition == GST_STATE_CHANGE_NULL_TO_READY && !succeeds(&VkComputeState::open))
        return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !succeeds(&VkComputeState::start))
        return GST_STATE_CHANGE_FAILURE;
    const GstStateChangeReturn result =
        GST_ELEMENT_CLASS(gst_vk_compute_parent_class)->change_state(element, transition);
    const bool stops =
        transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
        (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE);
    if (stops)
        completes(element, [&] { state.stop(); });
    if (transition == GST_STATE_CHANGE_READY_TO_NULL)
        completes(element, [&] { state.close(); });
    return result;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) noexcept {
    VkComputeState* state = GST_VK_COMPUTE(object)->state;
    const bool known = state == nullptr || guarded(GST_ELEMENT_CAST(object), true,
                                                   [&] { return state->set_property(id, value); });
    if (!known)
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) noexcept {
    VkComputeState* state = GST_VK_COMPUTE(object)->state;
    const bool known = state == nullptr || guarded(GST_ELEMENT_CAST(object), true,
                                                   [&] { return state->get_property(id, value); });
    if (!known)
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void add_template(GstElementClass* klass, const char* name, GstPadDirection direction) {
    GstCaps* caps = all_caps();
    gst_element_class_add_pad_template(klass,
                                       gst_pad_template_new(name, direction, GST_PAD_ALWAYS, caps));
    gst_caps_unref(caps);
}

GstPad* make_pad(GstElement* element, const char* name) {
    return gst_pad_new_from_template(
        gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(element), name), name);
}

} // namespace

static void gst_vk_compute_class_init(GstVkComputeClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    auto* element_class = GST_ELEMENT_CLASS(klass);
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    object_class->finalize = Entry::finalize;
    element_class->change_state = change_state;
    install_vkcompute_properties(object_class);
    register_metas();
    gst_type_mark_as_plugin_api(device_memory_get_type(), static_cast<GstPluginAPIFlags>(0));
    gst_element_class_set_static_metadata(
        element_class, "Vulkan compute shader", "Filter/Effect/Video/Audio",
        "Runs a compute shader on video, audio or raw data", "The gst-tactus authors");
    add_template(element_class, "sink", GST_PAD_SINK);
    add_template(element_class, "src", GST_PAD_SRC);
}

static void gst_vk_compute_init(GstVkCompute* self) {
    auto* element = GST_ELEMENT_CAST(self);
    FastClock::prepare();
    self->state = guarded(element, static_cast<VkComputeState*>(nullptr),
                          [&] { return new VkComputeState(element); });
    if (self->state == nullptr)
        return; // without pads; every change of state fails

    GstPad* sink = make_pad(element, "sink");
    gst_pad_set_chain_function(sink, Entry::chain);
    gst_pad_set_event_function(sink, Entry::sink_event);
    gst_pad_set_query_function(sink, Entry::sink_query);
    self->state->sink_pad = sink;
    gst_element_add_pad(element, sink);

    GstPad* src = make_pad(element, "src");
    gst_pad_set_query_function(src, Entry::src_query);
    gst_pad_set_activatemode_function(src, src_activate);
    self->state->src_pad = src;
    gst_element_add_pad(element, src);
}
