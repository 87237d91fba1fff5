// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/simdifft_state.h"

#include "core/stats/counter.h"
#include "glue/fast_clock.h"
#include "glue/guard.h"
#include "glue/latency_query.h"
#include "glue/properties.h"
#include "glue/read_map.h"
#include "glue/stats_fields.h"
#include "simdfft/chain_each.h"
#include "simdfft/stft_negotiation.h"

#include <gst/audio/audio.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <string>

namespace tactus {

namespace {

constexpr guint kStatsId = 1;
constexpr std::array kProperties = {
    PropertySpec{"stats", "Statistics",
                 "Counters of frames, samples and runs, and the time a buffer takes (ns)",
                 PropertySpec::Kind::structure, PropertySpec::Access::read_only},
};

std::int64_t distance(std::uint64_t from, std::uint64_t to) {
    return static_cast<std::int64_t>(to - from);
}

/// Interleaved F32 with the rate, the channels and the positions of `stream`.
GstAudioInfo audio_info_of(const StftStream& stream) {
    GstAudioInfo info;
    gst_audio_info_init(&info);
    const auto channels = static_cast<gint>(stream.config.channels);
    std::array<GstAudioChannelPosition, StftConfig::kMostChannels> positions{};
    const bool has_positions = stream.channel_mask != 0 &&
                               gst_audio_channel_positions_from_mask(channels, stream.channel_mask,
                                                                     positions.data()) != FALSE;
    gst_audio_info_set_format(&info, GST_AUDIO_FORMAT_F32, static_cast<gint>(stream.config.rate),
                              channels, has_positions ? positions.data() : nullptr);
    return info;
}

bool has_offsets(GstBuffer* buffer) {
    return GST_BUFFER_OFFSET_IS_VALID(buffer) && GST_BUFFER_OFFSET_END_IS_VALID(buffer);
}

} // namespace

void install_simdifft_properties(GObjectClass* klass) {
    install_properties(klass, kProperties);
}

SimdIfftState::SimdIfftState(GstElement* owner) : element(owner) {
    gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
}

// --- data

GstFlowReturn SimdIfftState::chain(GstBuffer* buffer) {
    const BufferHandle owned(buffer);
    if (!inverse_) {
        GST_ELEMENT_ERROR(element, CORE, NEGOTIATION, ("Spectra came before their caps."),
                          (nullptr));
        return GST_FLOW_NOT_NEGOTIATED;
    }
    const std::uint64_t came = gst_buffer_get_size(buffer) / stream_->frame_bytes();
    const std::uint64_t taken_before = frames_;
    const GstFlowReturn flow = guarded(element, GST_FLOW_ERROR, [&] { return transform(buffer); });
    count(frames_refused_, came - (frames_ - taken_before));
    return flow;
}

GstFlowReturn SimdIfftState::chain_list(GstBufferList* list) {
    const BufferListHandle handle(list);
    return chain_each(
        list, [this](GstBuffer* buffer) { return chain(buffer); },
        [this](GstBuffer* buffer) {
            count(frames_refused_,
                  stream_ ? gst_buffer_get_size(buffer) / stream_->frame_bytes() : 0);
        });
}

GstFlowReturn SimdIfftState::transform(GstBuffer* buffer) {
    const ReadMap map(buffer);
    if (!map.is_mapped()) {
        GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("A buffer of spectra cannot be read."),
                          ("%" GST_PTR_FORMAT, static_cast<void*>(buffer)));
        return GST_FLOW_ERROR;
    }
    const std::size_t frames = map.size() / stream_->frame_bytes();
    if (const std::size_t rest = map.size() % stream_->frame_bytes(); rest != 0)
        warn_of_rest(rest);
    if (frames == 0)
        return GST_FLOW_OK;
    if (starts_run(buffer)) {
        if (const GstFlowReturn flow = end_run(buffer); flow != GST_FLOW_OK)
            return flow;
        begin_run(buffer);
    }
    note_place(buffer, frames);
    return push_frames(map.data(), frames);
}

