// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/check/gstharness.h>
#include <gst/check/gsttestclock.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

struct RtpPacket {
    std::uint16_t seqnum = 0;
    std::uint32_t timestamp = 0;
    GstClockTime arrival = 0;
    std::uint8_t payload_type = 96;
    std::uint32_t ssrc = 0x1234;
    bool marker = false;
    bool rtx = false;
};

GstBuffer* make_rtp(const RtpPacket& packet);
/// Of a stream that begins with number 0 at time 0, and has one packet of 8 kHz audio each 20 ms.
GstBuffer* nth_rtp(std::uint16_t seqnum);

/// A jitter buffer between two pads, under a test clock. Packets are 20 ms of 8 kHz audio.
class RtpHarness {
  public:
    static constexpr GstClockTime kSpacing = 20 * GST_MSECOND;
    static constexpr std::uint32_t kTicks = 160;

    /// `properties`: "name=value name=value". The element is PLAYING, its caps are set.
    RtpHarness(const char* factory, const char* properties);
    ~RtpHarness();
    RtpHarness(const RtpHarness&) = delete;
    RtpHarness& operator=(const RtpHarness&) = delete;

    GstHarness* get() { return harness_; }
    GstElement* element() { return harness_->element; }

    /// The i-th packet of the stream, at its ideal time plus `late`; moves the clock there.
    GstFlowReturn push(int index, GstClockTime late = 0);
    GstFlowReturn push(const RtpPacket& packet);
    RtpPacket packet(int index, GstClockTime late = 0) const;
    /// Moves the clock and lets every wait that is due by then end.
    void advance_to(GstClockTime time);
    bool send(GstEvent* event) { return gst_harness_push_event(harness_, event) != FALSE; }

    /// The next buffer that comes out; null if none does. Waits for it.
    GstBuffer* pull_buffer();
    /// Sequence number of the next buffer that comes out; -1 if none does. Waits for it.
    int pull();
    /// The same, with its PTS.
    int pull(GstClockTime& pts, bool* discont = nullptr);
    /// Waits for the next downstream event of `type`, skipping others; null if none comes.
    GstEvent* pull_event(GstEventType type);
    GstEvent* pull_custom(const char* name);
    GstEvent* pull_upstream(const char* name);
    /// The next message of `type` (and of that name for element messages); waits for it.
    GstMessage* pop(GstMessageType type, const char* name = nullptr);
    bool has_message(GstMessageType type);
    GstClockTime latency();
    guint64 stat(const char* field);

    std::uint16_t first_seqnum = 100;
    std::uint32_t first_timestamp = 8000;

  private:
    GstHarness* harness_;
    GstTestClock* clock_;
    GstBus* bus_;
};

/// Packet `index`, which comes at `arrival`, whatever its place in the stream.
RtpPacket at(const RtpHarness& h, int index, GstClockTime arrival);
/// Packets `first` up to before `last` go in on time and come out in order.
void pass(RtpHarness& h, int first, int last);

} // namespace tactus
