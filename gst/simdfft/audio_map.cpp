// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/audio_map.h"

#include <bit>

namespace tactus {

namespace {

SampleFormat format_of(const GstAudioInfo& info) {
    const guint width = GST_AUDIO_INFO_WIDTH(&info);
    if (GST_AUDIO_FORMAT_INFO_IS_FLOAT(info.finfo))
        return width == 64 ? SampleFormat::f64 : SampleFormat::f32;
    switch (width) {
    case 8:
        return GST_AUDIO_FORMAT_INFO_IS_SIGNED(info.finfo) ? SampleFormat::s8 : SampleFormat::u8;
    case 16:
        return SampleFormat::s16;
    case 24:
        return SampleFormat::s24;
    default:
        return GST_AUDIO_INFO_DEPTH(&info) == 24 ? SampleFormat::s24_32 : SampleFormat::s32;
    }
}

bool is_planar(const GstAudioInfo& info) {
    return GST_AUDIO_INFO_LAYOUT(&info) == GST_AUDIO_LAYOUT_NON_INTERLEAVED;
}

/// Whether a buffer's meta tells of audio as its caps have it; GStreamer takes that for granted.
bool is_of(const GstAudioMeta* meta, const GstAudioInfo& info) {
    return meta != nullptr && is_planar(meta->info) &&
           GST_AUDIO_INFO_FORMAT(&meta->info) == GST_AUDIO_INFO_FORMAT(&info) &&
           GST_AUDIO_INFO_CHANNELS(&meta->info) == GST_AUDIO_INFO_CHANNELS(&info);
}

} // namespace

bool read_audio_caps(GstElement* element, GstCaps* caps, GstAudioInfo& info) {
    if (!gst_audio_info_from_caps(&info, caps)) {
        GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("These caps are no audio."),
                          ("%" GST_PTR_FORMAT, static_cast<void*>(caps)));
        return false;
    }
    const std::int64_t channels = GST_AUDIO_INFO_CHANNELS(&info);
    const std::int64_t width = GST_AUDIO_INFO_WIDTH(&info);
    if (channels * width <= G_MAXINT)
        return true;
    GST_ELEMENT_ERROR(element, STREAM, FORMAT,
                      ("Audio of %" G_GINT64_FORMAT " channels: of this format there must be "
                       "%" G_GINT64_FORMAT " at most.",
                       channels, G_MAXINT / width),
                      ("%" GST_PTR_FORMAT, static_cast<void*>(caps)));
    return false;
}

SampleLayout layout_of(const GstAudioInfo& info) {
    SampleLayout layout;
    layout.format = format_of(info);
    layout.big_endian = GST_AUDIO_FORMAT_INFO_IS_BIG_ENDIAN(info.finfo);
    layout.planar = is_planar(info);
    layout.channels = static_cast<unsigned>(GST_AUDIO_INFO_CHANNELS(&info));
    return layout;
}

std::uint64_t frames_in(GstBuffer* buffer, const GstAudioInfo& info) {
    const GstAudioMeta* const meta = is_planar(info) ? gst_buffer_get_audio_meta(buffer) : nullptr;
    return meta != nullptr
               ? meta->samples
               : gst_buffer_get_size(buffer) / static_cast<gsize>(GST_AUDIO_INFO_BPF(&info));
}

AudioMap::AudioMap(GstBuffer* buffer, const GstAudioInfo& info)
    : buffer_(buffer), planar_(is_planar(info)) {
    const auto frame_bytes = static_cast<std::size_t>(GST_AUDIO_INFO_BPF(&info));
    if (planar_) {
        // It needs the meta that says where the channels lie, and would complain without.
        if (!is_of(gst_buffer_get_audio_meta(buffer), info))
            return;
        mapped_ = gst_audio_buffer_map(&audio_, &info, buffer, GST_MAP_READ) != FALSE;
        frames_ = mapped_ ? audio_.n_samples : 0;
        return;
    }
    mapped_ = gst_buffer_map(buffer, &map_, GST_MAP_READ) != FALSE;
    if (!mapped_)
        return;
    block_ = map_.data;
    frames_ = map_.size / frame_bytes;
    rest_bytes_ = map_.size % frame_bytes;
}

AudioMap::~AudioMap() {
    if (!mapped_)
        return;
    if (planar_)
        gst_audio_buffer_unmap(&audio_);
    else
        gst_buffer_unmap(buffer_, &map_);
}

const std::uint8_t* const* AudioMap::blocks() const {
    return planar_ ? reinterpret_cast<const std::uint8_t* const*>(audio_.planes) : &block_;
}

} // namespace tactus
