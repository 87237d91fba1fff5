// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/stats.h"
#include "glue/handles.h"

#include <cstdint>

namespace tactus {

/// The figures as the structure "clockcalib-stats" that applications get; its fields are in
/// docs/elements/clockcalib.md. `pipeline`: only what belongs to that one; 0: everything.
StructureHandle stats_structure(const Stats& stats, std::uint32_t pipeline);

} // namespace tactus
