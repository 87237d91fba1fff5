// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "camera.h"

namespace tactus::live {

namespace {

// An event that was taken out of the stream without being sent on. DROP would not do: a sticky
// event that a probe drops counts as pending and is tried again before each buffer.
GstPadProbeReturn swallow(GstPadProbeInfo* info) {
    gst_mini_object_unref(GST_MINI_OBJECT_CAST(GST_PAD_PROBE_INFO_DATA(info)));
    return GST_PAD_PROBE_HANDLED;
}

GstEvent* endless_segment() {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    return gst_event_new_segment(&segment);
}

} // namespace

void Camera::attach(GstElement* element) {
    element_ = element;
    const PadHandle pad(gst_element_get_static_pad(element, "src"));
    const auto mask = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                                   GST_PAD_PROBE_TYPE_EVENT_FLUSH);
    gst_pad_add_probe(pad.get(), mask, &Camera::on_data, this, nullptr);
}

GstPadProbeReturn Camera::on_data(GstPad*, GstPadProbeInfo* info, gpointer self) noexcept {
    auto* camera = static_cast<Camera*>(self);
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0)
        return camera->on_frame(info);
    return camera->on_event(info);
}

GstPadProbeReturn Camera::on_frame(GstPadProbeInfo* info) {
    const std::uint64_t n = frames_;
    if (n >= frame_limit_)
        stopped_ = true;
    if (stopped_) {
        GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_EOS; // lets the decoder rest
        return swallow(info);
    }
    if (n == 0)
        post("camera-ready");

    GstBuffer* frame = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_BUFFER_PTS(frame) = gst_util_uint64_scale_int(n, GST_SECOND, static_cast<gint>(fps_));
    GST_BUFFER_DTS(frame) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION(frame) =
        gst_util_uint64_scale_int(n + 1, GST_SECOND, static_cast<gint>(fps_)) -
        GST_BUFFER_PTS(frame);
    if (n > 0) // the first one after a rewind is no new beginning here
        GST_BUFFER_FLAG_UNSET(frame, GST_BUFFER_FLAG_DISCONT);
    GST_PAD_PROBE_INFO_DATA(info) = frame;
    frames_ = n + 1;
    return GST_PAD_PROBE_OK;
}

GstPadProbeReturn Camera::on_event(GstPadProbeInfo* info) {
    switch (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info))) {
    case GST_EVENT_SEGMENT: {
        if (segment_sent_)
            return swallow(info);
        segment_sent_ = true;
        gst_event_unref(GST_PAD_PROBE_INFO_EVENT(info));
        GST_PAD_PROBE_INFO_DATA(info) = endless_segment();
        return GST_PAD_PROBE_OK;
    }
    case GST_EVENT_EOS:
        on_end_of_file();
        return swallow(info);
    case GST_EVENT_FLUSH_START: // of the rewind: what was sent stays valid
    case GST_EVENT_FLUSH_STOP:
    case GST_EVENT_GAP:
        return swallow(info);
    default:
        return GST_PAD_PROBE_OK;
    }
}

void Camera::on_end_of_file() {
    if (stopped_)
        return;
    if (frames_ == frames_at_rewind_) {
        post("camera-empty");
        return;
    }
    frames_at_rewind_ = frames_;
    // A flushing seek waits for this thread to come out of its push, so another one has to do it.
    gst_element_call_async(element_, &Camera::rewind, nullptr, nullptr);
}

// Knows the element alone, which call_async keeps alive; the camera may be gone by now.
void Camera::rewind(GstElement* element, gpointer) noexcept {
    const PadHandle pad(gst_element_get_static_pad(element, "sink"));
    GstEvent* seek =
        gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
                           GST_SEEK_TYPE_NONE, static_cast<gint64>(GST_CLOCK_TIME_NONE));
    if (!gst_pad_push_event(pad.get(), seek))
        gst_element_post_message(
            element, gst_message_new_application(GST_OBJECT_CAST(element),
                                                 gst_structure_new_empty("camera-ended")));
}

void Camera::post(const char* name) {
    gst_element_post_message(element_, gst_message_new_application(GST_OBJECT_CAST(element_),
                                                                   gst_structure_new_empty(name)));
}

} // namespace tactus::live
