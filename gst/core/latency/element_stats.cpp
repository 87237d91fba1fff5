// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/latency_model.h"

namespace tactus {

void append_stats(LatencySnapshot& to, const ElementState& e) {
    ElementStats stats;
    stats.info = e.info;
    stats.buffers_in = e.buffers_in;
    stats.buffers_out = e.buffers_out;
    stats.bytes_out = e.bytes_out;
    stats.inside = e.inside();
    stats.dropped = e.dropped;
    stats.duplicated = e.duplicated;
    stats.inferred = e.inferred;
    stats.reorder_depth_max = e.reorder_depth_max;
    stats.queues = e.queues;
    stats.residence = e.residence.stats();
    stats.self = e.self.stats();
    stats.sync_wait = e.sync_wait.stats();
    to.elements.push_back(std::move(stats));
    for (const auto& path : e.paths)
        to.paths.push_back({path->source_element, e.info.id, path->buffers, path->inferred,
                            path->oldest.stats(), path->newest.stats()});
    for (const auto& edge : e.edges)
        to.edges.push_back({e.info.id, edge->dst_element, edge->buffers, edge->bytes});
}

void reset_stats(ElementState& e) {
    e.buffers_in = e.buffers_out = e.bytes_out = 0;
    e.dropped = e.duplicated = e.inferred = e.reorder_depth_max = 0;
    e.queues = false;
    e.residence.reset();
    e.self.reset();
    e.sync_wait.reset();
    for (const auto& path : e.paths) {
        path->buffers = path->inferred = 0;
        path->oldest.reset();
        path->newest.reset();
    }
    for (const auto& edge : e.edges)
        edge->buffers = edge->bytes = 0;
}

void pack_idle(ElementState& e) {
    e.residence.pack_if_idle();
    e.self.pack_if_idle();
    e.sync_wait.pack_if_idle();
    for (const auto& path : e.paths) {
        path->oldest.pack_if_idle();
        path->newest.pack_if_idle();
    }
}

} // namespace tactus
