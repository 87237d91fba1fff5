// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/stats_structure.h"

#include "glue/stats_fields.h"

#include <algorithm>
#include <optional>
#include <string>

namespace tactus {

namespace {

void set_machine_count(GstStructure* structure, const char* field,
                       const std::optional<std::uint64_t>& value) {
    if (value)
        set_count(structure, field, *value);
}

/// A list of structures under way.
class StructureList {
  public:
    StructureList() { g_value_init(&list_, GST_TYPE_LIST); }
    ~StructureList() {
        if (G_IS_VALUE(&list_))
            g_value_unset(&list_);
    }
    StructureList(const StructureList&) = delete;
    StructureList& operator=(const StructureList&) = delete;

    void add(StructureHandle structure) {
        GValue value = G_VALUE_INIT;
        g_value_init(&value, GST_TYPE_STRUCTURE);
        g_value_take_boxed(&value, structure.release());
        gst_value_list_append_and_take_value(&list_, &value);
    }
    void move_to(GstStructure* structure, const char* field) {
        gst_structure_take_value(structure, field, &list_);
    }

  private:
    GValue list_ = G_VALUE_INIT;
};

const ElementStats* find_element(const LatencySnapshot& latency, std::uint32_t id) {
    const auto found = std::find_if(latency.elements.begin(), latency.elements.end(),
                                    [&](const ElementStats& e) { return e.info.id == id; });
    return found != latency.elements.end() ? &*found : nullptr;
}

std::string path_of(const LatencySnapshot& latency, std::uint32_t id) {
    const ElementStats* element = find_element(latency, id);
    return element != nullptr ? element->info.path : "";
}

bool belongs(const LatencySnapshot& latency, std::uint32_t element, std::uint32_t pipeline) {
    const ElementStats* found = find_element(latency, element);
    return pipeline == 0 || (found != nullptr && found->info.pipeline == pipeline);
}

StructureHandle element_fields(const ElementStats& element) {
    StructureHandle fields(gst_structure_new_empty("element"));
    GstStructure* s = fields.get();
    set_text(s, "name", element.info.name);
    set_text(s, "path", element.info.path);
    set_text(s, "factory", element.info.factory);
    set_count(s, "buffers-in", element.buffers_in);
    set_count(s, "buffers-out", element.buffers_out);
    set_count(s, "bytes-out", element.bytes_out);
    set_count(s, "inside", element.inside);
    set_count(s, "dropped", element.dropped);
    set_count(s, "duplicated", element.duplicated);
    set_count(s, "inferred", element.inferred);
    set_count(s, "reorder-depth-max", element.reorder_depth_max);
    gst_structure_set(s, "queues", G_TYPE_BOOLEAN, element.queues ? TRUE : FALSE, nullptr);
    set_summary(s, "residence", element.residence.summary);
    set_summary(s, "self", element.self.summary);
    set_summary(s, "sync-wait", element.sync_wait.summary);
    return fields;
}

StructureHandle path_fields(const LatencySnapshot& latency, const PathStats& path) {
    StructureHandle fields(gst_structure_new_empty("path"));
    GstStructure* s = fields.get();
    set_text(s, "source", path_of(latency, path.source_element));
    set_text(s, "sink", path_of(latency, path.sink_element));
    set_count(s, "buffers", path.buffers);
    set_count(s, "inferred", path.inferred);
    set_summary(s, "latency", path.oldest.summary);
    set_summary(s, "newest", path.newest.summary);
    return fields;
}

StructureHandle clock_fields(const ClockStats& clock) {
    StructureHandle fields(gst_structure_new_empty("clock"));
    set_text(fields.get(), "name", clock.name);
    set_real(fields.get(), "offset-ns", clock.offset_ns);
    set_real(fields.get(), "drift-ppm", clock.drift_ppm);
    set_count(fields.get(), "jumps", clock.jumps);
    gst_structure_set(fields.get(), "last-jump-ns", G_TYPE_INT64,
                      static_cast<gint64>(clock.last_jump_ns), nullptr);
    return fields;
}

StructureHandle timer_fields(const TimerStats& timer) {
    StructureHandle fields(gst_structure_new_empty("timer"));
    set_text(fields.get(), "class", timer.scheduling_class);
    set_text(fields.get(), "unavailable", timer.unavailable);
    set_count(fields.get(), "stalls", timer.stalls);
    set_summary(fields.get(), "lateness", timer.lateness);
    return fields;
}

StructureHandle gpu_fields(const GpuQueueStats& queue) {
    StructureHandle fields(gst_structure_new_empty("gpu-queue"));
    set_text(fields.get(), "device", queue.device);
    set_text(fields.get(), "queue", queue.queue);
    set_text(fields.get(), "method", queue.method);
    set_count(fields.get(), "slices", queue.slices);
    set_count(fields.get(), "bound-ns", queue.bound_ns);
    set_real(fields.get(), "skew-ppm", queue.skew_ppm);
    set_summary(fields.get(), "busy", queue.busy.summary);
    return fields;
}

StructureHandle machine_fields(const MachineStats& machine) {
    StructureHandle fields(gst_structure_new_empty("machine"));
    GstStructure* s = fields.get();
    set_machine_count(s, "steal-ns", machine.steal_ns);
    set_machine_count(s, "throttled-ns", machine.throttled_ns);
    set_machine_count(s, "throttled-periods", machine.throttled_periods);
    set_machine_count(s, "cpu-frequency-min-khz", machine.cpu_frequency_min_khz);
    set_machine_count(s, "cpu-frequency-max-khz", machine.cpu_frequency_max_khz);
    set_machine_count(s, "cpu-frequency-changes", machine.cpu_frequency_changes);
    return fields;
}

void set_clocks(GstStructure* structure, const ClockHealthSnapshot& health) {
    StructureList clocks;
    for (const ClockStats& clock : health.clocks)
        clocks.add(clock_fields(clock));
    clocks.move_to(structure, "clocks");
    StructureList timers;
    for (const TimerStats& timer : health.timers)
        timers.add(timer_fields(timer));
    timers.move_to(structure, "timers");
    gst_structure_set(structure, "machine", GST_TYPE_STRUCTURE,
                      machine_fields(health.machine).get(), nullptr);
}

} // namespace

StructureHandle stats_structure(const Stats& stats, std::uint32_t pipeline) {
    const LatencySnapshot& latency = stats.latency;
    StructureHandle structure(gst_structure_new_empty("clockcalib-stats"));
    GstStructure* s = structure.get();
    set_count(s, "at-ns", latency.at_ns);
    set_count(s, "records-lost", latency.records_lost);
    set_count(s, "stalls", latency.stalls);
    set_count(s, "clock-jumps", latency.clock_jumps);
    StructureList paths;
    for (const PathStats& path : latency.paths)
        if (belongs(latency, path.sink_element, pipeline))
            paths.add(path_fields(latency, path));
    paths.move_to(s, "paths");
    StructureList elements;
    for (const ElementStats& element : latency.elements)
        if (pipeline == 0 || element.info.pipeline == pipeline)
            elements.add(element_fields(element));
    elements.move_to(s, "elements");
    StructureList gpu_queues;
    for (const GpuQueueStats& queue : latency.gpu_queues)
        gpu_queues.add(gpu_fields(queue));
    gpu_queues.move_to(s, "gpu-queues");
    set_clocks(s, stats.clocks);
    return structure;
}

} // namespace tactus
