// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace tactus {

/// Hands each buffer of a list to `chain`, which takes a reference, until one does not end with OK.
/// Those behind it, which GStreamer's own loop would drop without a word, go to `refuse`. Borrows
/// the list.
template <typename Chain, typename Refuse>
GstFlowReturn chain_each(GstBufferList* list, Chain chain, Refuse refuse) {
    GstFlowReturn flow = GST_FLOW_OK;
    const guint length = gst_buffer_list_length(list);
    for (guint i = 0; i < length; ++i) {
        GstBuffer* const buffer = gst_buffer_list_get(list, i);
        if (flow == GST_FLOW_OK)
            flow = chain(gst_buffer_ref(buffer));
        else
            refuse(buffer);
    }
    return flow;
}

} // namespace tactus
