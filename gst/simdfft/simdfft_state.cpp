// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/simdfft_state.h"

#include "core/stats/counter.h"
#include "glue/fast_clock.h"
#include "glue/guard.h"
#include "glue/handles.h"
#include "glue/latency_query.h"
#include "glue/stats_fields.h"
#include "simdfft/chain_each.h"
#include "simdfft/simdfft_debug.h"
#include "simdfft/stft_negotiation.h"

#include <stdexcept>
#include <utility>

namespace tactus {

namespace {

void put(std::atomic<std::uint64_t>& counter, std::uint64_t value) {
    counter.store(value, std::memory_order_relaxed);
}

} // namespace

SimdFftState::SimdFftState(GstElement* owner) : element(owner), messages_(owner) {
    gst_audio_info_init(&info_);
    gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
}

SimdFftState::~SimdFftState() {
    gst_caps_replace(&caps_, nullptr);
}

// --- settings

bool SimdFftState::set_property(guint id, const GValue* value) {
    const std::lock_guard lock(settings_mutex_);
    settings_changed_ = true;
    told_.forget();
    return set_setting(settings_, id, value);
}

bool SimdFftState::get_property(guint id, GValue* value) const {
    if (id == kSimdFftStatsId) {
        g_value_take_boxed(value, stats());
        return true;
    }
    const std::lock_guard lock(settings_mutex_);
    return get_setting(settings_, id, value);
}

// --- which face

bool SimdFftState::fail(const char* what) {
    if (told_.is_news(what))
        GST_ELEMENT_ERROR(element, LIBRARY, SETTINGS, ("%s", what), (nullptr));
    settings_changed_ = true; // so that the next buffer fails, too
    return false;
}

/// Goes on with settings that were in use before; false if they are none for this audio.
bool SimdFftState::keep_settings(SimdFftSettings&& good, const char* why) {
    current_ = std::move(good);
    try {
        show_face();
    } catch (const std::invalid_argument&) {
        return false;
    }
    keeps_old_ = true;
    if (told_.is_news(why))
        GST_ELEMENT_WARNING(element, LIBRARY, SETTINGS, ("%s", why),
                            ("the settings from before stay in use"));
    return true;
}

bool SimdFftState::negotiate() {
    try {
        return choose_face();
    } catch (...) {
        settings_changed_ = true; // what was to be is not yet: to be tried again
        throw;
    }
}

bool SimdFftState::choose_face() {
    gst_pad_check_reconfigure(src_pad); // this is what it asks for
    SimdFftSettings good = current_;
    const bool has_good = face_ != Face::none;
    const bool tries_again = std::exchange(keeps_old_, false);
    const bool are_new = settings_changed_.exchange(false) || tries_again;
    if (are_new) {
        const std::lock_guard lock(settings_mutex_);
        SimdFftSettings wanted = settings_;
        current_ = std::move(wanted);
    }
    try {
        show_face();
        told_.forget();
    } catch (const std::invalid_argument& error) {
        if (!are_new || !has_good || !keep_settings(std::move(good), error.what()))
            return fail(error.what());
    } catch (...) {
        current_ = std::move(good); // nobody knows yet whether the others are any
        throw;
    }
    publish_latency();
    return true;
}

/// Throws invalid_argument if the current settings are none for this audio.
void SimdFftState::show_face() {
    const CapsHandle peer(gst_pad_peer_query_caps(src_pad, nullptr));
    if (wants_stft(peer.get(), caps_))
        show_stream(peer.get());
    else
        show_messages();
}

void SimdFftState::show_messages() {
    messages_.configure(current_, info_);
    if (face_ == Face::stream) {
        stream_.finish();
        stream_.stop();
    }
    face_ = Face::messages;
    is_stream_ = false;
    send_caps(caps_);
}

void SimdFftState::show_stream(GstCaps* peer) {
    StftStream wanted;
    wanted.config = current_.stft_config(static_cast<unsigned>(GST_AUDIO_INFO_RATE(&info_)),
                                         static_cast<unsigned>(GST_AUDIO_INFO_CHANNELS(&info_)));
    wanted.channel_mask = channel_mask_of(caps_);
    std::string complaint;
    const std::optional<StftStream> stream = choose_stft(wanted, peer, complaint);
    if (!stream)
        throw std::invalid_argument(complaint);
    if (face_ == Face::stream && stream_.is(*stream, current_.frames_per_buffer, info_))
        return;
    const CapsHandle caps = make_stft_caps(*stream);
    stream_.start(*stream, current_.frames_per_buffer, info_, src_pad);
    if (face_ == Face::messages)
        messages_.reset();
    face_ = Face::stream;
    is_stream_ = true;
    send_caps(caps.get());
}

void SimdFftState::send_caps(GstCaps* caps) {
    const CapsHandle before(gst_pad_get_current_caps(src_pad));
    if (before == nullptr || !gst_caps_is_equal(before.get(), caps))
        gst_pad_push_event(src_pad, gst_event_new_caps(caps));
}

void SimdFftState::publish_latency() {
    const GstClockTime latency = face_ == Face::stream ? stream_.latency() : 0;
    if (latency_.exchange(latency) != latency)
        gst_element_post_message(element, gst_message_new_latency(GST_OBJECT_CAST(element)));
}

// --- data

GstFlowReturn SimdFftState::prepare(GstBuffer* buffer) {
    if (caps_ == nullptr) {
        GST_ELEMENT_ERROR(element, CORE, NEGOTIATION, ("Audio came before its caps."), (nullptr));
        return GST_FLOW_NOT_NEGOTIATED;
    }
    const bool is_stale =
        GST_PAD_NEEDS_RECONFIGURE(src_pad) || settings_changed_.load(std::memory_order_relaxed);
    if (is_stale && !negotiate())
        return GST_FLOW_NOT_NEGOTIATED;
    if (GST_BUFFER_IS_DISCONT(buffer)) {
        count(discontinuities_);
        messages_.flush();
        return stream_.finish();
    }
    // Played backwards, what comes next was before.
    return segment_.rate < 0 ? stream_.finish() : GST_FLOW_OK;
}

GstFlowReturn SimdFftState::complain_unmapped(GstBuffer* buffer) {
    GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("A buffer of audio cannot be read."),
                      ("%" GST_PTR_FORMAT ": mapping failed, or it is planar and has no "
                       "GstAudioMeta of its caps",
                       static_cast<void*>(buffer)));
    return GST_FLOW_ERROR;
}

