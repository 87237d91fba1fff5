// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "glue/guard.h"

#include <gst/gst.h>

namespace tactus {

/// The C entry points of an element: each hands on to the function of the same name of its state,
/// which is a C++ object that throws. `Instance` is the instance struct, with a pointer `state`;
/// `ParentClass` is what G_DEFINE_TYPE names so. Only what an element uses has to be in its state.
///
/// The state has the pad functions chain, chain_list, sink_event, sink_query, src_event,
/// src_query, sink_activate and src_activate; set_property and get_property, which are false for an
/// unknown id; stop, which is called when no data flows any more; and `element`.
///
/// Threads: those that GStreamer calls from.
template <typename Instance, gpointer& ParentClass>
struct EntryPoints {
    /// Unchecked, as it is called for each buffer.
    static auto& state_of(gpointer object) { return *static_cast<Instance*>(object)->state; }

    static GstFlowReturn chain(GstPad*, GstObject* parent, GstBuffer* buffer) noexcept {
        return flow(parent, [&](auto& state) { return state.chain(buffer); });
    }
    static GstFlowReturn chain_list(GstPad*, GstObject* parent, GstBufferList* list) noexcept {
        return flow(parent, [&](auto& state) { return state.chain_list(list); });
    }
    static gboolean sink_event(GstPad*, GstObject* parent, GstEvent* event) noexcept {
        return truth(parent, [&](auto& state) { return state.sink_event(event); });
    }
    /// For gst_pad_set_event_full_function: the state's sink_event is a flow return then.
    static GstFlowReturn sink_event_full(GstPad*, GstObject* parent, GstEvent* event) noexcept {
        return flow(parent, [&](auto& state) { return state.sink_event(event); });
    }
    static gboolean src_event(GstPad*, GstObject* parent, GstEvent* event) noexcept {
        return truth(parent, [&](auto& state) { return state.src_event(event); });
    }
    static gboolean sink_query(GstPad*, GstObject* parent, GstQuery* query) noexcept {
        return truth(parent, [&](auto& state) { return state.sink_query(query); });
    }
    static gboolean src_query(GstPad*, GstObject* parent, GstQuery* query) noexcept {
        return truth(parent, [&](auto& state) { return state.src_query(query); });
    }
    /// Of pads that only push.
    static gboolean sink_activate(GstPad*, GstObject* parent, GstPadMode mode,
                                  gboolean active) noexcept {
        return mode == GST_PAD_MODE_PUSH &&
               truth(parent, [&](auto& state) { return state.sink_activate(active != FALSE); });
    }
    static gboolean src_activate(GstPad*, GstObject* parent, GstPadMode mode,
                                 gboolean active) noexcept {
        return mode == GST_PAD_MODE_PUSH &&
               truth(parent, [&](auto& state) { return state.src_activate(active != FALSE); });
    }

    static void set_property(GObject* object, guint id, const GValue* value,
                             GParamSpec* pspec) noexcept {
        if (!guarded(state_of(object).element, true,
                     [&] { return state_of(object).set_property(id, value); }))
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
    static void get_property(GObject* object, guint id, GValue* value, GParamSpec* pspec) noexcept {
        if (!guarded(state_of(object).element, true,
                     [&] { return state_of(object).get_property(id, value); }))
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
    static void finalize(GObject* object) noexcept {
        delete reinterpret_cast<Instance*>(object)->state;
        G_OBJECT_CLASS(ParentClass)->finalize(object);
    }
    /// Both pads are inactive when it stops.
    static GstStateChangeReturn change_state(GstElement* element,
                                             GstStateChange transition) noexcept {
        const GstStateChangeReturn result =
            GST_ELEMENT_CLASS(ParentClass)->change_state(element, transition);
        if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
            completes(element, [element] { state_of(element).stop(); });
        return result;
    }

  private:
    template <typename Body>
    static GstFlowReturn flow(GstObject* object, Body body) noexcept {
        auto& state = state_of(object);
        return guarded(state.element, GST_FLOW_ERROR, [&] { return body(state); });
    }
    template <typename Body>
    static gboolean truth(GstObject* object, Body body) noexcept {
        auto& state = state_of(object);
        return guarded(state.element, false, [&] { return body(state); }) ? TRUE : FALSE;
    }
};

} // namespace tactus
