// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "call.h"
#include "other_threads.h"

#include <gst/check/gstharness.h>
#include <gst/check/gsttestclock.h>

#include <cmath>
#include <mutex>
#include <queue>

namespace tactus::voice_call {

namespace {

constexpr double kNsPerMs = 1e6;
constexpr const char* kDecoder =
    " ! rtpopusdepay ! opusdec plc=true ! audioconvert ! "
    "capsfilter caps=\"audio/x-raw,format=S16LE,rate=48000,channels=1\"";

using testing::TraceArrival;

/// The pads' threads call the probes; they sleep whenever `run`'s thread does anything but push.
class Call {
  public:
    Call(const Voice& voice, const testing::JitterTrace& trace, const Candidate& candidate,
         double reply_ms);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    CallResult run();

  private:
    static GstPadProbeReturn on_packet_out(GstPad* pad, GstPadProbeInfo* info, gpointer self);
    static GstPadProbeReturn on_sound(GstPad* pad, GstPadProbeInfo* info, gpointer self);
    static GstPadProbeReturn on_request(GstPad* pad, GstPadProbeInfo* info, gpointer self);
    void note_packet(GstBuffer* buffer);
    void note_sound(GstBuffer* buffer);

    void schedule();
    void push(const TraceArrival& arrival);
    bool advance_to(std::int64_t time_ns);
    void move_clock(std::int64_t time_ns);
    void settle();
    void learn_latency();
    std::size_t index_of(std::uint16_t seqnum) const;
    double send_ms(std::size_t index) const { return trace_.send_ms(trace_.packets[index]); }

    const Voice& voice_;
    const testing::JitterTrace& trace_;
    std::int64_t reply_ns_;
    GstHarness* harness_;
    GstElement* buffer_;
    GstTestClock* clock_;
    GstBus* bus_;
    OtherThreads threads_;
    std::priority_queue<TraceArrival> arrivals_;
    std::size_t newest_ = 0;
    std::int64_t now_ns_ = 0;

