// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tactus::pads {

inline constexpr GstClockTime kFrame = 10 * GST_MSECOND;
inline constexpr std::chrono::seconds kPatience{60}; ///< only a broken element uses it up

/// Buffer number `n`: 64 bytes, offset n, PTS n * 10 ms, duration 10 ms; `epoch` (which caps or
/// segment it is pushed under) travels in offset_end.
inline GstBuffer* numbered(std::uint64_t n, std::uint64_t epoch = 0, bool delta = false) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 64, nullptr);
    GST_BUFFER_PTS(buffer) = n * kFrame;
    GST_BUFFER_DURATION(buffer) = kFrame;
    GST_BUFFER_OFFSET(buffer) = n;
    GST_BUFFER_OFFSET_END(buffer) = epoch;
    if (delta)
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    return buffer;
}

/// What came out: a buffer, an event, or a query (`event` and `query` are 0 for a buffer).
struct Received {
    GstEventType event = GST_EVENT_UNKNOWN;
    GstQueryType query = GST_QUERY_UNKNOWN;
    std::string name; ///< of a custom event's structure
    std::uint64_t offset = 0;
    std::uint64_t epoch = 0; ///< the buffer's own
    bool discont = false;
    bool delta = false;
    int caps = -1;                 ///< field "n" of the pad's caps at that time
    GstClockTime segment_base = 0; ///< of the pad's segment at that time

    bool is_buffer() const { return event == GST_EVENT_UNKNOWN && query == GST_QUERY_UNKNOWN; }
};

/// An element between two pads of ours. The sink pad can be held in its chain function (or in its
/// answer to a query) and released; it writes down what comes, with the caps of that moment.
///
/// Threads: all of it may be called by any thread, push functions by one at a time.
class PadPair {
  public:
    explicit PadPair(const char* factory = "ringqueue") {
        gst_init(nullptr, nullptr);
        element_ = gst_element_factory_make(factory, nullptr);
        if (element_ == nullptr)
            throw std::runtime_error(std::string("no element ") + factory);
        gst_object_ref_sink(element_);
        bus_ = gst_bus_new();
        gst_element_set_bus(element_, bus_);
        source_ = make_pad("mysrc", GST_PAD_SRC);
        sink_ = make_pad("mysink", GST_PAD_SINK);
        gst_pad_set_chain_function(sink_, on_chain);
        gst_pad_set_event_function(sink_, on_event);
        gst_pad_set_query_function(sink_, on_query);
        link("sink", [this](GstPad* pad) { return gst_pad_link(source_, pad); });
        link("src", [this](GstPad* pad) { return gst_pad_link(pad, sink_); });
    }
    ~PadPair() {
        stop();
        gst_element_set_bus(element_, nullptr);
        gst_object_unref(source_);
        gst_object_unref(sink_);
        gst_object_unref(element_);
        gst_object_unref(bus_);
    }
    PadPair(const PadPair&) = delete;
    PadPair& operator=(const PadPair&) = delete;

    GstElement* element() const { return element_; }
    GstPad* source() const { return source_; }
    GstPad* sink() const { return sink_; }
    GstBus* bus() const { return bus_; }

    template <typename... Pairs>
    void set(Pairs... pairs) {
        g_object_set(element_, pairs..., nullptr);
    }
    void set_text(const char* property, const char* value) {
        gst_util_set_object_arg(G_OBJECT(element_), property, value);
    }
    template <typename T>
    T get(const char* property) const {
        T value{};
        g_object_get(element_, property, &value, nullptr);
        return value;
    }
    std::uint64_t stat(const char* field) const {
        GstStructure* stats = get<GstStructure*>("stats");
        guint64 value = G_MAXUINT64;
        EXPECT_TRUE(gst_structure_get_uint64(stats, field, &value)) << field;
        gst_structure_free(stats);
        return value;
    }
    void connect(const char* signal, std::function<void()> handler) {
        auto* owned = new std::function<void()>(std::move(handler));
        g_signal_connect_data(
            element_, signal, G_CALLBACK(+[](GstElement*, gpointer f) {
                (*static_cast<std::function<void()>*>(f))();
            }),
            owned, [](gpointer f, GClosure*) { delete static_cast<std::function<void()>*>(f); },
            static_cast<GConnectFlags>(0));
    }

    // --- life
    void activate() {
        gst_pad_set_active(sink_, TRUE);
        {
            const std::lock_guard lock(mutex_);
            flushing_ = false;
        }
        gst_element_set_state(element_, GST_STATE_PLAYING);
        gst_pad_set_active(source_, TRUE);
    }
    /// Activates, and pushes STREAM_START, CAPS number 0 and a TIME SEGMENT.
    void start(double rate = 1.0) {
        activate();
        push_event(gst_event_new_stream_start("test"));
        push_caps(0);
        push_segment(0, rate);
    }
    void stop() {
        {
            const std::lock_guard lock(mutex_);
            hold_ = hold_query_ = false;
            flushing_ = true;
            changed_.notify_all();
        }
        gst_pad_set_active(source_, FALSE);
        gst_pad_set_active(sink_, FALSE);
        gst_element_set_state(element_, GST_STATE_NULL);
    }

