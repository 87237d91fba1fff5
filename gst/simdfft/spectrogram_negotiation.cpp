// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What pictures simdspectrogram makes: caps, settings, events and queries.
#include "glue/latency_query.h"
#include "simdfft/audio_map.h"
#include "simdfft/spectrogram_debug.h"
#include "simdfft/spectrogram_state.h"

#include <stdexcept>
#include <utility>

namespace tactus {

namespace {

constexpr int kWidth = 640;
constexpr int kHeight = 360;
constexpr int kFramesPerSecond = 30;
constexpr std::size_t kChunkFrames = 1024;

/// All but what tells of the stream, such as its tags.
bool ends_with_flush(const EventHandle& event) {
    return !GST_EVENT_IS_STICKY(event.get()) || GST_EVENT_TYPE(event.get()) == GST_EVENT_SEGMENT;
}

} // namespace

SpectrogramState::SpectrogramState(GstElement* owner) : element(owner), mono_(kChunkFrames) {
    gst_segment_init(&segment_, GST_FORMAT_TIME);
    gst_audio_info_init(&audio_);
    gst_video_info_init(&video_);
}

SpectrogramState::~SpectrogramState() {
    stop();
}

// --- settings

bool SpectrogramState::set_property(guint id, const GValue* value) {
    const std::lock_guard lock(settings_mutex_);
    settings_changed_ = true;
    told_.forget();
    return set_setting(settings_, id, value);
}

bool SpectrogramState::get_property(guint id, GValue* value) const {
    if (id == kSpectrogramStatsId) {
        g_value_take_boxed(value, stats());
        return true;
    }
    const std::lock_guard lock(settings_mutex_);
    return get_setting(settings_, id, value);
}

/// Sees to it that there is a picture to draw on, for the settings and caps as they are now.
GstFlowReturn SpectrogramState::prepare() {
    if ((gst_pad_check_reconfigure(src_pad) || !has_video_) && !negotiate()) {
        gst_pad_mark_reconfigure(src_pad);
        return GST_PAD_IS_FLUSHING(src_pad) ? GST_FLOW_FLUSHING : GST_FLOW_NOT_NEGOTIATED;
    }
    if (picture_ && !settings_changed_.load(std::memory_order_relaxed))
        return GST_FLOW_OK;
    try {
        return take_settings();
    } catch (...) {
        settings_changed_ = true; // what was to be is not yet: to be tried again
        throw;
    }
}

GstFlowReturn SpectrogramState::take_settings() {
    SpectrogramSettings wanted;
    {
        const std::lock_guard lock(settings_mutex_);
        settings_changed_ = false;
        wanted = settings_;
    }
    GstFlowReturn flow = GST_FLOW_OK;
    const std::string wrong = draw_with(wanted, flow);
    if (wrong.empty()) {
        told_.forget();
        return flow;
    }
    const SpectrogramSettings good = current_;
    if (is_proven_ && draw_with(good, flow).empty()) {
        if (told_.is_news(wrong))
            GST_ELEMENT_WARNING(element, LIBRARY, SETTINGS, ("%s", wrong.c_str()),
                                ("the settings from before stay in use"));
        return flow;
    }
    if (told_.is_news(wrong))
        GST_ELEMENT_ERROR(element, LIBRARY, SETTINGS, ("%s", wrong.c_str()), (nullptr));
    settings_changed_ = true; // so that the next buffer fails, too
    return GST_FLOW_ERROR;
}

/// Makes a picture for these settings, or says why not and leaves all as it is. `flow` is that of
/// the pictures of the old kind that were still to be pushed.
std::string SpectrogramState::draw_with(const SpectrogramSettings& settings, GstFlowReturn& flow) {
    try {
        if (picture_ && settings.differs_only_in_colors(current_)) {
            picture_->set_colors(settings.colors());
        } else {
            auto made = std::make_unique<Spectrogram>(
                settings.config(static_cast<unsigned>(GST_AUDIO_INFO_RATE(&audio_)),
                                GST_VIDEO_INFO_WIDTH(&video_), GST_VIDEO_INFO_HEIGHT(&video_),
                                writer_.drawn_format()),
                settings.colors());
            flow = end_run();
            if (flow != GST_FLOW_OK) {
                settings_changed_ = true; // they are for what comes next
                return {};
            }
            picture_ = std::move(made);
            counted_transforms_ = counted_non_finite_ = 0;
        }
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    current_ = settings;
    is_proven_ = true;
    const GstClockTime latency =
        gst_util_uint64_scale(picture_->lookahead_frames(), GST_SECOND,
                              static_cast<guint64>(GST_AUDIO_INFO_RATE(&audio_)));
    if (latency_ns_.exchange(latency) != latency)
        gst_element_post_message(element, gst_message_new_latency(GST_OBJECT_CAST(element)));
    return {};
}

// --- caps

bool SpectrogramState::take_caps(GstCaps* caps) {
    GstAudioInfo info;
    if (!read_audio_caps(element, caps, info))
        return false;
    end_run();
    audio_ = info;
    has_audio_ = true;
    reader_.emplace(layout_of(info), FullScale::power_of_two);
    picture_.reset();
    return true;
}

bool SpectrogramState::negotiate() {
    // The pictures of the old kind.
    end_run();
    const CapsHandle own(gst_pad_get_pad_template_caps(src_pad));
    const CapsHandle peer(gst_pad_peer_query_caps(src_pad, own.get()));
    // First what is drawn without a conversion.
    CapsHandle both(gst_caps_intersect_full(own.get(), peer.get(), GST_CAPS_INTERSECT_FIRST));
    if (gst_caps_is_empty(both.get())) {
        GST_ELEMENT_ERROR(element, CORE, NEGOTIATION, ("What follows takes none of our pictures."),
                          ("%" GST_PTR_FORMAT, static_cast<void*>(peer.get())));
        return false;
    }
    return choose_caps(both.release());
}

/// Takes `possible`.
bool SpectrogramState::choose_caps(GstCaps* possible) {
    GstCaps* caps = gst_caps_make_writable(gst_caps_truncate(possible));
    GstStructure* const s = gst_caps_get_structure(caps, 0);
    gst_structure_fixate_field_nearest_int(s, "width", kWidth);
    gst_structure_fixate_field_nearest_int(s, "height", kHeight);
    gst_structure_fixate_field_nearest_fraction(s, "framerate", kFramesPerSecond, 1);
    if (gst_structure_has_field(s, "pixel-aspect-ratio"))
        gst_structure_fixate_field_nearest_fraction(s, "pixel-aspect-ratio", 1, 1);
    const CapsHandle chosen(gst_caps_fixate(caps));
    if (!gst_video_info_from_caps(&video_, chosen.get()) || GST_VIDEO_INFO_FPS_N(&video_) == 0) {
        GST_ELEMENT_ERROR(element, CORE, NEGOTIATION, ("These caps are no video."),
                          ("%" GST_PTR_FORMAT, static_cast<void*>(chosen.get())));
        return false;
    }
    picture_.reset();
    has_video_ = false; // until it can be drawn
    writer_.configure(video_);
    if (!gst_pad_push_event(src_pad, gst_event_new_caps(chosen.get())))
        return false;
    has_video_ = true;
    send_pending();
    return decide_allocation(chosen.get());
}

bool SpectrogramState::decide_allocation(GstCaps* caps) {
    if (pool_ != nullptr) {
        gst_buffer_pool_set_active(pool_, FALSE);
        gst_clear_object(&pool_);
    }
    guint size = static_cast<guint>(GST_VIDEO_INFO_SIZE(&video_));
    guint least = 2;
    guint most = 0;
    GstQuery* const query = gst_query_new_allocation(caps, TRUE);
    if (gst_pad_peer_query(src_pad, query) && gst_query_get_n_allocation_pools(query) > 0) {
        guint wanted = 0;
        gst_query_parse_nth_allocation_pool(query, 0, &pool_, &wanted, &least, &most);
        size = std::max(size, wanted);
    }
    const bool has_meta =
        gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr) != FALSE;
    gst_query_unref(query);
    if (pool_ != nullptr && configure_pool(caps, size, least, most, has_meta))
        return true;
    // What downstream offers may not be for this.
    gst_clear_object(&pool_);
    pool_ = gst_video_buffer_pool_new();
    if (configure_pool(caps, size, 2, 0, has_meta))
        return true;
    GST_ELEMENT_ERROR(element, RESOURCE, SETTINGS, ("There are no buffers for pictures."),
                      ("%u bytes each", size));
    return false;
}

bool SpectrogramState::configure_pool(GstCaps* caps, guint size, guint least, guint most,
                                      bool has_meta) {
    GstStructure* const config = gst_buffer_pool_get_config(pool_);
    gst_buffer_pool_config_set_params(config, caps, size, least, most);
    if (has_meta && gst_buffer_pool_has_option(pool_, GST_BUFFER_POOL_OPTION_VIDEO_META))
        gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
    return gst_buffer_pool_set_config(pool_, config) && gst_buffer_pool_set_active(pool_, TRUE);
}

// --- events and queries

/// What had to wait for the caps.
void SpectrogramState::send_pending() {
    for (EventHandle& event : std::exchange(pending_, {}))
        gst_pad_push_event(src_pad, event.release());
}

bool SpectrogramState::sink_event(GstEvent* raw) {
    EventHandle event(raw);
    switch (GST_EVENT_TYPE(raw)) {
    case GST_EVENT_CAPS: {
        GstCaps* caps = nullptr;
        gst_event_parse_caps(raw, &caps);
        return take_caps(caps);
    }
    case GST_EVENT_SEGMENT:
        end_run();
        gst_event_copy_segment(raw, &segment_);
        if (segment_.format != GST_FORMAT_TIME) {
            gst_segment_init(&segment_, GST_FORMAT_TIME);
            GstEvent* const in_time = gst_event_new_segment(&segment_);
            gst_event_set_seqnum(in_time, gst_event_get_seqnum(raw));
            event.reset(in_time);
            raw = in_time;
        }
        segment_.position = segment_.start;
        break;
    case GST_EVENT_GAP:
        if (fill_gap(raw))
            return true;
        break;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT_DONE:
        end_run();
        break;
    case GST_EVENT_EOS:
        end_run();
        send_pending();
        break;
    case GST_EVENT_FLUSH_STOP:
        flush();
        std::erase_if(pending_, ends_with_flush);
        gst_segment_init(&segment_, GST_FORMAT_TIME);
        break;
    default:
        break;
    }
    const bool must_wait = !has_video_ && GST_EVENT_IS_SERIALIZED(raw) &&
                           GST_EVENT_TYPE(raw) > GST_EVENT_CAPS &&
                           GST_EVENT_TYPE(raw) != GST_EVENT_EOS;
    if (must_wait) {
        pending_.push_back(std::move(event));
        return true;
    }
    return gst_pad_push_event(src_pad, event.release()) != FALSE;
}

bool SpectrogramState::src_event(GstEvent* event) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_QOS) {
        // Upstream's buffers are none of the pictures that came too late.
        qos_.update(event);
        gst_event_unref(event);
        return true;
    }
    return gst_pad_event_default(src_pad, GST_OBJECT_CAST(element), event) != FALSE;
}

bool SpectrogramState::src_query(GstQuery* query) {
    if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY)
        return gst_pad_query_default(src_pad, GST_OBJECT_CAST(element), query) != FALSE;
    return answer_latency(sink_pad, query, latency_ns_);
}

void SpectrogramState::stop() {
    flush();
    pending_.clear();
    picture_.reset();
    reader_.reset();
    has_audio_ = has_video_ = false;
    picture_number_ = 0;
    is_proven_ = false;
    told_.forget();
    latency_ns_ = 0;
    gst_segment_init(&segment_, GST_FORMAT_TIME);
    if (pool_ != nullptr) {
        gst_buffer_pool_set_active(pool_, FALSE);
        gst_clear_object(&pool_);
    }
}

} // namespace tactus
