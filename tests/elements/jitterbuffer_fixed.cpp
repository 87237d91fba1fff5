// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// With adaptive=false the timestamps are rtpjitterbuffer's: the same packets go through both.
#include "element_fixture.h"
#include "factories.h"
#include "rtp_harness.h"

#include <map>
#include <tuple>

using namespace tactus;

namespace {

constexpr GstClockTime kMs = GST_MSECOND;
constexpr GstClockTime kStart = GST_SECOND; ///< when the stream begins

/// Sequence number to PTS of all that comes out.
using Times = std::map<int, GstClockTime>;
using Feed = void (*)(RtpHarness& h);

// The peer's end waits for its timers.
bool reach_eos(RtpHarness& h) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < give_up) {
        h.advance_to(gst_clock_get_time(GST_ELEMENT_CLOCK(h.element())) + kMs);
        GstEvent* event = gst_harness_try_pull_event(h.get());
        const bool found = event != nullptr && GST_EVENT_TYPE(event) == GST_EVENT_EOS;
        gst_clear_event(&event);
        if (found)
            return true;
        g_thread_yield();
    }
    return false;
}

Times times_of(const char* factory, const std::string& properties, Feed feed) {
    RtpHarness h(factory, properties.c_str());
    feed(h);
    EXPECT_TRUE(h.send(gst_event_new_eos()));
    EXPECT_TRUE(reach_eos(h));
    Times times;
    while (GstBuffer* buffer = gst_harness_try_pull(h.get())) {
        guint8 bytes[4] = {};
        gst_buffer_extract(buffer, 0, bytes, sizeof bytes);
        times[GST_READ_UINT16_BE(bytes + 2)] = GST_BUFFER_PTS(buffer);
        gst_buffer_unref(buffer);
    }
    return times;
}

/// 30 packets in time, and 30 more that `change` has made what they are.
template <typename Change>
void feed_changed(RtpHarness& h, Change change) {
    for (int i = 0; i < 30; ++i)
        ASSERT_EQ(h.push(i, kStart), GST_FLOW_OK);
    for (int i = 30; i < 60; ++i) {
        RtpPacket packet = h.packet(i, kStart);
        change(packet, i);
        ASSERT_EQ(h.push(packet), GST_FLOW_OK);
    }
}

void feed_jitter(RtpHarness& h) {
    for (int i = 0; i < 100; ++i)
        ASSERT_EQ(h.push(i, kStart + static_cast<GstClockTime>(i * i % 37) * kMs), GST_FLOW_OK);
}

void feed_losses(RtpHarness& h) {
    for (int i = 0; i < 60; ++i) {
        if (i % 10 == 5)
            continue;
        ASSERT_EQ(h.push(i, kStart), GST_FLOW_OK);
    }
}

void feed_skew(RtpHarness& h) {
    for (int i = 0; i < 1500; ++i)
        ASSERT_EQ(h.push(i, kStart + static_cast<GstClockTime>(i) * RtpHarness::kSpacing / 2000),
                  GST_FLOW_OK);
}

void feed_silence(RtpHarness& h, int seconds) {
    feed_changed(h, [&](RtpPacket& packet, int) {
        packet.timestamp += static_cast<std::uint32_t>(seconds) * 8000;
        packet.arrival += static_cast<GstClockTime>(seconds) * GST_SECOND;
    });
}

void feed_short_silence(RtpHarness& h) {
    feed_silence(h, 2);
}

void feed_long_silence(RtpHarness& h) {
    feed_silence(h, 5);
}

void feed_stall(RtpHarness& h) {
    feed_changed(h, [](RtpPacket& packet, int) { packet.arrival += 5 * GST_SECOND; });
}

void feed_jump_ahead(RtpHarness& h) {
    feed_changed(h, [](RtpPacket& packet, int) { packet.timestamp += 100 * 8000; });
}

void feed_jump_back(RtpHarness& h) {
    feed_changed(h, [](RtpPacket& packet, int) { packet.timestamp -= 100 * 8000; });
}

void feed_small_jump_ahead(RtpHarness& h) {
    feed_changed(h, [](RtpPacket& packet, int) { packet.timestamp += 2 * 8000; });
}

void feed_small_jump_back(RtpHarness& h) {
    feed_changed(h, [](RtpPacket& packet, int) { packet.timestamp -= 2 * 8000; });
}

void feed_outlier(RtpHarness& h) {
    feed_changed(h, [](RtpPacket& packet, int i) { packet.timestamp -= i == 40 ? 100 * 8000 : 0; });
}

void feed_other_clock_rate(RtpHarness& h) {
    for (int i = 0; i < 30; ++i)
        ASSERT_EQ(h.push(i, kStart), GST_FLOW_OK);
    gst_harness_set_src_caps_str(h.get(), "application/x-rtp,media=audio,payload=96,"
                                          "clock-rate=16000,encoding-name=TEST");
    for (int i = 30; i < 60; ++i) {
        RtpPacket packet = h.packet(i, kStart);
        packet.timestamp = 777 + static_cast<std::uint32_t>(i) * 320;
        ASSERT_EQ(h.push(packet), GST_FLOW_OK);
    }
}

