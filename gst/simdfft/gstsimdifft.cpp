// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-simdifft
 * @title: simdifft
 * @short_description: audio from the spectra of simdfft
 *
 * simdifft turns the complex spectra of simdfft back into audio by overlap-add with the dual
 * window. What stands between the two may change them. Unchanged, the same samples come out, as
 * many as went in, at the same times.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 audiotestsrc num-buffers=100 ! simdfft ! simdifft ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "simdfft/gstsimdifft.h"

#include "glue/entry_points.h"
#include "glue/fast_clock.h"
#include "simdfft/simdifft_state.h"

#include <gst/audio/audio.h>

using namespace tactus;

GST_DEBUG_CATEGORY_STATIC(gst_simd_ifft_debug);

struct _GstSimdIfft {
    GstElement parent;
    SimdIfftState* state;
};

G_DEFINE_TYPE_WITH_CODE(GstSimdIfft, gst_simd_ifft, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(gst_simd_ifft_debug, "simdifft", 0,
                                                "audio from spectra"))
GST_ELEMENT_REGISTER_DEFINE(simdifft, "simdifft", GST_RANK_NONE, GST_TYPE_SIMD_IFFT)

namespace {

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(TACTUS_STFT_CAPS("complex-f32")));
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS("audio/x-raw, format=(string)" GST_AUDIO_NE(
                                F32) ", "
                                     "rate=(int)[ 1, 2147483647 ], channels=(int)[ 1, 64 ], "
                                     "layout=(string)interleaved"));

using Entry = EntryPoints<_GstSimdIfft, gst_simd_ifft_parent_class>;

} // namespace

static void gst_simd_ifft_class_init(GstSimdIfftClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    auto* element_class = GST_ELEMENT_CLASS(klass);
    object_class->get_property = Entry::get_property;
    object_class->finalize = Entry::finalize;
    element_class->change_state = Entry::change_state;
    install_simdifft_properties(object_class);
    gst_element_class_set_static_metadata(
        element_class, "Audio from spectra (vector unit)", "Filter/Converter/Audio",
        "Turns the complex spectra of simdfft back into audio", "The gst-tactus authors");
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
}

static void gst_simd_ifft_init(GstSimdIfft* self) {
    auto* element = GST_ELEMENT_CAST(self);
    FastClock::prepare();
    self->state = new SimdIfftState(element);

    GstPad* sink = gst_pad_new_from_static_template(&sink_template, "sink");
    gst_pad_set_chain_function(sink, Entry::chain);
    gst_pad_set_chain_list_function(sink, Entry::chain_list);
    gst_pad_set_event_function(sink, Entry::sink_event);
    gst_pad_set_query_function(sink, Entry::sink_query);
    self->state->sink_pad = sink;
    gst_element_add_pad(element, sink);

    GstPad* src = gst_pad_new_from_static_template(&src_template, "src");
    gst_pad_set_query_function(src, Entry::src_query);
    self->state->src_pad = src;
    gst_element_add_pad(element, src);
}
