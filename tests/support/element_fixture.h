// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A queue-like element between two pads of the test's own.
#pragma once

#include <gst/check/gstharness.h>
#include <gst/check/gsttestclock.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tactus {

/// How long anything that must happen may take before a test gives up on it. Never a measurement.
inline constexpr std::chrono::seconds kPatience{30};

/// Whether that becomes true while there is patience.
template <typename Done>
bool comes_true(Done done) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > give_up)
            return false;
        std::this_thread::yield();
    }
    return true;
}

/// Something that came out of the element, in the words that tests compare:
/// "buffer 3" (its offset), "list 3+2" (offset of the first, length), "event tag", "query drain".
struct Arrival {
    std::string what;
    std::string caps;            ///< those of the pad at that moment, or empty
    guint64 sequence = 0;        ///< offset of the (first) buffer
    GstBufferFlags flags{};      ///< of the (first) buffer
    guint level = 0;             ///< current-level-buffers at that moment
    GstClockTime level_time = 0; ///< current-level-time at that moment
};

/// Creates the element, owns a source pad before it and a sink pad behind it, and a bus.
///
/// The sink pad records all that arrives and can hold any of it: while it does, the element's task
/// is in the middle of that push. A flush ends a hold and answers FLUSHING, as elements must.
///
/// Threads: any method may be called from any thread. Destruction lets go of everything, shuts the
/// element down, joins the threads of `async`, and fails the test if the element is not free then.
class QueueUnderTest {
  public:
    enum Holdable : unsigned { kBuffers = 1, kEvents = 2, kQueries = 4 };

    explicit QueueUnderTest(const char* factory);
    ~QueueUnderTest();
    QueueUnderTest(const QueueUnderTest&) = delete;
    QueueUnderTest& operator=(const QueueUnderTest&) = delete;

    GstElement* element() const { return element_; }
    GstPad* sink_pad() const { return sink_pad_; } ///< the element's
    GstPad* src_pad() const { return src_pad_; }   ///< the element's
    GstPad* upstream() const { return upstream_; }
    GstPad* downstream() const { return downstream_; }

    template <typename... Args>
    void set(const char* name, Args... args) {
        g_object_set(element_, name, args..., nullptr);
    }
    template <typename T>
    T get(const char* name) const {
        T value{};
        g_object_get(element_, name, &value, nullptr);
        return value;
    }
    guint level_buffers() const { return get<guint>("current-level-buffers"); }
    guint level_bytes() const { return get<guint>("current-level-bytes"); }
    guint64 level_time() const { return get<guint64>("current-level-time"); }

    // --- what upstream does
    void play();
    /// PLAYING, then STREAM_START, CAPS and a TIME segment from 0. Waits until they have passed.
    void play_stream();
    GstFlowReturn push(GstBuffer* buffer);
    GstFlowReturn push(GstBufferList* list);
    GstFlowReturn push(guint64 sequence);
    /// Pushes buffers `first` to `last`; OK if all were.
    GstFlowReturn push_range(guint64 first, guint64 last);
    /// Pushes `buffer` until chain answers something other than OK, and returns that.
    GstFlowReturn push_until_refused();
    bool send(GstEvent* event);
    /// Takes `query`; true if it was answered.
    bool ask(GstQuery* query);
    bool flush_start() { return send(gst_event_new_flush_start()); }
    bool flush_stop() { return send(gst_event_new_flush_stop(TRUE)); }

    /// Runs `work` in a thread of its own; see `result_of`.
    template <typename Work>
    auto async(Work work) {
        std::packaged_task<decltype(work())()> task(std::move(work));
        auto future = task.get_future();
        threads_.emplace_back(std::move(task));
        return future;
    }

    /// Lets go of what is held, then NULL. Nothing runs in the element after this.
    void shut_down();

    // --- what downstream does
    void hold(unsigned what = kBuffers);
    /// Lets the one held item pass, holds the next.
    void step();
    void release();
    void answer_with(GstFlowReturn flow);
    void answer_queries_with(bool answer);
    /// Called for each upstream query at the pad before the element; may fill it in.
    void on_upstream_query(std::function<bool(GstQuery*)> handler);