void feed_flush(RtpHarness& h) {
    ASSERT_EQ(h.push(0, kStart), GST_FLOW_OK);
    ASSERT_TRUE(h.send(gst_event_new_flush_start()));
    ASSERT_TRUE(h.send(gst_event_new_flush_stop(FALSE)));
    ASSERT_TRUE(h.send(make_segment()));
    for (int i = 30; i < 60; ++i)
        ASSERT_EQ(h.push(i, kStart), GST_FLOW_OK);
}

struct Scenario {
    const char* name;
    Feed feed;
    /// In these modes the peer is known to be wrong, and we are not as it is.
    bool mended_in_slave = false;
    bool mended_from_zero = false; ///< none and buffer, where time counts from 0
};

constexpr Scenario kScenarios[] = {
    {"jitter", feed_jitter},
    {"losses", feed_losses},
    {"skew", feed_skew},
    {"short_silence", feed_short_silence},
    {"long_silence", feed_long_silence, false, true},
    {"stall", feed_stall, true},
    {"jump_ahead", feed_jump_ahead, false, true},
    {"jump_back", feed_jump_back, false, true},
    {"small_jump_ahead", feed_small_jump_ahead},
    {"small_jump_back", feed_small_jump_back, false, true},
    {"outlier", feed_outlier, false, true},
    {"other_clock_rate", feed_other_clock_rate, false, true},
};

using Case = std::tuple<Scenario, const char*>;

class JitterBufferFixed : public ::testing::TestWithParam<Case> {
  protected:
    void SetUp() override {
        if (!has_element("rtpjitterbuffer"))
            GTEST_SKIP() << "rtpjitterbuffer is not installed (gst-plugins-good)";
    }
    Times peers(Feed feed) const { return times_of("rtpjitterbuffer", properties(), feed); }
    Times ours(Feed feed) const {
        return times_of("jitterbuffer", properties() + " adaptive=false", feed);
    }
    static bool from_zero() { return mode() == "none" || mode() == "buffer"; }
    static std::string mode() { return std::get<1>(GetParam()); }

  private:
    static std::string properties() { return "latency=200 mode=" + mode(); }
};

} // namespace

