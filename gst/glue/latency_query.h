// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace tactus {

/// Answers a LATENCY query with what is upstream of `sink_pad` and `own_ns` more. False if upstream
/// does not answer. Any thread.
bool answer_latency(GstPad* sink_pad, GstQuery* query, GstClockTime own_ns);

} // namespace tactus