void SimdIfftState::warn_of_rest(std::size_t bytes) {
    count(rest_bytes_, bytes);
    if (!warned_of_rest_)
        GST_ELEMENT_WARNING(element, STREAM, FORMAT,
                            ("A buffer of spectra has %" G_GSIZE_FORMAT
                             " bytes that are no whole frame: one has %" G_GSIZE_FORMAT ".",
                             bytes, stream_->frame_bytes()),
                            (nullptr));
    warned_of_rest_ = true;
}

bool SimdIfftState::starts_run(GstBuffer* buffer) const {
    if (!run_.is_open || GST_BUFFER_IS_DISCONT(buffer))
        return true;
    return run_.has_offsets && has_offsets(buffer) &&
           distance(run_.offset, GST_BUFFER_OFFSET(buffer)) != run_.expected;
}

void SimdIfftState::begin_run(GstBuffer* buffer) {
    const std::uint64_t expected = run_.offset + static_cast<std::uint64_t>(run_.expected);
    const bool knows_gap = run_.has_offsets && has_offsets(buffer);
    const std::int64_t gap = knows_gap ? distance(expected, GST_BUFFER_OFFSET(buffer)) : 0;
    if (gap > 0 && !GST_BUFFER_IS_DISCONT(buffer))
        count(missing_frames_, static_cast<std::uint64_t>(gap) / stream_->config.hop_frames);
    run_ = {};
    run_.is_open = true;
    run_.timeline = FrameTimeline(stream_->config.rate);
    run_.has_offsets = has_offsets(buffer);
    run_.offset = run_.has_offsets ? GST_BUFFER_OFFSET(buffer) : 0;
    is_discont_ = true;
    count(runs_, 1);
}

/// Learns when the buffer is and, if it says that, where the run ends.
void SimdIfftState::note_place(GstBuffer* buffer, std::size_t frames) {
    run_.timeline.note(static_cast<std::uint64_t>(run_.expected), GST_BUFFER_PTS(buffer));
    run_.expected += static_cast<std::int64_t>(frames * stream_->config.hop_frames);
    run_.has_offsets = run_.has_offsets && has_offsets(buffer);
    if (!run_.has_offsets)
        return;
    run_.last_end = std::max<std::int64_t>(0, distance(run_.offset, GST_BUFFER_OFFSET_END(buffer)));
    if (run_.last_end != stream_->offset_end(run_.expected))
        run_.end = run_.last_end;
}

GstFlowReturn SimdIfftState::push_frames(const std::uint8_t* bytes, std::size_t frames) {
    const std::uint64_t begun_ns = FastClock::now_ns();
    const StftConfig& config = stream_->config;
    Output output = start_output(frames * config.hop_frames);
    for (std::size_t i = 0; i < frames; ++i) {
        inverse_->push(floats_at(bytes + i * stream_->frame_bytes()), run_.end);
        take_ready(output);
    }
    count(frames_, frames);
    non_finite_.store(earlier_non_finite_ + inverse_->non_finite(), std::memory_order_relaxed);
    process_ns_.record(FastClock::now_ns() - begun_ns);
    return finish_output(output);
}

/// The numbers there, which may lie at any address.
const float* SimdIfftState::floats_at(const std::uint8_t* bytes) {
    if (reinterpret_cast<std::uintptr_t>(bytes) % alignof(float) == 0)
        return reinterpret_cast<const float*>(bytes);
    std::memcpy(aligned_.data(), bytes, stream_->frame_bytes());
    return aligned_.data();
}

