// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/metrics_endpoint.h"

#include <prometheus/metric_family.h>

#include <cstdint>
#include <vector>

namespace tactus {

/// The metrics of one scrape, in base units: seconds, bytes, hertz, ratios. A function without
/// state; any thread.
///
/// Label `element` is the path below the pipeline. Elements that carry the same labels (one that
/// was removed and made again, pipelines of the same name) are added up, because a label set may
/// occur only once.
std::vector<prometheus::MetricFamily> metric_families(const MetricsInput& input);

/// tactus_scrape_errors_total
prometheus::MetricFamily scrape_errors_family(std::uint64_t errors);

} // namespace tactus
