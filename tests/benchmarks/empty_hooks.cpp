// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The tracer that all others are measured against: it hooks what clockcalib hooks, and does
// nothing.
#define PACKAGE "gst-tactus"

#include <gst/gst.h>
#include <gst/gsttracer.h>

namespace {

struct EmptyHooks {
    GstTracer parent;
};
struct EmptyHooksClass {
    GstTracerClass parent_class;
};

void on_push(GObject*, GstClockTime, GstPad*, gpointer) {}
void on_pushed(GObject*, GstClockTime, GstPad*, GstFlowReturn) {}

} // namespace

G_DEFINE_TYPE(EmptyHooks, empty_hooks, GST_TYPE_TRACER)

static void empty_hooks_class_init(EmptyHooksClass*) {}

static void empty_hooks_init(EmptyHooks* self) {
    auto* tracer = GST_TRACER(self);
    gst_tracing_register_hook(tracer, "pad-push-pre", G_CALLBACK(on_push));
    gst_tracing_register_hook(tracer, "pad-push-post", G_CALLBACK(on_pushed));
    gst_tracing_register_hook(tracer, "pad-push-list-pre", G_CALLBACK(on_push));
    gst_tracing_register_hook(tracer, "pad-push-list-post", G_CALLBACK(on_pushed));
}

static gboolean plugin_init(GstPlugin* plugin) {
    return gst_tracer_register(plugin, "emptyhooks", empty_hooks_get_type());
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, emptyhooks, "A tracer that does nothing",
                  plugin_init, "0.1", "LGPL", "gst-tactus", "gst-tactus")
