// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rtp_harness.h"

#include "element_fixture.h"

#include <algorithm>
#include <cstring>

namespace tactus {

namespace {

constexpr guint64 kPatienceUs = 10 * G_USEC_PER_SEC;

bool is_named(const GstStructure* structure, const char* name) {
    return structure != nullptr && gst_structure_has_name(structure, name) != FALSE;
}

int seqnum_of(GstBuffer* buffer) {
    guint8 bytes[4] = {};
    gst_buffer_extract(buffer, 0, bytes, sizeof bytes);
    return GST_READ_UINT16_BE(bytes + 2);
}

} // namespace

GstBuffer* make_rtp(const RtpPacket& packet) {
    guint8 bytes[172] = {0x80};
    bytes[1] = static_cast<guint8>(packet.payload_type | (packet.marker ? 0x80 : 0));
    GST_WRITE_UINT16_BE(bytes + 2, packet.seqnum);
    GST_WRITE_UINT32_BE(bytes + 4, packet.timestamp);
    GST_WRITE_UINT32_BE(bytes + 8, packet.ssrc);
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, sizeof bytes, nullptr);
    gst_buffer_fill(buffer, 0, bytes, sizeof bytes);
    GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = packet.arrival;
    constexpr auto kRetransmission = static_cast<GstBufferFlags>(GST_BUFFER_FLAG_LAST << 0);
    if (packet.rtx)
        GST_BUFFER_FLAG_SET(buffer, kRetransmission);
    return buffer;
}

GstBuffer* nth_rtp(std::uint16_t seqnum) {
    RtpPacket packet;
    packet.seqnum = seqnum;
    packet.timestamp = seqnum * RtpHarness::kTicks;
    packet.arrival = seqnum * RtpHarness::kSpacing;
    return make_rtp(packet);
}

RtpHarness::RtpHarness(const char* factory, const char* properties)
    : harness_(gst_harness_new(factory)), bus_(gst_bus_new()) {
    gst_harness_use_testclock(harness_);
    clock_ = gst_harness_get_testclock(harness_);
    set_properties(element(), properties);
    gst_element_set_bus(element(), bus_);
    gst_harness_set_src_caps_str(harness_, "application/x-rtp,media=audio,payload=96,"
                                           "clock-rate=8000,encoding-name=TEST");
    gst_harness_play(harness_);
}

RtpHarness::~RtpHarness() {
    gst_element_set_bus(element(), nullptr);
    gst_object_unref(bus_);
    gst_object_unref(clock_);
    gst_harness_teardown(harness_);
}

RtpPacket RtpHarness::packet(int index, GstClockTime late) const {
    RtpPacket packet;
    packet.seqnum = static_cast<std::uint16_t>(first_seqnum + index);
    packet.timestamp = first_timestamp + static_cast<std::uint32_t>(index) * kTicks;
    packet.arrival = static_cast<GstClockTime>(index) * kSpacing + late;
    return packet;
}

GstFlowReturn RtpHarness::push(int index, GstClockTime late) {
    return push(packet(index, late));
}

GstFlowReturn RtpHarness::push(const RtpPacket& packet) {
    advance_to(packet.arrival);
    return gst_harness_push(harness_, make_rtp(packet));
}

void RtpHarness::advance_to(GstClockTime time) {
    GstClockID id = nullptr;
    while (gst_test_clock_peek_next_pending_id(clock_, &id) != FALSE) {
        const GstClockTime due = gst_clock_id_get_time(id);
        gst_clock_id_unref(id);
        if (due > time)
            break;
        if (due > gst_clock_get_time(GST_CLOCK(clock_)))
            gst_test_clock_set_time(clock_, due);
        id = gst_test_clock_process_next_clock_id(clock_);
        if (id != nullptr)
            gst_clock_id_unref(id);
    }
    if (time > gst_clock_get_time(GST_CLOCK(clock_)))
        gst_test_clock_set_time(clock_, time);
}

int RtpHarness::pull() {
    GstClockTime pts = 0;
    return pull(pts);
}