/// `next`: what the next run begins with, if that is why this one ends.
GstFlowReturn SimdIfftState::end_run(GstBuffer* next) {
    if (!run_.is_open)
        return GST_FLOW_OK;
    std::int64_t end = run_.has_offsets ? run_.last_end : inverse_->natural_end();
    if (next != nullptr && run_.has_offsets && has_offsets(next)) {
        // Frames are missing. Their samples may be in windows before them, but those behind are
        // not.
        const std::int64_t goes_on = distance(run_.offset, GST_BUFFER_OFFSET(next));
        if (goes_on >= run_.expected)
            end = std::min(end, goes_on);
    }
    inverse_->finish(end);
    Output output = start_output(inverse_->ready_frames());
    take_ready(output);
    const GstFlowReturn flow = finish_output(output);
    drop_run();
    return flow;
}

void SimdIfftState::drop_run() {
    if (inverse_)
        inverse_->reset();
    run_.is_open = false;
}

// --- what goes out

SimdIfftState::Output SimdIfftState::start_output(std::size_t frames) {
    Output output;
    if (frames == 0)
        return output;
    const std::size_t bytes = frames * stream_->config.channels * sizeof(float);
    output.buffer = WriteMap(pool_.acquire(bytes));
    return output;
}

/// Appends what is ready, interleaved.
void SimdIfftState::take_ready(Output& output) const {
    const std::size_t frames = inverse_->ready_frames();
    if (frames == 0)
        return;
    if (output.frames == 0)
        output.position = inverse_->ready_position();
    const unsigned channels = stream_->config.channels;
    auto* const out = reinterpret_cast<float*>(output.buffer.data()) + output.frames * channels;
    for (unsigned c = 0; c < channels; ++c) {
        const float* const samples = inverse_->ready(c);
        for (std::size_t n = 0; n < frames; ++n)
            out[n * channels + c] = samples[n];
    }
    output.frames += frames;
}

GstFlowReturn SimdIfftState::finish_output(Output& output) {
    BufferHandle owned = output.buffer.take();
    if (owned == nullptr || output.frames == 0)
        return GST_FLOW_OK;
    GstBuffer* const buffer = owned.get();
    const auto frames = static_cast<std::int64_t>(output.frames);
    const std::int64_t end = output.position + frames;
    gst_buffer_set_size(
        buffer, static_cast<gssize>(output.frames * stream_->config.channels * sizeof(float)));
    const auto first = static_cast<std::uint64_t>(output.position);
    GST_BUFFER_PTS(buffer) = run_.timeline.time_of(first);
    GST_BUFFER_DURATION(buffer) = run_.timeline.duration_ns(first, static_cast<std::uint64_t>(end));
    GST_BUFFER_OFFSET(buffer) = run_.offset + static_cast<std::uint64_t>(output.position);
    GST_BUFFER_OFFSET_END(buffer) = run_.offset + static_cast<std::uint64_t>(end);
    if (is_discont_)
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    is_discont_ = false;
    count(samples_, output.frames);
    return gst_pad_push(src_pad, owned.release());
}

// --- events

bool SimdIfftState::configure(const StftStream& stream) {
    try {
        inverse_.emplace(stream.config);
    } catch (const std::invalid_argument& error) {
        inverse_.reset();
        stream_.reset();
        GST_ELEMENT_ERROR(element, STREAM, FORMAT,
                          ("These spectra cannot be undone: %s.", error.what()), (nullptr));
        return false;
    }
    aligned_.resize(stream.config.frame_floats());
    stream_ = stream;
    const GstClockTime latency_ns =
        gst_util_uint64_scale_ceil(stream_->config.before(), GST_SECOND, stream_->config.rate);
    if (latency_ns_.exchange(latency_ns) != latency_ns)
        gst_element_post_message(element, gst_message_new_latency(GST_OBJECT_CAST(element)));
    return true;
}

