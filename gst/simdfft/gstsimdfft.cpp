// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-simdfft
 * @title: simdfft
 * @short_description: spectra of audio at the speed of the vector unit
 *
 * So far it passes audio through.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 audiotestsrc num-buffers=100 ! simdfft ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "simdfft/gstsimdfft.h"

#include <gst/audio/audio.h>

struct _GstSimdFft {
    GstElement parent;
    GstPad* sink_pad;
    GstPad* src_pad;
};

G_DEFINE_TYPE(GstSimdFft, gst_simd_fft, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(simdfft, "simdfft", GST_RANK_NONE, GST_TYPE_SIMD_FFT)

namespace {

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("audio/x-raw"));
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("audio/x-raw"));

GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* buffer) noexcept {
    return gst_pad_push(GST_SIMD_FFT(parent)->src_pad, buffer);
}

GstPad* make_pad(GstElement* element, GstStaticPadTemplate* pad_template) {
    GstPad* pad = gst_pad_new_from_static_template(pad_template, pad_template->name_template);
    GST_PAD_SET_PROXY_CAPS(pad);
    gst_element_add_pad(element, pad);
    return pad;
}

} // namespace

static void gst_simd_fft_class_init(GstSimdFftClass* klass) {
    auto* element_class = GST_ELEMENT_CLASS(klass);
    gst_element_class_set_static_metadata(
        element_class, "Spectrum analyzer (vector unit)", "Filter/Analyzer/Audio",
        "Fourier transforms of audio on the vector unit", "The gst-tactus authors");
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
}

static void gst_simd_fft_init(GstSimdFft* self) {
    auto* element = GST_ELEMENT_CAST(self);
    self->sink_pad = make_pad(element, &sink_template);
    gst_pad_set_chain_function(self->sink_pad, chain);
    self->src_pad = make_pad(element, &src_template);
}