    std::mutex mutex_;
    std::int64_t latency_ns_ = 0;
    Sound::Source source_ = Sound::Source::packet;
    std::vector<std::size_t> requested_;
    CallResult result_;
};

void probe(GstPad* pad, int types, GstPadProbeCallback callback, gpointer self) {
    gst_pad_add_probe(pad, static_cast<GstPadProbeType>(types), callback, self, nullptr);
}

Call::Call(const Voice& voice, const testing::JitterTrace& trace, const Candidate& candidate,
           double reply_ms)
    : voice_(voice), trace_(trace), reply_ns_(std::llround(reply_ms * kNsPerMs)) {
    const std::string line = candidate.factory + " do-lost=true do-retransmission=" +
                             (reply_ns_ > 0 ? "true " : "false ") + candidate.properties +
                             (trace.video ? "" : kDecoder);
    harness_ = gst_harness_new_parse(line.c_str());
    gst_harness_use_testclock(harness_);
    clock_ = gst_harness_get_testclock(harness_);
    buffer_ = gst_harness_find_element(harness_, candidate.factory.c_str());
    bus_ = gst_bus_new();
    gst_element_set_bus(harness_->element, bus_);
    GstPad* out = gst_element_get_static_pad(buffer_, "src");
    probe(out, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_packet_out,
          this);
    gst_object_unref(out);
    probe(harness_->sinkpad, GST_PAD_PROBE_TYPE_BUFFER, on_sound, this);
    probe(harness_->srcpad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_request, this);
    const std::string caps =
        "application/x-rtp,payload=96,clock-rate=" + std::to_string(trace.clock_rate) +
        (trace.video ? ",media=video,encoding-name=H264" : ",media=audio,encoding-name=OPUS");
    gst_harness_set_src_caps_str(harness_, caps.c_str());
    gst_harness_play(harness_);
    learn_latency();
}

Call::~Call() {
    gst_element_set_bus(harness_->element, nullptr);
    gst_object_unref(bus_);
    gst_object_unref(buffer_);
    gst_object_unref(clock_);
    gst_harness_teardown(harness_);
}

// --- what comes out

GstPadProbeReturn Call::on_packet_out(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto& self = *static_cast<Call*>(data);
    const std::lock_guard lock(self.mutex_);
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER)
        self.note_packet(gst_pad_probe_info_get_buffer(info));
    else
        self.source_ = Sound::Source::concealment; // what the decoder makes of an event
    return GST_PAD_PROBE_OK;
}

void Call::note_packet(GstBuffer* buffer) {
    source_ = Sound::Source::packet;
    alignas(4) guint8 header[4] = {};
    gst_buffer_extract(buffer, 0, header, sizeof header);
    testing::ReplayResult::Out out;
    out.index = index_of(GST_READ_UINT16_BE(header + 2));
    out.release_ms = static_cast<double>(now_ns_) / kNsPerMs;
    out.playout_ms =
        static_cast<double>(static_cast<std::int64_t>(GST_BUFFER_PTS(buffer)) + latency_ns_) /
        kNsPerMs;
    out.added_ms = out.playout_ms - send_ms(out.index) - trace_.smallest_delay_ms();
    result_.playout.out.push_back(out);
}

GstPadProbeReturn Call::on_sound(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto& self = *static_cast<Call*>(data);
    const std::lock_guard lock(self.mutex_);
    if (!self.trace_.video)
        self.note_sound(gst_pad_probe_info_get_buffer(info));
    return GST_PAD_PROBE_DROP;
}

void Call::note_sound(GstBuffer* buffer) {
    std::vector<std::int16_t> samples(gst_buffer_get_size(buffer) / sizeof(std::int16_t));
    gst_buffer_extract(buffer, 0, samples.data(), samples.size() * sizeof(std::int16_t));
    result_.sound.play(static_cast<std::int64_t>(GST_BUFFER_PTS(buffer)) + latency_ns_, now_ns_,
                       samples, source_);
}

GstPadProbeReturn Call::on_request(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto& self = *static_cast<Call*>(data);
    GstEvent* event = gst_pad_probe_info_get_event(info);
    guint seqnum = 0;
    if (gst_event_has_name(event, "GstRTPRetransmissionRequest") == FALSE ||
        gst_structure_get_uint(gst_event_get_structure(event), "seqnum", &seqnum) == FALSE)
        return GST_PAD_PROBE_OK;
    const std::lock_guard lock(self.mutex_);
    ++self.result_.playout.requests;
    self.requested_.push_back(self.index_of(static_cast<std::uint16_t>(seqnum)));
    return GST_PAD_PROBE_OK;
}

std::size_t Call::index_of(std::uint16_t seqnum) const {
    const auto ahead = static_cast<std::int16_t>(seqnum - Voice::seqnum(newest_));
    return static_cast<std::size_t>(static_cast<std::int64_t>(newest_) + ahead);
}

// --- time

void Call::settle() {
    threads_.wait_until_asleep();
    const std::lock_guard lock(mutex_);
    for (const std::size_t index : requested_) {
        if (index < trace_.packets.size())
            arrivals_.push({now_ns_ + reply_ns_, index, true});
    }
    requested_.clear();
}

void Call::move_clock(std::int64_t time_ns) {
    if (time_ns <= now_ns_)
        return;
    now_ns_ = time_ns;
    gst_test_clock_set_time(clock_, static_cast<GstClockTime>(time_ns));
}

// False if a reply is due before.
bool Call::advance_to(std::int64_t time_ns) {
    GstClockID id = nullptr;
    while (gst_test_clock_peek_next_pending_id(clock_, &id) != FALSE) {
        const auto due_ns = static_cast<std::int64_t>(gst_clock_id_get_time(id));
        gst_clock_id_unref(id);
        if (due_ns > time_ns)
            break;
        move_clock(due_ns);
        GstClockID done = gst_test_clock_process_next_clock_id(clock_);
        if (done != nullptr)
            gst_clock_id_unref(done);
        settle();
        learn_latency();
        if (!arrivals_.empty() && arrivals_.top().time_ns < time_ns)
            return false;
    }
    move_clock(time_ns);
    settle();
    return true;
}

// A new latency is in force once the application has heard of it.
void Call::learn_latency() {
    bool told = latency_ns_ == 0;
    while (GstMessage* message = gst_bus_pop(bus_)) {
        told |= GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY;
        gst_message_unref(message);
    }
    if (!told)
        return;
    GstPad* pad = gst_element_get_static_pad(buffer_, "src");
    GstQuery* query = gst_query_new_latency();
    if (gst_pad_query(pad, query) != FALSE) {
        GstClockTime minimum = 0;
        gst_query_parse_latency(query, nullptr, &minimum, nullptr);
        const std::lock_guard lock(mutex_);
        latency_ns_ = static_cast<std::int64_t>(minimum);
    }
    gst_query_unref(query);
    gst_object_unref(pad);
}

// --- the call

void Call::schedule() {
    for (std::size_t i = 0; i < trace_.packets.size(); ++i) {
        const testing::JitterTrace::Packet& packet = trace_.packets[i];
        if (!packet.delay_ms) {
            ++result_.playout.sent_lost;
            continue;
        }
        for (const auto& delay_ms : {packet.delay_ms, packet.duplicate_ms}) {
            if (delay_ms)
                arrivals_.push({std::llround((send_ms(i) + *delay_ms) * kNsPerMs), i, false});
        }
    }
}

void Call::push(const TraceArrival& arrival) {
    const auto& packet = trace_.packets[arrival.index];
    const bool frame_ends = arrival.index + 1 == trace_.packets.size() ||
                            trace_.packets[arrival.index + 1].media_ms != packet.media_ms;
    const auto ticks = std::llround(packet.media_ms * trace_.clock_rate / 1000);
    GstBuffer* buffer =
        voice_.packet(arrival.index, static_cast<std::uint32_t>(ticks), trace_.video && frame_ends);
    GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = static_cast<GstClockTime>(now_ns_);
    constexpr auto kRetransmission = static_cast<GstBufferFlags>(GST_BUFFER_FLAG_LAST << 0);
    if (arrival.is_rtx)
        GST_BUFFER_FLAG_SET(buffer, kRetransmission);
    else
        newest_ = std::max(newest_, arrival.index);
    gst_harness_push(harness_, buffer);
    settle();
    learn_latency();
}

CallResult Call::run() {
    schedule();
    while (!arrivals_.empty()) {
        const TraceArrival arrival = arrivals_.top();
        if (!advance_to(arrival.time_ns))
            continue;
        // Something that was due at that very moment may have put a reply before it.
        arrivals_.pop();
        push(arrival);
    }
    advance_to(now_ns_ + 3'000'000'000);
    const std::lock_guard lock(mutex_);
    judge_playout(trace_, result_.playout);
    return std::move(result_);
}

} // namespace

CallResult run_call(const Voice& voice, const testing::JitterTrace& trace,
                    const Candidate& candidate, double reply_ms) {
    return Call(voice, trace, candidate, reply_ms).run();
}

} // namespace tactus::voice_call
