// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-simdspectrogram
 * @title: simdspectrogram
 * @short_description: a picture of sound that scrolls by
 *
 * simdspectrogram draws how the spectrum of sound goes on: time to the right, frequency upwards,
 * decibels as colours. With a live source one sees what one hears.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 audiotestsrc wave=ticks num-buffers=200 ! simdspectrogram !
 * video/x-raw,width=800,height=400,framerate=25/1 ! videoconvert ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "simdfft/gstsimdspectrogram.h"

#include "glue/entry_points.h"
#include "glue/fast_clock.h"
#include "simdfft/audio_map.h"
#include "simdfft/enums.h"
#include "simdfft/spectrogram_debug.h"
#include "simdfft/spectrogram_state.h"

using namespace tactus;

GST_DEBUG_CATEGORY(gst_simd_spectrogram_debug);

struct _GstSimdSpectrogram {
    GstElement parent;
    SpectrogramState* state;
};

G_DEFINE_TYPE_WITH_CODE(GstSimdSpectrogram, gst_simd_spectrogram, GST_TYPE_ELEMENT,
                        GST_DEBUG_CATEGORY_INIT(gst_simd_spectrogram_debug, "simdspectrogram", 0,
                                                "pictures of sound"))
GST_ELEMENT_REGISTER_DEFINE(simdspectrogram, "simdspectrogram", GST_RANK_NONE,
                            GST_TYPE_SIMD_SPECTROGRAM)

namespace {

#define VIDEO_CAPS(formats)                                                                        \
    "video/x-raw, format=(string)" formats ", width=(int)[ 16, 16384 ], "                          \
    "height=(int)[ 16, 16384 ], framerate=(fraction)[ 1/1000, 1000/1 ]"

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
                                                             GST_STATIC_CAPS(TACTUS_AUDIO_CAPS));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(VIDEO_CAPS(TACTUS_DRAWN_FORMATS) "; " VIDEO_CAPS(TACTUS_CONVERTED_FORMATS)));

using Entry = EntryPoints<_GstSimdSpectrogram, gst_simd_spectrogram_parent_class>;

} // namespace

static void gst_simd_spectrogram_class_init(GstSimdSpectrogramClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    auto* element_class = GST_ELEMENT_CLASS(klass);
    object_class->set_property = Entry::set_property;
    object_class->get_property = Entry::get_property;
    object_class->finalize = Entry::finalize;
    element_class->change_state = Entry::change_state;
    install_spectrogram_properties(object_class);
    gst_element_class_set_static_metadata(
        element_class, "Scrolling spectrogram (vector unit)", "Visualization",
        "Draws how the spectrum of sound goes on", "The gst-tactus authors");
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    for (const GType type : {color_map_get_type(), named_window_get_type()})
        gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
}

static void gst_simd_spectrogram_init(GstSimdSpectrogram* self) {
    auto* element = GST_ELEMENT_CAST(self);
    FastClock::prepare();
    self->state = new SpectrogramState(element);

    GstPad* sink = gst_pad_new_from_static_template(&sink_template, "sink");
    gst_pad_set_chain_function(sink, Entry::chain);
    gst_pad_set_chain_list_function(sink, Entry::chain_list);
    gst_pad_set_event_function(sink, Entry::sink_event);
    self->state->sink_pad = sink;
    gst_element_add_pad(element, sink);

    GstPad* src = gst_pad_new_from_static_template(&src_template, "src");
    gst_pad_set_event_function(src, Entry::src_event);
    gst_pad_set_query_function(src, Entry::src_query);
    self->state->src_pad = src;
    gst_element_add_pad(element, src);
}
