// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/stats/log_linear_histogram.h"

#include <gst/gst.h>

#include <cstdint>
#include <string>

namespace tactus {

/// Sets an unsigned 64-bit field.
void set_count(GstStructure* structure, const char* field, std::uint64_t value);
void set_real(GstStructure* structure, const char* field, double value);
void set_text(GstStructure* structure, const char* field, const std::string& text);

/// Appends to an array, which takes the item.
void append_structure(GValue* array, GstStructure* item);

/// Sets PREFIX-p50, PREFIX-p99, PREFIX-p999 and PREFIX-max, in the unit of the histogram.
void set_summary(GstStructure* structure, const char* prefix,
                 const LogLinearHistogram::Summary& summary);

} // namespace tactus
