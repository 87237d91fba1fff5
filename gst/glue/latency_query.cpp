// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/latency_query.h"

namespace tactus {

bool answer_latency(GstPad* sink_pad, GstQuery* query, GstClockTime own_ns) {
    if (gst_pad_peer_query(sink_pad, query) == FALSE)
        return false;
    gboolean live = FALSE;
    GstClockTime least = 0;
    GstClockTime most = GST_CLOCK_TIME_NONE;
    gst_query_parse_latency(query, &live, &least, &most);
    gst_query_set_latency(query, live, least + own_ns,
                          GST_CLOCK_TIME_IS_VALID(most) ? most + own_ns : most);
    return true;
}

} // namespace tactus
