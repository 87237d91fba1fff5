// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A call of five seconds: a tone in Opus goes through a bad network (netsim) and loopback UDP to an
// rtpbin with our jitterbuffer. Then the `stats` of jitterbuffer and clockcalib say how it went.
#define GST_USE_UNSTABLE_API // tracers have been called that since 1.8
#include <gst/gst.h>
// rtpbin asks for a jitter buffer for each stream, and sets its own latency and do-lost on it.
static GstElement* make_jitterbuffer(GstElement*, guint, GstElement** ours) {
    return *ours = gst_element_factory_make("jitterbuffer", nullptr);
}
// rtpbin gets a pad for each stream when its first packet comes; `out` is where that goes.
static void link_decoder(GstElement* rtpbin, GstPad* pad, GstElement* out) {
    if (g_str_has_prefix(GST_PAD_NAME(pad), "recv_rtp_src_"))
        gst_element_link_pads(rtpbin, GST_PAD_NAME(pad), out, "sink");
}
static void print_stats(gpointer of) {
    GstStructure* stats = nullptr;
    guint64 packets = 0, lost = 0, ns = 0;
    g_object_get(of, "stats", &stats, nullptr);
    if (gst_structure_get(stats, "num-pushed", G_TYPE_UINT64, &packets, "num-lost", G_TYPE_UINT64,
                          &lost, "current-delay", G_TYPE_UINT64, &ns, nullptr))
        g_print("jitterbuffer: %lu packets played, %lu lost, delay in the end %.1f ms\n",
                gulong(packets), gulong(lost), double(ns) / 1e6);
    const GValue* elements = gst_structure_get_value(stats, "elements");
    for (guint i = 0; elements != nullptr && i < gst_value_list_get_size(elements); ++i) {
        const auto* element = gst_value_get_structure(gst_value_list_get_value(elements, i));
        if (gst_structure_get_uint64(element, "residence-p50", &ns) && ns > GST_MSECOND)
            g_print("clockcalib: %s holds each buffer for %.1f ms (P50)\n",
                    gst_structure_get_string(element, "path"), double(ns) / 1e6);
    }
    gst_structure_free(stats);
}
int main(int argc, char** argv) {
    g_setenv("GST_TRACERS", "clockcalib", TRUE); // before gst_init, which loads tracers
    gst_init(&argc, &argv);
    GstElement *call = gst_pipeline_new("call"), *jitterbuffer = nullptr;
    const auto add = [&](const char* factory, auto... properties) {
        GstElement* element = gst_element_factory_make_full(factory, properties..., nullptr);
        if (element == nullptr || !gst_bin_add(GST_BIN(call), element))
            g_printerr("There is no element %s. Is its plugin installed?\n", factory), exit(1);
        return element;
    };
    GstElement *out = add("rtpopusdepay"), *in = add("udpsrc", "address", "127.0.0.1", "port", 0);
    gst_util_set_object_arg(G_OBJECT(in), "caps",
                            "application/x-rtp,media=audio,clock-rate=48000,encoding-name=OPUS");
    int udp = 0;
    gst_element_set_state(in, GST_STATE_READY); // takes a free port
    g_object_get(in, "port", &udp, nullptr);
    GstElement* rtpbin = add("rtpbin", "latency", 1000, "do-lost", TRUE); // 1000 ms at most
    g_signal_connect(rtpbin, "request-jitterbuffer", G_CALLBACK(make_jitterbuffer), &jitterbuffer);
    g_signal_connect(rtpbin, "pad-added", G_CALLBACK(link_decoder), out);
    gst_element_link_pads(in, "src", rtpbin, "recv_rtp_sink_0");
    gst_element_link_many(out, add("opusdec", "plc", TRUE), add("fakesink", "sync", TRUE), nullptr);
    gst_element_link_many(
        add("audiotestsrc", "is-live", TRUE), add("opusenc"), add("rtpopuspay"),
        add("netsim", "delay-probability", 0.5, "min-delay", 0, "max-delay", 60, "drop-probability",
            0.02),
        add("udpsink", "host", "127.0.0.1", "port", udp, "sync", FALSE, "async", FALSE), nullptr);
    gst_element_set_state(call, GST_STATE_PLAYING);
    const gint64 end_us = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
    const auto left_ns = [&] { return MAX(0, end_us - g_get_monotonic_time()) * GST_USECOND; };
    while (GstMessage* message = gst_bus_timed_pop(GST_ELEMENT_BUS(call), left_ns())) {
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY) // the delay has moved: tell the sink
            gst_bin_recalculate_latency(GST_BIN(call));
        GError* error = nullptr;
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
            gst_message_parse_error(message, &error, nullptr);
        if (error != nullptr)
            g_printerr("%s\n", error->message), exit(1);
        gst_message_unref(message);
    }
    if (jitterbuffer == nullptr)
        g_printerr("No packet came, or there is no element jitterbuffer.\n"), exit(1);
    print_stats(jitterbuffer);
    for (GList* t = gst_tracing_get_active_tracers(); t != nullptr; t = g_list_delete_link(t, t))
        print_stats(t->data);
    gst_element_set_state(call, GST_STATE_NULL);
    gst_object_unref(call);
}
