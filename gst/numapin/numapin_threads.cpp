// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/handles.h"
#include "numapin/numapin_debug.h"
#include "numapin/numapin_state.h"
#include "numapin/process_pins.h"
#include "numapin/upstream.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tactus {

namespace {

/// Records of threads that have left; more of them are forgotten, the oldest first.
constexpr std::size_t kKeptRecords = 16;

using Kind = Complaint::Kind;

void add_refusals(const ThreadLedger::Outcome& outcome, bool is_back, std::uint64_t settings_made,
                  std::vector<Complaint>& complaints) {
    for (const ThreadLedger::Refusal& refusal : outcome.refusals) {
        complaints.push_back(Complaint::of(refusal, is_back));
        complaints.back().settings_made = settings_made;
    }
}

bool is_realtime(ThreadPolicy policy) {
    return policy == ThreadPolicy::fifo || policy == ThreadPolicy::rr ||
           policy == ThreadPolicy::deadline;
}

} // namespace

PinRecord* NumapinState::find_active(std::uint64_t serial) {
    for (const auto& record : records_)
        if (record->active && record->serial == serial)
            return record.get();
    return nullptr;
}

PinRecord* NumapinState::add_record(std::uint64_t serial) {
    ThreadSystem& system = ProcessPins::get().system();
    // Those that ended without a word; of such a thread nothing can be refused.
    std::vector<Complaint> none;
    for (const auto& record : records_)
        if (record->active && system.identify(record->thread.tid) != record->thread)
            unpin(*record, none);
    // We are the one that streams now, so none of those does any more, and if this throws, whoever
    // comes next is looked up.
    current_ = nullptr;
    pinned_serial_.store(0, std::memory_order_relaxed); // see before_push
    for (const auto& record : records_)
        if (!record->active)
            record->pack();
    const auto past = std::count_if(records_.begin(), records_.end(),
                                    [](const auto& record) { return !record->active; });
    if (static_cast<std::size_t>(past) >= kKeptRecords) {
        const auto oldest = std::find_if(records_.begin(), records_.end(),
                                         [](const auto& record) { return !record->active; });
        forgotten_buffers_ += (*oldest)->buffers.load(std::memory_order_relaxed);
        records_.erase(oldest);
    }
    auto record = std::make_unique<PinRecord>();
    record->serial = serial;
    record->active = true;
    record->thread = system.identify(system.current()).value_or(ThreadIdentity{});
    record->since_ns = FastClock::now_ns();
    record->last_report_ns = record->since_ns;
    if (auto readings = read_thread("/", "self", record->thread.tid)) {
        record->name = readings->name;
        record->first = *readings;
        record->last_report = std::move(*readings);
    }
    records_.push_back(std::move(record));
    return records_.back().get();
}

/// Behind a funnel threads take turns at each buffer; all stay pinned.
bool NumapinState::comes_back(std::uint64_t serial) {
    const std::lock_guard hold(lock);
    PinRecord* const record = find_active(serial);
    if (record == nullptr || record->settings_made != settings_made_)
        return false;
    current_ = record;
    // relaxed: see before_push.
    pinned_serial_.store(serial, std::memory_order_relaxed);
    return true;
}

/// A thread comes that is not known to be pinned: it is new, or the settings have changed, or it
/// flows on after its stream had ended.
void NumapinState::enter_thread() {
    const std::uint64_t began_ns = FastClock::now_ns();
    const std::uint64_t serial = thread_serial();
    PinRecord* record = nullptr;
    Wish wish;
    std::uint64_t cuts = 0;
    {
        const std::lock_guard hold(lock);
        record = find_active(serial);
        if (record == nullptr)
            record = add_record(serial);
        if (record->plan_ticket != 0)
            ProcessPins::get().release(std::exchange(record->plan_ticket, 0));
        wish = make_wish();
        record->settings_made = wish.settings_made;
        cuts = links_cut_;
        // relaxed: see before_push. Stored first, so that a setting that changes now is not missed.
        pinned_serial_.store(serial, std::memory_order_relaxed);
    }
    current_ = record;
    std::vector<Complaint> complaints;
    if (!wish.problem.empty()) {
        complaints.push_back({Kind::settings, wish.problem});
    } else {
        Attempt attempt = try_to_pin(record->thread, wish);
        complaints = std::move(attempt.complaints);
        const std::lock_guard hold(lock);
        take_over(*record, attempt);
        memory_.set_thread_node(node_of(*record));
        // Unlinked meanwhile: who did that found nothing to put back yet.
        if (links_cut_ != cuts || !gst_pad_is_linked(sink_pad))
            unpin(*record, complaints);
    }
    entry_ns_.record(FastClock::now_ns() - began_ns);
    for (Complaint& complaint : complaints)
        complaint.settings_made = wish.settings_made;
    complain(complaints);
}

