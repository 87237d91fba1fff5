// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Many buffers, state cycles and flushes: TACTUS_STRESS_BUFFERS, TACTUS_STRESS_CYCLES.
#include "pad_pair.h"
#include "sanitized.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

using namespace tactus::pads;

namespace {

constexpr std::uint64_t kDefaultCycles = tactus::test::kSanitized ? 1000 : 10000;
constexpr std::uint64_t kDefaultBuffers = tactus::test::kSanitized ? 200000 : 2000000;

std::uint64_t number_from(const char* variable, std::uint64_t fallback) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

std::atomic<std::int64_t> live_buffers{0};

/// A buffer without memory that is counted as long as it lives.
GstBuffer* counted(std::uint64_t n) {
    GstBuffer* buffer = gst_buffer_new();
    GST_BUFFER_OFFSET(buffer) = n;
    ++live_buffers;
    gst_mini_object_weak_ref(
        GST_MINI_OBJECT_CAST(buffer), [](gpointer, GstMiniObject*) { --live_buffers; }, nullptr);
    return buffer;
}

/// Sums the counts of the burst messages as they are posted, and throws all messages away.
struct BurstSum {
    std::atomic<std::uint64_t> buffers{0};
    std::atomic<std::uint64_t> messages{0};

    void watch(GstBus* bus) {
        gst_bus_set_sync_handler(
            bus,
            [](GstBus*, GstMessage* message, gpointer data) {
                auto* self = static_cast<BurstSum*>(data);
                const GstStructure* s = gst_message_get_structure(message);
                guint64 count = 0;
                if (s != nullptr && gst_structure_has_name(s, "ringqueue-dropped") &&
                    gst_structure_get_uint64(s, "count", &count)) {
                    self->buffers += count;
                    ++self->messages;
                }
                gst_message_unref(message);
                return GST_BUS_DROP;
            },
            this, nullptr);
    }
};

struct Arrivals {
    std::uint64_t count = 0;
    std::uint64_t next = 0;
    std::uint64_t out_of_order = 0;
    std::uint64_t gaps = 0;
    std::uint64_t wrong_discont = 0;

    void add(GstBuffer* buffer) {
        const std::uint64_t n = GST_BUFFER_OFFSET(buffer);
        ++count;
        out_of_order += n < next;
        gaps += n != next;
        wrong_discont += (n != next) != (GST_BUFFER_IS_DISCONT(buffer) != FALSE);
        next = n + 1;
    }
};

void leak_many(const char* leaky, std::uint64_t sent) {
    PadPair pair;
    BurstSum bursts;
    bursts.watch(pair.bus());
    pair.set("max-size-buffers", 16);
    pair.set_text("leaky", leaky);
    Arrivals got;
    std::atomic<std::uint64_t> pushed{0};
    pair.on_buffer = [&](GstBuffer* buffer) {
        got.add(buffer);
        // Now and then the consumer falls behind.
        if (got.count % 1000 == 0)
            while (pushed < std::min(got.next + 100, sent))
                std::this_thread::yield();
    };
    pair.start();
    for (std::uint64_t n = 0; n < sent; ++n) {
        ASSERT_EQ(pair.push(counted(n)), GST_FLOW_OK);
        pushed.store(n + 1, std::memory_order_relaxed);
        if (n % 256 == 0) // let the consumer in on a machine with few processors
            std::this_thread::yield();
    }
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(got.count + pair.stat("buffers-dropped"), sent);
    EXPECT_EQ(got.count, pair.stat("buffers-out"));
    EXPECT_EQ(bursts.buffers, pair.stat("buffers-dropped"));
    EXPECT_EQ(bursts.messages, pair.stat("bursts"));
    EXPECT_EQ(got.out_of_order, 0u);
    EXPECT_EQ(got.wrong_discont, 0u);
    EXPECT_GT(got.gaps, 0u);
    pair.stop();
    EXPECT_EQ(live_buffers, 0);
    std::printf("%s: %zu sent, %zu dropped in %zu bursts\n", leaky, static_cast<size_t>(sent),
                static_cast<size_t>(bursts.buffers), static_cast<size_t>(bursts.messages));
}

/// An upstream as a demuxer is one: its thread pushes under a lock of its own, which whoever
/// flushes takes between FLUSH_START and FLUSH_STOP; who waits for it gets it next.
class Upstream {
  public:
    explicit Upstream(PadPair& pair) : pair_(pair) {}

