// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-simdfftfilter
 * @title: simdfftfilter
 * @short_description: filters of any length with little delay
 *
 * simdfftfilter filters audio with an impulse response: an equalizer, a room, a crossover. Where
 * `audiofirfilter` multiplies each frame with each tap, it works on spectra of blocks, so that long
 * responses cost little, also at a low latency. A new response is faded over to while playing.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 audiotestsrc num-buffers=100 ! audio/x-raw,rate=48000 ! audioconvert !
 * simdfftfilter kernel-file=/usr/share/sounds/alsa/Noise.wav ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "simdfft/gstsimdfftfilter.h"

#include "glue/entry_points.h"
#include "glue/fast_clock.h"
#include "glue/guard.h"
#include "glue/latency_query.h"
#include "simdfft/chain_each.h"
#include "simdfft/filter_debug.h"
#include "simdfft/filter_state.h"

#include <gst/audio/audio.h>

using namespace tactus;

GST_DEBUG_CATEGORY(gst_simd_fft_filter_debug);

struct _GstSimdFftFilter {
    GstBaseTransform parent;
    FilterState* state;
};

G_DEFINE_TYPE_WITH_CODE(GstSimdFftFilter, gst_simd_fft_filter, GST_TYPE_BASE_TRANSFORM,
                        GST_DEBUG_CATEGORY_INIT(gst_simd_fft_filter_debug, "simdfftfilter", 0,
                                                "filters of any length"))
GST_ELEMENT_REGISTER_DEFINE(simdfftfilter, "simdfftfilter", GST_RANK_NONE, GST_TYPE_SIMD_FFT_FILTER)

namespace {

#define FILTER_CAPS                                                                                \
    "audio/x-raw, format=(string){ " GST_AUDIO_NE(F32) ", " GST_AUDIO_NE(F64) ", " GST_AUDIO_NE(   \
        S16) " }, rate=(int)[ 1, 2147483647 ], channels=(int)[ 1, 64 ], "                          \
             "layout=(string)interleaved"

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(FILTER_CAPS));
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(FILTER_CAPS));

guint rate_changed_signal;

using Entry = EntryPoints<_GstSimdFftFilter, gst_simd_fft_filter_parent_class>;

FilterState& state_of(gpointer object) {
    return Entry::state_of(object);
}

GstBaseTransformClass* parent() {
    return GST_BASE_TRANSFORM_CLASS(gst_simd_fft_filter_parent_class);
}

// --- caps

/// A structure for as many channels as come out.
void set_out_channels(GstStructure* structure, int channels) {
    int now = 0;
    if (gst_structure_get_int(structure, "channels", &now) && now == channels)
        return;
    gst_structure_set(structure, "channels", G_TYPE_INT, channels, nullptr);
    if (channels > 2)
        gst_structure_set(structure, "channel-mask", GST_TYPE_BITMASK,
                          gst_audio_channel_get_fallback_mask(channels), nullptr);
    else
        gst_structure_remove_field(structure, "channel-mask");
}

void allow_any_channels(GstStructure* structure) {
    gst_structure_set(structure, "channels", GST_TYPE_INT_RANGE, 1,
                      static_cast<int>(ConvolutionFilter::kMostChannels), nullptr);
    gst_structure_remove_field(structure, "channel-mask");
}