NumapinState::Attempt NumapinState::try_to_pin(const ThreadIdentity& thread, const Wish& wish) {
    Attempt attempt;
    ThreadSettings settings = wish.settings;
    ProcessPins& pins = ProcessPins::get();
    if (!settings.sets_anything() && !wish.automatic) {
        attempt.outcome = pins.ledger().unpin(this, thread);
        return attempt;
    }
    Upstream upstream = look_upstream(sink_pad);
    if (!upstream.threadshare.empty()) {
        attempt.refused = true;
        attempt.complaints.push_back(
            {Kind::shared_thread,
             "the thread is not pinned: many elements share the one that " + upstream.threadshare +
                 " runs on; set its context's own properties, or put a queue before numapin"});
        return attempt;
    }
    watch(std::move(upstream.boundaries));
    watch_bus();
    if (wish.automatic)
        plan(thread, upstream.device, settings, attempt);
    attempt.has_cpus = settings.cpus.has_value();
    attempt.outcome = pins.ledger().pin(this, thread, settings);
    if (!attempt.outcome.thread_found) {
        attempt.complaints.push_back(
            {Kind::lost_thread, "the thread is not pinned: /proc does not show it"});
        return attempt;
    }
    if (attempt.outcome.refused(ThreadLedger::Field::scheduling))
        ask_broker(thread, settings, attempt);
    add_refusals(attempt.outcome, false, wish.settings_made, attempt.complaints);
    if (attempt.outcome.overrides)
        attempt.complaints.push_back(
            {Kind::overrides, "another numapin had set the same on this thread; this one, which is "
                              "downstream, holds until it stops"});
    check_quota(settings, attempt);
    return attempt;
}

void NumapinState::plan(const ThreadIdentity& thread, const std::optional<std::string>& device,
                        ThreadSettings& settings, Attempt& attempt) {
    ProcessPins& pins = ProcessPins::get();
    CpuPlanner::Request request;
    request.limits = read_cpu_limits();
    request.group = toplevel_of(element);
    request.allowed = pins.ledger().cpus_before(thread);
    std::shared_ptr<const Topology> topology;
    {
        const std::lock_guard hold(lock);
        topology = topology_;
    }
    if (device)
        if (const TopologyDevice* const found = topology->find_device(*device))
            request.near = found->near;
    const CpuPlanner::Plan plan = pins.claim(*topology, request);
    attempt.plan_ticket = plan.ticket;
    if (plan.cpu)
        settings.cpus = CpuSet::range(*plan.cpu, *plan.cpu);
    else
        attempt.complaints.push_back(
            {Kind::plan, "cpus=auto: the thread stays where it is: " + plan.problem});
}

void NumapinState::ask_broker(const ThreadIdentity& thread, const ThreadSettings& settings,
                              Attempt& attempt) {
    if (settings.policy != ThreadPolicy::fifo && settings.policy != ThreadPolicy::rr)
        return;
    const RealtimeBroker::Grant grant = broker_.ask(thread.tid, settings.priority);
    auto& refusals = attempt.outcome.refusals;
    const auto refusal = std::find_if(refusals.begin(), refusals.end(), [](const auto& r) {
        return r.field == ThreadLedger::Field::scheduling;
    });
    if (grant.priority == 0) {
        refusal->text += " (asked in vain: " + grant.refusals + ")";
        return;
    }
    refusals.erase(refusal);
    attempt.by = grant.by;
    ProcessPins::get().system().get_scheduling(thread.tid, attempt.outcome.now.scheduling);
    if (settings.policy != ThreadPolicy::rr || grant.priority != settings.priority)
        attempt.complaints.push_back(
            {Kind::granted, std::string("policy=") + policy_name(settings.policy) +
                                " priority=" + std::to_string(settings.priority) +
                                ": of its own right the process may not; " + grant.by +
                                " granted rr " + std::to_string(grant.priority)});
}

std::optional<unsigned> NumapinState::node_of(const PinRecord& record) const {
    std::optional<unsigned> node;
    for (const unsigned cpu : record.cpus.list()) {
        const CpuPlace* const place = topology_ != nullptr ? topology_->place_of(cpu) : nullptr;
        if (place == nullptr || (node && *node != place->node))
            return std::nullopt;
        node = place->node;
    }
    return node;
}

void NumapinState::check_quota(const ThreadSettings& settings, Attempt& attempt) const {
    if (!is_realtime(settings.policy) || attempt.outcome.refused(ThreadLedger::Field::scheduling))
        return;
    ThreadFacts facts;
    facts.limits = read_cpu_limits();
    facts.pinned_threads = static_cast<unsigned>(ProcessPins::get().ledger().pinned_threads());
    for (const std::string& line : diagnose(facts))
        attempt.complaints.push_back(
            {Kind::quota, std::string("policy=") + policy_name(settings.policy) +
                              " under a quota starves the other threads: " + line});
}