    void push_one() {
        const std::lock_guard lock(after_flusher());
        if (renew_)
            renew();
        if (pair_.push(counted(next_++)) != GST_FLOW_OK)
            renew_ = true;
    }
    bool query() {
        const std::lock_guard lock(after_flusher());
        return pair_.allocation_query();
    }
    void flush() {
        pair_.push_event(gst_event_new_flush_start());
        flusher_waits_ = true;
        const std::lock_guard lock(mutex_);
        flusher_waits_ = false;
        pair_.push_event(gst_event_new_flush_stop(TRUE));
        renew_ = true;
        ++flushes_;
    }
    /// While the element is stopped: what the pad keeps for its next start.
    void restart() {
        const std::lock_guard lock(mutex_);
        renew();
    }
    /// False if the others have stopped moving.
    bool wait_for(std::uint64_t sent, std::uint64_t flushes) const {
        const gint64 deadline = g_get_monotonic_time() + kPatience / std::chrono::microseconds(1);
        while (next_ < sent || flushes_ < flushes) {
            if (g_get_monotonic_time() > deadline)
                return false;
            std::this_thread::yield();
        }
        return true;
    }
    std::uint64_t sent() const { return next_; }
    std::uint64_t flushes() const { return flushes_; }

  private:
    std::mutex& after_flusher() {
        while (flusher_waits_)
            std::this_thread::yield();
        return mutex_;
    }
    void renew() {
        pair_.push_event(gst_event_new_stream_start("test"));
        pair_.push_caps(0);
        pair_.push_segment(0);
        renew_ = false;
    }

    PadPair& pair_;
    std::mutex mutex_;
    std::atomic<bool> flusher_waits_{false};
    bool renew_ = true;
    std::atomic<std::uint64_t> next_{0};
    std::atomic<std::uint64_t> flushes_{0};
};

GstClockTime last_pts(GstElement* sink) {
    GstSample* sample = nullptr;
    g_object_get(sink, "last-sample", &sample, nullptr);
    if (sample == nullptr)
        return GST_CLOCK_TIME_NONE;
    const GstClockTime pts = GST_BUFFER_PTS(gst_sample_get_buffer(sample));
    gst_sample_unref(sample);
    return pts;
}

} // namespace

TEST(Stress, MillionsOfBuffersThatLeakAreAllAccountedFor) {
    leak_many("downstream", number_from("TACTUS_STRESS_BUFFERS", kDefaultBuffers));
    leak_many("upstream", number_from("TACTUS_STRESS_BUFFERS", kDefaultBuffers) / 4);
}