void SimdFftState::note(const AudioMap& audio) {
    count(buffers_);
    count(frames_, audio.frames());
    count(rest_bytes_, audio.rest_bytes());
}

/// What the faces have done, also if they could not end it.
void SimdFftState::note_work() {
    put(transforms_, messages_.transforms());
    put(messages_posted_, messages_.messages());
    put(stream_frames_, stream_.counts().frames);
    put(runs_, stream_.counts().runs);
    put(non_finite_, stream_.counts().non_finite);
}

/// Counts a buffer that is not measured.
void SimdFftState::refuse(GstBuffer* buffer) {
    count(buffers_refused_);
    if (GST_AUDIO_INFO_IS_VALID(&info_))
        count(frames_refused_, frames_in(buffer, info_));
}

GstFlowReturn SimdFftState::measure(GstBuffer* buffer) {
    const std::uint64_t measured = buffers_;
    const GstFlowReturn flow =
        guarded(element, GST_FLOW_ERROR, [&] { return measure_or_throw(buffer); });
    note_work();
    if (buffers_ == measured)
        refuse(buffer);
    return flow;
}

GstFlowReturn SimdFftState::measure_or_throw(GstBuffer* buffer) {
    if (const GstFlowReturn flow = prepare(buffer); flow != GST_FLOW_OK)
        return flow;
    const std::uint64_t begun_ns = FastClock::now_ns();
    const AudioMap audio(buffer, info_);
    if (!audio.is_mapped())
        return complain_unmapped(buffer);
    GstFlowReturn flow = GST_FLOW_OK;
    const std::uint64_t before_ns = stream_.counts().push_ns;
    if (face_ == Face::messages)
        messages_.process(audio, GST_BUFFER_PTS(buffer), segment_);
    else
        flow = stream_.process(audio, GST_BUFFER_PTS(buffer));
    note(audio);
    const std::uint64_t downstream_ns = stream_.counts().push_ns - before_ns;
    process_ns_.record(FastClock::now_ns() - begun_ns - downstream_ns);
    return flow;
}

bool SimdFftState::drops_late(GstBuffer* buffer) {
    const auto late = current_.qos ? qos_.lateness_of(segment_, buffer) : std::nullopt;
    if (!late)
        return false;
    count(late_buffers_);
    dropped_last_ = true;
    QosWatch::report(element, *late, segment_, buffer, buffers_, late_buffers_);
    return true;
}

GstFlowReturn SimdFftState::chain(GstBuffer* buffer) {
    BufferHandle handle(buffer);
    if (drops_late(buffer))
        return GST_FLOW_OK;
    if (dropped_last_) {
        dropped_last_ = false;
        handle.reset(gst_buffer_make_writable(handle.release()));
        GST_BUFFER_FLAG_SET(handle.get(), GST_BUFFER_FLAG_DISCONT);
    }
    const GstFlowReturn flow = measure(handle.get());
    if (flow != GST_FLOW_OK || face_ == Face::stream)
        return flow;
    return gst_pad_push(src_pad, handle.release());
}

