// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What ringqueue does better than queue: leaked events, reverse playback, and limits and handlers
// that change things under way.
#include "late_flush.h"
#include "pad_pair.h"

#include <cstdio>
#include <random>
#include <thread>

using namespace tactus::pads;

namespace {

/// Keeps the task right before the push of the next buffer, until it is let go.
class BlockedSource {
  public:
    explicit BlockedSource(GstElement* element)
        : pad_(gst_element_get_static_pad(element, "src")),
          id_(gst_pad_add_probe(
              pad_,
              static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER),
              [](GstPad*, GstPadProbeInfo*, gpointer self) {
                  static_cast<BlockedSource*>(self)->blocked_.add();
                  return GST_PAD_PROBE_OK;
              },
              this, nullptr)) {}
    ~BlockedSource() { gst_object_unref(pad_); }
    bool wait() { return blocked_.wait_for(1); }
    void let_go() { gst_pad_remove_probe(pad_, id_); }

  private:
    Tally blocked_;
    GstPad* pad_;
    gulong id_;
};

int buffers_under_wrong_caps(PadPair& pair) {
    int wrong = 0;
    for (const Received& r : pair.buffers())
        wrong += r.caps != static_cast<int>(r.epoch);
    return wrong;
}

std::vector<int> caps_seen(PadPair& pair) {
    std::vector<int> seen;
    for (const Received& r : pair.buffers())
        if (seen.empty() || seen.back() != r.caps)
            seen.push_back(r.caps);
    return seen;
}

// Buffer 0 is held back right before its push while `changes` caps and buffers leak.
void leak_caps_past_a_taken_buffer(PadPair& pair, int changes) {
    pair.set("max-size-buffers", 2);
    pair.set_text("leaky", "downstream");
    pair.start();
    BlockedSource blocked(pair.element());
    pair.push_numbers(0, 1);
    ASSERT_TRUE(blocked.wait());
    for (int n = 1; n <= changes; ++n) {
        pair.push_caps(n);
        pair.push_numbers(n, n + 1, n);
    }
    blocked.let_go();
    ASSERT_TRUE(pair.finish());
}

} // namespace

TEST(LeakedCaps, DoNotOvertakeABufferThatWasTakenButNotPushed) {
    PadPair pair;
    leak_caps_past_a_taken_buffer(pair, 6);
    EXPECT_EQ(buffers_under_wrong_caps(pair), 0);
    EXPECT_EQ(pair.offsets(), (std::vector<std::uint64_t>{0, 5, 6}));
}

TEST(LeakedCaps, OvertakeATakenBufferInQueueWhichIsPrintedOnly) {
    PadPair pair("queue");
    leak_caps_past_a_taken_buffer(pair, 6);
    const int wrong = buffers_under_wrong_caps(pair);
    std::printf("queue: %d buffer(s) under caps that came later\n", wrong);
    RecordProperty("queue_buffers_under_wrong_caps", wrong);
}

TEST(LeakedCaps, DoNotOvertakeABufferThatIsHeldInTheSink) {
    PadPair pair;
    pair.set("max-size-buffers", 3);
    pair.set_text("leaky", "downstream");
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    for (int n = 1; n <= 1000; ++n) {
        pair.push_caps(n);
        pair.push_numbers(n, n + 1, n);
    }
    pair.release();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(buffers_under_wrong_caps(pair), 0);
    EXPECT_EQ(caps_seen(pair), (std::vector<int>{0, 998, 999, 1000}));
    EXPECT_EQ(pair.stat("buffers-dropped"), 997u);
    EXPECT_EQ(pair.stat("events-dropped"), 0u) << "a sticky event that was set aside is not lost";
}

TEST(LeakedCaps, KeepTheirPlaceWhenAThirdThreadLowersTheLimit) {
    PadPair pair;
    pair.set("max-size-buffers", 100);
    pair.set_text("leaky", "downstream");
    pair.start();
    std::atomic<bool> stop{false};
    std::thread third([&] {
        std::mt19937 random(7);
        while (!stop)
            pair.set("max-size-buffers", 1 + random() % 100);
    });
    constexpr int kChanges = 20000;
    for (int n = 1; n <= kChanges; ++n) {
        pair.push_caps(n);
        pair.push_numbers(n, n + 1, n);
    }
    stop = true;
    third.join();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(buffers_under_wrong_caps(pair), 0);
    EXPECT_EQ(pair.buffers().size() + pair.stat("buffers-dropped"), kChanges);
}