TEST_P(JitterBufferFixed, TimestampsAreThePeers) {
    const Scenario& scenario = std::get<0>(GetParam());
    const Times peer = peers(scenario.feed);
    const Times own = ours(scenario.feed);
    ASSERT_GE(own.size(), 54U);
    if ((scenario.mended_in_slave && mode() == "slave") ||
        (scenario.mended_from_zero && from_zero())) {
        EXPECT_NE(peer, own) << "the peer is mended, so this need be no exception";
        GstClockTime before = 0;
        for (const auto& [seqnum, pts] : own) { // what the mending promises: time goes on
            EXPECT_GE(pts, before) << seqnum;
            before = pts;
        }
        EXPECT_GT(before, 59 * RtpHarness::kSpacing - kMs);
        return;
    }
    ASSERT_EQ(peer.size(), own.size());
    for (const auto& [seqnum, pts] : own) {
        ASSERT_EQ(peer.count(seqnum), 1U) << seqnum;
        const GstClockTimeDiff apart = GST_CLOCK_DIFF(peer.at(seqnum), pts);
        // Both follow skew, each by its own arithmetic: within a tick of 8 kHz.
        EXPECT_LE(std::abs(apart), GstClockTimeDiff{125'000}) << seqnum;
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, JitterBufferFixed,
                         ::testing::Combine(::testing::ValuesIn(kScenarios),
                                            ::testing::Values("none", "slave", "buffer", "synced")),
                         [](const auto& tested) {
                             return std::string(std::get<0>(tested.param).name) + "_" +
                                    std::get<1>(tested.param);
                         });

TEST(JitterBufferFromZero, TimeCountsFromZeroAgainAfterAFlushInModeNone) {
    const Times times = times_of("jitterbuffer", "adaptive=false mode=none", feed_flush);
    ASSERT_EQ(times.count(130), 1U);
    EXPECT_EQ(times.at(130), 0U);
}

TEST(JitterBufferFromZero, TimeBeginsAtTheArrivalInModeNoneIfItAdapts) {
    const Times times = times_of("jitterbuffer", "mode=none", feed_losses);
    EXPECT_EQ(times.at(100), kStart);
}

// What rtpbin does while one of several streams buffers: it takes the smallest of these times.
TEST(JitterBufferFromZero, StoppedBufferTellsItsTimeWithoutTheOffset) {
    RtpHarness h("jitterbuffer", "latency=200 mode=buffer");
    const auto push_at_once = [&](int first, int end) {
        GstBufferList* list = gst_buffer_list_new();
        for (int i = first; i < end; ++i)
            gst_buffer_list_add(list, make_rtp(h.packet(i, kStart)));
        return gst_pad_push_list(h.get()->srcpad, list);
    };
    ASSERT_EQ(push_at_once(0, 30), GST_FLOW_OK);
    for (int i = 0; i < 28; ++i) { // then less than 15 % of the latency are left
        h.advance_to(static_cast<GstClockTime>(i) * RtpHarness::kSpacing);
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
    }
    guint64 out = 0;
    g_signal_emit_by_name(h.element(), "set-active", FALSE, guint64{0}, &out);
    EXPECT_EQ(out, 28 * RtpHarness::kSpacing);
    g_signal_emit_by_name(h.element(), "set-active", FALSE, guint64{5 * GST_SECOND}, &out);
    EXPECT_EQ(out, 28 * RtpHarness::kSpacing) << "it was stopped already";
    g_signal_emit_by_name(h.element(), "set-active", TRUE, guint64{700 * kMs}, &out);
    EXPECT_EQ(out, 28 * RtpHarness::kSpacing);
    EXPECT_EQ(gst_harness_try_pull(h.get()), nullptr) << "it fills up first";
    ASSERT_EQ(push_at_once(30, 40), GST_FLOW_OK);
    GstClockTime pts = 0;
    ASSERT_EQ(h.pull(pts), h.first_seqnum + 28);
    EXPECT_EQ(pts, 28 * RtpHarness::kSpacing + 700 * kMs);
}

// The peer moves its time line by the whole lateness.
TEST(JitterBufferMended, LatePacketsMoveNoTimestamp) {
    RtpHarness h("jitterbuffer", "latency=200 adaptive=false");
    for (int i = 0; i < 30; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    for (int i = 30; i < 46; ++i) // 300 ms in which nothing came
        ASSERT_EQ(h.push(at(h, i, 900 * kMs)), GST_FLOW_OK);
    for (int i = 46; i < 120; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    for (int i = 0; i < 120; ++i) {
        GstClockTime pts = 0;
        ASSERT_EQ(h.pull(pts), h.first_seqnum + i);
        EXPECT_EQ(pts, static_cast<GstClockTime>(i) * RtpHarness::kSpacing);
    }
}

// The peer believes the average spacing over the silence, and waits for the loss as long.
TEST(JitterBufferMended, LossBesideASilenceHoldsNothingUp) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false do-lost=true");
    pass(h, 0, 50);
    constexpr int kSilence = 100; // packets of 20 ms
    const auto later = [&](int index) {
        RtpPacket packet = h.packet(index + kSilence);
        packet.seqnum = static_cast<std::uint16_t>(h.first_seqnum + index);
        return packet;
    };
    ASSERT_EQ(h.push(later(51)), GST_FLOW_OK); // number 50 is lost
    h.advance_to(later(51).arrival + 100 * kMs);
    GstClockTime pts = 0;
    ASSERT_EQ(h.pull(pts), h.first_seqnum + 51);
    EXPECT_EQ(pts, later(51).arrival);
    EXPECT_EQ(h.stat("num-lost"), 1U);
}

TEST(JitterBufferMended, LargeHoleIsOneEvent) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false do-lost=true");
    pass(h, 0, 10);
    constexpr int kHole = 2000;
    h.advance_to((10 + kHole) * RtpHarness::kSpacing);
    for (int i = 10 + kHole; i < 20 + kHole; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    h.advance_to((30 + kHole) * RtpHarness::kSpacing);
    ASSERT_EQ(h.pull(), h.first_seqnum + 10 + kHole);
    EXPECT_EQ(h.stat("num-lost"), static_cast<guint64>(kHole));
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    unsigned events = 0;
    GstClockTime lost = 0;
    for (GstEvent* event = nullptr;; gst_event_unref(event)) {
        event = gst_harness_try_pull_event(h.get());
        if (event == nullptr)
            break;
        guint64 duration = 0;
        if (GST_EVENT_TYPE(event) != GST_EVENT_CUSTOM_DOWNSTREAM)
            continue;
        ++events;
        EXPECT_TRUE(
            gst_structure_get_uint64(gst_event_get_structure(event), "duration", &duration));
        lost += duration;
    }
    EXPECT_LE(events, 10U); // the last ones when their own time is over
    EXPECT_EQ(lost, kHole * RtpHarness::kSpacing);
}

TEST(JitterBufferMended, LossSaysHowOftenItWasAskedFor) {
    RtpHarness h("jitterbuffer", "latency=200 adaptive=false do-lost=true do-retransmission=true "
                                 "rtx-delay-reorder=1 rtx-retry-timeout=40 rtx-next-seqnum=false");
    pass(h, 0, 20);
    int next = 21;
    for (int asked = 0; asked < 2; ++asked) {
        for (const int end = next + 3; next < end; ++next) // until it is asked for again
            ASSERT_EQ(h.push(next), GST_FLOW_OK);
        GstEvent* request = h.pull_upstream("GstRTPRetransmissionRequest");
        ASSERT_NE(request, nullptr);
        gst_event_unref(request);
    }
    h.advance_to(GST_SECOND);
    GstEvent* lost = h.pull_custom("GstRTPPacketLost");
    ASSERT_NE(lost, nullptr);
    guint retries = 0;
    EXPECT_TRUE(gst_structure_get_uint(gst_event_get_structure(lost), "retry", &retries));
    gst_event_unref(lost);
    EXPECT_GT(retries, 1U);
    EXPECT_EQ(retries, h.stat("rtx-count"));
}
