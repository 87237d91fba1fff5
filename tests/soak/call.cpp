// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "call.h"

#include "glue/handles.h"
#include "relink.h"

#include <array>
#include <cmath>

namespace tactus::soak {

namespace {

constexpr const char* kPacketCaps =
    "application/x-rtp,media=audio,payload=96,clock-rate=48000,encoding-name=OPUS";

constexpr std::array kAnalyses = {
    "clockcalib-probe ! simdfft name=fft bands=64 interval=50000000",
    "simdfft name=fft fft-size=512 ! simdifft name=ifft",
    "simdfftfilter name=filter",
    "simdspectrogram name=spectrogram span=2 ! video/x-raw,width=160,height=90,framerate=10/1",
};

std::uint64_t stat(const GstStructure* stats, const char* field) {
    guint64 value = 0;
    gst_structure_get_uint64(stats, field, &value);
    return value;
}

Call::Counts& operator+=(Call::Counts& sum, const Call::Counts& more) {
    sum.delivered += more.delivered;
    sum.told_lost += more.told_lost;
    sum.dropped += more.dropped;
    sum.asked += more.asked;
    sum.recovered += more.recovered;
    sum.watched.out += more.watched.out;
    sum.watched.missing += more.watched.missing;
    sum.watched.backwards += more.watched.backwards;
    sum.watched.flushes += more.watched.flushes;
    return sum;
}

} // namespace

std::string Call::line() const {
    const std::string source =
        std::string("appsrc name=net is-live=true do-timestamp=true format=time max-bytes=0 "
                    "caps=\"") +
        kPacketCaps + "\" ! ";
    const std::string buffer =
        in_rtpbin() ? "rtp.recv_rtp_sink_0 rtpbin name=rtp latency=1000 do-lost=true "
                    : "jitterbuffer name=buffer ! ";
    return source + buffer +
           "rtpopusdepay name=depay ! opusdec plc=true ! audioconvert ! "
           "audio/x-raw,format=F32LE,rate=48000,channels=1 ! "
           "numapin name=pin timer-slack-ns=100000 ! ringqueue name=queue ! " +
           kAnalyses[number_ / 2 % kAnalyses.size()] + " ! fakesink name=sink";
}

Call::Call(Stage& stage, Ledger& ledger, unsigned number)
    : ledger_(ledger), number_(number),
      pipeline_(stage.add("call" + std::to_string(number), line())), source_(child("net")) {
    GstElement* sink = child("sink");
    g_object_set(sink, "sync", TRUE, nullptr);
    gst_object_unref(sink);
    const PadHandle pad(gst_element_get_static_pad(source_, "src"));
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream, this, nullptr);
    for (const char* name : {"pin", "queue", "fft", "ifft", "filter", "spectrogram"}) {
        if (GstElement* element = child(name)) {
            ledger_.open(element);
            gst_object_unref(element);
        }
    }
    if (in_rtpbin()) {
        GstElement* rtpbin = child("rtp");
        g_signal_connect(rtpbin, "request-jitterbuffer", G_CALLBACK(on_request), this);
        g_signal_connect(rtpbin, "request-pt-map", G_CALLBACK(on_map), this);
        g_signal_connect(rtpbin, "pad-added", G_CALLBACK(on_pad), this);
        gst_object_unref(rtpbin);
    } else {
        GstElement* buffer = child("buffer");
        configure(buffer);
        ledger_.open(buffer);
        adopt(buffer);
        gst_object_unref(buffer);
    }
}

Call::~Call() {
    gst_clear_object(&buffer_);
    gst_object_unref(source_);
}

GstElement* Call::child(const char* name) const {
    return gst_bin_get_by_name(GST_BIN(pipeline_), name);
}

void Call::configure(GstElement* buffer) const {
    const bool adaptive = number_ != 4;
    g_object_set(buffer, "latency", 1000U, "do-lost", TRUE, "adaptive", adaptive ? TRUE : FALSE,
                 "do-retransmission", asks_again() ? TRUE : FALSE, nullptr);
}

void Call::adopt(GstElement* buffer) {
    const PadHandle pad(gst_element_get_static_pad(buffer, "src"));
    auto watch = LossWatch::on_pad(pad.get());
    const std::lock_guard lock(mutex_);
    gst_object_replace(reinterpret_cast<GstObject**>(&buffer_), GST_OBJECT(buffer));
    watch_ = std::move(watch);
}

// --- in rtpbin

GstElement* Call::on_request(GstElement*, guint, gpointer data) {
    auto& self = *static_cast<Call*>(data);
    GstElement* buffer = gst_element_factory_make("jitterbuffer", nullptr);
    gst_object_ref_sink(buffer);
    self.ledger_.open(buffer);
    self.adopt(buffer);
    g_object_force_floating(G_OBJECT(buffer)); // the reference goes to rtpbin
    return buffer;
}

