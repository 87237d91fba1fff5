// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/thread_ledger.h"

#include "core/topology/thread_remedies.h"

#include <algorithm>
#include <cerrno>
#include <sched.h>
#include <utility>

namespace tactus {

namespace {

template <typename Value>
void disinherit_value(const Value& pinned, const Value& before, Value& value) {
    if (value == pinned)
        value = before;
}

/// What the heir has of the pinned thread becomes what that one had before.
void disinherit(const ThreadState& pinned, const ThreadState& before, ThreadState& heir) {
    disinherit_value(pinned.cpus, before.cpus, heir.cpus);
    disinherit_value(pinned.scheduling, before.scheduling, heir.scheduling);
    disinherit_value(pinned.timer_slack_ns, before.timer_slack_ns, heir.timer_slack_ns);
}

/// A thread that ends meanwhile needs nothing any more.
bool is_refusal(int error) {
    return error != 0 && error != ESRCH;
}

bool same_field(const ThreadSettings& a, const ThreadSettings& b) {
    return (a.cpus && b.cpus) || (a.sets_scheduling() && b.sets_scheduling()) ||
           (a.timer_slack_ns != 0 && b.timer_slack_ns != 0);
}

} // namespace

bool ThreadLedger::Outcome::refused(Field field) const {
    return std::any_of(refusals.begin(), refusals.end(),
                       [&](const Refusal& r) { return r.field == field && r.error != 0; });
}

std::size_t ThreadLedger::pinned_threads() const {
    const std::lock_guard hold(lock_);
    return entries_.size();
}

std::vector<pid_t> ThreadLedger::placed_threads() const {
    const std::lock_guard hold(lock_);
    std::vector<pid_t> tids;
    for (const Entry& entry : entries_)
        if (std::any_of(entry.layers.begin(), entry.layers.end(),
                        [](const Layer& layer) { return layer.settings.cpus.has_value(); }))
            tids.push_back(entry.thread.tid);
    return tids;
}

ThreadLedger::Entry* ThreadLedger::find(const ThreadIdentity& thread) {
    const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& e) { return e.thread == thread; });
    return entry != entries_.end() ? &*entry : nullptr;
}

bool ThreadLedger::read_state(pid_t tid, ThreadState& state, int& error) {
    error = system_.get_cpus(tid, state.cpus);
    if (error == 0)
        error = system_.get_scheduling(tid, state.scheduling);
    // Without the right to see another thread's slack, it is left out.
    if (error == 0)
        system_.get_timer_slack(tid, state.timer_slack_ns);
    return error == 0;
}

ThreadLedger::Entry* ThreadLedger::find_or_add(const ThreadIdentity& thread, Outcome& outcome) {
    if (Entry* const known = find(thread))
        return known;
    // Another thread has the number of one that ended without being unpinned.
    std::erase_if(entries_, [&](const Entry& e) { return e.thread.tid == thread.tid; });
    Entry entry;
    entry.thread = thread;
    int error = 0;
    if (!read_state(thread.tid, entry.before, error)) {
        outcome.refusals.push_back({Field::scheduling, error, cannot_read_text(thread.tid, error)});
        return nullptr;
    }
    entry.target = entry.before;
    entry.pinned_ticks = system_.now_ticks();
    entries_.push_back(std::move(entry));
    return &entries_.back();
}

/// What it had before, with the settings of all owners over it.
ThreadState ThreadLedger::wanted_of(const Entry& entry) {
    ThreadState wanted = entry.before;
    for (const Layer& layer : entry.layers)
        wanted = with_settings(std::move(wanted), layer.settings);
    return wanted;
}

ThreadLedger::Outcome ThreadLedger::pin(Owner owner, const ThreadIdentity& thread,
                                        const ThreadSettings& settings) {
    const std::lock_guard hold(lock_);
    Outcome outcome;
    outcome.thread_found = system_.identify(thread.tid) == thread;
    Entry* const entry = outcome.thread_found ? find_or_add(thread, outcome) : nullptr;
    if (entry == nullptr)
        return outcome;
    auto own = std::find_if(entry->layers.begin(), entry->layers.end(),
                            [&](const Layer& layer) { return layer.owner == owner; });
    outcome.overrides = std::any_of(entry->layers.begin(), own, [&](const Layer& layer) {
        return same_field(layer.settings, settings);
    });
    if (own != entry->layers.end())
        own->settings = settings;
    else
        entry->layers.push_back({owner, settings});
    move_to(*entry, wanted_of(*entry), outcome);
    check_cpus(*entry, outcome);
    return outcome;
}