    // --- upstream
    GstFlowReturn push(GstBuffer* buffer) { return gst_pad_push(source_, buffer); }
    void push_numbers(std::uint64_t first, std::uint64_t end, std::uint64_t epoch = 0) {
        for (std::uint64_t n = first; n < end; ++n)
            EXPECT_EQ(push(numbered(n, epoch)), GST_FLOW_OK) << "buffer " << n;
    }
    bool push_event(GstEvent* event) { return gst_pad_push_event(source_, event) != FALSE; }
    bool push_caps(int n) {
        GstCaps* caps = gst_caps_new_simple("test/x-numbered", "n", G_TYPE_INT, n, nullptr);
        const bool taken = push_event(gst_event_new_caps(caps));
        gst_caps_unref(caps);
        return taken;
    }
    bool push_segment(GstClockTime base, double rate = 1.0) {
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        segment.base = base;
        segment.rate = rate;
        if (rate < 0)
            segment.stop = GST_SECOND * 3600;
        return push_event(gst_event_new_segment(&segment));
    }
    bool push_custom(GstEventType type, const char* name) {
        return push_event(gst_event_new_custom(type, gst_structure_new_empty(name)));
    }
    bool flush() {
        const bool started = push_event(gst_event_new_flush_start());
        return push_event(gst_event_new_flush_stop(TRUE)) && started;
    }
    /// An ALLOCATION query from upstream: answered with TRUE by our sink pad.
    bool allocation_query() {
        GstCaps* caps = gst_caps_new_empty_simple("test/x-numbered");
        GstQuery* query = gst_query_new_allocation(caps, FALSE);
        const bool answer = gst_pad_peer_query(source_, query) != FALSE;
        gst_query_unref(query);
        gst_caps_unref(caps);
        return answer;
    }

    // --- downstream
    void hold() { set_flag(hold_, true); }
    void release() { set_flag(hold_, false); }
    void hold_queries() { set_flag(hold_query_, true); }
    void release_queries() { set_flag(hold_query_, false); }
    /// Waits until the sink sits in a buffer's chain function (or in a query).
    bool wait_held() {
        return wait([this] { return held_; });
    }
    /// Holds the sink in buffer `n`, which is pushed for that.
    bool hold_in(std::uint64_t n, std::uint64_t epoch = 0, bool delta = false) {
        hold();
        return push(numbered(n, epoch, delta)) == GST_FLOW_OK && wait_held();
    }
    /// All buffers get this answer from now on.
    void answer(GstFlowReturn flow) {
        const std::lock_guard lock(mutex_);
        flow_ = flow;
    }
    bool wait_for_event(GstEventType type) {
        return wait([&] {
            for (const Received& r : received_)
                if (r.event == type)
                    return true;
            return false;
        });
    }
    bool wait_for_offset(std::uint64_t offset) {
        return wait([&] {
            for (auto r = received_.rbegin(); r != received_.rend(); ++r)
                if (r->is_buffer() && r->offset == offset)
                    return true;
            return false;
        });
    }
    /// Pushes EOS and waits until it is out.
    bool finish() { return push_event(gst_event_new_eos()) && wait_for_event(GST_EVENT_EOS); }
    std::vector<Received> received() {
        const std::lock_guard lock(mutex_);
        return received_;
    }
    std::vector<Received> buffers() {
        std::vector<Received> list;
        for (const Received& r : received())
            if (r.is_buffer())
                list.push_back(r);
        return list;
    }
    std::vector<std::uint64_t> offsets() {
        std::vector<std::uint64_t> list;
        for (const Received& r : buffers())
            list.push_back(r.offset);
        return list;
    }
    /// If set before the start: called for each buffer, and nothing but EOS is written down.
    std::function<void(GstBuffer*)> on_buffer;

