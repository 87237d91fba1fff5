// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/jitter_buffer.h"
#include "core/jitter/push_pace.h"
#include "core/ring/eventcount.h"
#include "core/ring/query_desk.h"
#include "jitterbuffer/media_clock_source.h"
#include "jitterbuffer/messages.h"
#include "jitterbuffer/rtp_facts.h"
#include "jitterbuffer/sender_sync.h"
#include "jitterbuffer/settings.h"
#include "jitterbuffer/stall_watch.h"

#include <gst/gst.h>

#include <array>
#include <atomic>
#include <bitset>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace tactus {

/// Emits the signals; its ids live with the class.
struct JitterBufferSignals {
    static GstCaps* request_pt_map(GstElement* element, unsigned payload_type);
    static void handle_sync(GstElement* element, GstStructure* structure);
    static void on_npt_stop(GstElement* element);
};

/// All of a jitterbuffer but its GObject. The halves are in jitterbuffer_sink.cpp and
/// jitterbuffer_src.cpp; who of them delivers, in jitterbuffer_turn.cpp, and how, in
/// jitterbuffer_deliver.cpp; the media clock, in jitterbuffer_clock.cpp; what else they share, in
/// jitterbuffer_state.cpp.
///
/// Threads: the sink half runs under the sink pad's stream lock. Who has the source pad's stream
/// lock has the turn to deliver: the source pad's task, which alone waits for the clock and lets go
/// of that lock meanwhile, or upstream's thread, for what is due when its packet has come and while
/// pushing is quick. Locks are taken in that order: sink pad, source pad, `mutex`. The last guards
/// all that has no other owner named; nothing is pushed, posted or emitted under it. Events and
/// queries that belong between packets wait in `serial`: each has a number, and a packet's tag says
/// how many came before it.
struct JitterBufferState {
    explicit JitterBufferState(GstElement* owner);

    // --- sink half
    GstFlowReturn chain(GstBuffer* buffer);
    GstFlowReturn chain_list(GstBufferList* list);
    GstFlowReturn chain_rtcp(GstBuffer* buffer);
    GstFlowReturn sink_event(GstEvent* event);
    gboolean sink_query(GstQuery* query);
    gboolean sink_activate(bool active);
    void clear_pt_map() { pt_map_cleared = true; }

    // --- source half
    void loop();
    gboolean src_query(GstQuery* query);
    gboolean src_event(GstEvent* event);
    gboolean src_activate(bool active);

    // --- both
    void start();
    void set_blocked(bool blocked);
    void stop();
    void set_clock(GstClock* new_clock);
    bool set_property(guint id, const GValue* value);
    guint64 set_active(bool active, guint64 offset_ns);
    GstStructure* stats();
    JitterStats counters() const;
    StreamFacts stream_facts() const;
    int percent();

    GstElement* element;
    GstPad* sink_pad = nullptr;
    GstPad* src_pad = nullptr;
    std::atomic<GstPad*> rtcp_pad{nullptr};

    std::mutex mutex;
    JitterBufferSettings settings;
    SenderSync sync;
    GstClockTime npt_start = GST_CLOCK_TIME_NONE;

  private:
    struct Serial {
        std::uint32_t number = 0;
        GstEvent* event = nullptr;
        QueryDesk::Ticket query = 0;
    };
    /// What the task is about to do, outside the lock.
    struct Out {
        JitterAction action;
        Serial item;
        GstStructure* structure = nullptr;
        enum class Kind : std::uint8_t {
            action,
            serial,
            message, ///< `structure` is posted
            sync,    ///< `structure` is the argument of handle-sync
        } kind = Kind::action;

        bool is_packet() const {
            return kind == Kind::action && action.kind == JitterAction::Kind::push;
        }
    };