GstBuffer* RtpHarness::pull_buffer() {
    const gint64 give_up = g_get_monotonic_time() + static_cast<gint64>(kPatienceUs);
    GstBuffer* buffer = gst_harness_try_pull(harness_);
    while (buffer == nullptr && g_get_monotonic_time() < give_up) {
        // A wait that began only now may be due already.
        advance_to(gst_clock_get_time(GST_CLOCK(clock_)));
        g_thread_yield();
        buffer = gst_harness_try_pull(harness_);
    }
    return buffer;
}

int RtpHarness::pull(GstClockTime& pts, bool* discont) {
    GstBuffer* buffer = pull_buffer();
    if (buffer == nullptr)
        return -1;
    const int seqnum = seqnum_of(buffer);
    pts = GST_BUFFER_PTS(buffer);
    if (discont != nullptr)
        *discont = GST_BUFFER_IS_DISCONT(buffer) != FALSE;
    gst_buffer_unref(buffer);
    return seqnum;
}

GstEvent* RtpHarness::pull_event(GstEventType type) {
    const gint64 give_up = g_get_monotonic_time() + static_cast<gint64>(kPatienceUs);
    while (g_get_monotonic_time() < give_up) {
        GstEvent* event = gst_harness_try_pull_event(harness_);
        if (event == nullptr) {
            advance_to(gst_clock_get_time(GST_CLOCK(clock_)));
            g_thread_yield();
            continue;
        }
        if (GST_EVENT_TYPE(event) == type)
            return event;
        gst_event_unref(event);
    }
    return nullptr;
}

GstEvent* RtpHarness::pull_custom(const char* name) {
    GstEvent* event = pull_event(GST_EVENT_CUSTOM_DOWNSTREAM);
    if (event != nullptr && !is_named(gst_event_get_structure(event), name)) {
        ADD_FAILURE() << "an event that is no " << name;
        gst_clear_event(&event);
    }
    return event;
}

GstEvent* RtpHarness::pull_upstream(const char* name) {
    const gint64 give_up = g_get_monotonic_time() + static_cast<gint64>(kPatienceUs);
    while (g_get_monotonic_time() < give_up) {
        GstEvent* event = gst_harness_try_pull_upstream_event(harness_);
        if (event == nullptr) {
            advance_to(gst_clock_get_time(GST_CLOCK(clock_)));
            g_thread_yield();
            continue;
        }
        if (is_named(gst_event_get_structure(event), name))
            return event;
        gst_event_unref(event);
    }
    return nullptr;
}

GstMessage* RtpHarness::pop(GstMessageType type, const char* name) {
    const gint64 give_up = g_get_monotonic_time() + static_cast<gint64>(kPatienceUs);
    while (g_get_monotonic_time() < give_up) {
        GstMessage* message = gst_bus_pop_filtered(bus_, type);
        if (message == nullptr) {
            g_thread_yield();
            continue;
        }
        if (name == nullptr || is_named(gst_message_get_structure(message), name))
            return message;
        gst_message_unref(message);
    }
    return nullptr;
}

bool RtpHarness::has_message(GstMessageType type) {
    GstMessage* message = gst_bus_pop_filtered(bus_, type);
    if (message != nullptr)
        gst_message_unref(message);
    return message != nullptr;
}

GstClockTime RtpHarness::latency() {
    return gst_harness_query_latency(harness_);
}

guint64 RtpHarness::stat(const char* field) {
    GstStructure* stats = nullptr;
    g_object_get(element(), "stats", &stats, nullptr);
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(stats, field, &value)) << field;
    gst_structure_free(stats);
    return value;
}

RtpPacket at(const RtpHarness& h, int index, GstClockTime arrival) {
    RtpPacket packet = h.packet(index);
    packet.arrival = arrival;
    return packet;
}

void pass(RtpHarness& h, int first, int last) {
    for (int i = first; i < last; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    for (int i = first; i < last; ++i)
        ASSERT_EQ(h.pull(), (h.first_seqnum + i) & 0xffff);
}

} // namespace tactus