    template <typename Ready>
    bool wait(Ready ready) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, ready);
    }

    /// Waits until the sink is held; false if `work` has ended without that.
    template <typename T>
    bool held_before_end_of(std::future<T>& work) {
        std::unique_lock lock(mutex_);
        while (!held_ && work.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
            changed_.wait_for(lock, std::chrono::milliseconds(1));
        return held_;
    }

    struct Burst {
        std::uint64_t count = 0, first_sequence = 0, first_ns = 0, last_ns = 0;
    };
    /// The `ringqueue-dropped` messages posted since the last call.
    std::vector<Burst> take_bursts() {
        std::vector<Burst> bursts;
        while (GstMessage* message = gst_bus_pop_filtered(bus_, GST_MESSAGE_ELEMENT)) {
            const GstStructure* s = gst_message_get_structure(message);
            if (gst_structure_has_name(s, "ringqueue-dropped")) {
                Burst b;
                EXPECT_TRUE(gst_structure_get(
                    s, "count", G_TYPE_UINT64, &b.count, "first-sequence", G_TYPE_UINT64,
                    &b.first_sequence, "first-running-time", G_TYPE_UINT64, &b.first_ns,
                    "last-running-time", G_TYPE_UINT64, &b.last_ns, nullptr));
                bursts.push_back(b);
            }
            gst_message_unref(message);
        }
        return bursts;
    }

  private:
    static GstPad* make_pad(const char* name, GstPadDirection direction) {
        // With a template of any caps: a pad without one accepts but its present caps.
        GstPadTemplate* any = gst_pad_template_new(name, direction, GST_PAD_ALWAYS, GST_CAPS_ANY);
        GstPad* pad = gst_pad_new_from_template(any, name);
        gst_object_unref(any);
        gst_object_ref_sink(pad);
        return pad;
    }
    template <typename Link>
    void link(const char* name, Link do_link) {
        GstPad* pad = gst_element_get_static_pad(element_, name);
        g_object_set_data(G_OBJECT(source_), "pad-pair", this);
        g_object_set_data(G_OBJECT(sink_), "pad-pair", this);
        EXPECT_EQ(do_link(pad), GST_PAD_LINK_OK);
        gst_object_unref(pad);
    }
    void set_flag(bool& flag, bool value) {
        const std::lock_guard lock(mutex_);
        flag = value;
        changed_.notify_all();
    }
    static PadPair& of(GstPad* pad) {
        return *static_cast<PadPair*>(g_object_get_data(G_OBJECT(pad), "pad-pair"));
    }
    Received now() {
        Received r;
        if (GstCaps* caps = gst_pad_get_current_caps(sink_)) {
            gst_structure_get_int(gst_caps_get_structure(caps, 0), "n", &r.caps);
            gst_caps_unref(caps);
        }
        if (GstEvent* event = gst_pad_get_sticky_event(sink_, GST_EVENT_SEGMENT, 0)) {
            const GstSegment* segment = nullptr;
            gst_event_parse_segment(event, &segment);
            r.segment_base = segment->base;
            gst_event_unref(event);
        }
        return r;
    }
    void stay_while(std::unique_lock<std::mutex>& lock, const bool& flag) {
        if (!flag)
            return;
        held_ = true;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !flag || flushing_; });
        held_ = false;
    }
    static GstFlowReturn on_chain(GstPad* pad, GstObject*, GstBuffer* buffer) {
        PadPair& self = of(pad);
        if (self.on_buffer) {
            self.on_buffer(buffer);
            gst_buffer_unref(buffer);
            return GST_FLOW_OK;
        }
        Received r = self.now();
        r.offset = GST_BUFFER_OFFSET(buffer);
        r.epoch = GST_BUFFER_OFFSET_END(buffer);
        r.discont = GST_BUFFER_IS_DISCONT(buffer);
        r.delta = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
        gst_buffer_unref(buffer);
        std::unique_lock lock(self.mutex_);
        self.received_.push_back(r);
        self.changed_.notify_all();
        self.stay_while(lock, self.hold_);
        return self.flushing_ ? GST_FLOW_FLUSHING : self.flow_;
    }
    static gboolean on_event(GstPad* pad, GstObject*, GstEvent* event) {
        PadPair& self = of(pad);
        Received r = self.now();
        r.event = GST_EVENT_TYPE(event);
        if (const GstStructure* s = gst_event_get_structure(event))
            r.name = gst_structure_get_name(s);
        gst_event_unref(event);
        const std::lock_guard lock(self.mutex_);
        if (r.event == GST_EVENT_FLUSH_START)
            self.flushing_ = true;
        if (r.event == GST_EVENT_FLUSH_STOP)
            self.flushing_ = false;
        if (!self.on_buffer || r.event == GST_EVENT_EOS)
            self.received_.push_back(r);
        self.changed_.notify_all();
        return TRUE;
    }
    static gboolean on_query(GstPad* pad, GstObject* parent, GstQuery* query) {
        PadPair& self = of(pad);
        if (!GST_QUERY_IS_SERIALIZED(query))
            return gst_pad_query_default(pad, parent, query);
        Received r = self.now();
        r.query = GST_QUERY_TYPE(query);
        std::unique_lock lock(self.mutex_);
        if (!self.on_buffer)
            self.received_.push_back(r);
        self.changed_.notify_all();
        self.stay_while(lock, self.hold_query_);
        return TRUE;
    }

    GstElement* element_ = nullptr;
    GstBus* bus_ = nullptr;
    GstPad* source_ = nullptr;
    GstPad* sink_ = nullptr;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Received> received_;
    GstFlowReturn flow_ = GST_FLOW_OK;
    bool hold_ = false;
    bool hold_query_ = false;
    bool held_ = false;
    bool flushing_ = false;
};

/// Counts what happens in one thread and lets another wait for it.
class Tally {
  public:
    void add() {
        const std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all();
    }
    int count() {
        const std::lock_guard lock(mutex_);
        return count_;
    }
    bool wait_for(int count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, [&] { return count_ >= count; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

/// Runs `work` in another thread.
template <typename Work>
auto in_thread(Work work) {
    return std::async(std::launch::async, std::move(work));
}

/// The result of `future`, or nothing if it does not come.
template <typename T>
std::optional<T> result_of(std::future<T>& future) {
    if (future.wait_for(kPatience) != std::future_status::ready)
        return std::nullopt;
    return future.get();
}

} // namespace tactus::pads