GstFlowReturn SimdFftState::chain_list(GstBufferList* list) {
    const BufferListHandle handle(list);
    // A list that passes whole stays one.
    const bool is_whole = face_ == Face::messages && !current_.qos && !dropped_last_ &&
                          !settings_changed_ && !GST_PAD_NEEDS_RECONFIGURE(src_pad);
    const GstFlowReturn flow = chain_each(
        list,
        [&](GstBuffer* buffer) {
            return is_whole ? measure(BufferHandle(buffer).get()) : chain(buffer);
        },
        [this](GstBuffer* buffer) { refuse(buffer); });
    // The settings or what downstream takes may have changed meanwhile.
    if (flow != GST_FLOW_OK || !is_whole || face_ == Face::stream)
        return flow;
    return gst_pad_push_list(src_pad, gst_buffer_list_ref(list));
}

// --- events

bool SimdFftState::take_caps(GstEvent* event) {
    const EventHandle handle(event);
    GstCaps* caps = nullptr;
    gst_event_parse_caps(event, &caps);
    GstAudioInfo info;
    if (!read_audio_caps(element, caps, info))
        return false;
    stream_.finish(); // what came before is of the old caps
    info_ = info;
    gst_caps_replace(&caps_, caps);
    return negotiate();
}

void SimdFftState::flush() {
    messages_.flush();
    stream_.flush();
    put(samples_flushed_, stream_.counts().samples_flushed);
    qos_.reset();
    dropped_last_ = false;
}

bool SimdFftState::sink_event(GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS:
        return take_caps(event);
    case GST_EVENT_SEGMENT:
        stream_.finish();
        gst_event_copy_segment(event, &segment_);
        qos_.reset();
        break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_GAP:
    case GST_EVENT_SEGMENT_DONE:
    case GST_EVENT_EOS:
        stream_.finish();
        put(stream_frames_, stream_.counts().frames);
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

void SimdFftState::stop() {
    flush();
    messages_.reset();
    stream_.stop();
    face_ = Face::none;
    is_stream_ = false;
    latency_ = 0;
    gst_caps_replace(&caps_, nullptr);
    settings_changed_ = true;
    keeps_old_ = false;
    told_.forget();
    gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
}

// --- queries

bool SimdFftState::answer_caps(GstQuery* query, GstPad* from, GstPad* across) {
    const CapsHandle peer(gst_pad_peer_query_caps(across, nullptr));
    const CapsHandle audio(gst_pad_get_pad_template_caps(sink_pad));
    CapsHandle caps(from == sink_pad ? sink_caps_for(peer.get(), audio.get())
                                     : src_caps_for(peer.get(), audio.get()));
    GstCaps* filter = nullptr;
    gst_query_parse_caps(query, &filter);
    if (filter != nullptr)
        caps.reset(gst_caps_intersect_full(filter, caps.get(), GST_CAPS_INTERSECT_FIRST));
    gst_query_set_caps_result(query, caps.get());
    return true;
}

bool SimdFftState::sink_query(GstQuery* query) {
    switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_CAPS:
        return answer_caps(query, sink_pad, src_pad);
    case GST_QUERY_ALLOCATION:
        // Audio that goes no further needs nobody's memory.
        return !is_stream_ && gst_pad_peer_query(src_pad, query) != FALSE;
    default:
        return gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query) != FALSE;
    }
}

bool SimdFftState::src_query(GstQuery* query) {
    switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_CAPS:
        return answer_caps(query, src_pad, sink_pad);
    case GST_QUERY_LATENCY:
        return answer_latency(sink_pad, query, latency_);
    default:
        return gst_pad_query_default(src_pad, GST_OBJECT_CAST(element), query) != FALSE;
    }
}

GstStructure* SimdFftState::stats() const {
    GstStructure* const s = gst_structure_new_empty("simdfft-stats");
    set_count(s, "buffers", buffers_);
    set_count(s, "frames", frames_);
    set_count(s, "rest-bytes", rest_bytes_);
    set_count(s, "discontinuities", discontinuities_);
    set_count(s, "late-buffers-dropped", late_buffers_);
    set_count(s, "buffers-refused", buffers_refused_);
    set_count(s, "frames-refused", frames_refused_);
    set_count(s, "transforms", transforms_);
    set_count(s, "messages", messages_posted_);
    set_count(s, "stream-frames", stream_frames_);
    set_count(s, "runs", runs_);
    set_count(s, "non-finite", non_finite_);
    set_count(s, "samples-flushed", samples_flushed_);
    set_summary(s, "process-time", process_ns_.summary());
    return s;
}

} // namespace tactus
