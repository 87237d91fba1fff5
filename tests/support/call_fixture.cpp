// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "call_fixture.h"

#include "element_fixture.h"

namespace tactus::calls {

namespace {

constexpr GstClockTime kPatience = 60 * GST_SECOND;
} // namespace

std::string voice_source() {
    return voice_line() + "clocksync ! ";
}

// --- Stage

Stage::Stage() {
    bus_ = gst_bus_new();
}

Stage::~Stage() {
    stop();
    for (GstElement* pipeline : pipelines_)
        gst_object_unref(pipeline);
    gst_object_unref(bus_);
}

GstElement* Stage::add(const std::string& line) {
    GError* error = nullptr;
    GstElement* pipeline =
        gst_parse_launch_full(line.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (error != nullptr) {
        ADD_FAILURE() << error->message;
        g_clear_error(&error);
        return nullptr;
    }
    if (!GST_IS_PIPELINE(pipeline)) { // a line with one element
        GstElement* element = pipeline;
        pipeline = gst_pipeline_new(nullptr);
        gst_bin_add(GST_BIN(pipeline), element);
    }
    gst_element_set_bus(pipeline, bus_);
    pipelines_.push_back(pipeline);
    return pipeline;
}

void Stage::play() {
    for (GstElement* pipeline : pipelines_)
        gst_element_set_state(pipeline, GST_STATE_PLAYING);
}

void Stage::stop() {
    for (GstElement* pipeline : pipelines_)
        gst_element_set_state(pipeline, GST_STATE_NULL);
}

void Stage::nudge() {
    gst_bus_post(bus_, gst_message_new_application(nullptr, gst_structure_new_empty("nudge")));
}

bool Stage::handle(GstMessage* message) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY) {
        for (GstElement* pipeline : pipelines_)
            gst_bin_recalculate_latency(GST_BIN(pipeline));
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        GError* error = nullptr;
        gchar* details = nullptr;
        gst_message_parse_error(message, &error, &details);
        ADD_FAILURE() << GST_MESSAGE_SRC_NAME(message) << ": " << error->message << "\n" << details;
        g_error_free(error);
        g_free(details);
        return false;
    }
    return true;
}

bool Stage::wait_until(const std::function<bool()>& done) {
    const GstClockTime end = gst_util_get_timestamp() + kPatience;
    bool fine = true;
    while (fine && !done()) {
        const GstClockTime now = gst_util_get_timestamp();
        GstMessage* message = now < end ? gst_bus_timed_pop(bus_, end - now) : nullptr;
        if (message == nullptr) {
            ADD_FAILURE() << "what the test waits for does not happen";
            return false;
        }
        fine = handle(message);
        gst_message_unref(message);
    }
    return fine;
}

// --- Loss

void Loss::start(GstPad* pad, unsigned count, int payload_type) {
    count_ = count;
    payload_type_ = payload_type;
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_packet, this, nullptr);
}

GstPadProbeReturn Loss::on_packet(GstPad*, GstPadProbeInfo* info, gpointer self) {
    auto& loss = *static_cast<Loss*>(self);
    GstBuffer* buffer = gst_pad_probe_info_get_buffer(info);
    constexpr auto kRetransmission = static_cast<GstBufferFlags>(GST_BUFFER_FLAG_LAST << 0);
    guint8 header[2] = {};
    gst_buffer_extract(buffer, 0, header, sizeof header);
    const bool other = loss.payload_type_ >= 0 && (header[1] & 0x7f) != loss.payload_type_;
    if (other || GST_BUFFER_FLAG_IS_SET(buffer, kRetransmission) || ++loss.seen_ % 10 != 0 ||
        loss.lost_ == loss.count_)
        return GST_PAD_PROBE_OK;
    ++loss.lost_;
    return GST_PAD_PROBE_DROP;
}

// --- SuppliedJitterBuffers

SuppliedJitterBuffers::SuppliedJitterBuffers(Stage& stage, GstElement* rtpbin,
                                             std::function<void(GstElement*, guint)> on_new)
    : stage_(stage), on_new_(std::move(on_new)) {
    g_signal_connect(rtpbin, "request-jitterbuffer", G_CALLBACK(on_request), this);
}

SuppliedJitterBuffers::~SuppliedJitterBuffers() {
    stage_.stop();
    for (const auto& [session, watched] : watched_)
        gst_object_unref(watched->element);
}

GstElement* SuppliedJitterBuffers::on_request(GstElement*, guint session, gpointer data) {
    auto& self = *static_cast<SuppliedJitterBuffers*>(data);
    GstElement* element = gst_element_factory_make("jitterbuffer", nullptr);
    const std::lock_guard lock(self.mutex_);
    auto& watched = self.watched_[session];
    if (element == nullptr || watched != nullptr)
        return element; // a second sender is not watched
    watched = std::make_unique<Watched>();
    watched->stage = &self.stage_;
    watched->element = GST_ELEMENT(gst_object_ref(element));
    GstPad* pad = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(pad,
                      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
                      on_output, watched.get(), nullptr);
    gst_object_unref(pad);
    if (self.on_new_)
        self.on_new_(element, session);
    return element;
}

GstPadProbeReturn SuppliedJitterBuffers::on_output(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto& watched = *static_cast<Watched*>(data);
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER)
        ++watched.out;
    else if (gst_event_has_name(gst_pad_probe_info_get_event(info), "GstRTPPacketLost"))
        ++watched.lost_told;
    watched.stage->nudge();
    return GST_PAD_PROBE_OK;
}

SuppliedJitterBuffers::Watched* SuppliedJitterBuffers::find(guint session) {
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(session);
    return found == watched_.end() ? nullptr : found->second.get();
}

unsigned SuppliedJitterBuffers::out(guint session) {
    Watched* watched = find(session);
    return watched != nullptr ? watched->out.load() : 0;
}

unsigned SuppliedJitterBuffers::lost_told(guint session) {
    Watched* watched = find(session);
    return watched != nullptr ? watched->lost_told.load() : 0;
}

guint64 SuppliedJitterBuffers::stat(guint session, const char* field) {
    Watched* watched = find(session);
    guint64 value = 0;
    if (watched == nullptr)
        return value;
    GstStructure* stats = nullptr;
    g_object_get(watched->element, "stats", &stats, nullptr);
    EXPECT_TRUE(gst_structure_get_uint64(stats, field, &value)) << field;
    gst_structure_free(stats);
    return value;
}

gint64 SuppliedJitterBuffers::property(guint session, const char* name) {
    Watched* watched = find(session);
    if (watched == nullptr)
        return -1;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_INT64);
    g_object_get_property(G_OBJECT(watched->element), name, &value);
    const gint64 number = g_value_get_int64(&value);
    g_value_unset(&value);
    return number;
}

} // namespace tactus::calls
