// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitterbuffer/stall_watch.h"

namespace tactus {

namespace {

constinit std::mutex creation;

} // namespace

StallWatch* StallWatch::of(GstClock* clock) {
    if (clock == nullptr || !GST_IS_SYSTEM_CLOCK(clock))
        return nullptr;
    const GQuark key = g_quark_from_static_string("tactus-stall-watch");
    const std::lock_guard lock(creation);
    auto* watch = static_cast<StallWatch*>(g_object_get_qdata(G_OBJECT(clock), key));
    if (watch == nullptr) {
        watch = new StallWatch(clock);
        g_object_set_qdata_full(G_OBJECT(clock), key, watch,
                                [](gpointer data) { delete static_cast<StallWatch*>(data); });
    }
    return watch;
}

// The clock has ended its thread before.
StallWatch::~StallWatch() {
    if (timer_ != nullptr)
        gst_clock_id_unref(timer_);
}

void StallWatch::add(Client& client) {
    const std::lock_guard lock(mutex_);
    board_.add(client);
    if (board_.next_ns() < timer_ns_)
        schedule();
}

void StallWatch::remove(Client& client) {
    const std::lock_guard lock(mutex_);
    board_.remove(client);
}

void StallWatch::schedule() {
    if (timer_ != nullptr) {
        gst_clock_id_unschedule(timer_);
        gst_clock_id_unref(timer_);
        timer_ = nullptr;
    }
    timer_ns_ = board_.next_ns();
    if (timer_ns_ == DeadlineBoard::kNever)
        return;
    timer_ = gst_clock_new_single_shot_id(clock_, static_cast<GstClockTime>(timer_ns_));
    gst_clock_id_wait_async(timer_, expired, this, nullptr);
}

gboolean StallWatch::expired(GstClock*, GstClockTime, GstClockID, gpointer self) noexcept {
    static_cast<StallWatch*>(self)->ring_due();
    return TRUE;
}

void StallWatch::ring_due() {
    const std::lock_guard lock(mutex_);
    board_.poll(static_cast<std::int64_t>(gst_clock_get_time(clock_)), due_);
    for (DeadlineBoard::Entry* entry : due_)
        static_cast<Client*>(entry)->ring();
    due_.clear();
    schedule();
}

} // namespace tactus
