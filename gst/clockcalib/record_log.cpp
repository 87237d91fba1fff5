// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/record_log.h"

#include "clockcalib/bus_poster.h"
#include "clockcalib/clockcalib_debug.h"

#include <gst/gsttracerrecord.h>

namespace tactus {

namespace {

struct Classes {
    GstTracerRecord* latency;
    GstTracerRecord* residence;
    GstTracerRecord* drop;
    GstTracerRecord* incident;
};

GstStructure* scope(GstTracerValueScope related, GType type) {
    return gst_structure_new("scope", "type", G_TYPE_GTYPE, type, "related-to",
                             GST_TYPE_TRACER_VALUE_SCOPE, related, nullptr);
}

GstStructure* value(const char* description, GType type) {
    return gst_structure_new("value", "type", G_TYPE_GTYPE, type, "description", G_TYPE_STRING,
                             description, nullptr);
}

GstTracerRecord* latency_class() {
    return gst_tracer_record_new(
        "clockcalib-latency.class", "source", GST_TYPE_STRUCTURE,
        scope(GST_TRACER_VALUE_SCOPE_ELEMENT, G_TYPE_STRING), "sink", GST_TYPE_STRUCTURE,
        scope(GST_TRACER_VALUE_SCOPE_ELEMENT, G_TYPE_STRING), "id", GST_TYPE_STRUCTURE,
        value("identity of the buffer", G_TYPE_UINT64), "time", GST_TYPE_STRUCTURE,
        value("arrival at the sink, CLOCK_MONOTONIC ns", G_TYPE_UINT64), "oldest",
        GST_TYPE_STRUCTURE, value("latency of the oldest content, ns", G_TYPE_UINT64), "newest",
        GST_TYPE_STRUCTURE, value("latency of the newest content, ns", G_TYPE_UINT64), "sync-wait",
        GST_TYPE_STRUCTURE, value("wait for the clock to come, ns", G_TYPE_UINT64), "inferred",
        GST_TYPE_STRUCTURE, value("origin found by running time", G_TYPE_BOOLEAN), nullptr);
}

GstTracerRecord* residence_class() {
    return gst_tracer_record_new(
        "clockcalib-residence.class", "element", GST_TYPE_STRUCTURE,
        scope(GST_TRACER_VALUE_SCOPE_ELEMENT, G_TYPE_STRING), "id", GST_TYPE_STRUCTURE,
        value("identity of the buffer", G_TYPE_UINT64), "time", GST_TYPE_STRUCTURE,
        value("way in, CLOCK_MONOTONIC ns", G_TYPE_UINT64), "residence", GST_TYPE_STRUCTURE,
        value("way in to way out, ns", G_TYPE_UINT64), "queued", GST_TYPE_STRUCTURE,
        value("waited for another thread", G_TYPE_BOOLEAN), nullptr);
}

GstTracerRecord* drop_class() {
    return gst_tracer_record_new("clockcalib-drop.class", "element", GST_TYPE_STRUCTURE,
                                 scope(GST_TRACER_VALUE_SCOPE_ELEMENT, G_TYPE_STRING), "id",
                                 GST_TYPE_STRUCTURE, value("identity of the buffer", G_TYPE_UINT64),
                                 "time", GST_TYPE_STRUCTURE,
                                 value("way in, CLOCK_MONOTONIC ns", G_TYPE_UINT64), nullptr);
}

GstTracerRecord* incident_class() {
    return gst_tracer_record_new(
        "clockcalib-incident.class", "kind", GST_TYPE_STRUCTURE,
        scope(GST_TRACER_VALUE_SCOPE_PROCESS, G_TYPE_STRING), "subject", GST_TYPE_STRUCTURE,
        scope(GST_TRACER_VALUE_SCOPE_PROCESS, G_TYPE_STRING), "time", GST_TYPE_STRUCTURE,
        value("when, CLOCK_MONOTONIC ns", G_TYPE_UINT64), "amount", GST_TYPE_STRUCTURE,
        value("ns of the stall or jump, or a number of records", G_TYPE_INT64), nullptr);
}

const Classes& classes() {
    static const Classes all = [] {
        const Classes made{latency_class(), residence_class(), drop_class(), incident_class()};
        // They live as long as the process; the leaks tracer is told so.
        for (GstTracerRecord* made_class : {made.latency, made.residence, made.drop, made.incident})
            GST_OBJECT_FLAG_SET(made_class, GST_OBJECT_FLAG_MAY_BE_LEAKED);
        return made;
    }();
    return all;
}

} // namespace

void RecordLog::enable() {
    enabled_ = true;
    classes();
    category_ = _gst_debug_get_category("GST_TRACER");
}

bool RecordLog::wanted() const {
    return category_ != nullptr && gst_debug_category_get_threshold(category_) >= GST_LEVEL_TRACE;
}

const char* RecordLog::path_of(std::uint32_t element) const {
    const auto found = paths_.find(element);
    return found != paths_.end() ? found->second.c_str() : "";
}

void RecordLog::element_added(const ElementInfo& info) {
    paths_[info.id] = info.path;
}

void RecordLog::element_gone(std::uint32_t element) {
    paths_.erase(element);
}

void RecordLog::arrived(const Arrived& arrival) {
    if (!wanted())
        return;
    gst_tracer_record_log(
        classes().latency, path_of(arrival.source_element), path_of(arrival.sink_element),
        static_cast<guint64>(arrival.buffer_id), static_cast<guint64>(arrival.at_ns),
        static_cast<guint64>(arrival.at_ns - arrival.origins.oldest.t0_ns),
        static_cast<guint64>(arrival.at_ns - arrival.origins.newest.t0_ns),
        static_cast<guint64>(arrival.sync_wait_ns), arrival.origins.inferred ? TRUE : FALSE);
}

void RecordLog::left(const Residence& residence) {
    if (!wanted())
        return;
    gst_tracer_record_log(
        classes().residence, path_of(residence.element), static_cast<guint64>(residence.buffer_id),
        static_cast<guint64>(residence.in_ns),
        static_cast<guint64>(residence.out_ns - residence.in_ns), residence.queued ? TRUE : FALSE);
}

void RecordLog::dropped(const Dropped& drop) {
    if (wanted())
        gst_tracer_record_log(classes().drop, path_of(drop.element),
                              static_cast<guint64>(drop.buffer_id),
                              static_cast<guint64>(drop.in_ns));
}

void RecordLog::incident(const Incident& incident) {
    if (wanted())
        gst_tracer_record_log(
            classes().incident, incident_name(incident.kind), std::string(incident.subject).c_str(),
            static_cast<guint64>(incident.at_ns), static_cast<gint64>(incident.amount));
}

void RecordLog::warn(const std::string& problem) {
    GST_WARNING("%s", problem.c_str());
    g_printerr("clockcalib: %s\n", problem.c_str());
}

} // namespace tactus
