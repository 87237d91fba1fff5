// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/simdfft_state.h"

#include "glue/fast_clock.h"
#include "glue/stats_fields.h"
#include "simdfft/simdfft_debug.h"

#include <stdexcept>

namespace tactus {

namespace {

void count(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

GstClockTime running_time_of(const GstSegment& segment, GstBuffer* buffer) {
    if (segment.format != GST_FORMAT_TIME || !GST_BUFFER_PTS_IS_VALID(buffer))
        return GST_CLOCK_TIME_NONE;
    return gst_segment_to_running_time(&segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
}

} // namespace

SimdFftState::SimdFftState(GstElement* owner) : element(owner), messages_(owner) {
    gst_audio_info_init(&info_);
    gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
}

// --- settings

bool SimdFftState::set(guint id, const GValue* value) {
    const std::lock_guard lock(settings_mutex_);
    settings_changed_ = true;
    return set_setting(settings_, id, value);
}

bool SimdFftState::get(guint id, GValue* value) const {
    const std::lock_guard lock(settings_mutex_);
    return get_setting(settings_, id, value);
}

bool SimdFftState::apply_settings() {
    if (settings_changed_.exchange(false)) {
        const std::lock_guard lock(settings_mutex_);
        current_ = settings_;
    }
    try {
        messages_.configure(current_, info_);
    } catch (const std::invalid_argument& error) {
        GST_ELEMENT_ERROR(element, LIBRARY, SETTINGS, ("%s", error.what()), (nullptr));
        settings_changed_ = true; // so that the next buffer fails, too
        return false;
    }
    return true;
}

// --- data

GstFlowReturn SimdFftState::prepare(GstBuffer* buffer) {
    if (!has_caps_) {
        GST_ELEMENT_ERROR(element, CORE, NEGOTIATION, ("Audio came before its caps."), (nullptr));
        return GST_FLOW_NOT_NEGOTIATED;
    }
    if (settings_changed_.load(std::memory_order_relaxed) && !apply_settings())
        return GST_FLOW_ERROR;
    if (GST_BUFFER_IS_DISCONT(buffer)) {
        count(discontinuities_);
        messages_.flush();
    }
    return GST_FLOW_OK;
}

GstFlowReturn SimdFftState::complain_unmapped(GstBuffer* buffer) {
    GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("A buffer of audio cannot be read."),
                      ("%" GST_PTR_FORMAT ": mapping failed, or it is planar and has no "
                       "GstAudioMeta",
                       static_cast<void*>(buffer)));
    return GST_FLOW_ERROR;
}

GstFlowReturn SimdFftState::measure(GstBuffer* buffer) {
    const std::uint64_t begun_ns = FastClock::now_ns();
    if (const GstFlowReturn flow = prepare(buffer); flow != GST_FLOW_OK)
        return flow;
    const AudioMap audio(buffer, info_);
    if (!audio.is_mapped())
        return complain_unmapped(buffer);
    messages_.process(audio, GST_BUFFER_PTS(buffer), segment_);
    count(buffers_);
    count(frames_, audio.frames());
    count(rest_bytes_, audio.rest_bytes());
    transforms_.store(messages_.transforms(), std::memory_order_relaxed);
    messages_posted_.store(messages_.messages(), std::memory_order_relaxed);
    process_ns_.record(FastClock::now_ns() - begun_ns);
    return GST_FLOW_OK;
}

bool SimdFftState::drops_late(GstBuffer* buffer) {
    if (!current_.qos || !qos_.is_late(running_time_of(segment_, buffer)))
        return false;
    count(late_buffers_);
    dropped_last_ = true;
    qos_.report(element, segment_, buffer, buffers_, late_buffers_);
    return true;
}

GstFlowReturn SimdFftState::chain(GstBuffer* buffer) {
    if (drops_late(buffer)) {
        gst_buffer_unref(buffer);
        return GST_FLOW_OK;
    }
    if (dropped_last_) {
        dropped_last_ = false;
        buffer = gst_buffer_make_writable(buffer);
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    }
    if (const GstFlowReturn flow = measure(buffer); flow != GST_FLOW_OK) {
        gst_buffer_unref(buffer);
        return flow;
    }
    return gst_pad_push(src_pad, buffer);
}

GstFlowReturn SimdFftState::chain_list(GstBufferList* list) {
    const guint length = gst_buffer_list_length(list);
    GstFlowReturn flow = GST_FLOW_OK;
    if (current_.qos || dropped_last_) { // some of them may have to go
        for (guint i = 0; i < length && flow == GST_FLOW_OK; ++i)
            flow = chain(gst_buffer_ref(gst_buffer_list_get(list, i)));
        gst_buffer_list_unref(list);
        return flow;
    }
    for (guint i = 0; i < length && flow == GST_FLOW_OK; ++i)
        flow = measure(gst_buffer_list_get(list, i));
    if (flow == GST_FLOW_OK)
        return gst_pad_push_list(src_pad, list);
    gst_buffer_list_unref(list);
    return flow;
}

// --- events

bool SimdFftState::take_caps(GstCaps* caps) {
    GstAudioInfo info;
    if (!gst_audio_info_from_caps(&info, caps)) {
        GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("These caps are no audio."),
                          ("%" GST_PTR_FORMAT, static_cast<void*>(caps)));
        return false;
    }
    info_ = info;
    has_caps_ = true;
    settings_changed_ = true;
    return true;
}

bool SimdFftState::take_caps_event(GstEvent* event) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(event, &caps);
    if (!take_caps(caps)) {
        gst_event_unref(event);
        return false;
    }
    return gst_pad_push_event(src_pad, event) != FALSE;
}

