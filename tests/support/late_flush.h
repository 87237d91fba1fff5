// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <future>

/// Sends `element` a FLUSH_START that is held up on its way out, at `downstream`'s sink pad, until
/// the element was shut down and its source pad `src` activated again; then it goes on, and the
/// sink pad is activated last, as a state change does it. The FLUSH_STOP comes in between, when
/// nobody in the element takes it. All pads outside the element end up open.
inline void flush_across_a_restart(GstPad* upstream, GstPad* src, GstPad* downstream) {
    struct Hold {
        std::promise<void> reached, released;
    } hold;
    gst_pad_add_probe( // it removes itself
        downstream, GST_PAD_PROBE_TYPE_EVENT_FLUSH,
        [](GstPad*, GstPadProbeInfo*, gpointer data) {
            auto* held = static_cast<Hold*>(data);
            held->reached.set_value();
            held->released.get_future().wait();
            return GST_PAD_PROBE_REMOVE;
        },
        &hold, nullptr);
    auto start = std::async(std::launch::async, [&] {
        return gst_pad_push_event(upstream, gst_event_new_flush_start());
    });
    hold.reached.get_future().wait();
    GstPad* sink = gst_pad_get_peer(upstream);
    gst_pad_set_active(src, FALSE);
    gst_pad_set_active(sink, FALSE);
    gst_pad_set_active(src, TRUE);
    hold.released.set_value();
    start.get();
    gst_pad_push_event(upstream, gst_event_new_flush_stop(TRUE));
    gst_pad_send_event(downstream, gst_event_new_flush_stop(TRUE));
    gst_pad_set_active(sink, TRUE);
    gst_object_unref(sink);
}
