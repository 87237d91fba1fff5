// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-simdfft
 * @title: simdfft
 * @short_description: spectra of audio at the speed of the vector unit
 *
 * simdfft takes the place of `spectrum`: audio passes unchanged, and for each interval an element
 * message `spectrum` says how strong each frequency band was. Where downstream takes audio/x-stft
 * and no audio, it sends that: the short-time Fourier transform of all channels, frame by frame.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m audiotestsrc num-buffers=100 ! simdfft bands=64 ! fakesink
 * ]|
 * |[
 * gst-launch-1.0 audiotestsrc num-buffers=100 ! simdfft fft-size=1024 ! audio/x-stft,format=db-f32
 * ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "simdfft/gstsimdfft.h"

#include "glue/fast_clock.h"
#include "glue/guard.h"
#include "simdfft/simdfft_debug.h"
#include "simdfft/simdfft_state.h"

using namespace tactus;

GST_DEBUG_CATEGORY(gst_simd_fft_debug);

struct _GstSimdFft {
    GstElement parent;
    SimdFftState* state;
};

G_DEFINE_TYPE_WITH_CODE(GstSimdFft, gst_simd_fft, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(gst_simd_fft_debug, "simdfft", 0,
                                                "spectra of audio"))
GST_ELEMENT_REGISTER_DEFINE(simdfft, "simdfft", GST_RANK_NONE, GST_TYPE_SIMD_FFT)

namespace {

#define AUDIO_CAPS                                                                                 \
    "audio/x-raw, format=(string)" TACTUS_SAMPLE_FORMATS                                           \
    ", rate=(int)[ 1, 2147483647 ], channels=(int)[ 1, 2147483647 ], "                             \
    "layout=(string){ interleaved, non-interleaved }"

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(AUDIO_CAPS));
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS(AUDIO_CAPS "; " TACTUS_STFT_CAPS(TACTUS_STFT_FORMATS)));

SimdFftState& state_of(gpointer object) {
    return *static_cast<GstSimdFft*>(object)->state; // unchecked: once per buffer
}

// --- C entry points

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* buffer) noexcept {
    SimdFftState& state = state_of(parent);
    return guarded(state.element, GST_FLOW_ERROR, [&] { return state.chain(buffer); });
}

GstFlowReturn chain_list(GstPad*, GstObject* parent, GstBufferList* list) noexcept {
    SimdFftState& state = state_of(parent);
    return guarded(state.element, GST_FLOW_ERROR, [&] { return state.chain_list(list); });
}

gboolean sink_event(GstPad*, GstObject* parent, GstEvent* event) noexcept {
    SimdFftState& state = state_of(parent);
    return guarded(state.element, FALSE, [&]() -> gboolean { return state.sink_event(event); });
}

gboolean sink_query(GstPad*, GstObject* parent, GstQuery* query) noexcept {
    SimdFftState& state = state_of(parent);
    return guarded(state.element, FALSE, [&]() -> gboolean { return state.sink_query(query); });
}

gboolean src_event(GstPad*, GstObject* parent, GstEvent* event) noexcept {
    SimdFftState& state = state_of(parent);
    return guarded(state.element, FALSE, [&]() -> gboolean { return state.src_event(event); });
}

gboolean src_query(GstPad*, GstObject* parent, GstQuery* query) noexcept {
    SimdFftState& state = state_of(parent);
    return guarded(state.element, FALSE, [&]() -> gboolean { return state.src_query(query); });
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* pspec) noexcept {
    SimdFftState& state = state_of(object);
    if (!guarded(state.element, true, [&] { return state.set(id, value); }))
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) noexcept {
    SimdFftState& state = state_of(object);
    if (id == kSimdFftStatsId)
        g_value_take_boxed(value, state.stats());
    else if (!state.get(id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

void finalize(GObject* object) noexcept {
    delete GST_SIMD_FFT(object)->state;
    G_OBJECT_CLASS(gst_simd_fft_parent_class)->finalize(object);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) noexcept {
    GstElementClass* parent_class = GST_ELEMENT_CLASS(gst_simd_fft_parent_class);
    const GstStateChangeReturn result = parent_class->change_state(element, transition);
    // Both pads are inactive now: no data flows.
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        state_of(element).stop();
    return result;
}

} // namespace

static void gst_simd_fft_class_init(GstSimdFftClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    auto* element_class = GST_ELEMENT_CLASS(klass);
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    object_class->finalize = finalize;
    element_class->change_state = change_state;
    install_simdfft_properties(object_class);
    gst_element_class_set_static_metadata(
        element_class, "Spectrum analyzer (vector unit)", "Filter/Analyzer/Audio",
        "Spectra of audio, as messages for each interval or as a stream", "The gst-tactus authors");
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    for (const GType type : {message_format_get_type(), window_kind_get_type(),
                             stft_scaling_get_type(), frequency_scale_get_type()})
        gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
}

static void gst_simd_fft_init(GstSimdFft* self) {
    auto* element = GST_ELEMENT_CAST(self);
    FastClock::prepare();
    self->state = new SimdFftState(element);

    GstPad* sink = gst_pad_new_from_static_template(&sink_template, "sink");
    gst_pad_set_chain_function(sink, chain);
    gst_pad_set_chain_list_function(sink, chain_list);
    gst_pad_set_event_function(sink, sink_event);
    gst_pad_set_query_function(sink, sink_query);
    self->state->sink_pad = sink;
    gst_element_add_pad(element, sink);

    GstPad* src = gst_pad_new_from_static_template(&src_template, "src");
    gst_pad_set_event_function(src, src_event);
    gst_pad_set_query_function(src, src_query);
    self->state->src_pad = src;
    gst_element_add_pad(element, src);
}