CpuSet ThreadLedger::cpus_before(const ThreadIdentity& thread) {
    const std::lock_guard hold(lock_);
    CpuSet cpus;
    if (const Entry* const entry = find(thread))
        cpus = entry->before.cpus;
    else
        system_.get_cpus(thread.tid, cpus);
    return cpus;
}

ThreadLedger::Outcome ThreadLedger::unpin(Owner owner, const ThreadIdentity& thread) {
    const std::lock_guard hold(lock_);
    Outcome outcome;
    Entry* const entry = find(thread);
    if (entry == nullptr)
        return outcome;
    free_heirs_of(*entry);
    std::erase_if(entry->layers, [&](const Layer& layer) { return layer.owner == owner; });
    outcome.thread_found = system_.identify(thread.tid) == thread;
    if (outcome.thread_found && !entry->layers.empty()) {
        move_to(*entry, wanted_of(*entry), outcome);
        return outcome;
    }
    if (outcome.thread_found)
        restore(*entry, outcome);
    std::erase_if(entries_, [&](const Entry& e) { return e.thread == thread; });
    return outcome;
}

/// The kernel holds a deadline and a narrow mask to exclude each other, so a deadline goes first
/// and comes last.
void ThreadLedger::move_to(Entry& entry, const ThreadState& target, Outcome& outcome) {
    const bool leaves_deadline = entry.target.scheduling.deadline_ns != 0;
    if (leaves_deadline)
        move_scheduling(entry, target, outcome);
    move_cpus(entry, target, outcome);
    if (!leaves_deadline)
        move_scheduling(entry, target, outcome);
    move_slack(entry, target, outcome);
    entry.target = target;
    outcome.before = entry.before;
    int error = 0;
    read_state(entry.thread.tid, outcome.now, error);
}

void ThreadLedger::move_cpus(Entry& entry, const ThreadState& target, Outcome& outcome) {
    if (target.cpus == entry.target.cpus)
        return;
    if (const int error = system_.set_cpus(entry.thread.tid, target.cpus); is_refusal(error))
        outcome.refusals.push_back(
            {Field::cpus, error, cpus_refusal_text(target.cpus, entry.before.cpus, error)});
}

/// The kernel cuts a mask to the cpuset without a word.
void ThreadLedger::check_cpus(const Entry& entry, Outcome& outcome) {
    if (outcome.now.cpus != entry.target.cpus && !outcome.refused(Field::cpus))
        outcome.refusals.push_back(
            {Field::cpus, 0, cpus_cut_text(entry.target.cpus, outcome.now.cpus)});
}

bool ThreadLedger::can_be_taken_back(const Entry& entry, const Scheduling& wanted) {
    const Scheduling& before = entry.before.scheduling;
    const bool sinks = (wanted.policy == SCHED_IDLE && before.policy != SCHED_IDLE) ||
                       (!wanted.is_realtime() && wanted.nice > before.nice);
    return !sinks || system_.may_set_anything() || system_.least_nice() <= before.nice;
}

int ThreadLedger::set_scheduling(pid_t tid, const Scheduling& wanted) {
    int error = system_.set_scheduling(tid, wanted);
    const bool has_priority = wanted.policy == SCHED_FIFO || wanted.policy == SCHED_RR;
    if (error == EPERM && has_priority && system_.raise_realtime_limit() >= wanted.priority)
        error = system_.set_scheduling(tid, wanted);
    // Who set this flag without CAP_SYS_NICE cannot take it back. It harms nobody.
    if (error == EPERM && (wanted.flags & Scheduling::kResetOnFork) == 0) {
        Scheduling flagged = wanted;
        flagged.flags |= Scheduling::kResetOnFork;
        error = system_.set_scheduling(tid, flagged);
    }
    return error;
}

