// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What clockcalib says.
#define GST_USE_UNSTABLE_API // tracers have been called that since 1.8
#include "traced_pipeline.h"

#include <algorithm>
#include <cstring>

namespace tactus::traced {

namespace {

std::uint64_t count_in(const GstStructure* structure, const char* field) {
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(structure, field, &value)) << "no field " << field;
    return value;
}

std::string text_in(const GstStructure* structure, const char* field) {
    const gchar* text = gst_structure_get_string(structure, field);
    EXPECT_NE(text, nullptr) << "no field " << field;
    return text != nullptr ? text : "";
}

Quantiles quantiles_in(const GstStructure* structure, const std::string& prefix) {
    const auto get = [&](const char* which) {
        return count_in(structure, (prefix + which).c_str());
    };
    return {get("-p50"), get("-p99"), get("-p999"), get("-max")};
}

template <typename Read>
void for_each_in(const GstStructure* stats, const char* list, Read read) {
    const GValue* values = gst_structure_get_value(stats, list);
    ASSERT_NE(values, nullptr) << "no list " << list;
    for (guint i = 0; i < gst_value_list_get_size(values); ++i)
        read(gst_value_get_structure(gst_value_list_get_value(values, i)));
}

PathFigures read_path(const GstStructure* s) {
    PathFigures path;
    path.source = text_in(s, "source");
    path.sink = text_in(s, "sink");
    path.buffers = count_in(s, "buffers");
    path.inferred = count_in(s, "inferred");
    path.latency = quantiles_in(s, "latency");
    path.newest = quantiles_in(s, "newest");
    return path;
}

ElementFigures read_element(const GstStructure* s) {
    ElementFigures element;
    element.path = text_in(s, "path");
    element.factory = text_in(s, "factory");
    element.in = count_in(s, "buffers-in");
    element.out = count_in(s, "buffers-out");
    element.inside = count_in(s, "inside");
    element.dropped = count_in(s, "dropped");
    element.duplicated = count_in(s, "duplicated");
    element.inferred = count_in(s, "inferred");
    element.reorder_depth_max = count_in(s, "reorder-depth-max");
    gboolean queues = FALSE;
    EXPECT_TRUE(gst_structure_get_boolean(s, "queues", &queues));
    element.queues = queues != FALSE;
    element.residence = quantiles_in(s, "residence");
    element.self = quantiles_in(s, "self");
    element.sync_wait = quantiles_in(s, "sync-wait");
    return element;
}

} // namespace

Figures::Figures(const GstStructure* stats) {
    gchar* text = gst_structure_to_string(stats);
    text_ = text;
    g_free(text);
    records_lost_ = count_in(stats, "records-lost");
    for_each_in(stats, "paths", [&](const GstStructure* s) { paths_.push_back(read_path(s)); });
    for_each_in(stats, "elements",
                [&](const GstStructure* s) { elements_.push_back(read_element(s)); });
}

PathFigures Figures::path(const std::string& source, const std::string& sink) const {
    for (const PathFigures& path : paths_)
        if (path.source == source && path.sink == sink)
            return path;
    return {};
}

ElementFigures Figures::element(const std::string& path) const {
    for (const ElementFigures& element : elements_)
        if (element.path == path)
            return element;
    return {};
}

GstObject* find_tracer() {
    GstObject* found = nullptr;
    GList* tracers = gst_tracing_get_active_tracers();
    for (GList* node = tracers; node != nullptr; node = node->next)
        if (std::strcmp(G_OBJECT_TYPE_NAME(node->data), "GstClockcalib") == 0 && found == nullptr)
            found = GST_OBJECT(gst_object_ref(node->data));
    g_list_free_full(tracers, gst_object_unref);
    return found;
}

void reset_figures() {
    GstObject* tracer = find_tracer();
    ASSERT_NE(tracer, nullptr) << "GST_TRACERS does not name clockcalib, or it was not found";
    g_signal_emit_by_name(tracer, "reset");
    gst_object_unref(tracer);
}

Figures take_figures() {
    GstObject* tracer = find_tracer();
    GstStructure* stats = nullptr;
    if (tracer != nullptr) {
        g_signal_emit_by_name(tracer, "get-stats", &stats);
        gst_object_unref(tracer);
    }
    if (stats == nullptr)
        g_error("no figures: GST_TRACERS does not name clockcalib");
    Figures figures(stats);
    gst_structure_free(stats);
    return figures;
}

} // namespace tactus::traced
