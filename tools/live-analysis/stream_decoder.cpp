// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoding end of a Stream: linking what the file turns out to hold, and saying what is wrong
// with it.
#include "stream.h"
#include "user_error.h"

namespace tactus::live {

namespace {

bool is_video(GstPad* pad) {
    CapsHandle caps(gst_pad_get_current_caps(pad));
    if (!caps)
        caps.reset(gst_pad_query_caps(pad, nullptr));
    if (!caps || gst_caps_is_empty(caps.get()) || gst_caps_is_any(caps.get()))
        return false;
    return gst_structure_has_name(gst_caps_get_structure(caps.get(), 0), "video/x-raw");
}

// The first video stream is the camera; others, and sound, stay unlinked.
void on_pad_added(GstElement*, GstPad* pad, gpointer convert) noexcept {
    const PadHandle input(gst_element_get_static_pad(GST_ELEMENT_CAST(convert), "sink"));
    if (!gst_pad_is_linked(input.get()) && is_video(pad))
        gst_pad_link(pad, input.get());
}

void on_no_more_pads(GstElement* decoder, gpointer convert) noexcept {
    const PadHandle input(gst_element_get_static_pad(GST_ELEMENT_CAST(convert), "sink"));
    if (!gst_pad_is_linked(input.get()))
        gst_element_post_message(decoder,
                                 gst_message_new_application(GST_OBJECT_CAST(decoder),
                                                             gst_structure_new_empty("no-video")));
}

// With several streams each has its own decoding thread already; more only get in the way.
void on_element_added(GstBin*, GstBin*, GstElement* element, gpointer) noexcept {
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "max-threads") != nullptr)
        gst_util_set_object_arg(G_OBJECT(element), "max-threads", "1");
}

const char* kAdvice = "Give a file with a video track that GStreamer can play";

} // namespace

void Stream::configure_decoder() {
    g_signal_connect(decoder_, "pad-added", G_CALLBACK(on_pad_added), convert_);
    g_signal_connect(decoder_, "no-more-pads", G_CALLBACK(on_no_more_pads), convert_);
    if (!config_.alone)
        g_signal_connect(decoder_, "deep-element-added", G_CALLBACK(on_element_added), nullptr);
}

void Stream::fail(GstMessage* error) const {
    GError* raw_error = nullptr;
    gchar* raw_debug = nullptr;
    gst_message_parse_error(error, &raw_error, &raw_debug);
    const ErrorHandle reason(raw_error);
    const StringHandle debug(raw_debug);
    const std::string text = reason->message;

    if (GST_MESSAGE_SRC(error) == GST_OBJECT_CAST(queue_))
        throw UserError(std::string(config_.variant.label) + " failed: " + text + " " +
                        (debug ? debug.get() : ""));
    if (g_error_matches(reason.get(), GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
        throw UserError("'" + config_.video_path + "' needs a decoder that is not installed: " +
                        text + " Install gstreamer1.0-libav, gstreamer1.0-plugins-good and " +
                        "gstreamer1.0-plugins-bad, or give another file.");
    throw UserError("'" + config_.video_path + "' cannot be decoded: " + text + " " + kAdvice +
                    ".");
}

void Stream::fail_without_video() const {
    throw UserError("'" + config_.video_path + "' has no video frame in it. " + kAdvice + ".");
}

} // namespace tactus::live
