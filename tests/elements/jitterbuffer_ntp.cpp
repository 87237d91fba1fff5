// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A media clock (RFC 7273) that comes over a real network: NTP on the loopback interface. There is
// no such test for PTP: its ports, 319 and 320, are root's.
#include "element_fixture.h"
#include "loopback_socket.h"
#include "rtp_harness.h"

#include <array>
#include <atomic>

using namespace tactus;

namespace {

/// 2025-01-01 by NTP (since 1900), minus this machine's monotonic clock.
constexpr GstClockTime kAhead = 3'944'678'400ULL * GST_SECOND;

GstClockTime server_time() {
    return kAhead + static_cast<GstClockTime>(g_get_monotonic_time()) * GST_USECOND;
}

/// Answers NTP requests (RFC 5905 section 7.3) until it is destroyed.
class NtpServer {
  public:
    NtpServer() : thread_([this] { answer_all(); }) {}
    ~NtpServer() {
        shutdown(socket_.fd(), SHUT_RDWR); // ends the wait
        thread_.join();
    }
    NtpServer(const NtpServer&) = delete;
    NtpServer& operator=(const NtpServer&) = delete;

    int port() const { return socket_.port(); }
    unsigned answers() const { return answers_; }

  private:
    using Packet = std::array<guint8, 48>;

    static void put_time(Packet& packet, std::size_t at) {
        const GstClockTime now = server_time();
        GST_WRITE_UINT32_BE(&packet[at], static_cast<guint32>(now / GST_SECOND));
        const guint64 fraction =
            gst_util_uint64_scale(now % GST_SECOND, guint64{1} << 32, GST_SECOND);
        GST_WRITE_UINT32_BE(&packet[at + 4], static_cast<guint32>(fraction));
    }

    void answer_all() {
        Packet packet{};
        sockaddr_in from{};
        for (;;) {
            socklen_t length = sizeof from;
            auto* any = reinterpret_cast<sockaddr*>(&from);
            const ssize_t got =
                recvfrom(socket_.fd(), packet.data(), packet.size(), 0, any, &length);
            if (got <= 0)
                return;
            if (static_cast<std::size_t>(got) < packet.size())
                continue;
            std::copy_n(&packet[40], 8, &packet[24]); // what the client sent, and when
            put_time(packet, 32);
            packet[0] = 4 << 3 | 4; // version 4, a server
            packet[1] = 1;          // from a reference clock of its own
            put_time(packet, 16);
            put_time(packet, 40);
            if (sendto(socket_.fd(), packet.data(), packet.size(), 0, any, length) > 0)
                ++answers_;
        }
    }

    LoopbackSocket socket_{SOCK_DGRAM};
    std::atomic<unsigned> answers_{0};
    std::thread thread_;
};

/// Waits for real time to come: packets must be as far apart as they say.
void wait_until(GstClock* clock, GstClockTime time) {
    GstClockID id = gst_clock_new_single_shot_id(clock, time);
    gst_clock_id_wait(id, nullptr);
    gst_clock_id_unref(id);
}

} // namespace

TEST(JitterBufferNtp, TimestampsAreWhenTheSenderSampledByAClockOnTheNetwork) {
    constexpr GstClockTime kTransit = 40 * GST_MSECOND;
    NtpServer server;
    GstHarness* h = gst_harness_new("jitterbuffer");
    gst_harness_use_systemclock(h);
    g_object_set(h->element, "latency", 200U, "adaptive", FALSE, "rfc7273-sync", TRUE, nullptr);
    const std::string caps = "application/x-rtp,media=audio,payload=96,clock-rate=8000,"
                             "encoding-name=TEST,a-mediaclk=(string)\"direct=0\",a-ts-refclk="
                             "(string)\"ntp=127.0.0.1:" +
                             std::to_string(server.port()) + "\"";
    gst_harness_set_src_caps_str(h, caps.c_str());
    gst_harness_play(h);
    GstClock* clock = gst_element_get_clock(h->element);
    const GstClockTime base = gst_element_get_base_time(h->element);

    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    GstClockTime due = gst_clock_get_time(clock);
    GstClockTimeDiff early = 0; // of the last one that came out: its PTS before its arrival
    unsigned in_time = 0;
    for (std::uint16_t seqnum = 0; in_time < 20; ++seqnum) {
        ASSERT_LT(std::chrono::steady_clock::now(), give_up)
            << server.answers() << " answers; the last packet is " << early << " ns early";
        due += RtpHarness::kSpacing;
        wait_until(clock, due);
        RtpPacket packet;
        packet.seqnum = seqnum;
        packet.timestamp =
            static_cast<std::uint32_t>((server_time() - kTransit) / GST_USECOND * 8 / 1000);
        packet.arrival = gst_clock_get_time(clock) - base;
        ASSERT_EQ(gst_harness_push(h, make_rtp(packet)), GST_FLOW_OK);
        while (GstBuffer* buffer = gst_harness_try_pull(h)) {
            early = GST_CLOCK_DIFF(GST_BUFFER_PTS(buffer), GST_BUFFER_DTS(buffer));
            const bool right = std::abs(early - GstClockTimeDiff{kTransit}) < 5'000'000;
            in_time = right ? in_time + 1 : 0;
            gst_buffer_unref(buffer);
        }
    }
    EXPECT_GT(server.answers(), 0U);
    gst_object_unref(clock);
    gst_harness_teardown(h);
}
