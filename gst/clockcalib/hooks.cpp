// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/hooks.h"

#include "clockcalib/object_book.h"
#include "clockcalib/recorder.h"

#include <atomic>

namespace tactus {

namespace {

void on_push(GObject*, GstClockTime stamp, GstPad* pad, GstBuffer* buffer) {
    if (Recorder::active())
        Recorder::instance().push(stamp, pad, buffer);
}

void on_push_list(GObject*, GstClockTime stamp, GstPad* pad, GstBufferList* list) {
    if (Recorder::active())
        Recorder::instance().push_list(stamp, pad, list);
}

void on_pushed(GObject*, GstClockTime stamp, GstPad*, GstFlowReturn flow) {
    if (Recorder::active())
        Recorder::instance().pushed(stamp, flow);
}

void on_pulled(GObject*, GstClockTime stamp, GstPad* pad, GstBuffer* buffer, GstFlowReturn flow) {
    if (Recorder::active() && flow == GST_FLOW_OK && buffer != nullptr)
        Recorder::instance().pulled(stamp, pad, buffer);
}

void on_event(GObject*, GstClockTime stamp, GstPad* pad, GstEvent* event) {
    if (Recorder::active())
        Recorder::instance().event(stamp, pad, event);
}

void on_linked(GObject*, GstClockTime, GstPad*, GstPad*, GstPadLinkReturn) {
    ObjectBook::graph_changed();
}

void on_unlinked(GObject*, GstClockTime, GstPad*, GstPad*, gboolean) {
    ObjectBook::graph_changed();
}

void on_pad_moved(GObject*, GstClockTime, GstElement*, GstPad*) {
    ObjectBook::graph_changed();
}

void on_bin_changed(GObject*, GstClockTime, GstBin*, GstElement*, gboolean) {
    ObjectBook::graph_changed();
}

} // namespace

void register_hooks(GstTracer* tracer) {
    // There is one recorder, however many tracers.
    static std::atomic<bool> is_done{false};
    if (is_done.exchange(true))
        return;
    // Others, such as those around the chain function, would cost a dispatch for each push.
    gst_tracing_register_hook(tracer, "pad-push-pre", G_CALLBACK(on_push));
    gst_tracing_register_hook(tracer, "pad-push-post", G_CALLBACK(on_pushed));
    gst_tracing_register_hook(tracer, "pad-push-list-pre", G_CALLBACK(on_push_list));
    gst_tracing_register_hook(tracer, "pad-push-list-post", G_CALLBACK(on_pushed));
    gst_tracing_register_hook(tracer, "pad-pull-range-post", G_CALLBACK(on_pulled));
    gst_tracing_register_hook(tracer, "pad-push-event-pre", G_CALLBACK(on_event));
    gst_tracing_register_hook(tracer, "pad-link-post", G_CALLBACK(on_linked));
    gst_tracing_register_hook(tracer, "pad-unlink-post", G_CALLBACK(on_unlinked));
    gst_tracing_register_hook(tracer, "element-add-pad", G_CALLBACK(on_pad_moved));
    gst_tracing_register_hook(tracer, "element-remove-pad", G_CALLBACK(on_pad_moved));
    gst_tracing_register_hook(tracer, "bin-add-post", G_CALLBACK(on_bin_changed));
    gst_tracing_register_hook(tracer, "bin-remove-post", G_CALLBACK(on_bin_changed));
}

} // namespace tactus