    // sink half
    bool prepare(GstBuffer* buffer, JitterPacket& packet);
    std::uint32_t clock_rate_of(unsigned payload_type);
    GstFlowReturn insert(JitterPacket* packets, std::size_t count);
    bool put_in(JitterPacket& packet, std::int64_t now_ns, GstFlowReturn& result);
    std::int64_t arrival_of(GstBuffer* buffer);
    void report_dropped(std::vector<JitterBuffer::Dropped>& dropped);
    void warn_invalid(const char* why);
    void warn_no_rate(unsigned payload_type, const GstCaps* caps);
    void find_media_clock();
    void warn_misplaced();
    void place_by_media_clock(const JitterPacket& packet);
    void read_new_caps(GstCaps* caps);
    GstFlowReturn queue_event(GstEvent* event);
    GstFlowReturn queue_eos(GstEvent* event);
    void begin_stream(std::unique_lock<std::mutex>& lock);
    GstFlowReturn flush_start(GstEvent* event);
    GstFlowReturn flush_stop(GstEvent* event);
    gboolean queue_query(GstQuery* query);
    void drop_serial(bool keep_sticky);
    void drop_event(GstEvent* event);

    // source half
    void collect(std::unique_lock<std::mutex>& lock);
    std::int64_t collect_due(std::int64_t now_ns);
    bool collect_news(std::int64_t now_ns);
    GstStructure* take_sync(std::int64_t now_ns);
    bool collect_packet(std::int64_t now_ns, std::int64_t& until_ns);
    void collect_serial();
    bool serial_leads() const;
    void collect_serial_before(std::uint32_t tag);
    void collect_message(GstStructure* structure);
    void wait(std::unique_lock<std::mutex>& lock, std::int64_t until_ns);
    void wait_for_clock(std::unique_lock<std::mutex>& lock, std::int64_t until_ns);
    void wait_watched(std::unique_lock<std::mutex>& lock, std::int64_t until_ns);
    void leave_watch();
    bool make_timer(GstClockTime time);
    void deliver();
    void deliver_one(Out& out);
    void deliver_action(Out& out);
    void deliver_serial(const Serial& item);
    void dispose(Out& out);
    std::size_t list_length(std::size_t first) const;
    void push_list(std::size_t first, std::size_t length);
    GstBuffer* finish(const StoredPacket& stored);
    void add_reference_time(GstBuffer* buffer, const StoredPacket& stored);
    void push_lost(const JitterAction& action);
    void push_gap(const JitterAction& action);
    void push_request(const RtxRequest& request);
    void post_latency(std::int64_t latency_ns);
    void post_buffering(int percent);
    bool put_back_end(const Serial& item);
    void note_flow(GstFlowReturn result);
    void push_end();
    void rest();
    gboolean start_task();
    GstClockTime position_of(std::int64_t running_time_ns) const;

    /// The lock, for both sides' hot paths: it is never held for longer than a few packets take.
    std::unique_lock<std::mutex> lock_soon();

    // under mutex, but for ring
    std::int64_t now_ns();
    std::int64_t clock_now_ns() const;
    std::int64_t clock_time_ns(std::int64_t running_time_ns) const;
    void wake();
    /// As wake, but who is woken does not run into the lock: give `alarm` to ring without it.
    struct Alarm {
        bool notify = false;
        GstClockID timer = nullptr;
    };
    Alarm prepare_wake();
    void ring(const Alarm& alarm);
    void halt();
    void configure();

    // upstream's thread in place of the task: jitterbuffer_turn.cpp
    struct Turn {
        explicit Turn(JitterBufferState& of) : state(of), held(of.take_turn()) {}
        ~Turn() {
            if (held)
                state.end_turn();
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        JitterBufferState& state;
        const bool held;
    };
    bool take_turn();
    void end_turn();
    Alarm collect_turn(std::int64_t now_ns);
    GstFlowReturn deliver_turn(Alarm alarm);
    void forget_pace();

    // Few enough that a packet that is held does not count as out for long.
    static constexpr std::size_t kBatch = 16;