void NumapinState::take_over(PinRecord& record, const Attempt& attempt) {
    const ThreadLedger::Outcome& outcome = attempt.outcome;
    record.plan_ticket = attempt.plan_ticket;
    record.refused = attempt.refused;
    threads_refused_ += attempt.refused ? 1 : 0;
    record.has_cpus = attempt.has_cpus && !outcome.refused(ThreadLedger::Field::cpus);
    record.cpus = record.has_cpus ? outcome.now.cpus : CpuSet();
    record.may_run_on = record.cpus;
    record.last_cpu = CpuSet::kLimit;
    record.scheduling = outcome.now.cpus.empty() ? "" : scheduling_text(outcome.now.scheduling);
    if (!attempt.by.empty())
        record.scheduling += " by " + attempt.by;
    record.timer_slack_ns = outcome.now.timer_slack_ns;
}

// --- leaving

void NumapinState::unpin(PinRecord& record, std::vector<Complaint>& complaints) {
    ProcessPins& pins = ProcessPins::get();
    const ThreadLedger::Outcome outcome = pins.ledger().unpin(this, record.thread);
    if (record.plan_ticket != 0)
        pins.release(std::exchange(record.plan_ticket, 0));
    add_refusals(outcome, true, record.settings_made, complaints);
    ++restores_;
    restores_failed_ += outcome.refusals.empty() ? 0 : 1;
    if (auto readings = read_thread("/", "self", record.thread.tid))
        record.last = std::move(*readings);
    else
        record.last = record.last_report;
    record.until_ns = FastClock::now_ns();
    record.active = false;
    // relaxed: see before_push.
    if (pinned_serial_.load(std::memory_order_relaxed) == record.serial)
        pinned_serial_.store(0, std::memory_order_relaxed);
}

template <typename Leaves>
void NumapinState::leave_where(Leaves leaves) {
    std::vector<Complaint> complaints;
    {
        const std::lock_guard hold(lock);
        for (const auto& record : records_)
            if (record->active && leaves(*record))
                unpin(*record, complaints);
    }
    complain(complaints);
}

void NumapinState::leave_thread(std::uint64_t serial) {
    leave_where([&](const PinRecord& record) { return record.serial == serial; });
}

void NumapinState::leave_others(std::uint64_t serial) {
    leave_where([&](const PinRecord& record) { return record.serial != serial; });
}

void NumapinState::leave_all() {
    leave_where([](const PinRecord&) { return true; });
}

void NumapinState::sink_unlinked() {
    {
        const std::lock_guard hold(lock);
        ++links_cut_;
    }
    // Whoever flows on is looked up again; pads of what was taken away must not be kept.
    unwatch();
    leave_all();
}

/// A thread that pushes through elements before this one leaves when they are unlinked from it.
void NumapinState::watch(std::vector<PadHandle> pads) {
    const std::lock_guard hold(watch_lock_);
    for (PadHandle& pad : pads) {
        const bool known = std::any_of(watched_.begin(), watched_.end(),
                                       [&](const Watched& w) { return w.pad == pad; });
        if (known)
            continue;
        const gulong handler = g_signal_connect_object(
            pad.get(), "unlinked", G_CALLBACK(+[](GstPad*, GstPad*, GstElement* self) {
                state_of_numapin(self).sink_unlinked();
            }),
            element, static_cast<GConnectFlags>(0));
        watched_.push_back({std::move(pad), handler});
    }
}

/// Where a source is stopped alone, nothing passes here any more. But its thread says on the bus,
/// by itself, that it leaves.
void NumapinState::watch_bus() {
    const std::lock_guard hold(watch_lock_);
    if (bus_ != nullptr)
        return;
    bus_ = toplevel_bus(element).release();
    if (bus_ == nullptr)
        return;
    bus_handler_ =
        g_signal_connect_object(bus_, "sync-message::stream-status",
                                G_CALLBACK(+[](GstBus*, GstMessage* message, GstElement* self) {
                                    GstStreamStatusType type{};
                                    gst_message_parse_stream_status(message, &type, nullptr);
                                    if (type == GST_STREAM_STATUS_TYPE_LEAVE)
                                        state_of_numapin(self).leave_thread(thread_serial());
                                }),
                                element, static_cast<GConnectFlags>(0));
    gst_bus_enable_sync_message_emission(bus_);
}

void NumapinState::unwatch() {
    std::vector<Watched> watched;
    BusHandle bus;
    gulong bus_handler = 0;
    {
        const std::lock_guard hold(watch_lock_);
        watched.swap(watched_);
        bus.reset(std::exchange(bus_, nullptr));
        bus_handler = std::exchange(bus_handler_, 0);
    }
    if (bus != nullptr) {
        gst_bus_disable_sync_message_emission(bus.get());
        g_signal_handler_disconnect(bus.get(), bus_handler);
    }
    for (const Watched& one : watched)
        g_signal_handler_disconnect(one.pad.get(), one.handler);
}

} // namespace tactus