void ThreadLedger::move_scheduling(Entry& entry, const ThreadState& target, Outcome& outcome) {
    if (target.scheduling == entry.target.scheduling)
        return;
    if (!can_be_taken_back(entry, target.scheduling)) {
        outcome.refusals.push_back(
            {Field::scheduling, EPERM,
             one_way_text(target.scheduling, entry.before.scheduling, system_.least_nice())});
        return;
    }
    if (const int error = set_scheduling(entry.thread.tid, target.scheduling); is_refusal(error))
        outcome.refusals.push_back(
            {Field::scheduling, error,
             scheduling_refusal_text(target.scheduling, error, system_.may_set_anything(),
                                     system_.raise_realtime_limit())});
}

void ThreadLedger::move_slack(Entry& entry, const ThreadState& target, Outcome& outcome) {
    // A real-time thread has no slack, and one that ceases to be one gets its default again.
    std::uint64_t slack_ns = 0;
    const bool differs = !target.scheduling.is_realtime() &&
                         system_.get_timer_slack(entry.thread.tid, slack_ns) == 0 &&
                         slack_ns != target.timer_slack_ns;
    if (!differs && target.timer_slack_ns == entry.target.timer_slack_ns)
        return;
    if (const int error = system_.set_timer_slack(entry.thread.tid, target.timer_slack_ns);
        is_refusal(error))
        outcome.refusals.push_back(
            {Field::timer_slack, error,
             slack_refusal_text(entry.thread.tid, target.timer_slack_ns, error)});
}

/// Looks at what the kernel has and not at what was asked for: a broker may have given something.
void ThreadLedger::restore(Entry& entry, Outcome& outcome) {
    ThreadState now;
    int error = 0;
    if (!read_state(entry.thread.tid, now, error)) {
        if (is_refusal(error))
            outcome.refusals.push_back(
                {Field::scheduling, error, cannot_read_text(entry.thread.tid, error)});
        return;
    }
    if (now.timer_slack_ns == 0 && !now.scheduling.is_realtime())
        now.timer_slack_ns = entry.target.timer_slack_ns;
    entry.target = now;
    move_to(entry, entry.before, outcome);
}

// --- heirs

bool ThreadLedger::is_pool_name(std::string_view name) {
    if (name.starts_with("pool-"))
        return true;
    const std::size_t colon = name.rfind(':');
    if (colon == std::string_view::npos)
        return false;
    const std::string_view pad = name.substr(colon + 1);
    for (const std::string_view word : {"src", "sink"})
        if (!pad.empty() && (pad.starts_with(word) || word.starts_with(pad)))
            return true;
    return false;
}

void ThreadLedger::free_heirs(const ThreadIdentity& thread) {
    const std::lock_guard hold(lock_);
    if (const Entry* const parent = find(thread))
        free_heirs_of(*parent);
}

void ThreadLedger::free_heirs_of(const Entry& parent) {
    for (const pid_t tid : system_.threads()) {
        const auto heir = system_.identify(tid);
        if (!heir || heir->start_ticks < parent.pinned_ticks || heir == parent.thread)
            continue;
        // One that is pinned itself goes back to what it inherited, some day.
        if (Entry* const entry = find(*heir))
            disinherit(parent.target, parent.before, entry->before);
        else if (is_pool_name(system_.name_of(tid)))
            free_heir(parent, tid);
    }
}

/// What cannot be set (the slack, without CAP_SYS_NICE) stays.
void ThreadLedger::free_heir(const Entry& parent, pid_t tid) {
    ThreadState state;
    int error = 0;
    if (!read_state(tid, state, error))
        return;
    const ThreadState inherited = state;
    disinherit(parent.target, parent.before, state);
    if (state.cpus != inherited.cpus)
        system_.set_cpus(tid, state.cpus);
    if (state.scheduling != inherited.scheduling)
        set_scheduling(tid, state.scheduling);
    if (state.timer_slack_ns != inherited.timer_slack_ns)
        system_.set_timer_slack(tid, state.timer_slack_ns);
}

} // namespace tactus
