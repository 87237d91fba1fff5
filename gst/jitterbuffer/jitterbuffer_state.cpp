// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What jitterbuffer's halves share.
#include "jitterbuffer/jitterbuffer_state.h"

#include "core/ring/wait.h"
#include "jitterbuffer/jitterbuffer_debug.h"

#include <algorithm>

namespace tactus {

JitterBufferState::JitterBufferState(GstElement* owner) : element(owner) {
    gst_segment_init(&in_segment, GST_FORMAT_TIME);
    gst_segment_init(&out_segment, GST_FORMAT_TIME);
    configure();
}

JitterBufferState::~JitterBufferState() {
    stop();
    if (timer != nullptr)
        gst_clock_id_unref(timer);
    gst_clear_object(&timer_clock);
    gst_clear_object(&clock);
    gst_clear_caps(&ntp_caps);
    gst_clear_caps(&last_caps);
}

void JitterBufferState::configure() {
    core.configure(settings.config(video));
    do_lost = settings.do_lost;
    adapts = core.config().adapts();
    add_reference = settings.add_reference_timestamp_meta;
    deadline_ms = settings.rtx_deadline_ms >= 0 ? static_cast<unsigned>(settings.rtx_deadline_ms)
                                                : settings.latency_ms;
}

bool JitterBufferState::set_property(guint id, const GValue* value) {
    const std::lock_guard lock(mutex);
    const bool synced = settings.rfc7273_sync;
    const bool by_system = settings.rfc7273_use_system_clock;
    if (!set_setting(settings, id, value))
        return false;
    if (settings.rfc7273_sync != synced || settings.rfc7273_use_system_clock != by_system)
        media_changed = true;
    direct_push.store(settings.direct_push, std::memory_order_relaxed);
    configure();
    wake();
    return true;
}

// NULL or READY to PAUSED.
void JitterBufferState::start() {
    const std::lock_guard lock(mutex);
    forget_pace();
    core = JitterBuffer(settings.config(video));
    placed = pinned = false;
    last_now_ns = 0;
    stats_due_ns = 0;
    drops = {};
    burst_count = 0;
    invalid_count = 0;
    refused_count = 0;
    peer_latency = 0;
    npt_start = GST_CLOCK_TIME_NONE;
    last_out_ns = -1;
    blocked = true;
    sync.reset();
    sync.set_clock_base(-1);
    gst_segment_init(&in_segment, GST_FORMAT_TIME);
    gst_segment_init(&out_segment, GST_FORMAT_TIME);
    rates.fill(0);
    last_payload_type = -1;
    told_no_rate.reset();
}

// PAUSED to READY: both pads are inactive, nobody else is here.
void JitterBufferState::stop() {
    std::vector<JitterBuffer::Dropped> dropped;
    MediaClockSource::Found none;
    {
        const std::lock_guard lock(mutex);
        core.flush();
        core.take_dropped(dropped);
        sync.reset();
        media.use(none);
        placed = false;
    }
    gst_clear_object(&none.clock);
    leave_watch();
    gst_clear_caps(&last_caps);
    for (const JitterBuffer::Dropped& drop : dropped)
        gst_buffer_unref(static_cast<GstBuffer*>(drop.handle));
    drop_serial(false);
}

void JitterBufferState::set_blocked(bool new_blocked) {
    const GstClockTime new_base_time = gst_element_get_base_time(element);
    {
        const std::lock_guard lock(mutex);
        blocked = new_blocked;
        base_time = new_base_time;
        if (!blocked && clock != nullptr) {
            // After a flush the pipeline's time begins anew, and another clock may be behind.
            const std::int64_t now = clock_now_ns();
            if (now < last_now_ns)
                stats_due_ns = 0;
            last_now_ns = std::min(last_now_ns, now);
        }
        wake();
    }
    // Behind packets that stay, the answer would take for ever.
    if (new_blocked)
        desk.cancel();
}

void JitterBufferState::set_clock(GstClock* new_clock) {
    StallWatch* const new_watch = StallWatch::of(new_clock);
    GstClock* old_clock = nullptr;
    {
        const std::lock_guard lock(mutex);
        old_clock = clock;
        clock = new_clock != nullptr ? GST_CLOCK_CAST(gst_object_ref(new_clock)) : nullptr;
        watch = new_watch;
        wake();
    }
    gst_clear_object(&old_clock);
}

// When a packet is due that has this running time.
std::int64_t JitterBufferState::clock_time_ns(std::int64_t running_time_ns) const {
    const std::int64_t time_ns = running_time_ns + static_cast<std::int64_t>(base_time) +
                                 static_cast<std::int64_t>(peer_latency);
    return std::max<std::int64_t>(time_ns, 0);
}

std::int64_t JitterBufferState::clock_now_ns() const {
    return static_cast<std::int64_t>(gst_clock_get_time(clock)) -
           static_cast<std::int64_t>(base_time) - static_cast<std::int64_t>(peer_latency);
}

// Running time at which packets are due now; the latency of what is before us is theirs, too. It
// stands still unless PLAYING: a new clock comes before the base time that belongs to it.
std::int64_t JitterBufferState::now_ns() {
    if (clock != nullptr && !blocked)
        last_now_ns = std::max(last_now_ns, clock_now_ns());
    return last_now_ns;
}

std::unique_lock<std::mutex> JitterBufferState::lock_soon() {
    // To sleep and be woken costs more than what the other side does meanwhile.
    constexpr int kTries = 100;
    std::unique_lock lock(mutex, std::defer_lock);
    for (int i = 0; i < kTries && !lock.owns_lock(); ++i) {
        if (!lock.try_lock())
            cpu_relax();
    }
    if (!lock.owns_lock())
        lock.lock();
    return lock;
}

void JitterBufferState::wake() {
    ring(prepare_wake());
}

// Nobody has to be woken twice.
JitterBufferState::Alarm JitterBufferState::prepare_wake() {
    Alarm alarm;
    if (!woken && timer_pending)
        alarm.timer = gst_clock_id_ref(timer);
    alarm.notify = !woken.exchange(true);
    return alarm;
}

void JitterBufferState::ring(const Alarm& alarm) {
    if (alarm.timer != nullptr) {
        gst_clock_id_unschedule(alarm.timer);
        gst_clock_id_unref(alarm.timer);
    } else if (alarm.notify) {
        news.notify();
    }
}

// True if no packet that is held came before the next event or query.
bool JitterBufferState::serial_leads() const {
    return !serial.empty() && (!core.next_pts_ns() ||
                               static_cast<std::int32_t>(serial.front().number - oldest_tag) < 0);
}

// Nothing goes in or out from now on.
void JitterBufferState::halt() {
    flow = GST_FLOW_FLUSHING;
    ++generation;
    wake();
    changed.notify_all();
}

// A flush keeps what a pad remembers, but for the segment and the end.
void JitterBufferState::drop_event(GstEvent* event) {
    const GstEventType type = GST_EVENT_TYPE(event);
    if (GST_EVENT_IS_STICKY(event) && type != GST_EVENT_EOS && type != GST_EVENT_SEGMENT)
        gst_pad_store_sticky_event(src_pad, event);
    gst_event_unref(event);
}

void JitterBufferState::drop_serial(bool keep_sticky) {
    std::deque<Serial> items;
    {
        const std::lock_guard lock(mutex);
        items.swap(serial);
    }
    for (const Serial& item : items) {
        if (item.query != 0) {
            desk.refuse(item.query);
            continue;
        }
        if (keep_sticky)
            drop_event(item.event);
        else
            gst_event_unref(item.event);
    }
}

guint64 JitterBufferState::set_active(bool active, guint64 offset_ns) {
    std::optional<std::int64_t> next_ns;
    {
        const std::lock_guard lock(mutex);
        core.set_active(active, static_cast<std::int64_t>(offset_ns));
        wake();
        next_ns = core.next_pts_ns();
    }
    if (!active) // as in set_blocked; after it, so that no query comes between
        desk.cancel();
    return static_cast<guint64>(next_ns ? std::max<std::int64_t>(*next_ns, 0) : last_out_ns.load());
}

// Under mutex.
JitterStats JitterBufferState::counters() const {
    JitterStats stats = core.stats();
    stats.flushed += refused_count;
    return stats;
}

StreamFacts JitterBufferState::stream_facts() const {
    return {invalid_count, placed};
}

GstStructure* JitterBufferState::stats() {
    JitterStats stats;
    StreamFacts facts;
    {
        const std::lock_guard lock(mutex);
        stats = counters();
        facts = stream_facts();
    }
    return make_stats(stats, facts);
}

int JitterBufferState::percent() {
    const std::lock_guard lock(mutex);
    return core.percent();
}

} // namespace tactus
