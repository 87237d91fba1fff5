// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/handles.h"
#include "glue/stats_fields.h"
#include "numapin/numapin_debug.h"
#include "numapin/numapin_state.h"
#include "numapin/process_pins.h"

#include <optional>

namespace tactus {

namespace {

void set_if_known(GstStructure* s, const char* field, const std::optional<std::uint64_t>& value) {
    if (value)
        set_count(s, field, *value);
}

void append_text(GValue& array, const std::string& text) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_STRING);
    g_value_set_string(&value, text.c_str());
    gst_value_array_append_and_take_value(&array, &value);
}

GValue new_array() {
    GValue array = G_VALUE_INIT;
    g_value_init(&array, GST_TYPE_ARRAY);
    return array;
}

/// How it stands now; of a thread that has left, how it stood then.
ThreadReadings readings_of(const PinRecord& record) {
    if (!record.active)
        return record.last;
    return read_thread("/", "self", record.thread.tid).value_or(record.last_report);
}

} // namespace

ThreadFacts NumapinState::facts_of(const PinRecord& record, const ThreadReadings& from,
                                   std::uint64_t from_ns, std::uint64_t from_buffers) {
    const std::uint64_t now_ns = record.active ? FastClock::now_ns() : record.until_ns;
    ThreadFacts facts;
    facts.interval_ns = now_ns - from_ns;
    facts.counted = difference(from, readings_of(record));
    facts.buffers = record.buffers.load(std::memory_order_relaxed) - from_buffers;
    facts.cpus = record.cpus;
    facts.samples = record.samples.load(std::memory_order_relaxed);
    facts.samples_outside = record.samples_outside.load(std::memory_order_relaxed);
    facts.pinned_threads = static_cast<unsigned>(ProcessPins::get().ledger().pinned_threads());
    facts.limits = read_cpu_limits();
    if (topology_ != nullptr) {
        if (const CpuPlace* const place = topology_->place_of(facts.counted.cpu))
            facts.thread_node = place->node;
        if (record.active)
            facts.core_mates = ProcessPins::get().core_mates(record.thread.tid, *topology_);
    }
    if (facts.thread_node && places_.node) {
        facts.memory_node = places_.node;
        facts.remote_share = places_.remote_share(*facts.thread_node);
    }
    const CpuClock clock = read_cpu_clock("/", facts.counted.cpu);
    facts.frequency_khz = clock.now_khz;
    facts.base_frequency_khz = clock.base_khz;
    return facts;
}

GstStructure* NumapinState::thread_structure(const PinRecord& record) {
    const ThreadFacts facts = facts_of(record, record.first, record.since_ns, 0);
    GstStructure* const s = gst_structure_new_empty("numapin-thread");
    gst_structure_set(s, "tid", G_TYPE_INT, static_cast<gint>(record.thread.tid), "active",
                      G_TYPE_BOOLEAN, record.active, "refused", G_TYPE_BOOLEAN, record.refused,
                      "cpu", G_TYPE_UINT, facts.counted.cpu, nullptr);
    set_text(s, "name", record.name);
    set_text(s, "cpus", record.has_cpus ? record.cpus.text() : "");
    set_text(s, "cpus-seen", record.seen().text());
    set_text(s, "scheduling", record.scheduling);
    set_count(s, "timer-slack", record.timer_slack_ns);
    set_count(s, "time", facts.interval_ns);
    set_count(s, "buffers", facts.buffers);
    set_count(s, "samples", facts.samples);
    set_count(s, "samples-outside", facts.samples_outside);
    set_count(s, "cpu-changes", record.cpu_changes.load(std::memory_order_relaxed));
    set_if_known(s, "migrations", facts.counted.migrations);
    set_if_known(s, "voluntary-switches", facts.counted.voluntary_switches);
    set_if_known(s, "involuntary-switches", facts.counted.involuntary_switches);
    set_if_known(s, "run-time", facts.counted.run_ns);
    set_if_known(s, "run-queue-wait", facts.counted.wait_ns);
    set_count(s, "minor-faults", facts.counted.minor_faults);
    set_count(s, "major-faults", facts.counted.major_faults);
    const LogLinearHistogram::Summary lateness = record.wake_ups();
    set_count(s, "wake-ups", lateness.count);
    set_summary(s, "wake-up-lateness", lateness);
    set_if_known(s, "frequency-khz", facts.frequency_khz);
    if (facts.counted.avx512_elapsed_ms != kNoAvx512)
        set_if_known(s, "avx512-elapsed-ms", facts.counted.avx512_elapsed_ms);
    if (facts.thread_node)
        gst_structure_set(s, "node", G_TYPE_UINT, *facts.thread_node, nullptr);
    return s;
}

