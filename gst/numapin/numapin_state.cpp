// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "numapin/numapin_state.h"

#include "glue/handles.h"
#include "numapin/numapin_debug.h"
#include "numapin/process_pins.h"

namespace tactus {

NumapinState::NumapinState(GstElement* owner) : element(owner) {}

NumapinState::~NumapinState() {
    unwatch();
    // The element has gone already, so nothing can be said.
    std::vector<Complaint> unheard;
    for (const auto& record : records_)
        if (record->active)
            unpin(*record, unheard);
}

bool NumapinState::set_property(guint id, const GValue* value) {
    if (id > kLastNumapinId)
        return memory_.set_property(id - kLastNumapinId, value);
    {
        const std::lock_guard hold(lock);
        if (!set_setting(settings_, id, value))
            return false;
        if (concerns_threads(id)) {
            ++settings_made_;
            told_.forget();
        }
    }
    // The streaming thread takes it over with the next buffer.
    // relaxed: the lock orders the settings.
    if (concerns_threads(id))
        pinned_serial_.store(0, std::memory_order_relaxed);
    if (id == kReportIntervalId && running_)
        restart_reports();
    return true;
}

bool NumapinState::get_property(guint id, GValue* value) {
    if (id == kNumapinStatsId) {
        g_value_take_boxed(value, make_stats());
        return true;
    }
    if (id > kLastNumapinId)
        return memory_.get_property(id - kLastNumapinId, value);
    const std::lock_guard hold(lock);
    return get_setting(settings_, id, value);
}

NumapinState::Wish NumapinState::make_wish() const {
    Wish wish;
    wish.settings_made = settings_made_;
    wish.settings = thread_settings(settings_);
    CpuChoice choice = topology_ != nullptr ? parse_cpus(settings_.cpus, *topology_) : CpuChoice{};
    wish.automatic = choice.automatic;
    wish.problem =
        choice.error.empty() ? std::string() : "cpus=" + settings_.cpus + ": " + choice.error;
    const bool has_cpus = choice.automatic || !choice.cpus.empty();
    if (wish.problem.empty())
        wish.problem = settings_problem(wish.settings, has_cpus);
    if (!choice.cpus.empty())
        wish.settings.cpus = std::move(choice.cpus);
    return wish;
}

bool NumapinState::needs_broker(const ThreadSettings& settings) const {
    ThreadSystem& system = ProcessPins::get().system();
    const bool has_priority =
        settings.policy == ThreadPolicy::fifo || settings.policy == ThreadPolicy::rr;
    return has_priority && !system.may_set_anything() &&
           system.raise_realtime_limit() < settings.priority;
}

bool NumapinState::open() {
    std::string error;
    auto topology = ProcessPins::get().topology(error);
    if (topology == nullptr) {
        GST_ELEMENT_ERROR(element, RESOURCE, OPEN_READ, ("%s", error.c_str()), (nullptr));
        return false;
    }
    Wish wish;
    {
        const std::lock_guard hold(lock);
        topology_ = std::move(topology);
        wish = make_wish();
    }
    if (wish.problem.empty())
        wish.problem = memory_.problem();
    if (!wish.problem.empty()) {
        GST_ELEMENT_ERROR(element, RESOURCE, SETTINGS, ("%s", wish.problem.c_str()), (nullptr));
        return false;
    }
    if (needs_broker(wish.settings))
        broker_.connect();
    return true;
}

void NumapinState::close() {
    broker_.disconnect();
    const std::lock_guard hold(lock);
    topology_.reset();
}

bool NumapinState::start() {
    {
        const std::lock_guard hold(lock);
        told_.forget();
        machine_.read();
    }
    running_ = true;
    restart_reports();
    return true;
}

/// Both pads are inactive: nobody streams here any more.
void NumapinState::stop() {
    running_ = false;
    stop_reports();
    leave_all();
    unwatch();
    complain(memory_.take_complaints());
    memory_.close();
}

void NumapinState::complain(const std::vector<Complaint>& complaints) {
    for (const Complaint& complaint : complaints) {
        {
            const std::lock_guard hold(lock);
            if (!told_.tell(complaint, settings_made_))
                continue;
        }
        GST_ELEMENT_WARNING(element, RESOURCE, SETTINGS, ("%s", complaint.text.c_str()), (nullptr));
    }
}

} // namespace tactus
