// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/incident_log.h"
#include "core/clock/clock_health_snapshot.h"
#include "core/latency/latency_snapshot.h"

namespace tactus {

/// All that is known at one moment.
struct Stats {
    LatencySnapshot latency;
    ClockHealthSnapshot clocks;
    IncidentSnapshot incidents;
};

} // namespace tactus