    JitterBuffer core{JitterConfig{}};
    GstFlowReturn flow = GST_FLOW_FLUSHING;
    std::atomic<unsigned> generation{0}; ///< changed under mutex: what was collected before is void
    bool src_active = false;
    bool blocked = true; ///< not PLAYING
    bool video = false;
    bool eos_queued = false;
    bool eos_pushed = false;
    std::deque<Serial> serial;
    std::uint32_t serial_count = 0;
    std::uint32_t oldest_tag = 0; ///< no packet that is held has a smaller one
    GstClock* clock = nullptr;
    GstClockTime base_time = 0;
    GstClockTime peer_latency = 0;
    std::int64_t last_now_ns = 0;
    std::condition_variable changed; ///< `flow` or `eos_pushed`, for upstream's thread
    // The task parks on `news` without `mutex`: after a condition variable's wake-up glibc asks the
    // kernel once more, to unlock.
    EventCount news;
    std::atomic<bool> woken{false}; ///< written under mutex
    GstClockID timer = nullptr;     ///< the task's; made for `timer_clock`
    GstClock* timer_clock = nullptr;
    bool timer_pending = false;
    struct Stall final : StallWatch::Client {
        explicit Stall(JitterBufferState& of) : state(of) {}
        void ring() override {
            const std::lock_guard lock(state.mutex);
            state.wake();
        }
        JitterBufferState& state;
    };
    Stall stall{*this};
    StallWatch* watch = nullptr;                 ///< that of `clock`
    bool watched = false;                        ///< the task waits for `stall`
    std::optional<std::int64_t> asleep_until_ns; ///< while the task waits
    std::int64_t stats_due_ns = 0;
    std::uint64_t invalid_count = 0;
    std::uint64_t refused_count = 0; ///< came after a flush began, downstream failed or EOS
    std::int64_t invalid_warned_ns = -1;
    DropReport drops;
    std::uint64_t burst_count = 0; ///< dropped for memory since a packet went out
    std::uint16_t burst_first = 0;

    MediaClockSource media;
    bool placed = false; ///< the media clock told where the last packet belongs
    bool pinned = false; ///< and timestamps follow that

    // the sink half's own
    GstCaps* last_caps = nullptr;
    std::atomic<bool> media_changed{false}; ///< the caps, or which clock is wanted
    GstSegment in_segment;
    std::array<std::uint32_t, 128> rates{};
    int last_payload_type = -1;
    std::bitset<128> told_no_rate; ///< payload types, in this run
    std::uint8_t ntp64_id = 0;
    std::atomic<bool> pt_map_cleared{false};
    std::vector<JitterPacket> incoming;
    std::vector<JitterBuffer::Dropped> dropped_in;

    std::atomic<bool> direct_push{false}; ///< the setting, for upstream's thread
    std::atomic<bool> upstream_may_push{false};

    // the task's own: where `stall` is
    StallWatch* stall_watch = nullptr;
    GstClock* stall_clock = nullptr; ///< its owner

    // of who has the turn: under the source pad's stream lock
    bool in_turn = false;
    PushPace pace;
    std::vector<Out> outs;
    std::vector<JitterBuffer::Dropped> dropped_out;
    unsigned outs_generation = 0;
    GstSegment out_segment;
    bool discont = true;
    std::int64_t posted_latency_ns = -1;
    std::array<std::pair<std::uint16_t, std::uint16_t>, 256>
        retries{}; ///< sequence number, requests
    GstCaps* ntp_caps = nullptr;

    std::atomic<std::int64_t> last_out_ns{-1}; ///< position
    std::atomic<std::uint32_t> last_ssrc{0};   ///< of the newest packet that was taken
    std::atomic<bool> do_lost{false};
    std::atomic<bool> adapts{true};
    std::atomic<bool> add_reference{false};
    std::atomic<unsigned> deadline_ms{0};
    QueryDesk desk;

  public:
    ~JitterBufferState();
    JitterBufferState(const JitterBufferState&) = delete;
    JitterBufferState& operator=(const JitterBufferState&) = delete;
};

} // namespace tactus
