// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "voice.h"

#include "call.h"

#include <stdexcept>

namespace tactus::voice_call {

namespace {

constexpr unsigned kPayloadType = 96;

void keep(GstElement*, GstBuffer* buffer, GstPad*, gpointer packets) {
    static_cast<std::vector<GstBuffer*>*>(packets)->push_back(gst_buffer_ref(buffer));
}

} // namespace

Voice::Voice() {
    const std::string line = calls::voice_line() +
                             "opusenc bitrate=32000 ! rtpopuspay pt=96 ! "
                             "fakesink name=sink signal-handoffs=true sync=false";
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(line.c_str(), &error);
    if (error != nullptr) {
        const std::string text = error->message;
        g_error_free(error);
        throw std::runtime_error("the voice cannot be encoded: " + text);
    }
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    g_signal_connect(sink, "handoff", G_CALLBACK(keep), &packets_);
    gst_object_unref(sink);
    GstBus* bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, 60 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    const bool ended = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    gst_clear_message(&message);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
    if (!ended || packets_.empty())
        throw std::runtime_error("the recordings in " + calls::voice_folder() +
                                 " cannot be encoded");
}

Voice::~Voice() {
    for (GstBuffer* packet : packets_)
        gst_buffer_unref(packet);
}

GstBuffer* Voice::packet(std::size_t index, std::uint32_t timestamp, bool marker) const {
    GstBuffer* buffer = gst_buffer_copy_deep(packets_[index % packets_.size()]);
    alignas(4) guint8 header[8] = {};
    gst_buffer_extract(buffer, 0, header, sizeof header);
    header[1] = static_cast<guint8>(kPayloadType | (marker ? 0x80 : 0));
    GST_WRITE_UINT16_BE(header + 2, seqnum(index));
    GST_WRITE_UINT32_BE(header + 4, timestamp);
    gst_buffer_fill(buffer, 0, header, sizeof header);
    GST_BUFFER_DURATION(buffer) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_DISCONT);
    return buffer;
}

} // namespace tactus::voice_call