GstCaps* transform_caps(GstBaseTransform* transform, GstPadDirection direction, GstCaps* caps,
                        GstCaps* filter) noexcept {
    const unsigned channels = state_of(transform).out_channels();
    GstCaps* result = gst_caps_copy(caps);
    for (guint i = 0; channels != 0 && i < gst_caps_get_size(result); ++i) {
        if (direction == GST_PAD_SINK)
            set_out_channels(gst_caps_get_structure(result, i), static_cast<int>(channels));
        else
            allow_any_channels(gst_caps_get_structure(result, i));
    }
    if (filter != nullptr) {
        GstCaps* const both = gst_caps_intersect_full(filter, result, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(result);
        result = both;
    }
    return result;
}

gboolean get_unit_size(GstBaseTransform*, GstCaps* caps, gsize* size) noexcept {
    GstAudioInfo info;
    if (!gst_audio_info_from_caps(&info, caps))
        return FALSE;
    *size = static_cast<gsize>(GST_AUDIO_INFO_BPF(&info));
    return TRUE;
}

FilterSample sample_of(const GstAudioInfo& info) {
    switch (GST_AUDIO_INFO_FORMAT(&info)) {
    case GST_AUDIO_FORMAT_S16:
        return FilterSample::s16;
    case GST_AUDIO_FORMAT_F64:
        return FilterSample::f64;
    default:
        return FilterSample::f32;
    }
}

gboolean set_caps(GstBaseTransform* transform, GstCaps* in_caps, GstCaps* out_caps) noexcept {
    FilterState& state = state_of(transform);
    GstAudioInfo in;
    GstAudioInfo out;
    if (!gst_audio_info_from_caps(&in, in_caps) || !gst_audio_info_from_caps(&out, out_caps)) {
        GST_ELEMENT_ERROR(transform, STREAM, FORMAT, ("These caps are no audio."),
                          ("%" GST_PTR_FORMAT ", %" GST_PTR_FORMAT, static_cast<void*>(in_caps),
                           static_cast<void*>(out_caps)));
        return FALSE;
    }
    return guarded(state.element, FALSE, [&]() -> gboolean {
        // Before the filter is made, so that a handler can set its response.
        if (state.format().rate_hz != GST_AUDIO_INFO_RATE(&in))
            g_signal_emit(transform, rate_changed_signal, 0, GST_AUDIO_INFO_RATE(&in));
        return state.set_format({sample_of(in), GST_AUDIO_INFO_CHANNELS(&in),
                                 GST_AUDIO_INFO_CHANNELS(&out), GST_AUDIO_INFO_RATE(&in)});
    });
}

// Buffers of our own: they are as long as what has come makes them.
gboolean decide_allocation(GstBaseTransform*, GstQuery* query) noexcept {
    while (gst_query_get_n_allocation_pools(query) > 0)
        gst_query_remove_nth_allocation_pool(query, 0);
    return TRUE;
}

// --- data

GstFlowReturn submit_input_buffer(GstBaseTransform* transform, gboolean is_discont,
                                  GstBuffer* input) noexcept {
    FilterState& state = state_of(transform);
    const gsize bytes = gst_buffer_get_size(input);
    GstFlowReturn flow = guarded(state.element, GST_FLOW_ERROR, [&] { return state.begin(input); });
    if (flow == GST_FLOW_OK)
        flow = parent()->submit_input_buffer(transform, is_discont, input);
    else
        gst_buffer_unref(input);
    if (flow != GST_FLOW_OK)
        state.refuse(bytes);
    return flow;
}

GstFlowReturn generate_output(GstBaseTransform* transform, GstBuffer** output) noexcept {
    FilterState& state = state_of(transform);
    *output = nullptr;
    GstBuffer* const input = std::exchange(transform->queued_buf, nullptr);
    if (input == nullptr)
        return GST_FLOW_OK;
    const GstFlowReturn flow =
        guarded(state.element, GST_FLOW_ERROR, [&] { return state.filter(input, output); });
    if (flow != GST_FLOW_OK)
        state.refuse(gst_buffer_get_size(input));
    gst_buffer_unref(input);
    return flow;
}

GstFlowReturn chain_list(GstPad* pad, GstObject* transform, GstBufferList* list) noexcept {
    const BufferListHandle handle(list);
    return chain_each(
        list, [&](GstBuffer* buffer) { return GST_PAD_CHAINFUNC(pad)(pad, transform, buffer); },
        [&](GstBuffer* buffer) { state_of(transform).refuse(gst_buffer_get_size(buffer)); });
}

bool handle_gap(FilterState& state, GstEvent* event) {
    if (state.fill_gap(event))
        return true;
    state.drain();
    return false;
}

gboolean sink_event(GstBaseTransform* transform, GstEvent* event) noexcept {
    FilterState& state = state_of(transform);
    const bool is_done = guarded(state.element, false, [&] {
        switch (GST_EVENT_TYPE(event)) {
        case GST_EVENT_STREAM_START:
        case GST_EVENT_SEGMENT:
        case GST_EVENT_SEGMENT_DONE:
        case GST_EVENT_EOS:
            state.drain();
            break;
        case GST_EVENT_FLUSH_STOP:
            state.flush();
            break;
        case GST_EVENT_GAP:
            return handle_gap(state, event);
        default:
            break;
        }
        return false;
    });
    if (is_done) {
        gst_event_unref(event);
        return TRUE;
    }
    return parent()->sink_event(transform, event);
}

// --- queries

gboolean query(GstBaseTransform* transform, GstPadDirection direction, GstQuery* q) noexcept {
    if (direction == GST_PAD_SRC && GST_QUERY_TYPE(q) == GST_QUERY_LATENCY)
        return answer_latency(transform->sinkpad, q, state_of(transform).latency_ns());
    return parent()->query(transform, direction, q);
}

// --- life

gboolean start(GstBaseTransform* transform) noexcept {
    FilterState& state = state_of(transform);
    return guarded(state.element, FALSE, [&]() -> gboolean { return state.start(); });
}

gboolean stop(GstBaseTransform* transform) noexcept {
    FilterState& state = state_of(transform);
    return guarded(state.element, FALSE, [&]() -> gboolean {
        state.stop();
        return TRUE;
    });
}

} // namespace

static void gst_simd_fft_filter_class_init(GstSimdFftFilterClass* klass) {
    auto* object_class = G_OBJECT_CLASS(klass);
    auto* element_class = GST_ELEMENT_CLASS(klass);
    auto* transform_class = GST_BASE_TRANSFORM_CLASS(klass);
    object_class->set_property = Entry::set_property;
    object_class->get_property = Entry::get_property;
    object_class->finalize = Entry::finalize;
    transform_class->transform_caps = transform_caps;
    transform_class->get_unit_size = get_unit_size;
    transform_class->set_caps = set_caps;
    transform_class->decide_allocation = decide_allocation;
    transform_class->submit_input_buffer = submit_input_buffer;
    transform_class->generate_output = generate_output;
    transform_class->sink_event = sink_event;
    transform_class->query = query;
    transform_class->start = start;
    transform_class->stop = stop;
    install_filter_properties(object_class);
    rate_changed_signal = g_signal_new("rate-changed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST,
                                       0, nullptr, nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_INT);

    gst_element_class_set_static_metadata(
        element_class, "FIR filter of any length (vector unit)", "Filter/Effect/Audio",
        "Filters audio with impulse responses by partitioned convolution",
        "The gst-tactus authors");
    gst_element_class_add_static_pad_template(element_class, &src_template);
    gst_element_class_add_static_pad_template(element_class, &sink_template);
}

static void gst_simd_fft_filter_init(GstSimdFftFilter* self) {
    FastClock::prepare();
    self->state = new FilterState(GST_BASE_TRANSFORM_CAST(self));
    gst_pad_set_chain_list_function(GST_BASE_TRANSFORM_CAST(self)->sinkpad, chain_list);
}
