// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/simdifft_caps.h"

#include <array>

namespace tactus {

GstCaps* with_rate_and_channels_of(const GstCaps* caps, GstCaps* media) {
    if (gst_caps_is_any(caps))
        return gst_caps_copy(media);
    GstCaps* const result = gst_caps_new_empty();
    for (guint i = 0; i < gst_caps_get_size(caps); ++i) {
        const GstStructure* const from = gst_caps_get_structure(caps, i);
        GstCaps* const one = gst_caps_copy(media);
        for (const char* field : {"rate", "channels"}) {
            if (const GValue* value = gst_structure_get_value(from, field))
                gst_caps_set_value(one, field, value);
        }
        gst_caps_append(result, one);
    }
    GstCaps* const bounded = gst_caps_intersect_full(result, media, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref(result);
    return gst_caps_simplify(bounded);
}

GstAudioInfo audio_info_of(const StftStream& stream) {
    GstAudioInfo info;
    gst_audio_info_init(&info);
    const auto channels = static_cast<gint>(stream.config.channels);
    std::array<GstAudioChannelPosition, 64> positions{};
    const bool has_positions = stream.channel_mask != 0 &&
                               gst_audio_channel_positions_from_mask(channels, stream.channel_mask,
                                                                     positions.data()) != FALSE;
    gst_audio_info_set_format(&info, GST_AUDIO_FORMAT_F32, static_cast<gint>(stream.config.rate),
                              channels, has_positions ? positions.data() : nullptr);
    return info;
}

} // namespace tactus