GstCaps* Call::on_map(GstElement*, guint, guint, gpointer) {
    return gst_caps_from_string(kPacketCaps);
}

void Call::on_pad(GstElement*, GstPad* pad, gpointer data) {
    auto& self = *static_cast<Call*>(data);
    const ElementHandle depay(self.child("depay"));
    const PadHandle sink(gst_element_get_static_pad(depay.get(), "sink"));
    gst_pad_link(pad, sink.get());
}

// --- packets

bool Call::take(GstBuffer* packet) {
    if (gst_app_src_push_buffer(GST_APP_SRC(source_), packet) != GST_FLOW_OK)
        return false;
    ++handed_;
    return true;
}

void Call::on_asked(std::function<void(std::uint16_t)> handler) {
    const std::lock_guard lock(asked_mutex_);
    on_asked_ = std::move(handler);
}

GstPadProbeReturn Call::on_upstream(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto& self = *static_cast<Call*>(data);
    GstEvent* event = gst_pad_probe_info_get_event(info);
    guint number = 0;
    if (gst_event_has_name(event, "GstRTPRetransmissionRequest") == FALSE ||
        gst_structure_get_uint(gst_event_get_structure(event), "seqnum", &number) == FALSE)
        return GST_PAD_PROBE_OK;
    const std::lock_guard lock(self.asked_mutex_);
    if (self.on_asked_)
        self.on_asked_(static_cast<std::uint16_t>(number));
    return GST_PAD_PROBE_OK;
}

void Call::end() {
    gst_app_src_end_of_stream(GST_APP_SRC(source_));
}

// --- disturbances

// The running time goes on: were it reset, a packet that was stamped just before would keep a sink
// waiting for as long as the call has lasted.
void Call::flush() {
    const StateLock lock(pipeline_);
    gst_element_send_event(source_, gst_event_new_flush_start());
    gst_element_send_event(source_, gst_event_new_flush_stop(FALSE));
}

bool Call::start_over() {
    if (in_rtpbin())
        return false;
    gst_element_set_state(pipeline_, GST_STATE_READY);
    // Its counts begin again when it starts.
    ledger_.start_over(buffer_);
    {
        const std::lock_guard lock(mutex_);
        past_ += counts_of_buffer();
        watch_->start_over();
    }
    play();
    return true;
}

bool Call::replace_queue() {
    const ElementHandle old(child("queue"));
    return replace_element(ledger_, old.get(), gst_element_factory_make("ringqueue", nullptr));
}

bool Call::replace_buffer() {
    if (in_rtpbin())
        return false;
    GstElement* fresh = gst_element_factory_make("jitterbuffer", nullptr);
    configure(fresh);
    Counts counts;
    const ElementHandle old(child("buffer"));
    const auto before = [&](GstElement* element) {
        counts = counts_of_buffer();
        adopt(element);
    };
    if (!replace_element(ledger_, old.get(), fresh, before))
        return false;
    past_ += counts;
    return true;
}

bool Call::change_response(unsigned taps, double gain) {
    const ElementHandle filter(child("filter"));
    if (filter == nullptr)
        return false;
    std::vector<float> values(taps);
    for (unsigned i = 0; i < taps; ++i) // dies away, its sum about `gain`
        values[i] = static_cast<float>(gain * 8 / taps * std::exp(-8.0 * i / taps));
    GBytes* bytes = g_bytes_new(values.data(), values.size() * sizeof(float));
    g_object_set(filter.get(), "kernel-bytes", bytes, nullptr);
    g_bytes_unref(bytes);
    return true;
}

void Call::set_target_quantile(double quantile) {
    const std::lock_guard lock(mutex_);
    if (buffer_ != nullptr)
        g_object_set(buffer_, "target-quantile", quantile, nullptr);
}

// --- figures

Call::Counts Call::counts_of_buffer() const {
    Counts counts;
    if (buffer_ == nullptr)
        return counts;
    GstStructure* given = nullptr;
    g_object_get(buffer_, "stats", &given, nullptr);
    const StructureHandle stats(given);
    counts.delivered = stat(given, "num-pushed");
    counts.told_lost = stat(given, "num-lost");
    counts.dropped = stat(given, "num-drop-on-latency") + stat(given, "num-drop-on-memory") +
                     stat(given, "num-drop-stale");
    counts.asked = stat(given, "rtx-count");
    counts.recovered = stat(given, "rtx-success-count");
    counts.watched = watch_->counts();
    return counts;
}

Call::Counts Call::counts() {
    const std::lock_guard lock(mutex_);
    Counts counts = past_;
    counts += counts_of_buffer();
    counts.handed = handed_;
    return counts;
}

} // namespace tactus::soak
