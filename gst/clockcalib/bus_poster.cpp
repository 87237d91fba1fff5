// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/bus_poster.h"

#include "clockcalib/object_book.h"
#include "clockcalib/stats_structure.h"
#include "glue/handles.h"
#include "glue/stats_fields.h"

#include <string>

namespace tactus {

namespace {

void post(GstElement* pipeline, StructureHandle structure) {
    gst_element_post_message(
        pipeline, gst_message_new_element(GST_OBJECT_CAST(pipeline), structure.release()));
}

} // namespace

const char* incident_name(IncidentKind kind) {
    switch (kind) {
    case IncidentKind::stall:
        return "stall";
    case IncidentKind::clock_jump:
        return "clock-jump";
    case IncidentKind::records_lost:
        return "records-lost";
    }
    return "unknown";
}

void BusPoster::set_interval_ns(std::uint64_t interval_ns) {
    interval_ns_ = interval_ns;
}

bool BusPoster::due(std::uint64_t now_ns) {
    if (interval_ns_ == 0 || now_ns < next_ns_)
        return false;
    const bool first = next_ns_ == 0;
    next_ns_ = now_ns + interval_ns_;
    return !first;
}

void BusPoster::post_stats(const Stats& stats) {
    for (const std::uint32_t id : ObjectBook::instance().pipelines())
        if (const ElementHandle pipeline{ObjectBook::instance().element(id)})
            post(pipeline.get(), stats_structure(stats, id));
}

void BusPoster::post_incident(const Incident& incident) {
    for (const std::uint32_t id : ObjectBook::instance().pipelines()) {
        const ElementHandle pipeline{ObjectBook::instance().element(id)};
        if (!pipeline)
            continue;
        StructureHandle structure(gst_structure_new_empty("clockcalib-incident"));
        gst_structure_set(structure.get(), "kind", G_TYPE_STRING, incident_name(incident.kind),
                          "subject", G_TYPE_STRING, std::string(incident.subject).c_str(), "amount",
                          G_TYPE_INT64, static_cast<gint64>(incident.amount), nullptr);
        set_count(structure.get(), "at-ns", incident.at_ns);
        post(pipeline.get(), std::move(structure));
    }
}

} // namespace tactus