TEST(LeakedEvents, ASegmentTakesEffectBetweenTheBuffersAroundIt) {
    PadPair pair;
    pair.set("max-size-buffers", 3, "max-size-time", guint64{0});
    pair.set_text("leaky", "downstream");
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    for (std::uint64_t n = 1; n <= 20; ++n) {
        pair.push_segment(n * GST_SECOND);
        pair.push_numbers(n, n + 1, n);
    }
    pair.release();
    ASSERT_TRUE(pair.finish());
    for (const Received& r : pair.buffers())
        EXPECT_EQ(r.segment_base, r.epoch * GST_SECOND) << "buffer " << r.offset;
}

TEST(LeakedEvents, ACustomEventIsCountedAndAStickyOneIsDelivered) {
    PadPair pair;
    pair.set("max-size-buffers", 2);
    pair.set_text("leaky", "downstream");
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 2);
    pair.push_custom(GST_EVENT_CUSTOM_DOWNSTREAM, "lost");
    pair.push_custom(GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, "kept");
    pair.push_numbers(2, 5);
    EXPECT_EQ(pair.stat("events-dropped"), 1u);
    pair.release();
    ASSERT_TRUE(pair.finish());
    int kept = 0;
    for (const Received& r : pair.received()) {
        EXPECT_NE(r.name, "lost");
        kept += r.name == "kept";
    }
    EXPECT_EQ(kept, 1);
    EXPECT_EQ(pair.stat("gaps-dropped"), 0u);
}

TEST(LeakedEvents, AGapIsCountedAndStillAdvancesTime) {
    PadPair pair;
    pair.set("max-size-time", 50 * GST_MSECOND);
    pair.set_text("leaky", "downstream");
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 2);
    pair.push_event(gst_event_new_gap(20 * GST_MSECOND, 100 * GST_MSECOND));
    pair.push_numbers(12, 13); // 120 ms to 130 ms, while 10 ms are out
    EXPECT_EQ(pair.get<guint64>("current-level-time"), 120 * GST_MSECOND);
    pair.push_numbers(13, 14); // full: buffer 1 leaks, and then the gap, which makes room
    EXPECT_EQ(pair.stat("gaps-dropped"), 1u);
    EXPECT_EQ(pair.stat("buffers-dropped"), 1u);
    EXPECT_EQ(pair.get<guint64>("current-level-time"), 20 * GST_MSECOND);
    pair.release();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.offsets(), (std::vector<std::uint64_t>{0, 12, 13}));
}

TEST(ReversePlayback, DoesNotLeakAndWarnsOnce) {
    PadPair pair;
    pair.set("max-size-buffers", 2);
    pair.set_text("leaky", "downstream");
    Tally overruns;
    pair.connect("overrun", [&] { overruns.add(); });
    pair.start(-1.0);
    ASSERT_TRUE(pair.hold_in(0));
    auto producer = in_thread([&] { pair.push_numbers(1, 20); });
    ASSERT_TRUE(overruns.wait_for(1));
    EXPECT_EQ(pair.stat("buffers-dropped"), 0u);
    pair.release();
    producer.get();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.buffers().size(), 20u);
    EXPECT_EQ(pair.stat("buffers-dropped"), 0u);
    GstMessage* warning = gst_bus_pop_filtered(pair.bus(), GST_MESSAGE_WARNING);
    ASSERT_NE(warning, nullptr);
    EXPECT_EQ(GST_MESSAGE_SRC(warning), GST_OBJECT(pair.element()));
    gst_message_unref(warning);
    EXPECT_EQ(gst_bus_pop_filtered(pair.bus(), GST_MESSAGE_WARNING), nullptr);
}

TEST(ReversePlayback, LeaksAgainAfterAForwardSegment) {
    PadPair pair;
    pair.set("max-size-buffers", 2);
    pair.set_text("leaky", "upstream");
    pair.start(-1.0);
    pair.push_segment(0);
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 10);
    EXPECT_EQ(pair.stat("buffers-dropped"), 7u);
    pair.release();
    ASSERT_TRUE(pair.finish());
}

