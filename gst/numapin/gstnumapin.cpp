// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-numapin
 * @title: numapin
 * @short_description: puts the streaming thread where it belongs
 *
 * numapin passes everything through and pins the thread that pushes through it: to CPUs, to a
 * scheduling policy, to a timer slack. It begins with STREAM_START, ends with the stream, and puts
 * the thread back as it was. Frames get memory that is used again and again, on the node of those
 * CPUs or another, of huge or locked pages if asked. #GstNumaPin:stats tells what the kernel did
 * with both.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! numapin cpus=auto timer-slack-ns=1000 ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "numapin/gstnumapin.h"

#include "glue/entry_points.h"
#include "numapin/numapin_debug.h"
#include "numapin/numapin_state.h"

using namespace tactus;

GST_DEBUG_CATEGORY(gst_numa_pin_debug);

struct _GstNumaPin {
    GstElement parent;
    NumapinState* state;
};

G_DEFINE_TYPE_WITH_CODE(GstNumaPin, gst_numa_pin, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(gst_numa_pin_debug, "numapin", 0,
                                                "places of threads and memory"))
GST_ELEMENT_REGISTER_DEFINE(numapin, "numapin", GST_RANK_NONE, GST_TYPE_NUMA_PIN)

namespace {

using Entry = EntryPoints<_GstNumaPin, gst_numa_pin_parent_class>;

NumapinState& state_of(gpointer object) {
    return Entry::state_of(object);
}

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

GstFlowReturn get_range(GstPad*, GstObject* parent, guint64 offset, guint length,
                        GstBuffer** buffer) noexcept {
    NumapinState& state = state_of(parent);
    return guarded(state.element, GST_FLOW_ERROR,
                   [&] { return state.get_range(offset, length, buffer); });
}

/// Downstream may pull, as if this were not here.
gboolean src_activate(GstPad*, GstObject* parent, GstPadMode mode, gboolean active) noexcept {
    if (mode == GST_PAD_MODE_PULL)
        return gst_pad_activate_mode(state_of(parent).sink_pad, mode, active);
    return mode == GST_PAD_MODE_PUSH;
}

void unlinked(GstPad*, GstPad*, gpointer element) noexcept {
    NumapinState& state = state_of(element);
    completes(state.element, [&] { state.sink_unlinked(); });
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) noexcept {
    NumapinState& state = state_of(element);
    const auto does = [&](auto step) { return guarded(element, false, step); };
    if (transition == GST_STATE_CHANGE_NULL_TO_READY && !does([&] { return state.open(); }))
        return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !does([&] { return state.start(); }))
        return GST_STATE_CHANGE_FAILURE;
    const GstStateChangeReturn result =
        GST_ELEMENT_CLASS(gst_numa_pin_parent_class)->change_state(element, transition);
    const bool failed = result == GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
        (transition == GST_STATE_CHANGE_READY_TO_PAUSED && failed))
        does([&] {
            state.stop();
            return true;
        });
    if (transition == GST_STATE_CHANGE_READY_TO_NULL)
        does([&] {
            state.close();
            return true;
        });
    return result;
}

GstPad* make_pad(GstElement* element, GstStaticPadTemplate* pad_template) {
    GstPad* const pad = gst_pad_new_from_static_template(pad_template, pad_template->name_template);
    GST_PAD_SET_PROXY_CAPS(pad);
    GST_PAD_SET_PROXY_ALLOCATION(pad);
    GST_PAD_SET_PROXY_SCHEDULING(pad);
    gst_element_add_pad(element, pad);
    return pad;
}

} // namespace

NumapinState& tactus::state_of_numapin(gpointer element) {
    return state_of(element);
}

static void gst_numa_pin_class_init(GstNumaPinClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    auto* element_class = GST_ELEMENT_CLASS(klass);
    object_class->set_property = Entry::set_property;
    object_class->get_property = Entry::get_property;
    object_class->finalize = Entry::finalize;
    element_class->change_state = change_state;
    install_numapin_properties(object_class);
    gst_type_mark_as_plugin_api(thread_policy_get_type(), static_cast<GstPluginAPIFlags>(0));
    gst_type_mark_as_plugin_api(huge_pages_get_type(), static_cast<GstPluginAPIFlags>(0));
    gst_element_class_set_static_metadata(
        element_class, "Thread and memory placement", "Generic",
        "Pins the streaming thread to CPUs and a scheduling policy, gives frames their memory, and "
        "tells what the kernel did",
        "The gst-tactus authors");
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
}

static void gst_numa_pin_init(GstNumaPin* self) {
    auto* element = GST_ELEMENT_CAST(self);
    FastClock::prepare();
    self->state = new NumapinState(element);

    GstPad* const sink = make_pad(element, &sink_template);
    gst_pad_set_chain_function(sink, Entry::chain);
    gst_pad_set_chain_list_function(sink, Entry::chain_list);
    gst_pad_set_event_function(sink, Entry::sink_event);
    gst_pad_set_query_function(sink, Entry::sink_query);
    g_signal_connect_object(sink, "unlinked", G_CALLBACK(unlinked), element,
                            static_cast<GConnectFlags>(0));
    self->state->sink_pad = sink;

    GstPad* const src = make_pad(element, &src_template);
    gst_pad_set_getrange_function(src, get_range);
    gst_pad_set_activatemode_function(src, src_activate);
    self->state->src_pad = src;
}
