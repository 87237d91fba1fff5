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
 * gst-launch-1.0 audiotestsrc num-buffers=100 ! simdfft fft-size=1024 !
 * "audio/x-stft,format=(string)db-f32" ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "simdfft/gstsimdfft.h"

#include "glue/entry_points.h"
#include "glue/fast_clock.h"
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

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(TACTUS_AUDIO_CAPS));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(TACTUS_AUDIO_CAPS "; " TACTUS_STFT_CAPS(TACTUS_STFT_FORMATS)));

using Entry = EntryPoints<_GstSimdFft, gst_simd_fft_parent_class>;

} // namespace

static void gst_simd_fft_class_init(GstSimdFftClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    auto* element_class = GST_ELEMENT_CLASS(klass);
    object_class->set_property = Entry::set_property;
    object_class->get_property = Entry::get_property;
    object_class->finalize = Entry::finalize;
    element_class->change_state = Entry::change_state;
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
    gst_pad_set_chain_function(sink, Entry::chain);
    gst_pad_set_chain_list_function(sink, Entry::chain_list);
    gst_pad_set_event_function(sink, Entry::sink_event);
    gst_pad_set_query_function(sink, Entry::sink_query);
    self->state->sink_pad = sink;
    gst_element_add_pad(element, sink);

    GstPad* src = gst_pad_new_from_static_template(&src_template, "src");
    gst_pad_set_event_function(src, Entry::src_event);
    gst_pad_set_query_function(src, Entry::src_query);
    self->state->src_pad = src;
    gst_element_add_pad(element, src);
}