bool SimdIfftState::take_caps(GstEvent* event) {
    const EventHandle owned(event);
    GstCaps* caps = nullptr;
    gst_event_parse_caps(event, &caps);
    std::string complaint;
    const std::optional<StftStream> stream = parse_stft_caps(caps, complaint);
    if (!stream) {
        GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("These caps cannot be: %s.", complaint.c_str()),
                          ("%" GST_PTR_FORMAT, static_cast<void*>(caps)));
        return false;
    }
    if (stream == stream_)
        return true;
    end_run();
    earlier_non_finite_ = non_finite_.load();
    if (!configure(*stream))
        return false;
    const GstAudioInfo info = audio_info_of(*stream);
    GstCaps* const audio = gst_audio_info_to_caps(&info);
    const bool accepted = gst_pad_push_event(src_pad, gst_event_new_caps(audio)) != FALSE;
    gst_caps_unref(audio);
    return accepted;
}

/// A segment that says what the last one did interrupts nothing.
void SimdIfftState::take_segment(GstEvent* event) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    if (!gst_segment_is_equal(segment, &segment_))
        end_run();
    segment_ = *segment;
}

bool SimdIfftState::sink_event(GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS:
        return take_caps(event);
    case GST_EVENT_SEGMENT:
        take_segment(event);
        break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_GAP:
    case GST_EVENT_SEGMENT_DONE:
    case GST_EVENT_EOS:
        end_run();
        break;
    case GST_EVENT_FLUSH_STOP:
        drop_run();
        gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
        break;
    default:
        break;
    }
    return gst_pad_event_default(sink_pad, GST_OBJECT_CAST(element), event) != FALSE;
}

void SimdIfftState::stop() {
    inverse_.reset();
    stream_.reset();
    run_ = {};
    pool_.clear();
    earlier_non_finite_ = non_finite_.load();
    latency_ns_ = 0;
    is_discont_ = true;
    warned_of_rest_ = false;
    gst_segment_init(&segment_, GST_FORMAT_UNDEFINED);
}

// --- queries

/// What stands beyond it decides on the rate and the channels.
bool SimdIfftState::answer_caps(GstQuery* query, GstPad* asked, GstPad* other) const {
    GstCaps* filter = nullptr;
    gst_query_parse_caps(query, &filter);
    const CapsHandle beyond(gst_pad_peer_query_caps(other, nullptr));
    CapsHandle result(gst_pad_get_pad_template_caps(asked));
    if (!gst_caps_is_any(beyond.get()))
        result = with_shared_fields_of(beyond.get(), asked == src_pad, result.get());
    if (filter != nullptr)
        result.reset(gst_caps_intersect_full(filter, result.get(), GST_CAPS_INTERSECT_FIRST));
    gst_query_set_caps_result(query, result.get());
    return true;
}

bool SimdIfftState::sink_query(GstQuery* query) {
    if (GST_QUERY_TYPE(query) == GST_QUERY_CAPS)
        return answer_caps(query, sink_pad, src_pad);
    return gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query) != FALSE;
}

bool SimdIfftState::src_query(GstQuery* query) {
    if (GST_QUERY_TYPE(query) == GST_QUERY_CAPS)
        return answer_caps(query, src_pad, sink_pad);
    if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY)
        return answer_latency(sink_pad, query, latency_ns_);
    return gst_pad_query_default(src_pad, GST_OBJECT_CAST(element), query) != FALSE;
}

bool SimdIfftState::get_property(guint id, GValue* value) const {
    if (id != kStatsId)
        return false;
    g_value_take_boxed(value, stats());
    return true;
}

GstStructure* SimdIfftState::stats() const {
    GstStructure* const s = gst_structure_new_empty("simdifft-stats");
    set_count(s, "frames", frames_);
    set_count(s, "frames-refused", frames_refused_);
    set_count(s, "missing-frames", missing_frames_);
    set_count(s, "samples", samples_);
    set_count(s, "runs", runs_);
    set_count(s, "rest-bytes", rest_bytes_);
    set_count(s, "non-finite", non_finite_);
    set_summary(s, "process-time", process_ns_.summary());
    return s;
}

} // namespace tactus
