// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/stats_fields.h"

namespace tactus {

void set_count(GstStructure* structure, const char* field, std::uint64_t value) {
    gst_structure_set(structure, field, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

void set_real(GstStructure* structure, const char* field, double value) {
    gst_structure_set(structure, field, G_TYPE_DOUBLE, value, nullptr);
}

void set_text(GstStructure* structure, const char* field, const std::string& text) {
    gst_structure_set(structure, field, G_TYPE_STRING, text.c_str(), nullptr);
}

void append_structure(GValue* array, GstStructure* item) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&value, item);
    gst_value_array_append_and_take_value(array, &value);
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
