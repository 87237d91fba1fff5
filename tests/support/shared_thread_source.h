// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <thread>

namespace tactus {

/// A source with a thread of its own making and no task, and with the properties by which elements
/// that share a thread are known: 30 buffers, then EOS.
struct SharedThreadSource {
    GstElement parent;
    GstPad* src;
    std::thread* thread;
    std::atomic<bool>* stops;
};
struct SharedThreadSourceClass {
    GstElementClass parent_class;
};

inline void run_shared_thread_source(SharedThreadSource* self) {
    gst_pad_push_event(self->src, gst_event_new_stream_start("shared"));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    gst_pad_push_event(self->src, gst_event_new_segment(&segment));
    constexpr int kBuffers = 30;
    for (int i = 0; i < kBuffers && !*self->stops; ++i)
        if (gst_pad_push(self->src, gst_buffer_new()) != GST_FLOW_OK)
            return;
    gst_pad_push_event(self->src, gst_event_new_eos());
}

inline GstElementClass* shared_thread_parent_class = nullptr;

inline GstStateChangeReturn change_shared_thread_state(GstElement* element,
                                                       GstStateChange transition) {
    auto* const self = reinterpret_cast<SharedThreadSource*>(element);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        *self->stops = true;
    const GstStateChangeReturn result =
        shared_thread_parent_class->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
        *self->stops = false;
        self->thread = new std::thread(run_shared_thread_source, self);
    }
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
        self->thread->join();
        delete self->thread;
    }
    return result;
}

inline GType shared_thread_source_get_type() {
    static const GType type = g_type_register_static_simple(
        GST_TYPE_ELEMENT, "TactusSharedThreadSource", sizeof(SharedThreadSourceClass),
        [](gpointer klass, gpointer) {
            shared_thread_parent_class =
                static_cast<GstElementClass*>(g_type_class_peek_parent(klass));
            GST_ELEMENT_CLASS(klass)->change_state = change_shared_thread_state;
            auto* const object = G_OBJECT_CLASS(klass);
            object->set_property = [](GObject*, guint, const GValue*, GParamSpec*) {};
            object->get_property = [](GObject*, guint, GValue*, GParamSpec*) {};
            object->finalize = [](GObject* source) {
                delete reinterpret_cast<SharedThreadSource*>(source)->stops;
                G_OBJECT_CLASS(shared_thread_parent_class)->finalize(source);
            };
            g_object_class_install_property(
                object, 1,
                g_param_spec_string("context", "Context", "Its name", nullptr, G_PARAM_READWRITE));
            g_object_class_install_property(
                object, 2,
                g_param_spec_uint("context-wait", "Wait", "In ms", 0, 1000, 0, G_PARAM_READWRITE));
            gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "Source", "Source",
                                                  "Shares its thread", "The gst-tactus authors");
            gst_element_class_add_pad_template(
                GST_ELEMENT_CLASS(klass),
                gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_CAPS_ANY));
        },
        sizeof(SharedThreadSource),
        [](GTypeInstance* instance, gpointer klass) {
            auto* const self = reinterpret_cast<SharedThreadSource*>(instance);
            self->stops = new std::atomic<bool>(false);
            self->src = gst_pad_new_from_template(
                gst_element_class_get_pad_template(GST_ELEMENT_CLASS(klass), "src"), "src");
            gst_element_add_pad(GST_ELEMENT(instance), self->src);
        },
        static_cast<GTypeFlags>(0));
    return type;
}

/// As `shared-thread-source`.
inline void register_shared_thread_source() {
    gst_element_register(nullptr, "shared-thread-source", GST_RANK_NONE,
                         shared_thread_source_get_type());
}

} // namespace tactus
