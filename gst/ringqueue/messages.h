// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/drop_log.h"
#include "core/ring/ring_queue.h"

#include <gst/gst.h>

#include <vector>

namespace tactus {

/// Posts one element message NAME per burst and empties `bursts`. Fields, all guint64: count,
/// first-sequence, first-running-time and last-running-time (ns; GST_CLOCK_TIME_NONE if no dropped
/// buffer had a time, 0 if it lay before the segment). With `pad`, also its name. No lock may be
/// held.
void post_bursts(GstElement* element, const char* name, GstPad* pad,
                 std::vector<DropBurst>& bursts);

/// The counters and quantiles that `stats` shows, in a new structure NAME.
GstStructure* make_stats(const char* name, const RingQueueStats& stats, const Levels& level);

} // namespace tactus