TEST(Stress, TenThousandStateCyclesWithFlushesFromAThirdThreadLeakNothing) {
    const std::uint64_t cycles = number_from("TACTUS_STRESS_CYCLES", kDefaultCycles);
    PadPair pair;
    BurstSum bursts;
    bursts.watch(pair.bus());
    pair.set("max-size-buffers", 3);
    std::atomic<std::uint64_t> got{0};
    pair.on_buffer = [&](GstBuffer*) { ++got; };
    Upstream upstream(pair);
    pair.activate();
    std::atomic<bool> stop{false};
    std::thread producer([&] {
        for (; !stop; std::this_thread::yield())
            upstream.push_one();
    });
    std::thread flusher([&] {
        for (; !stop; std::this_thread::yield())
            if (upstream.flushes() <= upstream.sent() / 8)
                upstream.flush();
    });
    bool moving = true;
    const gint64 begin = g_get_monotonic_time();
    for (std::uint64_t i = 0; i < cycles && moving; ++i) {
        ASSERT_NE(gst_element_set_state(pair.element(), GST_STATE_NULL), GST_STATE_CHANGE_FAILURE);
        upstream.restart();
        pair.set("leaky", static_cast<int>(i % 3));
        ASSERT_NE(gst_element_set_state(pair.element(), GST_STATE_PLAYING),
                  GST_STATE_CHANGE_FAILURE);
        // Different points of the others' work: none, some pushes, a whole flush.
        moving = upstream.wait_for(upstream.sent() + i % 5, upstream.flushes() + (i % 7 == 0));
    }
    const double seconds = static_cast<double>(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
    stop = true;
    if (!moving)
        pair.stop(); // frees whoever hangs in the element
    producer.join();
    flusher.join();
    ASSERT_TRUE(moving) << "a push or a flush hangs";
    upstream.flush(); // both pads are surely open after this
    const std::uint64_t before = got;
    for (int i = 0; i < 10; ++i)
        upstream.push_one();
    ASSERT_TRUE(pair.finish());
    EXPECT_GT(got, before) << "it works after all that";
    EXPECT_EQ(pair.stat("buffers-in"), pair.stat("buffers-out") + pair.stat("buffers-dropped") +
                                           pair.stat("buffers-flushed"));
    EXPECT_EQ(bursts.buffers, pair.stat("buffers-dropped"));
    pair.stop();
    EXPECT_EQ(live_buffers, 0);
    std::printf("%zu cycles with %zu flushes in %.1f s, %zu of %zu buffers came through\n",
                static_cast<size_t>(cycles), static_cast<size_t>(upstream.flushes()), seconds,
                static_cast<size_t>(got), static_cast<size_t>(upstream.sent()));
}

TEST(Stress, QueriesWhileAThirdThreadFlushesAlwaysReturn) {
    for (const char* mode : {"block", "timeout", "refuse-if-nonempty"}) {
        PadPair pair;
        pair.set_text("serialized-queries", mode);
        pair.set("max-size-buffers", 3);
        pair.on_buffer = [](GstBuffer*) {};
        Upstream upstream(pair);
        pair.activate();
        std::atomic<bool> stop{false};
        std::atomic<std::uint64_t> asked{0};
        std::thread flusher([&] {
            for (; !stop; std::this_thread::yield())
                if (upstream.flushes() <= asked / 4)
                    upstream.flush();
        });
        int answered = 0;
        for (; asked < 5000; ++asked) {
            upstream.push_one();
            answered += upstream.query();
            upstream.wait_for(0, asked / 8);
        }
        stop = true;
        flusher.join();
        upstream.push_one(); // opens it again: STREAM_START, CAPS, SEGMENT
        pair.set_text("serialized-queries", "block");
        EXPECT_TRUE(upstream.query()) << mode;
        ASSERT_TRUE(pair.finish());
        pair.stop();
        EXPECT_EQ(live_buffers, 0);
        std::printf("%s: %d of 5000 answered, %zu flushes\n", mode, answered,
                    static_cast<size_t>(upstream.flushes()));
    }
}

TEST(Stress, SettingsOfEveryKindFromAThirdThreadKeepTheAccounts) {
    PadPair pair;
    BurstSum bursts;
    bursts.watch(pair.bus());
    Arrivals got;
    pair.on_buffer = [&](GstBuffer* buffer) { got.add(buffer); };
    pair.start();
    std::atomic<bool> stop{false};
    std::thread third([&] {
        std::mt19937 random(5);
        while (!stop) {
            pair.set("max-size-buffers", random() % 40, "leaky", static_cast<int>(random() % 3),
                     "leak-unit", static_cast<int>(random() % 2), "min-threshold-buffers",
                     random() % 3, "spin-us", random() % 2, "notify-levels", random() % 2, "silent",
                     random() % 2);
            pair.stat("buffers-dropped");
        }
    });
    const std::uint64_t sent = number_from("TACTUS_STRESS_BUFFERS", kDefaultBuffers) / 10;
    for (std::uint64_t n = 0; n < sent; ++n)
        ASSERT_EQ(pair.push(counted(n)), GST_FLOW_OK);
    stop = true;
    third.join();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(got.count + pair.stat("buffers-dropped"), sent);
    EXPECT_EQ(bursts.buffers, pair.stat("buffers-dropped"));
    EXPECT_EQ(got.out_of_order, 0u);
    EXPECT_EQ(got.wrong_discont, 0u);
    pair.stop();
    EXPECT_EQ(live_buffers, 0);
}

TEST(Stress, SeeksWhileTheQueueIsFullArriveWhereTheyAim) {
    gst_init(nullptr, nullptr);
    GstElement* pipeline =
        gst_parse_launch("videotestsrc ! video/x-raw,width=16,height=16,framerate=100/1 ! "
                         "ringqueue name=q max-size-buffers=3 ! fakesink name=s",
                         nullptr);
    gst_element_set_state(pipeline, GST_STATE_PAUSED);
    ASSERT_EQ(gst_element_get_state(pipeline, nullptr, nullptr, 60 * GST_SECOND),
              GST_STATE_CHANGE_SUCCESS);
    GstElement* queue = gst_bin_get_by_name(GST_BIN(pipeline), "q");
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "s");
    Tally overruns;
    g_signal_connect(queue, "overrun", G_CALLBACK(+[](GstElement*, Tally* t) { t->add(); }),
                     &overruns);
    std::mt19937 random(9);
    for (int i = 0; i < 300; ++i) {
        const GstClockTime target = random() % 1000 * kFrame;
        ASSERT_TRUE(gst_element_seek_simple(
            pipeline, GST_FORMAT_TIME,
            static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE),
            static_cast<gint64>(target)));
        ASSERT_EQ(gst_element_get_state(pipeline, nullptr, nullptr, 60 * GST_SECOND),
                  GST_STATE_CHANGE_SUCCESS);
        ASSERT_TRUE(overruns.wait_for(i + 1));
        ASSERT_EQ(last_pts(sink), target) << "seek " << i;
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(queue);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
}