TEST(Handlers, MayPushIntoTheQueueFromOverrun) {
    for (const char* leaky : {"no", "downstream"}) {
        PadPair pair;
        pair.set("max-size-buffers", 3, "max-size-time", guint64{0});
        pair.set_text("leaky", leaky);
        bool inside = false;
        pair.connect("overrun", [&] {
            if (inside)
                return;
            inside = true;
            pair.set("max-size-buffers", 5);
            pair.push_numbers(100, 101);
            pair.set("max-size-buffers", 20);
        });
        pair.start();
        ASSERT_TRUE(pair.hold_in(0));
        pair.push_numbers(1, 5);
        pair.release();
        ASSERT_TRUE(pair.finish());
        EXPECT_EQ(pair.offsets(), (std::vector<std::uint64_t>{0, 1, 2, 3, 100, 4})) << leaky;
    }
}

TEST(Handlers, MayPushIntoAQueueThatIsStillFull) {
    PadPair pair;
    pair.set("max-size-buffers", 3, "max-size-time", guint64{0});
    pair.set_text("leaky", "downstream");
    pair.connect("overrun", [&, depth = 0]() mutable {
        if (depth++ == 0)
            pair.push_numbers(100, 110);
    });
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 5);
    pair.release();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.offsets(), (std::vector<std::uint64_t>{0, 108, 109, 4}));
    EXPECT_EQ(pair.stat("buffers-dropped"), 11u);
    EXPECT_EQ(pair.stat("buffers-in"), 15u);
}

TEST(Handlers, OfOverrunMayRaiseTheLimitOrMakeTheQueueLeak) {
    PadPair raised;
    raised.set("max-size-buffers", 2);
    raised.connect("overrun", [&] {
        raised.set("max-size-buffers", raised.get<guint>("max-size-buffers") + 1);
    });
    raised.start();
    ASSERT_TRUE(raised.hold_in(0));
    raised.push_numbers(1, 50);
    EXPECT_EQ(raised.get<guint>("current-level-buffers"), 49u);

    PadPair leaky;
    leaky.set("max-size-buffers", 2);
    leaky.connect("overrun", [&] { leaky.set_text("leaky", "downstream"); });
    leaky.start();
    ASSERT_TRUE(leaky.hold_in(0));
    leaky.push_numbers(1, 10);
    EXPECT_EQ(leaky.get<guint>("current-level-buffers"), 2u);
    EXPECT_EQ(leaky.stat("buffers-dropped"), 7u);
}

TEST(Limits, LoweredOnALeakyQueueLeakAtOnceWithTheSinkHeld) {
    struct Change {
        const char* limit;
        guint64 value;
    };
    for (const Change c : {Change{"max-size-buffers", 3}, Change{"max-size-bytes", 3 * 64},
                           Change{"max-size-time", 3 * kFrame}}) {
        PadPair pair;
        pair.set_text("leaky", "downstream");
        pair.start();
        ASSERT_TRUE(pair.hold_in(0));
        pair.push_numbers(1, 9);
        pair.set_text(c.limit, std::to_string(c.value).c_str());
        EXPECT_EQ(pair.get<guint>("current-level-buffers"), 2u) << c.limit;
        EXPECT_EQ(pair.stat("buffers-dropped"), 6u) << c.limit;
        pair.release();
        ASSERT_TRUE(pair.finish());
        EXPECT_EQ(pair.offsets(), (std::vector<std::uint64_t>{0, 7, 8})) << c.limit;
    }
}

TEST(Limits, RaisedOrMadeLeakyReleaseAProducerThatWaits) {
    const std::vector<std::pair<const char*, const char*>> changes = {{"max-size-buffers", "3"},
                                                                      {"max-size-buffers", "0"},
                                                                      {"leaky", "downstream"},
                                                                      {"leaky", "upstream"}};
    for (const auto& [property, value] : changes) {
        PadPair pair;
        pair.set("max-size-buffers", 2);
        Tally overruns;
        pair.connect("overrun", [&] { overruns.add(); });
        pair.start();
        ASSERT_TRUE(pair.hold_in(0));
        pair.push_numbers(1, 3);
        auto producer = in_thread([&] { return pair.push(numbered(3)); });
        ASSERT_TRUE(overruns.wait_for(1));
        pair.set_text(property, value);
        EXPECT_EQ(result_of(producer), GST_FLOW_OK) << property << '=' << value;
        const bool leaks = std::string(property) == "leaky";
        EXPECT_EQ(pair.stat("buffers-dropped"), leaks ? 1u : 0u) << property << '=' << value;
        EXPECT_EQ(pair.get<guint>("current-level-buffers"), leaks ? 2u : 3u);
    }
}