void NumapinState::put_limits(GstStructure* stats) {
    const CpuLimits limits = read_cpu_limits();
    if (limits.quota_cpus) {
        set_real(stats, "quota-cpus", *limits.quota_cpus);
        set_text(stats, "quota-cgroup", limits.quota_folder);
    }
    set_text(stats, "cpuset", limits.cpuset ? limits.cpuset->text() : "");
    set_text(stats, "isolated", limits.isolated.text());
    set_text(stats, "nohz-full", limits.nohz_full.text());
    if (topology_ != nullptr) {
        set_text(stats, "topology", topology_->source_name());
        set_text(stats, "nodes", topology_->nodes().text());
    }
    set_count(stats, "pinned-threads", ProcessPins::get().ledger().pinned_threads());
}

GstStructure* NumapinState::make_stats() {
    FramePlaces places;
    const StructureHandle memory(memory_.make_stats(places));
    const std::lock_guard hold(lock);
    places_ = std::move(places);
    machine_.read();
    GstStructure* const stats = gst_structure_new_empty("numapin-stats");
    put_limits(stats);
    GValue threads = new_array();
    GValue lines = new_array();
    std::uint64_t buffers = forgotten_buffers_;
    for (const auto& record : records_) {
        buffers += record->buffers.load(std::memory_order_relaxed);
        append_structure(&threads, thread_structure(*record));
        if (record->active)
            for (const std::string& line :
                 diagnose(facts_of(*record, record->first, record->since_ns, 0)))
                append_text(lines, record->name + ": " + line);
    }
    set_count(stats, "buffers", buffers);
    set_count(stats, "threads-refused", threads_refused_);
    set_count(stats, "restores", restores_);
    set_count(stats, "restores-failed", restores_failed_);
    set_count(stats, "throttled-time", machine_.stats().throttled_ns.value_or(0));
    const LogLinearHistogram::Summary pinnings = entry_ns_.summary();
    set_count(stats, "pinnings", pinnings.count);
    set_summary(stats, "pinning-time", pinnings);
    gst_structure_set(stats, "memory", GST_TYPE_STRUCTURE, memory.get(), nullptr);
    gst_structure_take_value(stats, "threads", &threads);
    gst_structure_take_value(stats, "diagnosis", &lines);
    return stats;
}

// --- reports

void NumapinState::report() {
    if (!running_)
        return;
    GstStructure* const message = make_stats();
    gst_structure_set_name(message, "numapin-report");
    GValue lines = new_array();
    {
        const std::lock_guard hold(lock);
        const std::uint64_t throttled_ns = machine_.stats().throttled_ns.value_or(0);
        for (const auto& record : records_) {
            if (!record->active)
                continue;
            ThreadFacts facts = facts_of(*record, record->last_report, record->last_report_ns,
                                         record->last_report_buffers);
            facts.throttled_ns = throttled_ns - throttled_reported_ns_;
            for (const std::string& line : diagnose(facts))
                append_text(lines, record->name + ": " + line);
            record->last_report = readings_of(*record);
            record->last_report_ns = FastClock::now_ns();
            record->last_report_buffers = record->buffers.load(std::memory_order_relaxed);
        }
        throttled_reported_ns_ = throttled_ns;
    }
    // What hurt since the last one, and not since the start.
    gst_structure_take_value(message, "diagnosis", &lines);
    gst_element_post_message(element, gst_message_new_element(GST_OBJECT_CAST(element), message));
}

void NumapinState::restart_reports() {
    const std::lock_guard alone(report_lock_);
    end_reports();
    // Stopped meanwhile: who did that saw none, or waits for the lock.
    if (!running_)
        return;
    std::uint64_t interval_ns = 0;
    {
        const std::lock_guard hold(lock);
        interval_ns = settings_.report_interval_ns;
    }
    if (interval_ns == 0)
        return;
    GstClock* const clock = gst_system_clock_obtain();
    report_id_ =
        gst_clock_new_periodic_id(clock, gst_clock_get_time(clock) + interval_ns, interval_ns);
    gst_object_unref(clock);
    gst_clock_id_wait_async(
        report_id_,
        [](GstClock*, GstClockTime, GstClockID, gpointer self) -> gboolean {
            state_of_numapin(self).report();
            return TRUE;
        },
        gst_object_ref(element), gst_object_unref);
}

void NumapinState::stop_reports() {
    const std::lock_guard alone(report_lock_);
    end_reports();
}

void NumapinState::end_reports() {
    if (report_id_ == nullptr)
        return;
    gst_clock_id_unschedule(report_id_);
    gst_clock_id_unref(report_id_);
    report_id_ = nullptr;
}

} // namespace tactus
