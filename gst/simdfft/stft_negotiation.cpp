// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/stft_negotiation.h"

#include "glue/caps_text.h"

#include <array>
#include <stdexcept>

namespace tactus {

namespace {

constexpr std::array kFormats = {StftFormat::complex, StftFormat::magnitude, StftFormat::power,
                                 StftFormat::db, StftFormat::phase};

/// `caps` with those fields that audio and its spectra share taken from `other`.
CapsHandle with_shared_fields(GstCaps* caps, const GstStructure* other) {
    CapsHandle result(gst_caps_copy(caps));
    for (const char* field : {"rate", "channels"}) {
        if (const GValue* value = gst_structure_get_value(other, field))
            gst_caps_set_value(result.get(), field, value);
    }
    return result;
}

} // namespace

CapsHandle with_shared_fields_of(GstCaps* peer, bool spectra, GstCaps* caps) {
    CapsHandle all(gst_caps_new_empty());
    for (guint i = 0; i < gst_caps_get_size(peer); ++i) {
        const GstStructure* const structure = gst_caps_get_structure(peer, i);
        if ((gst_structure_has_name(structure, TACTUS_STFT_MEDIA_TYPE) != FALSE) != spectra)
            continue;
        // Only what both can be: a range that has nothing in common with the template's is none.
        const CapsHandle shared = with_shared_fields(caps, structure);
        gst_caps_append(all.get(), gst_caps_intersect(caps, shared.get()));
    }
    return all;
}

std::uint64_t channel_mask_of(const GstCaps* audio) {
    guint64 mask = 0;
    gst_structure_get(gst_caps_get_structure(audio, 0), "channel-mask", GST_TYPE_BITMASK, &mask,
                      nullptr);
    return mask;
}

bool wants_stft(const GstCaps* peer, GstCaps* audio) {
    if (gst_caps_is_any(peer) || gst_caps_can_intersect(peer, audio))
        return false;
    for (guint i = 0; i < gst_caps_get_size(peer); ++i) {
        if (gst_structure_has_name(gst_caps_get_structure(peer, i), TACTUS_STFT_MEDIA_TYPE))
            return true;
    }
    return false;
}

std::optional<StftStream> choose_stft(const StftStream& wanted, GstCaps* peer,
                                      std::string& complaint) {
    std::string offers;
    for (const StftFormat format : kFormats) {
        StftStream stream = wanted;
        stream.config.format = format;
        try {
            stream.config = stream.config.resolved();
        } catch (const std::invalid_argument& error) {
            // Bands and smoothing are not of every format; what else is wrong, is so for all.
            if (complaint.empty())
                complaint = error.what();
            continue;
        }
        const CapsHandle caps = make_stft_caps(stream);
        if (gst_caps_can_intersect(caps.get(), peer))
            return stream;
        offers += (offers.empty() ? "" : "; ") + text_of(caps.get());
    }
    if (!offers.empty())
        complaint = "downstream takes " + text_of(peer) + ", which is none of " + offers;
    return std::nullopt;
}

GstCaps* sink_caps_for(GstCaps* peer, GstCaps* audio_template) {
    GstCaps* const audio = gst_caps_intersect(peer, audio_template);
    if (gst_caps_is_any(peer))
        return audio;
    return gst_caps_merge(audio, with_shared_fields_of(peer, true, audio_template).release());
}

GstCaps* src_caps_for(GstCaps* peer, GstCaps* audio_template) {
    GstCaps* const audio = gst_caps_intersect(peer, audio_template);
    const CapsHandle spectra(gst_caps_from_string(TACTUS_STFT_CAPS(TACTUS_STFT_FORMATS)));
    GstCaps* const of_audio = with_shared_fields_of(audio, false, spectra.get()).release();
    return gst_caps_merge(audio, of_audio);
}

} // namespace tactus
