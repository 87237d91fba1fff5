// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/stats_fields.h"

#include <string>

namespace tactus {

void set_count(GstStructure* structure, const char* field, std::uint64_t value) {
    gst_structure_set(structure, field, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

void set_summary(GstStructure* structure, const char* prefix,
                 const LogLinearHistogram::Summary& summary) {
    const std::string name = prefix;
    set_count(structure, (name + "-p50").c_str(), summary.p50);
    set_count(structure, (name + "-p99").c_str(), summary.p99);
    set_count(structure, (name + "-p999").c_str(), summary.p999);
    set_count(structure, (name + "-max").c_str(), summary.max);
}

} // namespace tactus