TEST(Limits, ChangedFromAnotherThreadLoseNothingWhenNotLeaky) {
    PadPair pair;
    pair.start();
    std::atomic<bool> stop{false};
    std::thread third([&] {
        std::mt19937 random(11);
        while (!stop) {
            pair.set("max-size-buffers", random() % 50, "max-size-bytes", random() % 6400,
                     "max-size-time", guint64{random() % 50} * kFrame, "min-threshold-buffers",
                     random() % 3);
        }
        pair.set("min-threshold-buffers", 0);
    });
    constexpr std::uint64_t kBuffers = 100000;
    pair.push_numbers(0, kBuffers);
    stop = true;
    third.join();
    ASSERT_TRUE(pair.finish());
    const auto offsets = pair.offsets();
    ASSERT_EQ(offsets.size(), kBuffers);
    for (std::uint64_t n = 0; n < kBuffers; ++n)
        ASSERT_EQ(offsets[n], n);
    EXPECT_EQ(pair.stat("buffers-dropped"), 0u);
}

// --- flushes and state changes at the same time

TEST(Restart, AFlushStartFromBeforeItDoesNotLeaveTheTaskAtRest) {
    PadPair pair;
    pair.set("max-size-buffers", 3);
    pair.start();
    GstPad* src = gst_element_get_static_pad(pair.element(), "src");
    flush_across_a_restart(pair.source(), src, pair.sink());
    gst_object_unref(src);
    auto pushed = std::async(std::launch::async, [&] {
        pair.push_event(gst_event_new_stream_start("test"));
        pair.push_caps(0);
        pair.push_segment(0);
        pair.push_numbers(0, 10);
        return true;
    });
    const bool moves = pair.wait_for_offset(9);
    if (!moves)
        pair.stop(); // frees the producer
    EXPECT_TRUE(result_of(pushed).value_or(false));
    EXPECT_TRUE(moves);
}

TEST(Restart, AHandlerOfTheDropReportMayFlushDuringTheShutdown) {
    PadPair pair;
    pair.set("max-size-buffers", 2);
    pair.set_text("leaky", "downstream");
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 8);
    gst_bus_set_sync_handler(
        pair.bus(),
        [](GstBus*, GstMessage* message, gpointer element) {
            if (gst_message_has_name(message, "ringqueue-dropped")) {
                GstPad* sink = gst_element_get_static_pad(GST_ELEMENT(element), "sink");
                gst_pad_send_event(sink, gst_event_new_flush_start());
                gst_pad_send_event(sink, gst_event_new_flush_stop(TRUE));
                gst_object_unref(sink);
            }
            return GST_BUS_PASS;
        },
        pair.element(), nullptr);
    auto stopped = std::async(std::launch::async, [&] {
        pair.stop();
        return true;
    });
    EXPECT_TRUE(result_of(stopped).value_or(false));
    gst_bus_set_sync_handler(pair.bus(), nullptr, nullptr, nullptr);
}

TEST(Restart, AnEndOfStreamThatMeetsARelinkIsTakenOrRefusedForAReason) {
    PadPair pair;
    pair.answer(GST_FLOW_NOT_LINKED);
    pair.start();
    GstPad* src = gst_element_get_static_pad(pair.element(), "src");
    std::atomic<int> round{0};
    std::thread relinker([&] {
        for (int seen = 0; seen >= 0;) {
            const int now = round;
            if (now != seen)
                gst_pad_send_event(src, gst_event_new_reconfigure());
            seen = now;
            std::this_thread::yield();
        }
    });
    for (int i = 1; i <= 2000; ++i) {
        pair.flush();
        pair.push_event(gst_event_new_stream_start("test"));
        pair.push_segment(0);
        while (pair.push(numbered(0)) == GST_FLOW_OK)
            std::this_thread::yield();
        round = i;
        pair.push_event(gst_event_new_eos());
    }
    round = -1;
    relinker.join();
    gst_object_unref(src);
    while (GstMessage* message = gst_bus_pop_filtered(pair.bus(), GST_MESSAGE_ERROR)) {
        gchar* debug = nullptr;
        GError* error = nullptr;
        gst_message_parse_error(message, &error, &debug);
        EXPECT_EQ(std::string(debug).find("reason ok"), std::string::npos) << debug;
        g_clear_error(&error);
        g_free(debug);
        gst_message_unref(message);
    }
}