void SimdFftState::flush() {
    messages_.flush();
    qos_.reset();
    dropped_last_ = false;
}

bool SimdFftState::sink_event(GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS:
        return take_caps_event(event);
    case GST_EVENT_SEGMENT:
        gst_event_copy_segment(event, &segment_);
        qos_.reset();
        break;
    case GST_EVENT_FLUSH_STOP:
        flush();
        gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
        break;
    default:
        break;
    }
    return gst_pad_event_default(sink_pad, GST_OBJECT_CAST(element), event) != FALSE;
}

bool SimdFftState::src_event(GstEvent* event) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_QOS)
        qos_.update(event);
    return gst_pad_event_default(src_pad, GST_OBJECT_CAST(element), event) != FALSE;
}

bool SimdFftState::sink_query(GstQuery* query) {
    return gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query) != FALSE;
}

bool SimdFftState::src_query(GstQuery* query) {
    return gst_pad_query_default(src_pad, GST_OBJECT_CAST(element), query) != FALSE;
}

void SimdFftState::stop() {
    messages_.reset();
    flush();
    has_caps_ = false;
    settings_changed_ = true;
    gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
}

GstStructure* SimdFftState::stats() const {
    GstStructure* const s = gst_structure_new_empty("simdfft-stats");
    set_count(s, "buffers", buffers_);
    set_count(s, "frames", frames_);
    set_count(s, "rest-bytes", rest_bytes_);
    set_count(s, "discontinuities", discontinuities_);
    set_count(s, "late-buffers-dropped", late_buffers_);
    set_count(s, "transforms", transforms_);
    set_count(s, "messages", messages_posted_);
    set_summary(s, "process-time", process_ns_.summary());
    return s;
}

// --- QoS

void QosWatch::update(GstEvent* event) {
    GstClockTimeDiff difference = 0;
    GstClockTime timestamp = 0;
    const std::lock_guard lock(mutex_);
    gst_event_parse_qos(event, nullptr, &proportion_, &difference, &timestamp);
    if (!GST_CLOCK_TIME_IS_VALID(timestamp))
        earliest_ = GST_CLOCK_TIME_NONE;
    else if (difference < 0 && static_cast<GstClockTime>(-difference) > timestamp)
        earliest_ = 0;
    else
        earliest_ = timestamp + static_cast<GstClockTime>(difference);
}

void QosWatch::reset() {
    const std::lock_guard lock(mutex_);
    proportion_ = 1;
    earliest_ = GST_CLOCK_TIME_NONE;
}

bool QosWatch::is_late(GstClockTime running_time) const {
    const std::lock_guard lock(mutex_);
    return GST_CLOCK_TIME_IS_VALID(running_time) && GST_CLOCK_TIME_IS_VALID(earliest_) &&
           running_time <= earliest_;
}

void QosWatch::report(GstElement* element, const GstSegment& segment, GstBuffer* buffer,
                      std::uint64_t processed, std::uint64_t dropped) const {
    const GstClockTime pts = GST_BUFFER_PTS(buffer);
    const GstClockTime running_time = running_time_of(segment, buffer);
    double proportion = 1;
    GstClockTimeDiff jitter = 0;
    {
        const std::lock_guard lock(mutex_);
        proportion = proportion_;
        jitter = GST_CLOCK_DIFF(running_time, earliest_);
    }
    GstMessage* const message =
        gst_message_new_qos(GST_OBJECT_CAST(element), FALSE, running_time,
                            gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, pts), pts,
                            GST_BUFFER_DURATION(buffer));
    gst_message_set_qos_values(message, jitter, proportion, 1000000);
    gst_message_set_qos_stats(message, GST_FORMAT_BUFFERS, processed, dropped);
    gst_element_post_message(element, message);
}

} // namespace tactus
