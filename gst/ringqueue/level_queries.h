// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/levels.h"

#include <gst/gst.h>

#include <cstdint>

namespace tactus {

/// Takes what is queued off a POSITION answer in time or bytes; never below 0.
void subtract_level(GstQuery* query, const Levels& level);

/// Adds a queue's share to a LATENCY answer: its time limit to the maximum (one that leaks holds
/// nothing longer than that, so there the larger counts; no limit is no maximum), its threshold
/// to the minimum.
void add_latency(GstQuery* query, std::uint64_t limit_ns, bool leaks, std::uint64_t threshold_ns);

} // namespace tactus
