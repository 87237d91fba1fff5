// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-jitterbuffer
 * @title: jitterbuffer
 * @short_description: an RTP jitter buffer that finds its own delay
 *
 * jitterbuffer takes the place of `rtpjitterbuffer`: the same pads, properties, signals, events and
 * messages. By default it finds the delay that the network needs, and reports it as latency;
 * #GstJitterBuffer:latency is the most that it may grow to. With #GstJitterBuffer:adaptive at
 * %FALSE it holds packets for a fixed time, as its peer does.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 audiotestsrc is-live=true num-buffers=100 ! opusenc ! rtpopuspay ! jitterbuffer !
 * rtpopusdepay ! opusdec ! fakesink sync=true
 * ]|
 *
 * Since: 0.1
 */
#include "jitterbuffer/gstjitterbuffer.h"

#include "glue/entry_points.h"
#include "jitterbuffer/enums.h"
#include "jitterbuffer/jitterbuffer_debug.h"
#include "jitterbuffer/jitterbuffer_state.h"
#include "jitterbuffer/settings.h"

#include <array>

using namespace tactus;

GST_DEBUG_CATEGORY(gst_jitter_buffer_debug);

struct _GstJitterBuffer {
    GstElement parent;
    JitterBufferState* state;
};

G_DEFINE_TYPE_WITH_CODE(GstJitterBuffer, gst_jitter_buffer, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(gst_jitter_buffer_debug, "jitterbuffer", 0,
                                                "adaptive RTP jitter buffer"))
GST_ELEMENT_REGISTER_DEFINE(jitterbuffer, "jitterbuffer", GST_RANK_NONE, GST_TYPE_JITTER_BUFFER)

namespace {

enum Signal : std::size_t { kRequestPtMap, kHandleSync, kOnNptStop, kClearPtMap, kSetActive };
std::array<guint, 5> signal_ids;

using Entry = EntryPoints<_GstJitterBuffer, gst_jitter_buffer_parent_class>;

JitterBufferState& state_of(gpointer object) {
    return Entry::state_of(object);
}

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS("application/x-rtp"));
GstStaticPadTemplate rtcp_template = GST_STATIC_PAD_TEMPLATE(
    "sink_rtcp", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS("application/x-rtcp"));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                                                            GST_STATIC_CAPS("application/x-rtp"));

// --- C entry points

GstFlowReturn chain_rtcp(GstPad*, GstObject* parent, GstBuffer* buffer) noexcept {
    JitterBufferState& state = state_of(parent);
    return guarded(state.element, GST_FLOW_ERROR, [&] { return state.chain_rtcp(buffer); });
}

// Nothing that comes with RTCP concerns the packets.
gboolean rtcp_event(GstPad*, GstObject*, GstEvent* event) noexcept {
    gst_event_unref(event);
    return TRUE;
}

// What comes for the packets does not concern sink_rtcp, nor its peer's caps the packets'.
GstIterator* links(GstPad* pad, GstObject* parent) noexcept {
    const JitterBufferState& state = state_of(parent);
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_PAD);
    if (pad == state.sink_pad)
        g_value_set_object(&value, state.src_pad);
    else if (pad == state.src_pad)
        g_value_set_object(&value, state.sink_pad);
    GstIterator* iterator = gst_iterator_new_single(GST_TYPE_PAD, &value);
    g_value_unset(&value);
    return iterator;
}

// --- the element

GstPad* request_new_pad(GstElement* element, GstPadTemplate*, const gchar*,
                        const GstCaps*) noexcept {
    JitterBufferState& state = state_of(element);
    GstPad* pad = gst_pad_new_from_static_template(&rtcp_template, "sink_rtcp");
    GstPad* none = nullptr;
    if (!state.rtcp_pad.compare_exchange_strong(none, pad)) {
        g_warning("%s has its sink_rtcp pad already", GST_ELEMENT_NAME(element));
        gst_object_unref(gst_object_ref_sink(pad));
        return nullptr;
    }
    gst_pad_set_chain_function(pad, chain_rtcp);
    gst_pad_set_event_function(pad, rtcp_event);
    gst_pad_set_iterate_internal_links_function(pad, links);
    gst_pad_set_active(pad, TRUE);
    gst_element_add_pad(element, pad);
    return pad;
}

void release_pad(GstElement* element, GstPad* pad) noexcept {
    GstPad* expected = pad;
    if (!state_of(element).rtcp_pad.compare_exchange_strong(expected, nullptr))
        return;
    gst_pad_set_active(pad, FALSE);
    gst_element_remove_pad(element, pad);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) noexcept {
    JitterBufferState& state = state_of(element);
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
        state.start();
    else if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING ||
             transition == GST_STATE_CHANGE_PLAYING_TO_PLAYING) // a new base time, after a flush
        state.set_blocked(false);
    else if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
        state.set_blocked(true);
    const GstStateChangeReturn result =
        GST_ELEMENT_CLASS(gst_jitter_buffer_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        state.stop();
    const bool live = transition == GST_STATE_CHANGE_READY_TO_PAUSED ||
                      transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED;
    return live && result != GST_STATE_CHANGE_FAILURE ? GST_STATE_CHANGE_NO_PREROLL : result;
}