    // --- what there is to see
    std::vector<std::string> arrivals();
    std::vector<Arrival> arrival_records();
    std::vector<std::string> buffers_arrived(); ///< arrivals, without events and queries
    std::vector<std::string> upstream_events();
    /// Waits for the `times`th arrival of `what`.
    bool wait_for(const std::string& what, std::size_t times = 1);
    bool wait_for_upstream_event(const std::string& name);
    /// Waits until something is held.
    bool wait_held();
    /// Waits until the element's task is paused.
    bool wait_task_rests();
    /// The next message of this type on the bus, or null. Does not wait.
    GstMessage* pop(GstMessageType type);
    bool has_error();
    /// Whether the element's source pad has this sticky event.
    bool keeps_sticky(GstEventType type);

  private:
    static GstFlowReturn sink_chain(GstPad* pad, GstObject* parent, GstBuffer* buffer);
    static GstFlowReturn sink_chain_list(GstPad* pad, GstObject* parent, GstBufferList* list);
    static gboolean sink_event(GstPad* pad, GstObject* parent, GstEvent* event);
    static gboolean sink_query(GstPad* pad, GstObject* parent, GstQuery* query);
    static gboolean source_event(GstPad* pad, GstObject* parent, GstEvent* event);
    static gboolean source_query(GstPad* pad, GstObject* parent, GstQuery* query);

    GstFlowReturn arrive(Arrival arrival, Holdable kind);
    template <typename Predicate>
    bool wait(Predicate predicate);

    GstElement* element_;
    GstBus* bus_;
    GstPad* sink_pad_;
    GstPad* src_pad_;
    GstPad* upstream_;
    GstPad* downstream_;
    std::vector<std::thread> threads_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Arrival> arrivals_;
    std::vector<std::string> upstream_events_;
    std::function<bool(GstQuery*)> upstream_query_;
    unsigned holding_ = 0;
    bool held_ = false;
    unsigned steps_ = 0;
    bool flushing_ = false;
    GstFlowReturn flow_ = GST_FLOW_OK;
    bool query_answer_ = true;
    bool has_levels_ = false; ///< of a queue
};

/// What `future` yields; a failed test and a default value if it takes for ever.
template <typename T>
T result_of(std::future<T>& future) {
    if (future.wait_for(kPatience) != std::future_status::ready) {
        ADD_FAILURE() << "a thread of the test is still blocked";
        return T{};
    }
    return future.get();
}

/// Counts emissions of a signal, and runs a handler for each. Shuts the element down when it goes,
/// so that no handler runs on.
class SignalProbe {
  public:
    SignalProbe(QueueUnderTest& queue, const char* signal, std::function<void()> handler = {});
    ~SignalProbe();
    SignalProbe(const SignalProbe&) = delete;
    SignalProbe& operator=(const SignalProbe&) = delete;

    unsigned count();
    bool wait_count(unsigned at_least);

  private:
    static void emitted(SignalProbe* self);

    QueueUnderTest& queue_;
    gulong id_;
    std::function<void()> handler_;
    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned count_ = 0;
};

/// A buffer of `size` bytes whose offset is `sequence`; timestamps where given.
GstBuffer* make_buffer(guint64 sequence, gsize size = 1, GstClockTime pts = GST_CLOCK_TIME_NONE,
                       GstClockTime duration = GST_CLOCK_TIME_NONE);
GstBufferList* make_list(guint64 first, guint length);
/// Sets properties from words like those of a launch line: "bands=64 interval=10000000".
void set_properties(GstElement* element, const char* properties);
GstEvent* make_segment(GstFormat format = GST_FORMAT_TIME);
GstEvent* make_tag(const char* title);
GstEvent* make_caps(const char* caps);
/// A serialized event that is not sticky.
GstEvent* make_custom();

inline int refcount(const void* mini_object) {
    return GST_MINI_OBJECT_REFCOUNT_VALUE(mini_object);
}

/// A case that runs on GStreamer's own queue too: what passes on both is the peer's contract.
class ContractTest : public ::testing::TestWithParam<const char*> {
  protected:
    bool is_peer() const { return std::string(GetParam()) == "queue"; }
    QueueUnderTest queue_{GetParam()};
};

/// A case in which GStreamer 1.22's queue differs from the later one; the case says how.
class RingQueueTest : public ::testing::Test {
  protected:
    QueueUnderTest queue_{"ringqueue"};
};

} // namespace tactus

#define TACTUS_INSTANTIATE_CONTRACT(suite)                                                         \
    INSTANTIATE_TEST_SUITE_P(Contract, suite, ::testing::Values("queue", "ringqueue"),             \
                             [](const auto& param_info) { return std::string(param_info.param); })