gboolean set_clock(GstElement* element, GstClock* clock) noexcept {
    state_of(element).set_clock(clock);
    return GST_ELEMENT_CLASS(gst_jitter_buffer_parent_class)->set_clock(element, clock);
}

// As the peer: a pipeline that receives must not be slaved to its sink's clock.
GstClock* provide_clock(GstElement*) noexcept {
    return gst_system_clock_obtain();
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) noexcept {
    if (!state_of(object).set_property(id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) noexcept {
    JitterBufferState& state = state_of(object);
    if (id == kStatsId) {
        g_value_take_boxed(value, state.stats());
    } else if (id == kPercentId) {
        g_value_set_int(value, state.percent());
    } else {
        const std::lock_guard lock(state.mutex);
        if (!get_setting(state.settings, id, value))
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

// --- signals

void clear_pt_map(GstElement* element) noexcept {
    state_of(element).clear_pt_map();
}

guint64 set_active(GstElement* element, gboolean active, guint64 offset) noexcept {
    return state_of(element).set_active(active != FALSE, offset);
}

void make_signals(GstJitterBufferClass* klass) {
    const GType type = G_TYPE_FROM_CLASS(klass);
    const auto action = static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION);
    signal_ids[kRequestPtMap] = g_signal_new("request-pt-map", type, G_SIGNAL_RUN_LAST, 0, nullptr,
                                             nullptr, nullptr, GST_TYPE_CAPS, 1, G_TYPE_UINT);
    signal_ids[kHandleSync] =
        g_signal_new("handle-sync", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr,
                     G_TYPE_NONE, 1, GST_TYPE_STRUCTURE | G_SIGNAL_TYPE_STATIC_SCOPE);
    signal_ids[kOnNptStop] = g_signal_new("on-npt-stop", type, G_SIGNAL_RUN_LAST, 0, nullptr,
                                          nullptr, nullptr, G_TYPE_NONE, 0);
    signal_ids[kClearPtMap] =
        g_signal_new_class_handler("clear-pt-map", type, action, G_CALLBACK(clear_pt_map), nullptr,
                                   nullptr, nullptr, G_TYPE_NONE, 0);
    signal_ids[kSetActive] = g_signal_new_class_handler(
        "set-active", type, action, G_CALLBACK(set_active), nullptr, nullptr, nullptr,
        G_TYPE_UINT64, 2, G_TYPE_BOOLEAN, G_TYPE_UINT64);
}

GstPad* make_pad(GstStaticPadTemplate* pad_template) {
    GstPad* pad = gst_pad_new_from_static_template(pad_template, pad_template->name_template);
    GST_PAD_SET_PROXY_CAPS(pad);
    gst_pad_set_iterate_internal_links_function(pad, links);
    return pad;
}

} // namespace

namespace tactus {

GstCaps* JitterBufferSignals::request_pt_map(GstElement* element, unsigned payload_type) {
    GstCaps* caps = nullptr;
    g_signal_emit(element, signal_ids[kRequestPtMap], 0, payload_type, &caps);
    return caps;
}

void JitterBufferSignals::handle_sync(GstElement* element, GstStructure* structure) {
    g_signal_emit(element, signal_ids[kHandleSync], 0, structure);
}

void JitterBufferSignals::on_npt_stop(GstElement* element) {
    g_signal_emit(element, signal_ids[kOnNptStop], 0);
}

} // namespace tactus

static void gst_jitter_buffer_class_init(GstJitterBufferClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    auto* element_class = GST_ELEMENT_CLASS(klass);
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    object_class->finalize = Entry::finalize;
    element_class->change_state = change_state;
    element_class->set_clock = set_clock;
    element_class->provide_clock = provide_clock;
    element_class->request_new_pad = request_new_pad;
    element_class->release_pad = release_pad;
    install_jitterbuffer_properties(object_class);
    make_signals(klass);

    gst_element_class_set_static_metadata(
        element_class, "Adaptive RTP jitter buffer", "Filter/Network/RTP",
        "Puts RTP packets in order and holds them for as long as the network needs",
        "The gst-tactus authors");
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_add_static_pad_template(element_class, &rtcp_template);
    gst_type_mark_as_plugin_api(jitter_mode_get_type(), static_cast<GstPluginAPIFlags>(0));
    gst_type_mark_as_plugin_api(adapt_by_get_type(), static_cast<GstPluginAPIFlags>(0));
}

static void gst_jitter_buffer_init(GstJitterBuffer* self) {
    auto* element = GST_ELEMENT_CAST(self);
    self->state = new JitterBufferState(element);
    GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_PROVIDE_CLOCK);

    GstPad* src = make_pad(&src_template);
    gst_pad_set_event_function(src, Entry::src_event);
    gst_pad_set_query_function(src, Entry::src_query);
    gst_pad_set_activatemode_function(src, Entry::src_activate);
    self->state->src_pad = src;
    gst_element_add_pad(element, src);

    GstPad* sink = make_pad(&sink_template);
    gst_pad_set_chain_function(sink, Entry::chain);
    gst_pad_set_chain_list_function(sink, Entry::chain_list);
    gst_pad_set_event_full_function(sink, Entry::sink_event_full);
    gst_pad_set_query_function(sink, Entry::sink_query);
    gst_pad_set_activatemode_function(sink, Entry::sink_activate);
    self->state->sink_pad = sink;
    gst_element_add_pad(element, sink);
}
